#!/bin/sh
# policy-confdir.t - a node is judged by the policy of its own directory, whoever was there before.
. "${0%/*}/../lib/tap.sh"
cd "$FEDX_RUN" || exit 1
mkdir -m 700 open shut
echo 'function route(msg) if msg.service == "echo" then return fedx.allow() end end' >open/policy.lua
echo 'function route(msg) if msg.service == "echo" then return fedx.deny("shut") end end' >shut/policy.lua

# shellcheck disable=SC2154	# pid, log: of start
hub() {
	start fedx-hub -l 127.0.0.1:0 -i hub -C home -c "$1" -r run --set log.level=info
	hub=$pid hub_log=$log
}
in_force() { fedx-probe -r run -H policy | grep -q '^reachable.*true' && grep -q "event=policy " "$hub_log"; }
works() { test "$(fedx-probe -r run -q call echo m here 2>&1)" = here; }
denied() { fedx-probe -r run call echo m here 2>&1 | grep -q 'denied.*shut'; }

hub open
ok 'a hub has its policy' eventually in_force
start fedx-probe -r run serve echo -- cat
ok 'which allows' eventually works
first_log=$hub_log
kill -9 "$hub"
ended "$hub"
hub shut
ok 'a hub with another directory has its own, at once' eventually denied
ok 'it was said' grep -q 'event=other_confdir' "$first_log"
ok '... and the node has started its own' grep -q 'event=route_started' "$hub_log"
ok 'the hub ends well' stop "$hub"
done_testing
