#!/bin/sh
# supervisor.t - what a supervisor is told, and what it gives: readiness, watchdog, sockets.
. "${0%/*}/../lib/tap.sh"
cd "$FEDX_RUN" || exit 1
mkdir -m 700 h s c

told() { grep -Eqs -e "$1" "$2"; }
lines() { grep -Ec -e "$1" "$2"; }
lives() { fedx-probe -q -r "$1" ping -c 1; }
bounded() {	# a daemon that starts after all must not hold up the test
	"$@" >said 2>&1 </dev/null &
	tap_reap $! 10
}
hub() {	# hub [OPTION...]: another one in h
	start fedx-hub -i n1 -C home -r "$FEDX_RUN/h" -c "$FEDX_RUN/c" "$@"
	hub=$pid hub_log=$log
	wait_ready "$log"
}

# --- it is told ---

cat >supervisor.pl <<'END'
use Socket;
my ($name, $log) = @ARGV;
socket(my $s, AF_UNIX, SOCK_DGRAM, 0) or die;
(my $path = $name) =~ s/^@/\0/;
bind($s, pack_sockaddr_un($path)) or die "$name: $!";
$| = 1;
print "listening\n";
while (defined recv($s, my $said, 4096, 0)) {
	$said =~ s/\n/;/g;
	print "$said\n";
}
END
supervise() {	# supervise NAME
	start perl supervisor.pl "$1"
	supervisor=$pid supervisor_log=$log
	await told listening "$supervisor_log"
}
names=$FEDX_RUN/notify
test ! -d /proc/self || names="$names @fedx-test-$$"
for name in $names
do
	supervise "$name"
	NOTIFY_SOCKET=$name hub -l 127.0.0.1:0
	ok "the supervisor at $(echo "$name" | cut -c1) is told that it is ready" \
		eventually told '^READY=1;STATUS=ready, listening on 127\.0\.0\.1:[0-9]+$' "$supervisor_log"
	is "$(lines READY "$supervisor_log")" 1 '... once'
	kill -HUP "$hub"
	ok 'a reload begins' eventually told '^RELOADING=1;MONOTONIC_USEC=[0-9]+;STATUS=reloading$' "$supervisor_log"
	ok '... and is over' eventually told '^READY=1;STATUS=reloaded$' "$supervisor_log"
	now=$(perl -MTime::HiRes=clock_gettime,CLOCK_MONOTONIC -e 'printf "%d", 1e6 * clock_gettime(CLOCK_MONOTONIC)')
	then=$(sed -n 's/^RELOADING=1;MONOTONIC_USEC=\([0-9]*\).*/\1/p' "$supervisor_log")
	ok '... in the time of its clock' test $((now - then)) -ge 0 -a $((now - then)) -lt 60000000
	ok 'nobody waits for a sign of life' not told WATCHDOG "$supervisor_log"
	ok 'it ends well' stop "$hub"
	ok '... and that was told' eventually told '^STOPPING=1;STATUS=draining, 0 in flight$' "$supervisor_log"
	stop "$supervisor"
done
supervise "$FEDX_RUN/notify2"
NOTIFY_SOCKET=$FEDX_RUN/notify2 hub -l 127.0.0.1:0
echo 'id = 7 +' >c/fedx.lua
kill -HUP "$hub"
ok 'a reload that fails is over too, with its reason' \
	eventually told '^READY=1;STATUS=the reload failed: .*fedx\.lua:' "$supervisor_log"
rm c/fedx.lua
ok 'it ends well' stop "$hub"
stop "$supervisor"

NOTIFY_SOCKET=$FEDX_RUN/notify hub -l 127.0.0.1:0
ok 'a supervisor that is not there is no matter' lives h
ok '... it ends well' stop "$hub"

start fedx-hub -l 127.0.0.1:0 -r "$FEDX_RUN/s"
other=$pid at=$(ready_at "$log")
supervise "$FEDX_RUN/notify3"
refused() { NOTIFY_SOCKET=$FEDX_RUN/notify3 bounded fedx-hub -l "$at" -r "$FEDX_RUN/h"; }
ok 'one that cannot start' expect_status 69 refused
ok '... says nothing of being ready' not told READY "$supervisor_log"

