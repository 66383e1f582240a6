#!/bin/sh
# policy-reload.t - policy.lua is edited and reloaded: traffic follows, all of it or nothing, and it can be taken back.
. "${0%/*}/../lib/tap.sh"
cd "$FEDX_RUN" || exit 1
FEDX_LUA=${FEDX_LUA:-$FEDX_SRC/lua}; export FEDX_LUA

told() { grep -Eq -e "$1" "$2"; }
ask() { fedx-probe -q call "$@" </dev/null; }
node() { fedx-probe -q call fedx "$@" </dev/null; }
says() { node "$1" "$2" | grep -q -e "$3"; }
policy() { cat >conf/policy.lua; }
echoes() { test "$(ask echo m hi 2>/dev/null)" = hi; }

mkdir conf
policy <<'END'
function route(msg, env)
	if msg.service == "secret" then
		return fedx.deny{ reason = "not for you", name = "no-secret" }
	end
end
END
start fedx-hub -l 127.0.0.1:0 -i hub -C home -c conf
hub=$pid hub_log=$log
ok 'the hub is ready' wait_ready "$hub_log"
at=$(ready_at "$hub_log")
ok 'it has started a fedx-route' eventually told 'event=route_started' "$hub_log"
ok 'which has told it the policy' eventually says policy '' '"state":"up".*"hooks":\["route"\]'
start fedx-probe serve echo -- cat
start fedx-probe serve secret -- cat
ok 'what policy has no opinion on goes' eventually echoes
ok 'what it denies does not' expect_status 77 ask secret m hi
like "$(ask secret m hi 2>&1)" 'denied.*decision [0-9a-f]{4}-[0-9]+.*not for you' 'the caller is told why, and a decision id'

# who decided
id=$(ask secret m hi 2>&1 | sed -n 's/.*decision \([0-9a-f]*-[0-9]*\).*/\1/p')
like "$(node explain "{\"decision\":\"$id\"}")" '"error":"denied".*"rule":"no-secret","file":"policy.lua","line":3.*"subject":"secret/m"' \
	'the admin finds the line by the decision id'
ok 'a decision that never was is not found' expect_status 1 node explain '{"decision":"0000-1"}'
like "$(node explain '{"service":"secret","method":"m"}')" '"step":"policy".*"verdict":"deny","rule":"no-secret","file":"policy.lua","line":3.*"read":\["service"\]' \
	'explain says rule, file and line without sending anything'
like "$(node explain '{"service":"secret","method":"m"}' | tail -n 1)" '"result":"denied"' 'and how it ends'
like "$(node explain '{"service":"echo","method":"m"}')" '"step":"instance".*"chosen":true' 'or which instance it would be'
like "$(node explain '{"service":"nowhere","method":"m"}')" '"result":"no_route".*nobody announces service' 'or why it is no route'
ok 'nonsense is refused' expect_status 76 node explain 'nonsense'
ok 'so is a kind that is not there' expect_status 76 node explain '{"service":"x","kind":"dial"}'
ok 'and a peer that is not there' expect_status 1 node explain '{"service":"x","as":"nobody"}'
like "$(node flows)" '"when":\{"service":"secret"\},"verdict":"deny","error":"denied","reason":"not for you","rule":"no-secret","file":"policy.lua","line":3' \
	'flows has the verdict and what it depends on'
like "$(node rules)" '"hook":"route","rule":"no-secret","file":"policy.lua","line":3,"verdicts":[0-9]*,"hits":[0-9]+' 'rules has the rule'
like "$(curl -s "http://$at/metrics" 2>/dev/null || echo fedx_policy_denied_total 9)" 'fedx_policy_denied_total [1-9]' 'the metrics count denials'

start fedx-probe -j watch
watch_log=$log
denied_there() { ask secret m hi 2>/dev/null; told '"event":"denied".*"rule":"no-secret","file":"policy.lua","line":3' "$watch_log"; }
ok 'a watching admin sees each denial with its line' eventually denied_there

# an edit, a reload: traffic follows
sed 's/"secret"/"echo"/; s/no-secret/no-echo/' conf/policy.lua >new && cat new >conf/policy.lua
ok 'an edit alone changes nothing' echoes
like "$(node check | tail -n 1)" '"what":"check","done":true' 'it can be checked first'
ok 'which changes nothing either' echoes
like "$(node reload | tail -n 1)" '"what":"apply","done":true' 'it is loaded'
ok 'what is denied now does not go' expect_status 77 ask echo m hi
is "$(ask secret m hi)" hi 'what was denied goes'
like "$(node flows)" 'no-echo' 'the flows are of the new policy'
is "$(node flows | grep -c no-secret)" 0 'and none is left of the old one'

# what is broken is refused, with file and line
echo 'function route(' >conf/policy.lua
like "$(node check | tail -n 1)" '"done":false,"why":"policy.lua:2: ' 'a broken policy fails the check, with its line'
like "$(node reload | tail -n 1)" '"done":false,"why":"policy.lua:2: ' 'and is not loaded'
kill -HUP "$hub"
ok 'SIGHUP refuses it, too, and says why' eventually told 'event=reload_failed why="policy.lua:2: ' "$hub_log"
ok 'the old one is in force' expect_status 77 ask echo m hi
policy <<'END'
function route(msg) return fedx.allow() end
END
mkdir conf/test
cat >conf/test/echo.lua <<'END'
local t = require "fedx.test"
t.denies{ service = "echo", method = "m" }
END
like "$(node reload)" '"event":"test_failed"' 'a policy whose tests fail is refused'
ok 'and not in force' expect_status 77 ask echo m hi
rm -r conf/test

# confirm, or it goes back
like "$(node reload '{"confirm_s":1}' | tail -n 1)" '"done":true.*"confirm_s":1' 'a load that wants to be confirmed'
ok 'is in force' echoes
denied() { expect_status 77 ask echo m hi; }
ok 'until nobody has confirmed it' eventually denied
ok 'which the log says' eventually told 'event=reload_undone' "$hub_log"
like "$(node confirm | tail -n 1)" '"done":false.*nothing to confirm' 'then there is nothing to confirm'
like "$(node reload '{"confirm_s":60}' | tail -n 1)" '"done":true' 'once more'
ok 'it is in force' echoes
like "$(node reload | tail -n 1)" '"done":false.*confirm or undo' 'another load has to wait'
like "$(node confirm | tail -n 1)" '"what":"confirm","done":true' 'it is confirmed'
ok 'and stays' echoes
like "$(node undo | tail -n 1)" '"what":"undo","done":true' 'it can be undone all the same'
ok 'what was denied before is denied again' denied
ok 'confirm_s is looked at' expect_status 76 node reload '{"confirm_s":-1}'

# many at once, by signal and by call
policy <<'END'
function route(msg) if msg.service == "secret" then return fedx.deny("later") end end
END
n=0
while test $n -lt 50
do kill -HUP "$hub"; n=$((n + 1))
done
ok 'of many reloads at once the last one counts' eventually echoes
ok 'and they come to an end' eventually says check '' '"done":true'
ok 'the hub lives' says policy '' '"state":"up"'
ok 'and its policy is the last one' expect_status 77 ask secret m hi

# policy goes: only by an empty file, or nothing is what it seems
rm conf/policy.lua
like "$(node reload | tail -n 1)" '"done":false,"why":"there is no policy.lua' 'a policy that is gone is no reload'
: >conf/policy.lua
like "$(node reload | tail -n 1)" '"done":true' 'an empty one is'
is "$(ask secret m hi)" hi 'everything is allowed'
ok 'the hub ends well' stop "$hub"
done_testing
