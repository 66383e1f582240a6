#!/bin/sh
# faults-short.t - short writes at any byte, by small buffers of the system and by a send() that cuts: all arrives, in order.
#
# In a network of its own, whose sockets have the smallest buffers there are.
test -n "${FEDX_OWN_NET-}" || for how in -n -rn
do ! unshare $how true 2>/dev/null || FEDX_OWN_NET=yes exec unshare $how sh "$0"
done
. "${0%/*}/../lib/tap.sh"
. "${0%/*}/../lib/fates.sh"
. "${0%/*}/../lib/nodes.sh"
cd "$FEDX_RUN" || exit 1
umask 077

# what goes so slowly is late, not lost
quick="$quick --set link.dead=10s"
# buffers LEAST USUAL MOST: of each direction of a connection that begins now
buffers() { sysctl -qw net.ipv4.tcp_wmem="$*" net.ipv4.tcp_rmem="$*"; }
small() { test -n "${FEDX_OWN_NET-}" && ip link set lo up && buffers 4096 4096 4096; }
all_end() { for one in "$a" "$b" "$hub"; do stop "$one" || return; done; }
schemes='fedx ws'
if fedx-probe keygen hub hub.test -d keys --ip 127.0.0.1 >keygen.log 2>&1
then schemes="$schemes fedxs"
else skip 'no keys can be made here: nothing over TLS'
fi
# ready SCHEME: its nodes are
ready() {
	dial=$1://$at
	case $1 in
	fedxs) hub --tls-cert keys/hub.pem --tls-key keys/hub.key && leaf a --tls-ca keys/ca.pem && leaf b --tls-ca keys/ca.pem ;;
	*) nodes ;;
	esac
}

# --- the system's own ---

# cut: of what the hub sends now, the system takes a part
cut() {
	timeout -s INT 2 strace -qq -p "$hub" -e trace=sendto -e signal=none -s 0 -o sends
	test "$(awk 'match($0, /, [0-9]+, MSG_NOSIGNAL, NULL, 0\) = [0-9]+$/) { split(substr($0, RSTART), n, /[^0-9]+/); cut += n[3] < n[2] }
		END { print cut + 0 }' sends)" -gt 10
}
if small 2>/dev/null
then
	for scheme in $schemes
	do
		ok "$scheme: the nodes are ready" ready "$scheme"
		begin "small-$scheme" 8 --body-every 4 --bytes 30000 --timeout 9000
		serve --bytes 30000
		more "$scheme: large bodies through the smallest buffers"
		if can_trace
		then ok "$scheme: ... of what is sent, parts are taken" cut
		else skip 'strace cannot look at it'
		fi
		more '... and it goes on'
		finish "$scheme: small buffers"
		is "$(count may_have_run)" 0 "$scheme: none was lost"
		ok "$scheme: all end well" all_end
	done
	buffers 4096 131072 4194304
else
	skip 'no network of our own: no small buffers'
fi

# --- a system that takes a few bytes of each ---

lib=$FEDX_RUN/shortsend.so
cc=$(sed -n 's/^CC = *//p' "$FEDX_BUILD/config.mk")
# shellcheck disable=SC2086	# words
if grep -q fsanitize "$FEDX_BUILD/config.mk"
then skip 'a sanitizer wants to be the first that is preloaded'
elif ! $cc -shared -fPIC -o "$lib" "$FEDX_SRC/t/lib/preload/shortsend.c" -ldl 2>cc.log
then skip 'no shared library can be built here'
else
	under="env LD_PRELOAD=$lib SHORT_FILE=$FEDX_RUN/count"
	for scheme in $schemes
	do
		printf '\0\0\0\0\0\0\0\0' >count
		ok "$scheme: the nodes are ready" ready "$scheme"
		begin "short-$scheme" 8 --body-every 9 --bytes 2000 --timeout 9000
		serve --bytes 2000
		more "$scheme: by each send() 1 to 7 bytes go"
		finish "$scheme: short writes"
		is "$(count may_have_run)" 0 "$scheme: none was lost"
		ok "$scheme: all end well" all_end
		ok "$scheme: nearly all were cut" test "$(perl -e 'read STDIN, $_, 8; print unpack "Q"' <count)" -gt 100000
	done
fi
done_testing