# sh stays in between: WATCHDOG_PID is of this very process or of none
start env NOTIFY_SOCKET="$FEDX_RUN/notify3" WATCHDOG_USEC=200000 fedx-hub -l 127.0.0.1:0 -i n1 -r "$FEDX_RUN/h" -c "$FEDX_RUN/c"
hub=$pid
signs() { test "$(lines '^WATCHDOG=1$' "$supervisor_log")" -ge "$1"; }
ok 'signs of life come, one after the other' eventually signs 5
{ kill -STOP "$hub"; } 2>/dev/null
before=$(lines '^WATCHDOG=1$' "$supervisor_log")
perl -e 'select undef, undef, undef, 0.5'	# the time in which one would come
ok '... and end when it hangs' test "$(lines '^WATCHDOG=1$' "$supervisor_log")" -le $((before + 1))
kill -CONT "$hub"
ok '... it ends well' stop "$hub"
before=$(lines '^WATCHDOG=1$' "$supervisor_log")
NOTIFY_SOCKET=$FEDX_RUN/notify3 WATCHDOG_USEC=20000 WATCHDOG_PID=1 hub -l 127.0.0.1:0
ok 'a watchdog of another process is not ours' lives h
is "$(lines '^WATCHDOG=1$' "$supervisor_log")" "$before" '... and hears nothing'
ok '... it ends well' stop "$hub"

# who is started by a node does not speak for it
if test -r /proc/self/environ
then
	echo 'return {}' >c/policy.lua
	NOTIFY_SOCKET=$FEDX_RUN/notify3 WATCHDOG_USEC=60000000 hub -l 127.0.0.1:0
	ok 'it starts fedx-route' eventually told 'event=route_started' "$hub_log"
	route=$(sed -n 's/.*event=route_started pid=//p' "$hub_log" | tail -n 1)
	is "$(tr '\0' '\n' <"/proc/$route/environ" | grep -E '^(NOTIFY|WATCHDOG|LISTEN)_')" '' '... which knows no supervisor'
	ok '... it ends well' stop "$hub"
	rm c/policy.lua
else skip 'the environment of a process cannot be read here'
fi
if test -d /proc/self
then
	NOTIFY_SOCKET=$FEDX_RUN/notify3 start fedx-route -r "$FEDX_RUN/h" -c "$FEDX_RUN/c"
	route=$pid
	ready=$(lines '^READY=1$' "$supervisor_log")
	more() { test "$(lines '^READY=1$' "$supervisor_log")" -gt 0; }
	ok 'fedx-route by itself says that it is ready' eventually more
	ok '... and ends well' stop "$route"
fi
stop "$supervisor"

# --- it gives sockets ---

launch=$FEDX_SRC/t/lib/launch.pl
launched() { hub=$pid hub_log=$log; }
start perl "$launch" -s at 127.0.0.1:0 127.0.0.1:0 -- fedx-hub -i n1 -r "$FEDX_RUN/h" -c "$FEDX_RUN/c"
launched
ok 'without --listen, what was bound for it is where it listens' wait_ready "$hub_log"
is "$(sed -n 's/.*event=ready listen=\([^ ]*\) also=\([^ ]*\).*/\1 \2/p' "$hub_log")" "$(sed -n 1p at) $(sed -n 2p at)" '... all of it'
mkdir -m 700 l
start fedx-leaf -u "fedx://$(sed -n 2p at)" -i l1 -r "$FEDX_RUN/l" --set link.backoff=20ms
leaf=$pid
up() { fedx-probe -r h -H links | grep -q '^l1	leaf	up'; }
ok '... a leaf is linked there' eventually up
if test -d "/proc/$hub/fd"
then
	fedx-probe -r h call nobody m x >/dev/null 2>&1
	is "$(perl -e 'for (3, 4) { open my $f, "<", "/proc/$ARGV[0]/fdinfo/$_"; print grep(/^flags:.*2\d{6}$/, <$f>) ? "x" : "-" }' "$hub")" xx \
		'... no child gets them'
