#!/bin/sh
# faults-hubs.t - the connection of two hubs is reset in mid-frame, ends half or loses a direction: requests across it end truly, and it heals.
. "${0%/*}/../lib/tap.sh"
. "${0%/*}/../lib/fates.sh"
. "${0%/*}/../lib/nodes.sh"
cd "$FEDX_RUN" || exit 1
umask 077

# a - hub - rough.pl - far - b
far_at=127.0.0.1:$(free_port)
counted='a b h f'
mkdir f
schemes='fedx ws'
tls=''
if fedx-probe keygen hub far.test -d keys --ip 127.0.0.1 >keygen.log 2>&1
then schemes="$schemes fedxs" tls='--tls-cert keys/hub.pem --tls-key keys/hub.key'
else skip 'no keys can be made here: nothing over TLS'
fi
# shellcheck disable=SC2086	# words
far() {
	start fedx-hub -l "$far_at" -i far.test -C test -r "$FEDX_RUN/f" $quick "$@"
	far=$pid
	wait_ready "$log"
}
rough=$FEDX_RUN/rough
echo pass >"$rough"
start perl "$FEDX_SRC/t/lib/rough.pl" "$far_at" "$rough"
between=$(ready_at "$log")
# shellcheck disable=SC2086	# words
ready() {	# the nodes of $scheme are
	case $scheme in
	fedxs) far $tls && hub --peer "fedxs://$between" --tls-ca keys/ca.pem && dial=fedxs://$far_at && leaf b --tls-ca keys/ca.pem ;;
	*) far && hub --peer "$scheme://$between" && dial=fedx://$far_at && leaf b ;;
	esac && dial='' && leaf a
}
# downs: how often the two have lost each other
downs() { grep -c 'event=link_down subject=far.test' "$hub_log"; }
lost() { test "$(downs)" -ge $((lost_before + $1)); }
is_lost() { lost 1 || grep -E 'event=link_(up|down) subject=far.test' "$hub_log" | tail -n 1 | grep -q link_down; }

for scheme in $schemes
do
	ready || { not_ok "$scheme: the nodes are ready"; done_testing; }
	begin "hubs-$scheme" 16 --body-every 5 --bytes 2000 --timeout 3000
	serve --delay 3 --bytes 2000
	more "$scheme: at peace"
	# N bytes after a connection begins, too: within what they say first, a body, one of many
	for how in 'reset 90' 'reset 777' 'reset 3001' 'reset 50021' 'reset 400009' 'half 4001' swallow
	do
		lost_before=$(downs)
		echo "$how" >"$rough"
		ok "$scheme: $how: the link is lost" eventually is_lost
		case $how in
		'reset '?????*) ok '... and when it comes back, again' eventually lost 2 ;;
		esac
		echo pass >"$rough"
		more '... it heals'
	done
	ok "$scheme: what was under way is told so" others
	finish "$scheme: two hubs whose connection breaks"
	for one in "$a" "$b" "$hub" "$far"
	do ok "$scheme: it ends well" stop "$one"
	done
done
done_testing
