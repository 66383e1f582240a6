#!/bin/sh
# daemon.t - what an operator relies on: background, pid file, signals, the log.
. "${0%/*}/../lib/tap.sh"
cd "$FEDX_RUN" || exit 1
mkdir -m 700 h s

told() { grep -Eqs -e "$1" "$2"; }
is_gone() { ! kill -0 "$1" 2>/dev/null; }
lines() { grep -Ec -e "$1" "$2"; }
bounded() {	# a daemon that stays in front must not hold up the test
	"$@" >said 2>&1 </dev/null &
	tap_reap $! 10
}
offers() { fedx-probe -r h -H services | grep -q "^$1	"; }
lives() { fedx-probe -q -r "$1" ping -c 1; }
hub() {	# hub [OPTION...]: another one in h
	start fedx-hub -i n1 -C home -r "$FEDX_RUN/h" "$@"
	hub=$pid hub_log=$log
	wait_ready "$log"
}
# a request of two seconds, and one that never ends
served() {
	start fedx-probe -r h serve slow -- sh -c ': >serving; sleep 2; echo done'
	start fedx-probe -r h serve hang -- sh -c ': >hanging; exec sleep 600'
	eventually offers slow && eventually offers hang
}
begun() {	# begun SERVICE FILE: a call of it is being served
	rm -f "$2"
	start fedx-probe -r h call "$1" m x
	caller=$pid caller_log=$log
	await test -e "$2"
}

# --- to the background ---

ok 'a hub goes to the background once it is ready' bounded fedx-hub -d -l 127.0.0.1:0 -i n1 -r "$FEDX_RUN/h" -p "$FEDX_RUN/pid"
is "$(cat said)" '' '... without a word'
daemon=$(cat pid)
tap_pids="$tap_pids $daemon"
like "$daemon" '^[0-9]+$' 'its pid file has a number'
ok '... of a process that runs' kill -0 "$daemon"
ok '... in a process group of its own' perl -e 'exit(getpgrp($ARGV[0]) != $ARGV[0])' "$daemon"
ok '... that is ready at once' lives h
ok 'a second one with that pid file' expect_status 73 bounded fedx-hub -r "$FEDX_RUN/s" -p "$FEDX_RUN/pid"
like "$(cat said)" 'pid belongs to a process that runs' '... says so'
is "$(cat pid)" "$daemon" '... and does not touch it'
kill "$daemon"
ok 'it ends when asked to' eventually is_gone "$daemon"
ok '... with its pid file' not test -e pid
ok '... and its socket' not test -e h/node.sock

start fedx-hub -l 127.0.0.1:0 -r "$FEDX_RUN/s"
other=$pid at=$(ready_at "$log")
ok 'a start that fails is known to who started it' expect_status 69 \
	bounded fedx-hub --daemon -l "$at" -r "$FEDX_RUN/h" --pidfile "$FEDX_RUN/pid"
like "$(cat said)" "cannot listen on $at: another program listens there" '... with its reason'
ok '... and leaves no pid file' not test -e pid
ok 'nor socket' not test -e h/node.sock
ok 'a leaf too' expect_status 78 bounded fedx-leaf -d -u "fedx://$at" -r "$FEDX_RUN/s"
like "$(cat said)" 's is in use by process' '... with its reason'
ok 'a leaf goes to the background, too' bounded fedx-leaf -d -u "fedx://$at" -i l1 -r "$FEDX_RUN/h" -p "$FEDX_RUN/pid"
daemon=$(cat pid)
tap_pids="$tap_pids $daemon"
linked() { fedx-probe -r s -H links | grep -q '^l1	leaf	up'; }
ok '... and dials its hub there' eventually linked
{ kill -KILL "$daemon"; } 2>/dev/null
await is_gone "$daemon"
ok 'a killed one leaves its pid file' test -e pid
hub -l 127.0.0.1:0 -p "$FEDX_RUN/pid"
is "$(cat pid)" "$hub" '... which the next one takes over, in the foreground too'
ok 'it ends well' stop "$hub"
ok '... with its pid file' not test -e pid
ln -s other pid
ok 'a symbolic link is no pid file' expect_status 73 bounded fedx-hub -r "$FEDX_RUN/h" -p "$FEDX_RUN/pid"
ok '... and is not followed' not test -e other
rm pid
few() (	# few COMMAND...: with descriptors for itself and its libraries, and no more
	# shellcheck disable=SC3045	# every shell has it
	ulimit -n 4
	exec "$@"
)
ok 'a system that refuses what it needs' expect_status 71 bounded few fedx-hub -d -r "$FEDX_RUN/h"
like "$(cat said)" 'cannot go to the background: (Too many open files|No file descriptors)' '... is named'
ok 'a pid file that cannot be made' expect_status 73 bounded fedx-hub -r "$FEDX_RUN/h" -p "$FEDX_RUN/no/pid"
like "$(cat said)" 'cannot write the pid file .*no/pid: No such file' '... is named'

# --- signals ---

