#!/bin/sh
# srv.t - hubs from SRV records: in their order, asked for anew by each dial, and not trusted to name the hub.
. "${0%/*}/../lib/tap.sh"
cd "$FEDX_RUN" || exit 1
umask 077
mkdir a b c d n p

: >zone
start perl "$FEDX_SRC/t/lib/dns.pl" zone
dns_log=$log
ok 'a name server of our own' wait_ready "$log" || exit 1
dns=$(ready_at "$log")
quick="--set dns.servers=$dns --set link.backoff=50ms --set link.backoff_max=100ms --set link.refused=100ms --no-autostart"
zone() {	# the lines of standard input, all at once, besides the addresses
	{
		for name in hub1 hub2 hub3
		do echo "$name.lab.test A 127.0.0.1"
		done
		echo 'silent.lab.test SILENT'
		cat
	} >zone.new
	mv zone.new zone
}
# shellcheck disable=SC2086	# words
hub() {	# hub NAME OPTION...: sets NAME, NAME_log and NAME_port
	hub_name=$1
	shift
	start fedx-hub -l 127.0.0.1:0 -i "$hub_name.test" -C lab -r "$hub_name" $quick "$@"
	hub_at=$(ready_at "$log")
	eval "$hub_name=\$pid ${hub_name}_log=\$log ${hub_name}_port=\${hub_at##*:}"
}
# shellcheck disable=SC2086
leaf() {	# leaf URL OPTION...
	url=$1
	shift
	start fedx-leaf -u "$url" -i l.lab -C lab -r n $quick "$@"
	leaf=$pid leaf_log=$log
}
says() { eventually grep -q -e "$1" "$leaf_log"; }
linked() { fedx-probe -r "$1" -H links | grep -q "^$2	.*	up	"; }
asked() { grep -c "^asked SRV $1\$" "$dns_log"; }
record() { echo "_fedx._tcp.lab.test SRV $*"; }

hub a
hub b
dead=$(free_port)

# --- the order ---

{ record 20 0 "$a_port" hub1.lab.test; record 10 0 "$b_port" hub2.lab.test; } | zone
leaf fedx+srv://lab.test
ok 'a leaf is linked' eventually linked n b.test
ok '... with the target of the lower priority, at once' not grep -q 'now=BACKOFF' "$leaf_log"
is "$(asked _fedx._tcp.lab.test)" 1 '... which it has asked for once'
like "$(fedx-probe -r n -H links)" "127\\.0\\.0\\.1:$b_port" 'the link tells the address'
kill -9 "$b"
ended "$b"
ok 'it is killed: the next target has the link' eventually linked n a.test
is "$(grep -c 'now=UP' "$leaf_log")$(grep -c 'cannot connect' "$leaf_log")" 20 '... by the same dial'
ok '... which has asked again' test "$(asked _fedx._tcp.lab.test)" -ge 2
hub b
{ record 10 0 "$b_port" hub3.lab.test; } | zone
kill -9 "$a"
ended "$a"
ok 'the records change: each dial goes by those of now' eventually linked n b.test
ok 'it ends well' stop "$leaf"

hub a
{
	record 1 0 "$dead" hub1.lab.test
	record 2 0 "$dead" nowhere.lab.test
	record 3 0 "$dead" silent.lab.test
	record 4 7 0 hub2.lab.test
	record 5 65535 "$a_port" hub2.lab.test
	record 6 0 "$b_port" hub1.lab.test
} | zone
leaf fedx+srv://lab.test --set link.handshake=3s
ok 'targets that are dead, unknown, not told and without a port are passed over' says 'now=UP'
ok '... for the next one' linked n a.test
ok '... by one dial' not grep -q 'now=BACKOFF' "$leaf_log"
ok 'it ends well' stop "$leaf"

i=0
while test $((i += 1)) -le 40
do record $((100 + i)) 1 "$dead" "a-rather-long-name-of-a-host-$i.lab.test"
done >many
{ cat many; record 9 0 "$a_port" hub1.lab.test; } | zone
leaf fedx+srv://lab.test
ok 'the best of more than are tried, in an answer that takes TCP' says 'now=UP'
stop "$leaf"
{ cat many; record 999 0 "$a_port" hub1.lab.test; } | zone
: >"$dns_log"
leaf fedx+srv://lab.test
ok 'the worst of them is not tried' says "now=BACKOFF why=\"cannot resolve .a-rather-long-name-of-a-host-1\\.lab\\.test"
stop "$leaf"
is "$(sed -n 's/^asked A \(a-rather-long-name-.*\.lab\.test\)$/\1/p' "$dns_log" | sort -u | wc -l | tr -d ' ')" 16 \
	'... nor any but the best sixteen'

# --- peers ---

record 1 0 "$a_port" hub1.lab.test | zone
hub c --peer fedx+srv://lab.test --peer "fedx://127.0.0.1:$a_port"
ok 'a hub dials a peer by SRV records' eventually linked c a.test
up() { test "$(fedx-probe -r c -H peers | cut -f 1,4 | sort -u)" = 'a.test	up'; }
ok '... and by its address: one link serves both' eventually up
is "$(fedx-probe -r c -H links | grep -c 'a\.test')" 1 '... one'
ok 'it ends well' stop "$c"

# --- no target ---

