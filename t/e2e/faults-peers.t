#!/bin/sh
# faults-peers.t - connections that drip, are reset in mid-frame, end half or lose a direction.
. "${0%/*}/../lib/tap.sh"
. "${0%/*}/../lib/fates.sh"
. "${0%/*}/../lib/nodes.sh"

rough=$FEDX_RUN/rough
hub
echo pass >"$rough"
start perl "$FEDX_SRC/t/lib/rough.pl" "$at" "$rough"
ok 'somebody stands between' wait_ready "$log"
between=$(ready_at "$log")
leaf a
for scheme in fedx ws
do
	dial=$scheme://$between
	leaf b
	begin "rough-$scheme" 16 --body-every 5 --bytes 2000 --timeout 3000
	serve --delay 3 --bytes 2000
	more "$scheme: at peace"
	for how in 'reset 3001' 'reset 777' 'half 4001' 'half 90' swallow
	do
		echo "$how" >"$rough"
		ok "$scheme: $how: the link is lost" eventually not is_up b
		echo pass >"$rough"
		more '... it heals'
	done
	finish "$scheme: connections that break"
	echo drip >"$rough"
	ok "$scheme: the leaf of the service is killed" killed "$b"
	leaf b
	begin "drip-$scheme" 2 --pace 5
	serve
	more '... it comes back, and all goes byte by byte'
	finish "$scheme: byte by byte"
	echo pass >"$rough"
	stop "$b"
done
done_testing
