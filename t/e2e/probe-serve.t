#!/bin/sh
# probe-serve.t - a command as a service: its streams, its end, its limits, its node.
. "${0%/*}/../lib/tap.sh"

tab=$(printf '\t')
known() { fedx-probe -H services | grep -q "^$1$tab"; }
serve() { start fedx-probe serve "$@"; server=$pid server_log=$log; eventually known "$1"; }
hub() { start fedx-hub -i here.test -l 127.0.0.1:0; hub=$pid; wait_ready "$log"; }

ok 'the node is ready'	hub

ok 'a command that is not there'	expect_status 66 fedx-probe serve x -- /nonexistent/command
like "$(fedx-probe serve x -- no-such-command 2>&1)" 'no-such-command' 'is named'
ok 'a directory is no command'	expect_status 66 fedx-probe serve x -- /tmp
ok 'a bad name is refused'	expect_status 64 fedx-probe serve 'a b' -- cat
ok 'a bad version is refused'	expect_status 64 fedx-probe serve a --version 'x y' -- cat

serve told --methods 'who tell' --tags 'a b' --weight 7 -P 3 --version 1.0.0 -- \
	sh -c 'echo "$FEDX_SERVICE $FEDX_METHOD $FEDX_ORIGIN"'
is "$(fedx-probe call told who)" 'told who here.test' 'service, method and origin are in the environment'
ok 'a method that was not announced'	expect_status 1 fedx-probe call told other
like "$(fedx-probe -j services)" '"methods":\["who","tell"\],"tags":\["a","b"\],"weight":7,"max_concurrency":3' 'what it announces'

# how a command ends
serve ends -- sh -c 'read -r how; case $how in three) echo why >&2; exit 3;; sig) kill -9 $$;; half) echo half; exit 1;; esac; echo fine'
is "$(fedx-probe call ends m well)" fine 'status 0 is an answer'
like "$(fedx-probe call ends m three 2>&1)" 'service_failed: exited with status 3: why' 'status 3, and its last line'
like "$(fedx-probe call ends m sig 2>&1)" 'was killed by signal 9' 'a signal'
ok 'both are status 2'	expect_status 2 fedx-probe call ends m sig
is "$(fedx-probe call ends m half 2>/dev/null)" half 'what it had printed is not lost'
like "$(cat "$server_log")" '^why$' 'its standard error is ours'
cat >"$FEDX_RUN/wordy.pl" <<'END'
# all of it, and the end, come at once for who is stopped meanwhile
my $server = getppid;
if (!fork) { close $_ for *STDIN, *STDOUT, *STDERR; select undef, undef, undef, 0.3; kill "CONT", $server; exit }
kill "STOP", $server;
syswrite STDERR, join "", map("word $_ of many more\n", 0 .. 1999), "the last word\n";
exit 3;
END
serve wordy -- perl "$FEDX_RUN/wordy.pl"
like "$(fedx-probe call wordy m 2>&1)" 'exited with status 3: the last word' 'however much it said, its last line counts'
ok 'and none of it is lost'	grep -q 'word 1999 of' "$server_log"

# what it is born with
cat >"$FEDX_RUN/born.pl" <<'END'
for my $fd (3 .. 63) { print "$fd " if open my $f, "<&=", $fd }
print "SIGPIPE=", $SIG{PIPE} || "DEFAULT", "\n";
END
serve born -- perl "$FEDX_RUN/born.pl"
is "$(seq 12 | fedx-probe call -P 4 born m - | sort -u)" "$(perl "$FEDX_RUN/born.pl")" 'no descriptor of ours, and SIGPIPE as usual'

# no more at a time than announced, and all get their turn
serve one -P 1 -- sh -c 'test ! -e "$FEDX_RUN/busy" && : >"$FEDX_RUN/busy" && cat && rm "$FEDX_RUN/busy"'
alone() { seq 60 | fedx-probe call -P 20 one m - | cmp - "$FEDX_RUN/sixty"; }
seq 60 >"$FEDX_RUN/sixty"
ok '60 requests against concurrency 1'	alone

# giving up
serve slow -- sh -c 'echo $$ >"$FEDX_RUN/slow.pid"; exec sleep 600'
runs() { test -s "$FEDX_RUN/slow.pid"; }
gone() { runs && ! kill -0 "$(cat "$FEDX_RUN/slow.pid")" 2>/dev/null; }
asks() {	# asks SERVICE: its process runs before the deadline passes
	rm -f "$FEDX_RUN/slow.pid"
	start fedx-probe call -t $((2 * FEDX_TEST_SLOW)) "$1" m
	caller=$pid
	eventually runs
}
ok 'a process is at work'	asks slow
ok 'a deadline passes'		expect_status 75 ended "$caller"
ok 'and its process is ended'	eventually gone
serve stubborn -- sh -c 'trap "" TERM; echo $$ >"$FEDX_RUN/slow.pid"; while :; do sleep 1; done'
ok 'so is one that ignores SIGTERM'	asks stubborn
ok 'the deadline passes'	expect_status 75 ended "$caller"
ok 'is killed'			eventually gone