fi
kill -HUP "$hub"
ok 'a reload' eventually told 'event=reloaded' "$hub_log"
ok '... finds no change in them' not told 'restart_for' "$hub_log"
ok 'it ends well' stop "$hub"
stop "$leaf"

start perl "$launch" -s at 127.0.0.1:0 -- fedx-hub -i n1 -r "$FEDX_RUN/h" -c "$FEDX_RUN/c" -l 127.0.0.1:0
launched
is "$(ready_at "$hub_log")" "$(cat at)" 'with --listen, it takes the one that fits'
ok 'it ends well' stop "$hub"
start perl "$launch" -s at 0.0.0.0:0 -- fedx-hub -i n1 -r "$FEDX_RUN/h" -c "$FEDX_RUN/c" -l :0 --insecure
launched
is "$(ready_at "$hub_log")" "$(cat at)" 'one of all addresses fits one of all addresses'
ok 'it ends well' stop "$hub"
start perl "$launch" -s at "$FEDX_RUN/h/node.sock" 127.0.0.1:0 -- fedx-hub -i n1 -r "$FEDX_RUN/h" -c "$FEDX_RUN/c"
launched
ok 'the bus may be bound for it too' wait_ready "$hub_log"
ok '... and works' lives h
ok 'it ends well' stop "$hub"
ok '... and leaves that socket to who made it' test -S h/node.sock
rm h/node.sock

refused() {	# refused DESCRIPTION REGEX ARGUMENT-OF-LAUNCH...
	refused_what=$1 refused_text=$2
	shift 2
	ok "$refused_what" expect_status 78 bounded perl "$launch" "$@"
	like "$(cat said)" "$refused_text" '... and says so'
}
refused 'a socket that no setting names is refused' \
	'descriptor 3 .* listens on 127\.0\.0\.1:[0-9]+, which is none of our addresses: add it with --listen' \
	127.0.0.1:0 -- fedx-hub -r "$FEDX_RUN/h" -l "127.0.0.1:$(free_port)"
refused 'what is no stream socket is refused' 'descriptor 4 .* is no listening stream' \
	127.0.0.1:0 udp:127.0.0.1:0 -- fedx-hub -r "$FEDX_RUN/h"
refused 'what is no socket is refused' 'descriptor 3 .* is no listening stream' - -- fedx-hub -r "$FEDX_RUN/h"
refused 'a socket open to the network needs what --listen needs' '0\.0\.0\.0:[0-9]+ is open to the network: give --tls-cert' \
	0.0.0.0:0 -- fedx-hub -r "$FEDX_RUN/h"
many() { LISTEN_FDS=$1 bounded sh -c 'LISTEN_PID=$$ exec "$@"' - fedx-hub -r "$FEDX_RUN/h"; }
for number in 65 -1 x ''
do
	ok "LISTEN_FDS of '$number' is refused" expect_status 78 many "$number"
	like "$(cat said)" "LISTEN_FDS cannot be '$number': want a number, 64 at most" '... and says so'
done
start perl "$launch" -p 1 127.0.0.1:0 -- fedx-hub -i n1 -r "$FEDX_RUN/h" -c "$FEDX_RUN/c"
launched
ok 'what is meant for another process is not taken' wait_ready "$hub_log"
ok '... so it does not listen' not told 'listen=' "$hub_log"
ok 'it ends well' stop "$hub"
ok 'nor is its place left behind' not test -e h/node.sock
ok 'to the background, with a socket' bounded perl "$launch" -s at 127.0.0.1:0 -- \
	fedx-hub -d -i n1 -r "$FEDX_RUN/h" -c "$FEDX_RUN/c" -p "$FEDX_RUN/pid"
daemon=$(cat pid)
tap_pids="$tap_pids $daemon"
ok '... it listens there' fedx-probe -q doctor "fedx://$(cat at)"
kill "$daemon"
gone() { ! kill -0 "$daemon" 2>/dev/null; }
ok '... it ends' eventually gone
ok 'the other hub ends well' stop "$other"
done_testing
