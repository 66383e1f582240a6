#!/bin/sh
# policy-automation.t - rules act on links, services and events: by requests and log lines, within policy, and they set off no rules.
. "${0%/*}/../lib/tap.sh"
command -v liar >/dev/null || skip_all 'liar is not built'
cd "$FEDX_RUN" || exit 1
FEDX_LUA=${FEDX_LUA:-$FEDX_SRC/lua}; export FEDX_LUA

told() { grep -Eqs -e "$1" "$2"; }
count() { grep -Ec -e "$1" "$2" || :; }
node() { fedx-probe -q call fedx "$@" </dev/null; }
is_up() { node policy 2>/dev/null | grep -q '"state":"up"'; }
reload() { cat >conf/policy.lua; node reload | tail -n 1 | grep -q '"what":"apply","done":true'; }
serves() { fedx-probe -q -H services | grep -q "^$1"; }

mkdir conf
cat >conf/policy.lua <<'END'
local function note(what, event)
	return fedx.log(what .. " " .. event.event .. " " .. (event.node or "") .. " " .. (event.subject or ""))
end
function route(msg, env)
	if msg.from == "rule:no" or msg.from == "rule:on.service" and msg.service == "closed" then
		return fedx.deny{ reason = "not by a rule", name = "no-rules" }
	end
end
on = {
	link = function(event)
		return { note("link", event), fedx.request{ name = "ring", service = "bell", method = event.event, type = "json",
		    payload = '{"node":"' .. event.node .. '"}' } }
	end,
	service = function(event, env)
		if event.subject == "calls-closed" then return { fedx.request{ service = "closed", method = "m" } } end
		if event.subject == "calls-nobody" then return { fedx.request{ service = "nobody-has-it", method = "m", name = "lost" } } end
		if event.subject == "clock" then return { fedx.log("it is " .. (env:now() > 1000000000 and "late" or "early")) } end
		if event.subject == "bad" then return { 7 } end
		if event.subject == "loops" then while true do end end
		return note("service", event)
	end,
	event = function(event)
		return note("event", event)
	end,
}
END
start fedx-hub -l 127.0.0.1:0 -i hub -C home -c conf
hub=$pid hub_log=$log
ok 'the hub is ready' wait_ready "$hub_log"
at=$(ready_at "$hub_log")
ok 'and its policy' eventually is_up
start fedx-probe serve bell -- sh -c 'echo "$(cat)" >>rung'
start fedx-probe serve closed -- sh -c 'cat; echo ran >>closed.ran'
ok 'services are there' eventually serves closed
ok 'on.service: one that came' eventually told 'event=rule from=rule:on.service text="service attached  bell"' "$hub_log"

cat >script <<'END'
l1 -> hello node=l1 role=leaf cluster=home
l1 <- WELCOME node=hub
l1 -> ANNOUNCE service=far path=l1
l1 -> ANNOUNCE endpoint=a@l1 path=l1
l1 -> PING
l1 <- PONG
END
ok 'a leaf comes and goes' liar "$at" <script
ok 'on.link: it came' eventually told 'event=rule from=rule:on.link text="link link_up l1 ' "$hub_log"
ok 'on.link: it went' eventually told 'event=rule from=rule:on.link text="link link_down l1 ' "$hub_log"
rung() { told '^\{"node":"l1"\}$' rung && test "$(count . rung)" -eq 2; }
ok 'each rang the bell once' eventually rung
ok 'on.service: what it brought' eventually told 'text="service attached l1 far"' "$hub_log"
ok '... and took along' eventually told 'text="service withdrawn l1 far"' "$hub_log"
ok 'on.event: the rest' eventually told 'from=rule:on.event text="event attached .*a@l1"' "$hub_log"

# --- within policy, and told when it does not work ---

for each in calls-closed calls-nobody clock bad loops
do
	start fedx-probe serve $each -- cat
	ok "$each" eventually serves $each
done
ok 'a rule is denied as others are' eventually told 'event=action_failed from=rule:on.service why=.*not by a rule' "$hub_log"
ok '... and what it asked for has not run' not test -e closed.ran
ok 'a request to nobody is said' eventually told 'event=action_failed from=rule:lost why="nobody announces' "$hub_log"
ok 'env is there' eventually told 'text="it is late"' "$hub_log"
ok 'nonsense is logged with its line' eventually told 'event=hook_failed hook=on.service file=policy.lua line=[0-9]+ ' "$hub_log"
ok 'a rule that loops is ended' eventually told 'event=hook_failed hook=on.service .*too long' "$hub_log"
ok 'and the others go on' sh -c 'test "$(fedx-probe -q call closed m hi </dev/null)" = hi'

# --- rules do not set off rules ---

ok 'rules that could go on for ever' reload <<'END'
on = {
	service = function(event) return { fedx.log("again " .. event.subject), fedx.request{ service = "nobody-has-it", method = "a" } } end,
	event = function(event) return { fedx.log("event again " .. event.event), fedx.request{ service = "nobody-has-it", method = "b" },
	    fedx.request{ service = "closed", method = "c" } } end,
	link = function(event) return { fedx.log("link again"), fedx.request{ service = "nobody-has-it", method = "d" } } end,
}
function route(msg) if msg.service == "closed" then return fedx.deny("closed") end end
END
failed=$(count 'event=action_failed' "$hub_log")
cat >script <<'END'
l2 -> hello node=l2 role=leaf cluster=home
l2 <- WELCOME node=hub
l2 -> ANNOUNCE endpoint=a@l2 path=l2
l2 -> PING
l2 <- PONG
END
ok 'a leaf comes and goes' liar "$at" <script
ok 'they act' eventually told 'text="link again"' "$hub_log"
settled() { test "$(count 'action_failed|text=' "$hub_log")" -eq "$settled_at" || { settled_at=$(count 'action_failed|text=' "$hub_log"); sleep 0.5; return 1; }; }
settled_at=-1
ok 'and come to an end' eventually settled
ok 'after as many steps as there were events' test "$(($(count 'event=action_failed' "$hub_log") - failed))" -le 14
like "$(node policy)" '"denied":[1-9]' 'a denied one is a denial like others'

# --- thousands of events, and a fedx-route that is killed meanwhile ---

ok 'a rule that acts on each service' reload <<'END'
on = { service = function(event) return fedx.request{ service = "bell", method = "m", payload = event.subject } end }
END
: >rung
{ echo 'l3 -> hello node=l3 role=leaf cluster=home'; echo 'l3 <- WELCOME node=hub'
  n=0; while test $n -lt 20; do n=$((n + 1)); echo "l3 -> ANNOUNCE service=s$n path=l3"; done
  echo 'l3 -> PING'; echo 'l3 <- PONG'; } >script
ok 'twenty come and go' liar "$at" <script
all() { test "$(sort -u rung | grep -c '^s[0-9]*$')" -eq 20 && test "$(grep -c '^s[0-9]*$' rung)" -eq 40; }
ok 'each is told when it comes and when it goes' eventually all
kill -9 "$(node policy | sed -n 's/.*"pid":\([0-9]*\).*/\1/p')"
ok 'without fedx-route they come and go' liar "$at" <script
ok 'it is back' eventually is_up
start fedx-probe serve after -- cat
back() { grep -q '^after$' rung; }
ok 'and so are its rules' eventually back
ok 'the hub ends well' stop "$hub"
done_testing