# cancelled, and slow to go: those that come next wait, and see no "busy" that is not theirs
serve clings -P 1 -- sh -c 'read -r s; case $s in cling) trap "" TERM; while :; do sleep 0.1; done;; esac; echo "$s"'
for i in 1 2 3 4 5 6
do echo cling | fedx-probe call -t 0.1 clings m - 2>&1
done >"$FEDX_RUN/clung"
is "$(fedx-probe call clings m - <<'END'
free
END
)" free 'after six that were cancelled the next is answered the first time'
is "$(grep -c timeout "$FEDX_RUN/clung")" 6 'and none of the six was turned away'

# Ctrl-C of a caller
serve patient -- sh -c 'echo $$ >"$FEDX_RUN/slow.pid.new"; mv "$FEDX_RUN/slow.pid.new" "$FEDX_RUN/slow.pid"; exec sleep 600'
rm -f "$FEDX_RUN/slow.pid"
start perl -e '$SIG{INT} = "DEFAULT"; exec @ARGV' fedx-probe call patient m
caller=$pid
ok 'a call is running'	eventually runs
kill -INT "$caller"
ended "$caller"
is $? 130 'SIGINT ends the caller as any filter'
ok 'and the process that worked for it'	eventually gone

# nohup
start sh -c 'trap "" HUP; exec fedx-probe serve stays -- cat'
ok 'a service that ignores SIGHUP'	eventually known stays
kill -HUP "$pid"
is "$(fedx-probe call stays m here; fedx-probe call stays m still)" "$(printf 'here\nstill')" 'SIGHUP ignored before stays ignored'

# a coprocess
cat >"$FEDX_RUN/co.sh" <<'END'
while IFS= read -r line
do
	id=${line#*\"id\":} id=${id%%,*}
	case $line in
	*garbage*) echo 'this is no JSON';;
	*die*) exit 7;;
	*fail*) printf '{"id":%s,"error":"no such word"}\n' "$id";;
	*json*) printf '{"id":%s,"payload":{"n":1}}\n' "$id";;
	*foreign*) printf '{"id":99999,"payload":"x"}\n';;
	*mute*) ;;
	*) printf '{"id":%s,"payload":"%s"}\n' "$id" "$$";;
	esac
done
END
serve co --coprocess -P 4 -- sh "$FEDX_RUN/co.sh"
again() { fedx-probe call co m hello >"$FEDX_RUN/out" 2>/dev/null; }
a=$(fedx-probe call co m hello) b=$(fedx-probe call co m hello)
is "$a" "$b" 'a coprocess: the same process answers'
like "$a" '^[0-9]+$' 'with what it says'
is "$(fedx-probe call co m json)" '{"n":1}' 'also JSON'
like "$(fedx-probe call co m fail 2>&1)" 'service_failed: no such word' 'also an error'
is "$(seq 200 | fedx-probe call -P 8 co m - | sort -u)" "$a" '200 requests, 8 at a time'
like "$(fedx-probe call co m garbage 2>&1)" 'service_failed: .*no JSON.*may have run' 'garbage ends it'
ok 'it starts again'	eventually again
not_same() { test "$(cat "$FEDX_RUN/out")" != "$a"; }
ok 'as another process'	not_same
like "$(fedx-probe call co m foreign 2>&1)" 'service_failed' 'an id that was never asked ends it'
ok 'it starts again'	eventually again
like "$(fedx-probe call co m die 2>&1)" 'exited with status 7' 'so does its exit'
ok 'it starts again'	eventually again
ok 'one that never answers'	expect_status 75 fedx-probe call -t 0.3 co m mute
ok 'still serves others'	again
serve closing --coprocess -- sh -c 'echo $$ >>"$FEDX_RUN/lives"; exec <&-; exec sleep 600'
asked() { fedx-probe call -t 0.5 closing m x 2>/dev/null; test "$(wc -l <"$FEDX_RUN/lives")" -ge 2; }
ok 'one that closes its input is started again'	eventually asked
rm -f "$FEDX_RUN/slow.pid"
start sh -c 'exec fedx-probe serve deaf --coprocess -- sh -c "trap : TERM; echo \$\$ >\$FEDX_RUN/slow.pid; while :; do sleep 1; done"'
deaf=$pid
ok 'a service that ignores SIGTERM'	eventually known deaf
ok '... and its process'	eventually runs
ok 'serve ends beside one that ignores SIGTERM'	stop "$deaf"
ok '... which does not outlive it'	eventually gone

# the node goes and comes back
ok 'the node stops'	stop "$hub"
ok 'and starts'		hub
back() { test "$(fedx-probe call ends m well 2>/dev/null)" = fine; }
ok 'services come back by themselves'	eventually back

# SIGTERM: what runs may end
serve last -- sh -c 'echo begun >"$FEDX_RUN/begun"; cat "$FEDX_RUN/gate"; echo done'
mkfifo "$FEDX_RUN/gate"
start fedx-probe call last m
caller=$pid caller_log=$log
ok 'a request is running'	eventually test -e "$FEDX_RUN/begun"
kill -TERM "$server"
unknown() { not known last; }
ok 'SIGTERM: the service leaves at once'	eventually unknown
: >"$FEDX_RUN/gate"
ended "$caller"
is $? 0 'the request still ends'
is "$(cat "$caller_log")" 'done' 'with its answer'
ended "$server"
is $? 0 'and the service exits with 0'
done_testing
