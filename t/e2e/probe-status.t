#!/bin/sh
# probe-status.t - each exit status of fedx-probe means one thing.
. "${0%/*}/../lib/tap.sh"

tab=$(printf '\t')
known() { fedx-probe -H services | grep -q "^$1$tab"; }
serve() { start fedx-probe serve "$@"; eventually known "$1"; }

# 69: no node
ok '69: no node'		expect_status 69 fedx-probe -r "$FEDX_RUN/none" links
fedx-probe -r "$FEDX_RUN/none" links 2>"$FEDX_RUN/none.err"
ok '... and what to do'		grep -q 'start one, or name its run directory with -r' "$FEDX_RUN/none.err"
ok '69: for serve too'		expect_status 69 fedx-probe -r "$FEDX_RUN/none" serve x -- cat
XDG_RUNTIME_DIR=$FEDX_RUN/xdg; export XDG_RUNTIME_DIR
tried=$(fedx-probe links 2>&1)
like "$tried" "$FEDX_RUN/node.sock.*FEDX_RUN.*xdg/fedx/node.sock" 'and every place that was tried'
long=$(awk 'BEGIN { for (i = 0; i < 200; i++) printf "d" }')
like "$(fedx-probe -r "/tmp/$long" links 2>&1)" 'at most [0-9]+ bytes' 'a path too long for a socket is said so'

# 76: not our protocol
mkdir "$FEDX_RUN/p"
start perl -MIO::Socket::UNIX -e '
	my $s = IO::Socket::UNIX->new(Listen => 1, Local => "$ENV{FEDX_RUN}/p/node.sock") or die;
	while (my $c = $s->accept) { print $c "SSH-2.0-other\r\n"; $c->flush; sleep 1 }'
await test -S "$FEDX_RUN/p/node.sock"
ok '76: something else answers'	expect_status 76 fedx-probe -r "$FEDX_RUN/p" links

start fedx-hub -i here.test -l 127.0.0.1:0
ok 'the node is ready'	wait_ready "$log"
serve echo -- cat
serve fails -- sh -c 'exit 3'
serve hang -- sleep 600

ok '0: answered'		expect_status 0 fedx-probe call echo m x
ok '0: ping'			expect_status 0 fedx-probe ping
ok '0: ping a service'		expect_status 0 fedx-probe ping echo
ok '1: nobody has this name'	expect_status 1 fedx-probe call nothing m x
ok '1: ping nobody'		expect_status 1 fedx-probe ping nothing
ok '1: trace nobody'		expect_status 1 fedx-probe trace nothing
ok '1: ping no endpoint'	expect_status 1 fedx-probe ping nobody@here
like "$(fedx-probe ping nobody@here 2>&1)" "nobody announces endpoint 'nobody@here'" '... in these words'
ok '2: the service failed'	expect_status 2 fedx-probe call fails m x
ok '65: no JSON'		expect_status 65 fedx-probe call -J echo m '{'
ok '66: no such command'	expect_status 66 fedx-probe serve x -- /nonexistent
ok '75: no answer in time'	expect_status 75 fedx-probe call -t 0.2 hang m x
many() { printf 'a\nb\n' | fedx-probe call -t 0.2 hang m -; }
ok '75: of many, the first failure'	expect_status 75 many
if test -w /dev/full
then
	full() { fedx-probe call echo m x >/dev/full; }
	ok '74: standard output is full'	expect_status 74 full
	full_list() { fedx-probe services >/dev/full; }
	ok '74: also a list'			expect_status 74 full_list
else
	skip 'no /dev/full'
	skip 'no /dev/full'
fi
closed() { fedx-probe call echo m x >&-; }
ok '74: standard output is closed'	expect_status 74 closed
if test "$(id -u)" = 0 && id nobody >/dev/null 2>&1 && command -v setpriv >/dev/null
then
	chmod 755 "$FEDX_RUN"
	other() { setpriv --reuid=nobody --clear-groups "$(command -v fedx-probe)" -r "$FEDX_RUN" drain; }
	ok '77: not our node'	expect_status 77 other
	chmod 700 "$FEDX_RUN"
else
	skip 'only root can be somebody else'
fi

# 64: every wrong command line, in two lines
for words in '' nonsense '--nonsense links' 'links -x' 'links word' 'call one' 'ping -c 0' 'ping -c x' \
	'call -P 5000 a b' 'call -t never a b' 'call -0 a b text' 'call -0 -J a b' 'serve x' 'serve x --' \
	'trace' 'call a b -P' 'keygen nonsense'
do
	# shellcheck disable=SC2086
	ok "64: fedx-probe $words"	expect_status 64 fedx-probe $words
done
ok '64: a call without a method'	expect_status 64 fedx-probe call a ''
lines() { fedx-probe "$@" 2>&1 >/dev/null | wc -l | tr -d ' '; }
is "$(lines nonsense)" 2 'a wrong verb: two lines on stderr'
is "$(lines links --nonsense)" 2 'a wrong option: two lines on stderr'
like "$(fedx-probe lnks 2>&1)" 'did you mean links' 'the nearest verb is proposed'
like "$(fedx-probe call --unorderd a b 2>&1)" 'did you mean --unordered' 'and the nearest option'
done_testing
