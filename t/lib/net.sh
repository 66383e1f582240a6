# net.sh - hubs, a leaf behind a NAT and one that is not, in network namespaces of our own, and
# what can become of such a network; for tests, after tap.sh and fates.sh.
# shellcheck shell=sh
#
#	net					the network; skip_all where there can be none
#	hub h1 [OPTION...]; leaf a -u URL...	a daemon there, which is ready; sets $h1 and $h1_log
#	url h1					where leaves and hubs dial it
#	hurt h1 input 'ip saddr ...' STATEMENT	what one host does to packets, until
#	mend h1
#	note a h1				from here on:
#	said a REGULAR-EXPRESSION		its log has such a line since
#
# The hosts: h1 h2 h3 and b on one Ethernet with nat, and a behind that.  Nothing leads out.

net=fx$$
net_hosts='wan h1 h2 h3 b nat a'
quick='--set link.backoff=20ms --set link.backoff_max=100ms --set link.refused=50ms
	--set link.ping=200ms --set link.dead=1s --set link.handshake=1s
	--set link.come_back=20ms --set drain.wait=2s
	--set routes.hold_down=100ms --set routes.flap_threshold=0'

on() { host=$1; shift; ip netns exec "$net-$host" "$@"; }
address() {
	case $1 in
	h1) echo 198.18.0.11 ;; h2) echo 198.18.0.12 ;; h3) echo 198.18.0.13 ;;
	b) echo 198.18.0.14 ;; nat) echo 198.18.0.15 ;;
	esac
}
url() { echo "fedx://$(address "$1"):7000"; }

# nat_begins: it knows of no connection, and drops without a word what belongs to none
nat_begins() {
	on nat nft -f - <<'NFT'
table ip nat
delete table ip nat
table ip nat {
	chain post {
		type nat hook postrouting priority 100
		oifname "e0" masquerade
	}
}
table ip guard
delete table ip guard
table ip guard {
	chain through {
		type filter hook forward priority 0; policy drop;
		ct state established,related accept
		iifname "e1" oifname "e0" ct state new accept
	}
	chain itself {
		type filter hook input priority 0; policy drop;
	}
}
NFT
}
# nat_forgets: with its address go the connections that it masqueraded
nat_forgets() {
	ip -n "$net-nat" link set e0 down && ip -n "$net-nat" link set e0 up && nat_begins
}

net_can() { ip netns add "$net-wan" && on wan nft add table ip any; }
net_made() {
	for host in $net_hosts
	do
		test "$host" = wan || ip netns add "$net-$host" || return
		ip -n "$net-$host" link set lo up || return
	done
	ip -n "$net-wan" link add br0 type bridge && ip -n "$net-wan" link set br0 up || return
	for host in h1 h2 h3 b nat
	do
		ip link add e0 netns "$net-$host" type veth peer name "$host" netns "$net-wan" &&
		ip -n "$net-wan" link set dev "$host" master br0 up &&
		ip -n "$net-$host" addr add "$(address $host)/24" dev e0 &&
		ip -n "$net-$host" link set e0 up || return
	done
	ip link add e0 netns "$net-a" type veth peer name e1 netns "$net-nat" &&
	ip -n "$net-nat" addr add 100.64.7.1/24 dev e1 && ip -n "$net-nat" link set e1 up &&
	ip -n "$net-a" addr add 100.64.7.2/24 dev e0 && ip -n "$net-a" link set e0 up &&
	ip -n "$net-a" route add default via 100.64.7.1 &&
	nat_begins &&		# which loads what the second setting is of
	on nat sysctl -qw net.ipv4.ip_forward=1 net.netfilter.nf_conntrack_tcp_loose=0
}
net() {
	test "$(id -u)" = 0 || skip_all 'only root can make network namespaces'
	command -v ip >/dev/null && command -v nft >/dev/null || skip_all 'no ip or no nft'
	trap net_leave 0
	net_can >"$FEDX_RUN/net.log" 2>&1 || skip_all 'the system has no network namespaces, or no nftables in them'
	net_made >"$FEDX_RUN/net.log" 2>&1 || { not_ok 'the network is made'; done_testing; }
	rm "$FEDX_RUN/net.log"
}
# shellcheck disable=SC2317	# by a trap
net_leave() {
	net_status=$?
	test "$(exec sh -c 'echo "$PPID"')" = $$ || return
	for host in $net_hosts
	do ip netns del "$net-$host" 2>/dev/null
	done
	(exit "$net_status")
	tap_leave
}

daemon() {	# daemon NAME DIRECTORY PROGRAM OPTION...
	name=$1 dir=$FEDX_RUN/$2 program=$3; shift 3
	test -d "$dir" || mkdir -m 700 "$dir"
	# shellcheck disable=SC2086	# words
	start ip netns exec "$net-$name" "$program" -i "$name.test" -C test -r "$dir" --insecure $quick "$@"
	eval "$name=\$pid ${name}_log=\$log"
	wait_ready "$log"
}
hub() { name=$1; shift; daemon "$name" "$name" fedx-hub -l "$(address "$name"):7000" "$@"; }
leaf() { name=$1; shift; daemon "$name" "$name" fedx-leaf "$@"; }

# hurt HOST HOOK WHICH STATEMENT: input, output or forward
hurt() {
	on "$1" nft -f - <<NFT
table ip fault {
	chain fault {
		type filter hook $2 priority -10
		$3 $4
	}
}
NFT
}
mend() { on "$1" nft delete table ip fault; }

note() { for name in "$@"; do eval "${name}_said=\$(wc -l <\"\$${name}_log\")"; done; }
said() { eval "tail -n +\$((${1}_said + 1)) \"\$${1}_log\"" | grep -Eq -e "$2"; }
