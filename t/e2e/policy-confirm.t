#!/bin/sh
# policy-confirm.t - a reload that nobody confirms takes all of it back: policy, tokens, certificates, settings; and reloads lose no message.
. "${0%/*}/../lib/tap.sh"
command -v fates >/dev/null || skip_all 'fates is not built'
command -v openssl >/dev/null || skip_all 'the openssl command is not installed'
cd "$FEDX_RUN" || exit 1
FEDX_LUA=${FEDX_LUA:-$FEDX_SRC/lua}; export FEDX_LUA

told() { grep -Eqs -e "$1" "$2"; }
node() { fedx-probe -q -r hub call fedx "$@" </dev/null; }
ask() { fedx-probe -q -r hub call "$@" </dev/null; }
is_up() { node policy 2>/dev/null | grep -q '"state":"up"'; }
done_() { node "$1" "${2-}" | tail -n 1 | grep -q '"done":true'; }
linked() { fedx-probe -q -r hub -H links | grep -q "^$1	[a-z]*	up"; }
leaf() {	# leaf NODE
	mkdir -m 700 "$1"
	start fedx-leaf -u "fedxs://$at" -i "$1" -C home -r "$1" --tls-ca both.pem --token-file "d/$1.token" \
		--set link.backoff=20ms --set link.backoff_max=50ms --set link.refused=50ms --set link.refused_max=100ms
	eval "$1=\$pid"
}
shown() { openssl s_client -connect "$at" </dev/null 2>/dev/null | openssl x509 -noout -fingerprint 2>/dev/null; }
echoes() { test "$(ask echo m hi 2>/dev/null)" = hi; }
denied() { expect_status 77 ask "$1" m hi; }

# --- all of it, or nothing ---

mkdir d conf
for each in d d2
do fedx-probe keygen hub hub.test -d $each --ip 127.0.0.1 >/dev/null 2>&1
done
cat d/ca.pem d2/ca.pem >both.pem
for each in one two
do fedx-probe keygen token $each -d d --cluster home >/dev/null 2>&1
done
cp d/tokens all
cat >conf/policy.lua <<'END'
local blocked = fedx.list("blocked.txt")
function route(msg) if msg.service and blocked:has(msg.service) then return fedx.deny("blocked") end end
END
echo secret >conf/blocked.txt
echo 'request = { timeout = "5s" }' >conf/fedx.lua
mkdir -m 700 hub
start fedx-hub -l 127.0.0.1:0 -i hub -C home -r hub -c conf --tls-cert d/hub.pem --tls-key d/hub.key --token-file d/tokens
hub=$pid hub_log=$log
ok 'the hub is ready' wait_ready "$hub_log"
at=$(ready_at "$hub_log")
ok 'and its policy' eventually is_up
leaf one; leaf two
ok 'one leaf is up' eventually linked one
ok 'and another' eventually linked two
start fedx-probe -r hub serve echo -- cat
start fedx-probe -r hub serve secret -- sh -c 'cat >/dev/null; echo x >>secret.ran'
ok 'a service is there' eventually echoes
ok 'another is on a list' denied secret
old=$(shown)
ok 'the certificate is shown' test -n "$old"

change() {	# a list, tokens, a certificate, a setting: all of them other ones
	echo echo >conf/blocked.txt
	echo 'request = { timeout = "7s" }' >conf/fedx.lua
	grep -v ' two ' all >d/tokens
	cp -p d2/hub.pem d2/hub.key d/
}
restore() { echo secret >conf/blocked.txt; cp all d/tokens; cp -p was/hub.pem was/hub.key d/; echo 'request = { timeout = "5s" }' >conf/fedx.lua; }
mkdir was
cp -p d/hub.pem d/hub.key was/
is_new() { denied echo && not linked two && test -n "$(shown)" && test "$(shown)" != "$old"; }
is_old() { echoes && denied secret && linked two && test "$(shown)" = "$old"; }
refused() {	# refused DESCRIPTION: nothing of what changed is in force
	ok "$1: refused" not done_ reload
	ok "$1: ... with a confirm, too" not done_ reload '{"confirm_s":60}'
	ok "$1: nothing else is in force" is_old
	ok "$1: there is nothing to confirm" not done_ confirm
	restore
}
change; echo 'function route(' >conf/policy.lua.new; cp conf/policy.lua good.lua; cp conf/policy.lua.new conf/policy.lua
refused 'a broken policy with good tokens and a good certificate'
cp good.lua conf/policy.lua
change; rm conf/blocked.txt
refused 'a list that is gone'
change; echo 'leaf two home' >d/tokens
refused 'broken tokens with a good list'
change; echo nonsense >d/hub.key
refused 'a broken key with a good list'
change; echo 'request = { timeot = "7s" }' >conf/fedx.lua
refused 'a slip in the settings with a good list'
change; mkdir conf/test; printf 'local t = require "fedx.test"\nt.denies{ service = "secret" }\n' >conf/test/a.lua
refused 'a list that fails a test'
rm -r conf/test
ok 'all as it was can be loaded' done_ reload