leaf fedx+srv://none.test
ok 'no record: the query is named' says "why=\"there is no SRV record '_fedx\\._tcp\\.none\\.test'.*next dial in"
stop "$leaf"
leaf fedxs+srv://lab.test --insecure
ok '... that for TLS is another one' says "no SRV record '_fedxs\\._tcp\\.lab\\.test'"
stop "$leaf"
echo '_fedx._tcp.lab.test SRV 0 0 0 .' | zone
leaf fedx+srv://lab.test
ok 'the target ".": not offered' says "'_fedx\\._tcp\\.lab\\.test' says that there is no such service.*next dial in"
record 1 0 0 hub1.lab.test | zone
ok 'no port in any record' says "no SRV record '_fedx\\._tcp\\.lab\\.test' has a host name and a port"
{ record 1 0 "$dead" hub1.lab.test; record 2 0 "$dead" hub2.lab.test; } | zone
ok 'none answers: the first is named' says "cannot connect to hub1\\.lab\\.test at 127\\.0\\.0\\.1:$dead: .*next dial in"
record 1 0 "$a_port" hub1.lab.test | zone
ok 'once there is one, it is up' says 'now=UP'
stop "$leaf"

echo '_fedx._tcp.lab.test SILENT' | zone
leaf fedx+srv://lab.test --set link.handshake=1s
wait_ready "$leaf_log"
start fedx-probe -r n serve echo -- cat
known() { fedx-probe -r n -H services | grep -q '^echo'; }
ok 'a name server that never answers: a local service is known' eventually known
seq 1 200 >numbers
since=$(date +%s)
ok '... local requests go on' sh -c 'fedx-probe -r n call -P 8 echo m - <numbers >answers'
ok '... as fast as ever' test $(($(date +%s) - since)) -le $((5 * FEDX_TEST_SLOW))
ok '... and right' cmp numbers answers
ok '... the query is named, and asked again' says "SRV record '_fedx\\._tcp\\.lab\\.test': .*within 1000 ms; next dial in"
since=$(date +%s)
ok 'it ends while it asks' stop "$leaf"
ok '... at once' test $(($(date +%s) - since)) -le 3

# --- what is no such URL; doctor ---

refused() { expect_status 78 fedx-leaf -t -i l.lab -u "$1" 2>err || expect_status 78 fedx-hub -t --peer "$1"; }
for bad in lab.test:7341 localhost 127.0.0.1 '[::1]'
do ok "no URL: fedx+srv://$bad" refused "fedx+srv://$bad"
done
fedx-leaf -t -i l.lab -u fedxs+srv://lab.test:1 >out 2>&1
like "$(cat out)" '^fedx-leaf: .*fedxs\+srv://lab\.test:1: a port does not belong' 'it says why'
ok 'doctor: no such record' expect_status 68 fedx-probe doctor -t 5 fedx+srv://no-such.invalid
like "$(fedx-probe doctor -H -t 5 fedxs+srv://no-such.invalid 2>&1)" "^dns	fail	.*SRV record '_fedxs\\._tcp\\.no-such\\.invalid'" \
	'... names the query'

# --- TLS: the certificate is for the domain, whatever DNS says ---

fedx-probe keygen hub lab.test -d d >/dev/null
fedx-probe keygen hub hub1.lab.test -d p >/dev/null
for n in d p
do fedx-probe keygen token l.lab -d $n >/dev/null
done
stop "$a"
stop "$b"
hub a --tls-cert d/hub.pem --tls-key d/hub.key --token-file d/tokens
hub b --tls-cert p/hub.pem --tls-key p/hub.key --token-file p/tokens
tls() { echo "_fedxs._tcp.lab.test SRV 1 0 $1 hub1.lab.test"; }
tls "$a_port" | zone
leaf fedxs+srv://lab.test --tls-ca d/ca.pem --token-file d/l.lab.token
ok 'a certificate for the domain is taken' says 'now=UP'
stop "$leaf"
tls "$b_port" | zone
leaf fedxs+srv://lab.test --tls-ca p/ca.pem --token-file p/l.lab.token
ok 'one for the target that DNS named is not' \
	says "no TLS with hub1\\.lab\\.test at 127\\.0\\.0\\.1:$b_port as lab\\.test: the certificate is for another name"
ok '... ever' not grep -q 'now=UP' "$leaf_log"
stop "$leaf"
if command -v openssl >/dev/null
then
	pin=$(openssl x509 -in p/hub.pem -outform der | openssl dgst -sha256 -r | cut -d' ' -f1)
	leaf fedxs+srv://lab.test --set "tls.pin=sha256:$pin" --token-file p/l.lab.token
	ok '... but for tls.pin' says 'now=UP'
	stop "$leaf"
	tls "$a_port" | zone
	leaf fedxs+srv://lab.test --set "tls.pin=sha256:$pin" --token-file p/l.lab.token
	ok '... which takes no other one, for the domain neither' says 'no TLS with hub1.*pin'
	stop "$leaf"
else
	skip 'the openssl command is not installed'
fi
{ tls "$b_port"; echo "_fedxs._tcp.lab.test SRV 2 0 $a_port hub2.lab.test"; } | zone
leaf fedxs+srv://lab.test --tls-ca d/ca.pem --token-file d/l.lab.token
ok 'a target with a wrong certificate is passed over' says 'now=UP'
stop "$leaf"
{ record 1 0 "$a_port" localhost; } | zone
leaf fedx+srv://lab.test --token-file d/l.lab.token
ok 'a token is not shown without TLS, also if DNS says that it is this host' says 'a token is not shown without TLS'
ok '... ever' not grep -q 'now=UP\|GREETING' "$leaf_log"
stop "$leaf"
done_testing
