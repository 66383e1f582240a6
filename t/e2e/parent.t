#!/bin/sh
# parent.t - a hub below a hub: names go up, requests go both ways, and no loop of hubs loops a message.
. "${0%/*}/../lib/tap.sh"
cd "$FEDX_RUN" || exit 1
mkdir -m 700 top mid a b x y

quick='--set link.backoff=50ms --set link.backoff_max=100ms --set link.refused=100ms'
# shellcheck disable=SC2086
node() {	# node PROGRAM NAME OPTION...
	program=$1 name=$2; shift 2
	start "$program" -i "$name.test" -C test -r "$name" $quick "$@"
	eval "$name=\$pid ${name}_log=\$log"
	wait_ready "$log"
}
serve() { start fedx-probe -r "$1" serve "$2" -- "$3"; }
knows() { fedx-probe -r "$1" -q ping -c 1 "$2" >/dev/null 2>&1; }
lists() { fedx-probe -r "$1" -H services | grep -q "^$2[[:space:]]"; }
hops() { fedx-probe -r "$1" -H trace "$2" | grep -c test; }

node fedx-hub top -l 127.0.0.1:0
top_at=$(ready_at "$top_log")
node fedx-hub mid -l 127.0.0.1:0 -u "fedx://$top_at"
mid_at=$(ready_at "$mid_log")
node fedx-leaf a -u "fedx://$mid_at"
node fedx-leaf b -u "fedx://$top_at"
ok 'the hub below is up' eventually grep -q 'now=UP' "$mid_log"

serve a deep cat
ok 'a name two nodes below is known at the top' eventually lists top deep
is "$(fedx-probe -r b call deep m hello)" 'hello' 'a request goes up, down and down'
serve b far rev
ok 'a name beside is known there as well' eventually lists top far
ok 'and told down: hubs share what they reach' eventually lists mid far
ok '... but a leaf hears of nothing' not lists a far
is "$(fedx-probe -r a call far m olleh)" 'hello' 'what it does not know goes up, and finds it'
is "$(fedx-probe -r top call deep m hello)" 'hello' 'from the top too'
is "$(hops b deep)" 4 'four nodes are on the way'
ok 'what nobody knows is a clean no at the top' expect_status 1 fedx-probe -r a -q call nothing m x
head -c 3000000 /dev/zero | tr '\0' x >body
there_and_back() { fedx-probe -r b -q call -0 deep m <body >out && cmp out body; }
ok 'a long body over four nodes' there_and_back

kill -9 "$mid"
ended "$mid"
ok 'the hub in the middle is killed: the top forgets' eventually not lists top deep
node fedx-hub mid -l "$mid_at" -u "fedx://$top_at"
ok 'it is back: all is told again' eventually lists top deep
is "$(fedx-probe -r b call deep m again)" 'again' 'and reached again'
stop "$a"
ok 'a leaf that goes is withdrawn at the top' eventually not lists top deep
for n in b mid top
do eval "ok 'node $n ends well' stop \$$n"
done

# two hubs, each with the other for its parent: there is one link
x_at=127.0.0.1:$(free_port) y_at=127.0.0.1:$(free_port)
node fedx-hub x -l "$x_at" -u "fedx://$y_at"
node fedx-hub y -l "$y_at" -u "fedx://$x_at"
serve x here cat
serve y there cat
calls() { test "$(fedx-probe -r "$1" -q call "$2" m "$3")" = "$3"; }
ok 'one reaches the other' eventually calls y here once
ok 'and is reached' eventually calls x there once
ok 'the other link stands by' eventually grep -q 'now=STANDBY' "$x_log" "$y_log"
for n in x y
do
	ok "what nobody knows ends at once at $n" not fedx-probe -r $n -q call nothing m x
	like "$(fedx-probe -r $n -q call nothing m x 2>&1)" '(no_route|loop|link_down).*not delivered' 'with its reason'
done
ok 'what is here is answered here' calls x here still
for n in x y
do eval "ok 'node $n ends well' stop \$$n"
done

# three in a ring, each with the next for its parent: no message visits one twice
z_at=127.0.0.1:$(free_port)
node fedx-hub x -l "$x_at" -u "fedx://$y_at"
node fedx-hub y -l "$y_at" -u "fedx://$z_at"
node fedx-hub z -l "$z_at" -u "fedx://$x_at"
requests() {	# that came in since the program began
	perl -MIO::Socket::INET -e '
		my $s = IO::Socket::INET->new($ARGV[0]) or die;
		print $s "GET /metrics HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n";
		while (<$s>) { print $1 if /^fedx_requests_total (\d+)/ }' "$1"
}
for n in x y z
do eval "ok 'node $n is up in the ring' eventually grep -q now=UP \"\$${n}_log\""
done
ok 'the services are there again' eventually calls x here again
for n in x y z
do ok "here is reached from $n" eventually calls $n here ring
done
ok 'and there, which is one node on' eventually calls x there ring
x_before=$(requests "$x_at") y_before=$(requests "$y_at") z_before=$(requests "$z_at")
ok 'what nobody knows' expect_status 1 fedx-probe -r x -q call nothing m x
is "$(($(requests "$y_at") - y_before)) $(($(requests "$z_at") - z_before))" '1 1' 'visits each once'
is "$(($(requests "$x_at") - x_before))" 2 'and is refused when it comes round'
# shellcheck disable=SC2046
is "$(for i in 1 2 3 4 5 6 7 8 9 10; do echo $i; done | fedx-probe -r y -q call here m - | tr '\n' ' ')" \
	'1 2 3 4 5 6 7 8 9 10 ' 'nothing is doubled on the way round'
done_testing