# --- a confirm that never comes ---

change
ok 'all of it, to be confirmed' done_ reload '{"confirm_s":3}'
ok 'is in force' is_new
is "$(cat secret.ran 2>/dev/null)" '' 'until then the other service had not run'
ok 'until the time is over' eventually is_old
ok '... says the log' eventually told 'event=reload_undone' "$hub_log"
ok 'there is nothing to confirm any more' not done_ confirm
like "$(node reload '{"confirm_s":60}' | tail -n 1)" '"settings":\["request.timeout"\]' 'settings had gone back, too'
ok 'undone by hand' done_ undo
ok '... all is as it was' eventually is_old
ok 'a second undo has nothing to go back to' not done_ undo

# fedx-route is killed while it waits to be confirmed
change
ok 'once more' done_ reload '{"confirm_s":60}'
ok 'it is in force' is_new
kill -9 "$(node policy | sed -n 's/.*"pid":\([0-9]*\).*/\1/p')"
ok 'fedx-route is killed, another one knows only what was confirmed, and all goes back with it' eventually is_old
change
ok 'and the last time' done_ reload '{"confirm_s":60}'
ok 'it is confirmed' done_ confirm
ok 'it stays' is_new
kill -9 "$(node policy | sed -n 's/.*"pid":\([0-9]*\).*/\1/p')"
ok 'fedx-route is killed' eventually is_up
ok 'it still stays' is_new
restore
ok 'as it was' done_ reload

# --- reloads under traffic: a hundred a second, and at once ---

: >open.serve; : >open.call; : >shut.serve; : >shut.call
start fates serve hub open "$FEDX_RUN/open.serve"; serve_open=$pid
start fates serve hub shut "$FEDX_RUN/shut.serve"; serve_shut=$pid
open() { fedx-probe -q -r hub -H services | grep -c -e '^open' -e '^shut' | grep -qx 2; }
ok 'two services' eventually open
policy() { printf 'function route(msg) if msg.service == "shut" then return fedx.deny("never") end end -- %s\n' "$1" >conf/new; mv conf/new conf/policy.lua; }
policy 0
ok 'one of them is denied' done_ reload
start fates call hub open 0 16 "$FEDX_RUN/open.call" --pace 1; call_open=$pid
start fates call hub shut 0 4 "$FEDX_RUN/shut.call" --pace 2; call_shut=$pid
answered() { test "$(grep -c "^$1" "$2")" -ge "$3"; }
ok 'it is called all the time' eventually answered answer open.call 100
generation() { node policy | sed -n 's/.*"generation":\([0-9]*\).*/\1/p'; }
before=$(generation)
n=0
while test $n -lt 300
do
	n=$((n + 1))
	policy $n
	kill -HUP "$hub"
	sleep 0.01
done
last() { done_ check && policy last && done_ reload; }
ok 'three hundred reloads in three seconds come to an end' eventually last
ok '... and were many policies' test "$(($(generation) - before))" -ge 10
n=0 callers=''
while test $n -lt 20
do
	(trap - 0; node reload >"at-once.$n" 2>&1) &
	callers="$callers $!" n=$((n + 1))
done
for each in $callers; do wait "$each"; done
ok 'of twenty at once one is done' grep -q '"done":true' at-once.*
is "$(grep -L -e '"done":true' -e '"done":false,"why":"' -e 'busy' at-once.* | wc -l | tr -d ' ')" 0 '... and each other is told why not'
more=$(grep -c ^answer open.call)
ok 'and it is called all the time' eventually answered answer open.call $((more + 100))
stop "$call_open"; stop "$call_shut"; stop "$serve_open"; stop "$serve_shut"
ok 'each ended exactly once' fates judge open.call -- open.serve
ok 'what was denied, too' fates judge shut.call -- shut.serve
is "$(grep -v -e ^sent -e ^answer open.call | head -n 3)" '' 'of what was allowed no message was lost'
is "$(cat shut.serve)" '' 'of what was denied none has run'
ok 'it was asked for all the time' test "$(grep -c ^not_delivered shut.call)" -ge 100
ok 'the hub ends well' stop "$hub"
done_testing
