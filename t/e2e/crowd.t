#!/bin/sh
# crowd.t - one address, and the bus, hold only so many connections; the rest go on.
. "${0%/*}/../lib/tap.sh"
cd "$FEDX_RUN" || exit 1

says() { grep -q "$1" "$2"; }
works() { test "$(fedx-probe -r "$1" call echo m 'still here')" = 'still here'; }
cat >hold.pl <<'END2'
use IO::Socket::UNIX; use IO::Socket::INET;
my ($n, $at) = @ARGV;
my @held = map { $at =~ m{^/} ? IO::Socket::UNIX->new($at) : IO::Socket::INET->new($at) } 1 .. $n;
my ($closed, $bits) = (0, "");
vec($bits, fileno $_, 1) = 1 for grep { $_ } @held;
$| = 1;
while (select(my $ready = $bits, undef, undef, undef)) {
	for my $s (grep { $_ && vec($ready, fileno $_, 1) } @held) {
		next if sysread $s, my $b, 4096;
		vec($bits, fileno $s, 1) = 0;
		print "closed ", ++$closed, "\n";
	}
}
END2

start fedx-hub -l 127.0.0.1:0 -i n1 -C home -r bus --set link.bus_clients=8
hub=$pid hub_log=$log
ok 'a hub is ready' wait_ready "$hub_log"
start fedx-probe -r bus serve echo -- cat
ok 'something is served' eventually works bus
start perl hold.pl 10 "$FEDX_RUN/bus/node.sock"
holder=$pid
ok 'of ten connections more to a bus of eight, three are closed' eventually says '^closed 3$' "$log"
ok '... not more' not says '^closed 4$' "$log"
ok 'the log says which limit' says 'event=crowded.*link.bus_clients' "$hub_log"
ok 'a further client has lost the bus' expect_status 75 fedx-probe -r bus -q call echo m x
kill "$holder"
ok 'when they go, there is room' eventually works bus
ok 'the hub ends well' stop "$hub"

# this host has a second address in a namespace only
if test "$(id -u)" = 0 && unshare -n true 2>/dev/null && command -v ip >/dev/null && command -v nsenter >/dev/null
then
	start unshare -n sh -c 'ip link set lo up && ip addr add 198.51.100.1/32 dev lo &&
		exec fedx-hub -l 198.51.100.1:0 --insecure -i n2 -C home -r net --set link.per_address=4 --set link.handshake=60s'
	hub=$pid hub_log=$log
	ok 'a hub on an address of its own is ready' wait_ready "$hub_log"
	start nsenter -t "$hub" -n perl hold.pl 6 "$(ready_at "$hub_log")"
	ok 'of six connections from one address, two are closed' eventually says '^closed 2$' "$log"
	ok '... not more' not says '^closed 3$' "$log"
	ok 'the log says which limit' says 'event=crowded.*link.per_address' "$hub_log"
	ok 'who comes by the bus is not that address' fedx-probe -r net -q links
	ok 'that hub ends well too' stop "$hub"
else skip 'only root has network namespaces'
fi
done_testing
