#!/bin/sh
# keepalive.t - a link that is busy, or has a reader that stops, is not taken for a dead one.
. "${0%/*}/../lib/tap.sh"
cd "$FEDX_RUN" || exit 1
mkdir -m 700 h a b

# a sanitizer makes all of it slow, not dead
ping=$((100 * FEDX_TEST_SLOW)) dead=$((800 * FEDX_TEST_SLOW))
quick="--set link.ping=${ping}ms --set link.dead=${dead}ms --set link.queue=1200k"
# shellcheck disable=SC2086	# words
start fedx-hub -l 127.0.0.1:0 -i hub.test -C test -r "$FEDX_RUN/h" $quick
hub=$pid hub_log=$log at=$(ready_at "$log")
for n in a b
do
	# shellcheck disable=SC2086
	start fedx-leaf -u "fedx://$at" -i "$n.test" -C test -r "$FEDX_RUN/$n" $quick
	eval "$n=\$pid ${n}_log=\$log"
	ok "leaf $n is up" eventually grep -q 'now=UP' "$log"
done
offers() { fedx-probe -r a -q ping -c 1 "$1"; }
start fedx-probe -r b serve zeros -- cat /dev/zero
start fedx-probe -r b serve echo -- cat
ok 'services are there' eventually offers zeros
ok 'both' eventually offers echo

# one whose reader stops, one whose reader does not: for several times what a dead link gets
start sh -c 'exec fedx-probe -r a -q call -0 zeros m </dev/null >stopped'
stopped=$pid
begun() { test "$(wc -c <"$1" 2>/dev/null || echo 0)" -gt 100000; }
ok 'an answer without an end has begun' eventually begun stopped
kill -STOP "$stopped"
start sh -c 'exec fedx-probe -r a -q call -0 zeros m </dev/null >/dev/null'
busy=$pid
since=$(perl -MTime::HiRes=time -e 'print time')
slowest() {	# the slowest of the pings there, in ms, for four times as long as a dead link gets
	perl -MTime::HiRes=time -e 'my ($since, $for) = @ARGV; my $most = 0;
		while (time < $since + $for) {
			my $at = time;
			system("fedx-probe -r a -q ping -c 1 -t 5 echo >pinged 2>&1") == 0 or die `cat pinged`;
			my $ms = (time - $at) * 1000; $most = $ms if $ms > $most;
		}
		printf "%d\n", $most' "$since" "$((4 * dead / 1000))"
}
most=$(slowest)
like "$most" '^[0-9]+$' "meanwhile each ping is answered (the slowest in $most ms)"
for n in hub a b
do
	eval "l=\$${n}_log"
	is "$(grep -Ec 'half-open|event=link_down|now=BACKOFF' "$l")" 0 "$n: no link was lost"
done
kill -CONT "$stopped"; kill "$stopped"
ended "$stopped"

# nothing at all is said: pings alone keep the link
kill "$busy"
ended "$busy"
sleep $((2 * dead / 1000 + 1))
for n in hub a b
do
	eval "l=\$${n}_log"
	is "$(grep -Ec 'half-open|now=BACKOFF' "$l")" 0 "$n: nor when nothing was said"
done
ok 'the leaf ends well' stop "$a"
ok 'and the other' stop "$b"
ok 'and the hub' stop "$hub"
done_testing
