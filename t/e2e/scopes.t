#!/bin/sh
# scopes.t - the scopes of a credential: what its node may offer, ask, publish and hear, at its hub and beyond.
. "${0%/*}/../lib/tap.sh"
cd "$FEDX_RUN" || exit 1
umask 077
mkdir h far l m conf
fedx-probe keygen key tight.lab -d d >/dev/null
fedx-probe keygen key wide.lab -d d >/dev/null
fedx-probe keygen key far.lab --role hub -d d >/dev/null
quick='--set link.backoff=20ms --set link.backoff_max=100ms --set link.refused=50ms'
lines() { sed "/ tight.lab /s|	#| $1&|" d/keys >keys; }	# the scopes of its line

lines 'scope=red scope=svc scope=near scope=/red/**'
start fedx-hub -l 127.0.0.1:0 -i h.lab -C lab -r h -c conf --psk-file keys
at=$(ready_at "$log")
# shellcheck disable=SC2086
start fedx-hub -l 127.0.0.1:0 -i far.lab -C lab -r far --no-autostart $quick \
	--peer "fedx://$at" --set uplink.psk_file=d/far.lab.psk
wait_ready "$log"
# shellcheck disable=SC2086
leaf() { start fedx-leaf -u "fedx://$at" -r "$1" --psk-file "d/$2.psk" --no-autostart $quick; wait_ready "$log"; }
leaf l tight.lab
leaf_log=$log
leaf m wide.lab
serves() { start fedx-probe -r "$1" serve "$2" -- echo "from $1"; }
for s in 'm svc' 'm secret' 'l red' 'l blue' 'far near' 'far hidden'
do serves "${s% *}" "${s#* }"
done
reaches() { test "$(fedx-probe -r "$1" -q call "$2" m x </dev/null)" = "from $3"; }
refused() { fedx-probe -r "$1" -q call "$2" m x 2>said </dev/null; test $? = 77 && grep -q 'scope' said; }
ok 'what its scopes cover is offered' eventually reaches m red l
ok '... and asked for' eventually reaches l svc m
ok '... also at a second hub' eventually reaches l near far
ok 'what it offers is known there, too' eventually reaches far red l
ok 'others have what its scopes do not cover' eventually reaches h secret m
ok '... from everywhere' eventually reaches m hidden far
ok 'it has not' refused l secret
ok '... nor what is at the second hub' refused l hidden
is "$(fedx-probe -r h -H services; fedx-probe -r far -H services)" \
	"$({ fedx-probe -r h -H services; fedx-probe -r far -H services; } | grep -v blue)" 'nobody sees what it offers beside'

fedx-probe -r h -q -j explain --as tight.lab - secret/m >explained 2>&1
is $? 77 'explain knows of them'
like "$(cat explained)" '"rule":"scopes","error":"scope","reason":"not within the scopes of its credential"' '... and says so'
fedx-probe -r l -q -j explain - hidden/m >explained 2>&1
is $? 77 '... to the leaf, too'
ok 'what they cover would go' fedx-probe -r h -q explain --as tight.lab - svc/m

# --- events ---

heard() { grep -q "$2" "$1"; }
publish() { fedx-probe -r "$1" -q pub "$2" "$3" || :; }
comes() { publish "$1" "$2" "$3" && heard "$4" "$3"; }
start fedx-probe -r m sub '/**'
everything=$log
start fedx-probe -r far sub '/**'
beyond=$log
start fedx-probe -r l sub '/**'
above=$log
start fedx-probe -r l sub '/red/in'
within=$log
ok 'it hears what they cover' eventually comes m /red/in one "$within"
ok '... also from the second hub' eventually comes far /red/in two "$within"
ok 'it publishes there' eventually comes l /red/out three "$everything"
ok '... up to the second hub' eventually comes l /red/out four "$beyond"
publish l /blue/out beside
publish l /red/out five
ok '... and nowhere else' eventually heard "$everything" five
ok '... wherever one listens' eventually heard "$beyond" five
ok '... as its own hub sees to' not grep -q beside "$everything" "$beyond"
publish m /blue/in outside
publish far /blue/in outside
ok 'it hears of nothing else' eventually comes m /red/in six "$within"
ok '... from the second hub neither' eventually comes far /red/in seven "$within"
ok '... however much it wants' not grep -q outside "$above" "$within"

# --- policy ---

cat >conf/policy.lua <<'END'
function admit(peer)
	if peer.node == "tight.lab" then return fedx.allow{ scopes = { "svc", "secret", "red", "blue" } } end
end
END
ok 'a policy is taken' eventually fedx-probe -r h -q reload
ok 'what admit grants and its scopes cover, it may' eventually reaches l svc m
ok 'what admit grants beyond them, it may not' refused l secret
ok '... nor offer' lacks blue fedx-probe -r h -H services
publish l /red/out eight
publish l /red/out nine
: >conf/policy.lua
ok 'without a hook' eventually fedx-probe -r h -q reload
ok '... it has what its scopes say' eventually comes l /red/out ten "$everything"
ok '... what admit left out is gone' not grep -q -e eight -e nine "$everything"
ok '... and no more' refused l secret

# --- other scopes ---

ok 'the list is another one' lines 'scope=blue scope=secret scope=/blue/**'
ok '... and is read' fedx-probe -r h -q reload
ok 'it has what they cover now' eventually reaches l secret m
ok '... and offers it' eventually reaches m blue l
ok 'what they covered before it has no more' refused l svc
gone() { ! fedx-probe -r h -H services | grep -q red; }
ok '... nor offers' eventually gone
publish l /red/out late
ok '... nor publishes' eventually comes l /blue/out eleven "$everything"
ok '... at all' not grep -q late "$everything"
ok 'its link stayed all the while' test "$(grep -c 'now=UP' "$leaf_log")" = 1
done_testing