hub -l 127.0.0.1:0
reloads=$(lines 'event=reloaded' "$hub_log")
kill -USR1 "$hub"
kill -PIPE "$hub"
kill -USR2 "$hub"
ok 'USR2: the counters are logged' eventually told 'event=dump counter="?fedx_requests_total 0' "$hub_log"
dumped() { told "event=dump .*$1" "$hub_log"; }
ok '... all of them' eventually dumped fedx_build_info
is "$(lines 'event=reload' "$hub_log")" "$reloads" 'USR1 is no reload'
kill -HUP "$hub"
ok 'HUP is' eventually told 'event=reloaded' "$hub_log"
ok 'all of these it survives, as it does PIPE' lives h

ok 'services are there' served
begun slow serving
kill "$hub"
ok 'TERM waits for what is in flight, and ends with 0' ended "$hub"
ok '... whose caller' ended "$caller"
is "$(cat "$caller_log")" 'done' '... got its answer'
like "$(cat "$hub_log")" 'event=draining in_flight=1' 'the log says that it drains'
like "$(tail -n 1 "$hub_log")" 'event=stopped' '... and, last, that it is over'

soon() { test $(($(date +%s) - since)) -le "$1"; }	# seconds
for signal in INT TERM
do
	hub --set drain.wait=1h
	await offers hang
	begun hang hanging
	kill -"$signal" "$hub"
	ok "$signal: it drains" eventually told 'event=draining' "$hub_log"
	ok '... and waits' kill -0 "$hub"
	refused() { fedx-probe -r h call -t 2 slow m x >said 2>&1; }
	ok '... taking no new requests' not refused
	kill -"$signal" "$hub"
	ok "a second $signal: at once, with 0" ended "$hub"
	ok '... and the call in flight ends' not ended "$caller"
done
hub --set drain.wait=300ms
await offers hang
begun hang hanging
ok 'a drain ends after drain.wait' stop "$hub"
ended "$caller"
hub --set drain.wait=1h
await offers hang
begun hang hanging
since=$(date +%s)
kill -QUIT "$hub"
ok 'QUIT: at once, with 0' ended "$hub"
ok '... not after a drain' soon $((3 * FEDX_TEST_SLOW))
ok '... which was not begun' not told 'event=draining' "$hub_log"
ok '... and the call in flight ends' not ended "$caller"
ok '... leaving no socket' not test -e h/node.sock

# --- IPv6, and the log as JSON ---

if perl -MSocket=:DEFAULT,inet_pton -e 'my $s; socket($s, AF_INET6, SOCK_STREAM, 0) && bind($s, pack_sockaddr_in6(0, inet_pton(AF_INET6, "::1"))) or exit 1'
then
	hub -l '[::1]:0' -l 127.0.0.1:0 --set log.format=json
	six=$(perl -MJSON::PP -ne 'my $e = decode_json($_); print $e->{listen} if $e->{event} eq "ready"' "$hub_log")
	like "$six" '^\[::1\]:[0-9]+$' 'a hub listens on IPv6, in the port that it says'
	mkdir -m 700 six
	start fedx-leaf -u "fedx://$six" -i six -r "$FEDX_RUN/six"
	ok '... and a leaf is linked to it there' eventually told 'now=UP' "$log"
	like "$(fedx-probe -r h -H links)" '^six	leaf	up	\[::1\]:' '... as links says'
	ok '... it ends well' stop "$pid"
else
	skip 'no IPv6 here'
	hub -l 127.0.0.1:0 --set log.format=json
fi
kill -USR2 "$hub"
ok 'it logs a lot' eventually told '"event":"dump".*fedx_build_info' "$hub_log"
printf 'GET /\001"\\\377 nonsense\r\n\r\n' | perl -MIO::Socket::INET -e '
	my $s = IO::Socket::INET->new($ARGV[0]) or die; print $s <STDIN>; $s->flush; 1 while <$s>' \
	"$(perl -MJSON::PP -ne 'my $e = decode_json($_); print $e->{also} // $e->{listen} if $e->{event} eq "ready"' "$hub_log")"
printf '{"type":"hello","node":"\\u0001\\"\377"}\n' | perl -MIO::Socket::UNIX -e '
	my $s = IO::Socket::UNIX->new("h/node.sock") or die; print $s <STDIN>; $s->flush; <$s>'
ok 'it ends well' stop "$hub"
cat >is_json.pl <<'END'
my ($n, %seen) = (0);
while (<>) {
	my $e = decode_json($_);
	ref $e eq 'HASH' or die "line $.: no object\n";
	defined $e->{$_} or die "line $.: no $_\n" for qw(time level program event);
	$e->{time} =~ /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d+Z$/ or die "line $.: time $e->{time}\n";
	$seen{$e->{event}} = 1;
}
$seen{$_} or die "no $_\n" for qw(ready dump draining stopped);
END
ok 'every line is a JSON object with its time, level, program and event' perl -MJSON::PP is_json.pl "$hub_log"
JOURNAL_STREAM=8:1 hub -l 127.0.0.1:0
ok 'under the journal it ends well' stop "$hub"
is "$(lines '^<[0-7]>' "$hub_log") $(lines 'time=' "$hub_log")" "$(wc -l <"$hub_log" | tr -d ' ') 0" \
	'... each line with its priority, and no time'
ok 'the other hub ends well' stop "$other"
done_testing
