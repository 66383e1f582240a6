#!/bin/sh
# clusters-proof.t - who is dialled proves the cluster that its URL names; who comes says nothing before it is admitted (mpreg 13).
. "${0%/*}/../lib/tap.sh"
cd "$FEDX_RUN" || exit 1
mkdir -m 700 a b
command -v openssl >/dev/null || skip_all 'keys are made with openssl'
told() { grep -Eq -e "$1" "$2"; }
quick='--set link.backoff=20ms --set link.backoff_max=50ms --set link.refused=50ms --set link.refused_max=100ms'

# hub DIR NODE CLUSTER OPTION...
# shellcheck disable=SC2086
hub() {
	hub_dir=$1 hub_node=$2 hub_cluster=$3; shift 3
	start fedx-hub -l 127.0.0.1:0 -i "$hub_node" -C "$hub_cluster" -r "$hub_dir" \
		--set federation.mode=explicit_bridging $quick "$@"
	eval "$hub_dir=\$pid ${hub_dir}_log=\$log"
	wait_ready "$log"
}
is_up() { fedx-probe -r b -H links | grep -q '^a\.alpha	.*	up	'; }

fedx-probe keygen hub a.alpha -d d --ip 127.0.0.1 >/dev/null 2>&1
fedx-probe keygen token b.beta -d d --role hub --cluster beta >/dev/null 2>&1
chmod 600 d/tokens
hub a a.alpha alpha --set federation.allowed_foreign_cluster_ids=beta --tls-cert d/hub.pem --tls-key d/hub.key --token-file d/tokens
# dials FRAGMENT OPTION...
dials() {
	fragment=$1; shift
	# shellcheck disable=SC2154
	hub b b.beta beta --set federation.allowed_foreign_cluster_ids=alpha \
		--set federation.allowed_foreign_cluster_ids=gamma --tls-ca d/ca.pem \
		--set uplink.token_file=d/b.beta.token --peer "fedxs://$(ready_at "$a_log")$fragment" "$@"
}
dials '#alpha'
ok 'the certificate proves the cluster that the URL names' eventually is_up
# shellcheck disable=SC2154
stop "$b"
dials ''
ok 'without it, no cluster but our own' eventually told 'why="2110 node ..a.alpha.. did not prove that it belongs to cluster ..alpha..".*hint=.*#CLUSTER' "$b_log"
ok '... which the other side hears' eventually told 'why="2106 the far side refused: 2110 ' "$a_log"
stop "$b"
dials '' --set federation.require_mutual_authentication=no
ok 'or who asks for no proof' eventually is_up
stop "$b"
dials '#gamma' --set federation.require_mutual_authentication=no
ok 'one of another cluster than the URL says is none that is wanted' eventually told 'the hub is of cluster .alpha., and behind the # of its URL is another one' "$b_log"
ok '... and it is not linked' not is_up
stop "$b"

# a shared key instead of token and CA: it proves both ends, each of its cluster
fedx-probe keygen key b.beta -d d --role hub --cluster beta >/dev/null
fedx-probe keygen key c.beta -d d --role hub --cluster gamma >/dev/null
stop "$a"
hub a a.alpha alpha --set federation.allowed_foreign_cluster_ids=beta --tls-cert d/hub.pem --tls-key d/hub.key --psk-file d/keys
keyed() {	# keyed KEY FRAGMENT
	hub b b.beta beta --set federation.allowed_foreign_cluster_ids=alpha --set "uplink.psk_file=$1" \
		--peer "fedxs://$(ready_at "$a_log")$2"
}
keyed d/b.beta.psk '#alpha'
ok 'a shared key proves both hubs, without a CA' eventually is_up
stop "$b"
keyed d/b.beta.psk ''
ok '... of no cluster that the URL does not name' eventually told '2110 node ..a.alpha.. did not prove' "$b_log"
stop "$b"
sed 's/^hub [^ ]* [^ ]*/hub b.beta beta/' d/c.beta.psk >d/false.psk
chmod 600 d/false.psk
keyed d/false.psk '#alpha'
ok 'the key of another node and cluster proves neither' eventually told '2110 node ..b.beta.. did not prove that it belongs to cluster ..beta' "$a_log"
ok '... and it is not linked' not is_up
stop "$b"

# a liar that is dialled and says that it is of our cluster: off this host, where it has to prove it
echo "hub x.beta beta sha256:$(printf '%064d' 0)" >none; chmod 600 none
if test "$(id -u)" = 0 && unshare -n true 2>/dev/null && command -v ip nsenter socat >/dev/null
then
	start unshare -n sh -c 'ip link set lo up && ip addr add 198.18.7.1/32 dev lo && echo ready && exec sleep 60'
	wait_ready "$log"
	away=$pid
	nsenter -t "$away" -n liar -L port >heard <<'END' &
h <- HELLO
h -> welcome node=false.beta role=hub cluster=beta
h <- ERROR error=cluster_isolated
END
	liar_pid=$!
	ok 'a liar listens' eventually test -s port
	start nsenter -t "$away" -n socat TCP-LISTEN:7341,bind=198.18.7.1,fork "TCP:127.0.0.1:$(cat port)"
	start nsenter -t "$away" -n fedx-hub -l 127.0.0.1:0 -i b.beta -C beta -r b $quick --insecure --token-file none \
		--peer fedx://198.18.7.1
	b=$pid b_log=$log
	wait "$liar_pid"
	is $? 0 'who is dialled where there are tokens, shows no certificate and says our own cluster is refused'
	ok '... since it has proven nothing' told '2110 node ..false.beta.. did not prove' "$b_log"
	stop "$b"; stop "$away"
else skip 'needs a network namespace and socat'
fi
# shellcheck disable=SC2154
stop "$a"

# --- what a stranger says before it is admitted ---

mkdir a.conf
echo 'function admit(peer) end' >a.conf/policy.lua
hub a a.alpha alpha -c a.conf --set federation.allowed_foreign_cluster_ids=beta \
	--set federation.require_mutual_authentication=no
# all in one piece, so that it is heard before the verdict: what a liar says to a file first
if command -v socat >/dev/null
then
	start socat -u UNIX-LISTEN:record.sock CREATE:bytes
	recorder=$pid
	await test -S record.sock
	liar ./record.sock <<'END'
h -> hello node=evil.beta role=hub cluster=beta
h -> PING
h -> ANNOUNCE node=evil.beta path=evil.beta clusters=beta epoch=7 lifetime=60000
h -> hello node=evil.beta role=hub cluster=beta
END
	ended "$recorder"
	perl -MIO::Socket::INET -e 'local $/; open my $f, "<", "bytes" or die; my $all = <$f>;
		my $s = IO::Socket::INET->new($ARGV[0]) or die; alarm 10; syswrite $s, $all; 1 while sysread $s, my $in, 4096' \
		"$(ready_at "$a_log")"
	is $? 0 'a stranger that says more than HELLO before it has heard WELCOME is hung up on'
	ok '... and no route of it is left' not eval 'fedx-probe -r a -H routes | grep -q evil'
else skip 'needs socat'
fi
ok 'the hub goes on' fedx-probe -r a -q routes
ok '... and ends well' stop "$a"
done_testing
