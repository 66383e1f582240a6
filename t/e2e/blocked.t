#!/bin/sh
# blocked.t - the list of what is refused: keys, tokens and certificates, for who comes and for who is there.
. "${0%/*}/../lib/tap.sh"
command -v openssl >/dev/null || skip_all 'the openssl command is not installed'
cd "$FEDX_RUN" || exit 1
umask 077
mkdir -p run

told() { grep -Eq -e "$1" "$2"; }
at_least() { test "$(grep -Ec -e "$2" "$3")" -ge "$1"; }
reload() {	# reload DESCRIPTION EVENT: the hub is told, and says so
	reload_n=$(grep -c "event=$2" "$hub_log")
	kill -HUP "$hub"
	ok "$1" eventually at_least $((reload_n + 1)) "event=$2" "$hub_log"
}
leaf() {	# leaf NODE OPTION...
	node=$1; shift
	mkdir -p "run/$node"
	start fedx-leaf -u "fedxs://$at" -i "$node" -r "run/$node" --tls-ca d/ca.pem --set link.backoff=20ms \
		--set link.backoff_max=50ms --set link.refused=50ms --set link.refused_max=100ms "$@"
}
up() { fedx-probe -H links | grep -q "^$1	[a-z]*	up"; }
hash_of() { sed -n "s/.* $1 .*\\(sha256:[0-9a-f]*\\).*/\\1/p" "$2"; }

fedx-probe keygen hub hub.test -d d --ip 127.0.0.1 >/dev/null
fedx-probe keygen token tok -d d --cluster home >/dev/null
for each in key one two
do fedx-probe keygen key $each -d d --cluster home >/dev/null
done
: >d/blocked
start fedx-hub -l 127.0.0.1:0 -i hub.test -C home --tls-cert d/hub.pem --tls-key d/hub.key --token-file d/tokens \
	--psk-file d/keys --set blocked_file=d/blocked
hub=$pid hub_log=$log at=$(ready_at "$log")
leaf tok --token-file d/tok.token; tok=$pid tok_log=$log
leaf key --psk-file d/key.psk; key=$pid key_log=$log
leaf one --psk-file d/one.psk; one_log=$log
mkdir -p run/near
start fedx-leaf -u "unix:$FEDX_RUN/node.sock" -i near -C home -r run/near --set link.refused=50ms; near_log=$log
for each in tok key one near
do ok "$each is up" eventually up $each
done

# who is there is cut, and stays out
start fedx-probe -r run/key serve slow -- sh -c 'echo begun >begun; cat run/never 2>/dev/null; exec sleep 60'
server=$pid
ok 'a service at the one that will be blocked' eventually fedx-probe -q ping -c 1 slow
start fedx-probe call slow m
call=$pid call_log=$log
ok 'a call is under way' eventually test -e begun
{
	echo "$(hash_of tok d/tokens)	# found in a paste"
	echo "$(hash_of key d/keys)	# the laptop was stolen"
} >d/blocked
reload 'two hashes are loaded' 'reloaded.*keys=3 blocked=2'
ended "$call"
is $? 75 'the call ends at once'
like "$(cat "$call_log")" 'lost' 'with its reason'
for each in tok key
do ok "$each is cut" eventually not up $each
done
ok 'the leaf with the token is told why' eventually told 'the credential is blocked at this hub' "$tok_log"
ok 'and that with the key' eventually told 'now=REFUSED why="the credential is blocked at this hub' "$key_log"
ok 'the hub says so' told 'link_refused error=unauthenticated.*the credential is blocked at this hub' "$hub_log"
ok 'another stays' up one
is "$(grep -c 'now=UP' "$one_log")" 1 'and was never down'
ok 'so does who came over the bus, by its user' up near
is "$(grep -c 'now=UP' "$near_log")" 1 'nor was that'
stop "$server"
: >d/blocked
reload 'and none' 'reloaded.*blocked=0'
for each in tok key
do ok "$each is back" eventually up $each
done

# a bad list is not taken, and what was in force stays
echo "$(hash_of one d/keys) no remark" >d/blocked
reload 'a bad list is refused' 'reload_failed.*d/blocked:1: want sha256: and 64 hex digits'
ok 'and nobody is cut' up one
hash_of one d/keys >d/blocked
chmod 666 d/blocked
reload 'so is one that others may write' 'reload_failed.*d/blocked may be written by others'
chmod 600 d/blocked
like "$(fedx-probe reload)" 'links: 4 checked, 1 closed' 'a good one is taken, and says whom it cut'
ok 'that one is out' eventually not up one
ok 'a list that is not there is no list to start with' expect_status 66 fedx-hub -t -r run/x --set blocked_file=none

# the certificate of the hub, at a leaf
fingerprint() { openssl x509 -in "$1" -outform der | openssl dgst -sha256 -r | cut -d' ' -f1; }
echo "sha256:$(fingerprint d/hub.pem)" >no-hub
stop "$key"
leaf two --psk-file d/two.psk --set blocked_file=no-hub
ok 'a leaf refuses a hub by its certificate' eventually told 'the hub.s certificate is blocked here' "$log"
: >no-hub
kill -HUP "$pid"
ok 'until it does not' eventually up two
echo "sha256:$(fingerprint d/hub.pem)" >no-hub
kill -HUP "$pid"
ok 'and cuts the link when it does again' eventually not up two
ok 'and says why' eventually told 'link_refused.*certificate of the hub is blocked here' "$log"

# who is still served by the process from before an upgrade
: >d/blocked
reload 'nobody is blocked' 'reloaded.*blocked=0'
ok 'one leaf is up' eventually up tok
start fedx-probe -r run/tok serve late -- sh -c 'echo begun >late; exec sleep 60'
server=$pid
ok '... with a service' eventually fedx-probe -q ping -c 1 late
start fedx-probe call late m
call=$pid call_log=$log
ok '... that is called' eventually test -e late
old=$hub
ok 'the hub is upgraded' fedx-probe -q upgrade
hub=$(cat node.lock)
tap_pids="$tap_pids $hub"
ok '... its old process drains' kill -0 "$old"
hash_of tok d/tokens >d/blocked
ok 'the new one reads the list' fedx-probe -q reload
ended "$call"
is $? 75 '... and what the old one served is ended'
like "$(cat "$call_log")" 'may have run' '... with what is known of it'
ok '... before it ends itself' at_least 1 'event=link_down subject=tok .*credential is blocked' "$hub_log"
stop "$server"
stop "$tok"
kill "$hub"
ended_too() { ! kill -0 "$hub" 2>/dev/null; }
ok 'the hub ends well' eventually ended_too
done_testing
