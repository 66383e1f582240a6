#!/bin/sh
# probe-filter.t - fedx-probe between programs that are unkind: they stop, close, flood or die.
. "${0%/*}/../lib/tap.sh"
cd "$FEDX_RUN" || exit 1

tab=$(printf '\t')
known() { fedx-probe -H services | grep -q "^$1$tab"; }
serve() { start fedx-probe serve "$@"; eventually known "$1"; }
in_flight() { fedx-probe -j services | grep "\"$1\"" | grep -q '"in_flight":[1-9]'; }
cpu() {	# seconds of it that the process has used
	ps -o time= -p "$1" | awk -F '[:-]' '{ for (i = 1; i <= NF; i++) s = s * (i == 2 && NF == 4 ? 24 : 60) + $i; print s }'
}

start fedx-hub -i here.test -l 127.0.0.1:0
hub=$pid
ok 'the node is ready'	wait_ready "$log"
serve echo -P 8 -- cat

# --- many long answers at a time: each stays whole and is one line ---

serve long -P 8 -- perl -e '
	my $c = <STDIN>; chomp $c; $| = 1;
	for (1 .. 20) { print $c x 20000; select undef, undef, undef, 0.001 }'
printf '%s\n' a b c d e f g h i j k l >letters
whole() { awk 'length($0) != 400000 { bad = 1 } { c = substr($0, 1, 1); gsub(c, ""); if (length($0)) bad = 1; print c } END { exit bad }'; }
ok '12 long answers, 8 at a time'	sh -c 'fedx-probe call -P 8 long m - <letters >answers'
ok '... each whole'	whole <answers
is "$(whole <answers | tr -d '\n')" abcdefghijkl '... in order'
ok '--unordered'	sh -c 'fedx-probe call --unordered -P 8 long m - <letters >answers'
ok '... each whole'	whole <answers
is "$(whole <answers | sort | tr -d '\n')" abcdefghijkl '... and once'

serve halves -P 4 -- sh -c 'read -r s; printf "half of %s" "$s"; sleep 0.2; test "$s" != bad'
is "$(printf 'a\nbad\nc\n' | fedx-probe call halves m - 2>/dev/null | tr '\n' ,)" 'half of a,half of bad,half of c,' 'half an answer does not run into the next'

# --- standard input ---

is "$(fedx-probe call echo m - <&- | wc -c | tr -d ' ')" 0 'standard input is closed: no lines'
ok '... and no failure'	sh -c 'fedx-probe call echo m - <&-'
is "$(fedx-probe call -0 echo m <&-)" '' '-0: an empty payload'
ok '74: standard input is a directory'	expect_status 74 sh -c 'fedx-probe call echo m - <.'
perl -e 'print "first\n", "x" x (9 << 20), "\nlast\n"' >wide
fedx-probe call echo m - <wide >answers 2>err
is $? 65 '65: a line over the limit'
like "$(cat err)" 'line 2 is over 8388608 bytes; -0 sends' 'which, how long, and what to do'
is "$(cat answers)" first 'what came before it is answered'
perl -e 'print "x" x (2 << 20), "\n"' >wide
ok 'a line of 2 MiB'	sh -c 'fedx-probe call echo m - <wide | cmp - wide'
start perl -e '
	use Fcntl; pipe my $r, my $w or die;
	fcntl $r, F_SETFL, O_NONBLOCK; open STDIN, "<&", $r; close $r;
	if (!fork) { select undef, undef, undef, 1.5; print $w "late\n"; close $w; exit }
	close $w; exec "fedx-probe", "call", "echo", "m", "-"'
caller=$pid caller_log=$log
ok 'input that is non-blocking and late'	ended "$caller"
is "$(cat "$caller_log")" late '... is waited for'

# --- standard output ---

if test -w /dev/full
then
	fedx-probe call -P 4 echo m - <letters >/dev/full 2>err
	is $? 74 '74: no space left'
	like "$(cat err)" '^fedx-probe: cannot write to standard output: ' 'in one line that says so'
	is "$(wc -l <err | tr -d ' ')" 1 '... only'
	ok '74: ping, too'	expect_status 74 sh -c 'fedx-probe ping >/dev/full'
	ok '74: and trace'	expect_status 74 sh -c 'fedx-probe trace echo >/dev/full'
	ok '74: and help'	expect_status 74 sh -c 'fedx-probe -h >/dev/full'
