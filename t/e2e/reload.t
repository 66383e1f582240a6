#!/bin/sh
# reload.t - SIGHUP: tokens and certificates are loaded anew, all of them or none.
. "${0%/*}/../lib/tap.sh"
command -v openssl >/dev/null || skip_all 'the openssl command is not installed'
cd "$FEDX_RUN" || exit 1

told() { grep -Eq -e "$1" "$2"; }
at_least() { test "$(grep -Ec -e "$2" "$3")" -ge "$1"; }
reload() {	# reload DESCRIPTION EVENT: it is told, and says so
	reload_n=$(grep -c "event=$2" "$hub_log")
	kill -HUP "$hub"
	ok "$1" eventually at_least $((reload_n + 1)) "event=$2" "$hub_log"
}
leaf() {	# leaf NODE CA
	mkdir -p "$1"; chmod 700 "$1"
	start fedx-leaf -u "fedxs://$at" -i "$1" -C home -r "$FEDX_RUN/$1" --tls-ca "$2" --token-file "d/$1.token" \
		--set link.backoff=20ms --set link.backoff_max=50ms --set link.refused=50ms --set link.refused_max=100ms
}
up() { fedx-probe -H links | grep -q "^$1	[a-z]*	up"; }
shown() { openssl s_client -connect "$at" </dev/null 2>/dev/null | openssl x509 -noout -fingerprint 2>/dev/null; }
new_cert() { test -n "$(shown)" && test "$(shown)" != "$old"; }

mkdir d
for each in d d2
do fedx-probe keygen hub hub.test -d $each --ip 127.0.0.1 >/dev/null 2>&1
done
for each in one two three
do fedx-probe keygen token $each -d d --cluster home >/dev/null 2>&1
done
chmod 600 d/tokens
start fedx-hub -l 127.0.0.1:0 -i hub.test -C home --tls-cert d/hub.pem --tls-key d/hub.key --token-file d/tokens
hub=$pid hub_log=$log
ok 'the hub is ready' wait_ready "$hub_log"
at=$(ready_at "$hub_log")
leaf one d/ca.pem; one=$pid one_log=$log
leaf two d/ca.pem; two=$pid two_log=$log
ok 'one leaf is up' eventually up one
ok 'and another' eventually up two
old=$(shown)
ok 'the certificate is shown' test -n "$old"

# a token is taken back: its link goes, the other stays
cp d/tokens all
grep -v ' two ' all >d/tokens
reload 'a token less is loaded' reloaded
ok 'the link of that token is cut' eventually not up two
ok 'the hub says why' told 'link_refused.*token is not known' "$hub_log"
ok 'the leaf is told why' eventually told 'token is not known to this hub.*next dial' "$two_log"
ok 'the other one stays up' up one
is "$(grep -c 'now=UP' "$one_log")" 1 'and was never down'
cp all d/tokens
reload 'the token again' reloaded
ok 'its leaf is back' eventually up two

# the new key and certificate, while links stay
for each in ca.pem hub.pem hub.key
do cp -p d2/$each d/$each
done
reload 'another certificate is loaded' reloaded
ok 'it is shown to those who come now' eventually new_cert
is "$(grep -c 'now=UP' "$one_log")" 1 'a link of the old one is not touched'
echo hello >body
start fedx-probe -r "$FEDX_RUN/one" serve echo -- cat
service=$pid
ok 'and carries requests' eventually fedx-probe -q call echo m x
leaf three d2/ca.pem; three=$pid
ok 'a leaf that trusts the new one comes up' eventually up three

# what is wrong in one file leaves all as it was
old=$(shown)
grep -v ' two ' all >d/tokens
cp -p d2/hub.key key
echo nonsense >d/hub.key
reload 'a broken key is refused' reload_failed
ok 'the old certificate is shown' test "$(shown)" = "$old"
ok 'the tokens that came with it are not in force either' up two
cp -p key d/hub.key
cp -p d/hub.pem pem
cp d2/ca.pem d/hub.pem
reload 'so is a certificate of another key' reload_failed
cp -p pem d/hub.pem
chmod o+r d/hub.key
reload 'and a key that others may read' reload_failed
chmod o-r d/hub.key
echo 'leaf two home' >d/tokens
reload 'and a broken token file' reload_failed
ok 'everyone is up' up two
ok 'the old certificate is shown still' test "$(shown)" = "$old"
ok 'no line has shown a token' not told "$(cut -c4-20 d/two.token)" "$hub_log"
cp all d/tokens
reload 'what is whole again is loaded' reloaded
ok 'everyone is still up' up two

for each in $service $one $two $three $hub
do ok 'it ends well' stop "$each"
done
done_testing
