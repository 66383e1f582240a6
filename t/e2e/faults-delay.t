#!/bin/sh
# faults-delay.t - links that are slow and uneven, 50 to 300 ms each way: they carry their load, and none is taken for dead.
#
# A relay holds the bytes back (t/lib/late.pl): the system acknowledges them at once, so that no
# packet is ever late or sent again.  Delay of packets needs netem, which few kernels here have.
. "${0%/*}/../lib/tap.sh"
. "${0%/*}/../lib/fates.sh"
. "${0%/*}/../lib/nodes.sh"
cd "$FEDX_RUN" || exit 1

# a - late.pl - hub - late.pl - far - b
least=50 most=300
late() { start perl "$FEDX_SRC/t/lib/late.pl" "$1" $least $most; late=$(ready_at "$log"); }
far_at=127.0.0.1:$(free_port)
mkdir -m 700 f
counted='a b h f' most_kb=16384
# shellcheck disable=SC2086	# words
far() {
	start fedx-hub -l "$far_at" -i far.test -C test -r "$FEDX_RUN/f" $quick
	far=$pid far_log=$log
	wait_ready "$log"
}
rtt() {	# rtt NODE PEER: in ms, as its node tells
	fedx-probe -j -r "$1" links | sed -n "s/.*\"$2\".*\"rtt_us\":\([0-9]*\)[0-9]\{3\}.*/\1/p"
}
# more than two delays and, with a turn of each program, less than the time of one that is dead
fits() { rtt=$(rtt "$1" "$2"); echo "$rtt"; test "${rtt:-0}" -ge $((2 * least)) && test "$rtt" -lt 1000; }
calm() { ! grep -E 'half-open|event=link_down|now=BACKOFF' "$hub_log" "$far_log" "$a_log" "$b_log"; }

for scheme in fedx ws
do
	far && late "$far_at" && hub --peer "$scheme://$late" && late "$at" && dial=$scheme://$late && leaf a &&
		dial=fedx://$far_at && leaf b || { not_ok "$scheme: the nodes are ready"; done_testing; }
	ok "$scheme: the leaf is up" eventually is_up a
	begin "delay-$scheme" 64 --body-every 20 --bytes 2000 --timeout 9000
	serve --delay 3 --bytes 2000
	for again in 1 2 3
	do more "$scheme: requests cross two links that are late ($again)"
	done
	ok "$scheme: no link is taken for dead" calm
	finish "$scheme: links that are late"
	is "$(count may_have_run)" 0 "$scheme: none was lost on its way"
	ok "$scheme: the hub tells what the way to its leaf takes" eventually fits h a.test
	ok "$scheme: ... and that to the other hub" eventually fits h far.test
	ok "$scheme: so does the leaf" eventually fits a hub.test
	ok "$scheme: and the other hub" eventually fits f hub.test
	sleep 2		# for which nothing but pings goes through
	ok "$scheme: nor is any link taken for dead when nothing is said" calm
	for one in "$a" "$b" "$hub" "$far"
	do ok "$scheme: it ends well" stop "$one"
	done
done
done_testing