else
	for i in 1 2 3 4 5 6; do skip 'no /dev/full'; done
fi
{ yes 2>/dev/null | fedx-probe call echo m - 2>err; echo $? >status; } | head -n 1 >/dev/null
is "$(cat status)" 141 'a reader that has seen enough: SIGPIPE'
is "$(cat err)" '' '... without a word'
{ (trap '' PIPE; yes 2>/dev/null | fedx-probe call echo m - 2>err; echo $? >status); } | head -n 1 >/dev/null
is "$(cat status) $(cat err)" '141 ' 'also where SIGPIPE was ignored'
mkfifo gate seen
start sh -c 'exec fedx-probe call echo m - <gate >seen'
caller=$pid
start head -n 1 seen
reader=$pid
exec 3>gate
echo one >&3
ok 'a reader goes while no input comes'	ended "$reader"
ok '... it is the end, without waiting for more'	expect_status 141 ended "$caller"
exec 3>&-

# --- nothing to do is done quietly ---

serve idle -P 2 -- sh -c 'exec >&-; exec 2>&-; exec sleep 600'
idle=$pid
exec 3<>gate
start sh -c 'exec fedx-probe call -P 2 idle m - <gate'
caller=$pid
echo x >&3
ok 'a call that waits for input, and for a service'	eventually in_flight idle
before=$(($(cpu "$caller") + $(cpu "$idle")))
sleep 2		# what is measured here is two seconds of doing nothing
after=$(($(cpu "$caller") + $(cpu "$idle")))
ok "neither spins ($before s, then $after s of CPU)" test $((after - before)) -le 1
stop "$caller"
exec 3>&-

# --- an endpoint is asked after, but not called ---

start fedx-probe serve desk@here.test -- sh -c 'echo called >>called'
await sh -c 'fedx-probe -H endpoints | grep -q desk'
like "$(fedx-probe -j ping desk@here.test)" '"node":"here.test"' 'ping of an endpoint: its node answers'
like "$(fedx-probe -H trace desk@here.test)" "^1${tab}here.test${tab}hub" 'trace of an endpoint'
ok '... which was not called'	not test -e called
mkdir -m 700 far
start fedx-leaf -u "fedx://$(ready_at "$FEDX_RUN/fedx-hub.log")" -i far.test -r "$FEDX_RUN/far"
ok 'a leaf is ready'	wait_ready "$log"
linked() { fedx-probe -r far ping here.test; }
ok '... and linked'	eventually linked
like "$(fedx-probe -r far -j ping desk@here.test)" '"node":"here.test"' 'also from another node'
is "$(fedx-probe -r far -H trace desk@here.test | cut -f 2 | tr '\n' ' ')" 'far.test here.test ' 'with every node on the way'
ok '... still not called'	not test -e called

# --- a node that stops, and one that dies ---

serve hang -P 4 -- sleep 600
kill -STOP "$hub"
fedx-probe call -t 0.3 echo m x 2>err
is $? 75 'a node that does not react: 75'
like "$(cat err)" 'timeout: the node itself did not answer in time \(may have run\)' '... and who it was'
ok '75: ping'	expect_status 75 fedx-probe ping -t 0.3
ok '75: trace'	expect_status 75 fedx-probe trace -t 0.3 echo
kill -CONT "$hub"
is "$(fedx-probe call echo m x)" x 'when it goes on, so do its clients'
exec 3<>gate
start sh -c 'exec fedx-probe call -P 8 hang m - <gate'
caller=$pid caller_log=$log
printf '1\n2\n' >&3
ok 'two calls are in flight'	eventually in_flight hang
kill -9 "$hub"
ended "$caller"
is $? 75 'the node dies: 75, though more input could come'
exec 3>&-
like "$(sort "$caller_log" | tr '\n' ' ')" 'line 1: link_down.*line 2: link_down' 'and each line knows its fate'
done_testing
