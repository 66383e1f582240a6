#!/bin/sh
# policy-routes.t - import and export with six hubs: who is preferred, what is not taken is not passed on, each
# neighbour has a directory of its own, and a reload changes all of it; mpreg.md 35.
#
#	f - a - b - d	d is two nodes away by b
#	    a - c - e - d	and three by c
. "${0%/*}/../lib/tap.sh"
command -v fedx-route >/dev/null || skip_all 'fedx-route is not built'
cd "$FEDX_RUN" || exit 1
FEDX_LUA=${FEDX_LUA:-$FEDX_SRC/lua}; export FEDX_LUA
for one in a b c d e f
do
	mkdir -m 700 "$one"
	mkdir "$one.conf"
	eval "at_$one=127.0.0.1:$(free_port)"
done
at() { eval "echo \$at_$1"; }
hub() {	# hub NAME PEER...
	one=$1; shift
	for to in "$@"
	do
		set -- "$@" --peer "fedx://$(at "$to")"
		shift
	done
	start fedx-hub -l "$(at "$one")" -i "$one" -C test -r "$FEDX_RUN/$one" -c "$one.conf" \
		--set link.backoff=50ms --set link.backoff_max=300ms --set link.refused=50ms "$@"
	eval "hub_$one=\$pid log_$one=\$log"
	wait_ready "$log"
}
on() { on=$1; shift; fedx-probe -q -r "$on" "$@" </dev/null; }
reload() { on "$1" reload >/dev/null; }
policy() { cat >"$1.conf/policy.lua"; }	# policy HUB: of its next reload
way() { on "$1" -H routes "$2" 2>/dev/null; }
goes_by() { way "$1" "$3" | awk -F '\t' -v by="$2" '$5 == "best" { best = $4 } END { exit best != by }'; }	# FROM NEXT TO
state() { way "$1" "$3" | awk -F '\t' -v by="$2" '$4 == by { print $5 }'; }	# AT NEXT TO
is_state() { test "$(state "$1" "$2" "$3")" = "$4"; }
knows() { way "$1" "$2" | grep -q best; }
lists() { on "$1" -H services | grep -q "^$2	"; }
trace() { on a -H trace "$1" | awk '{ printf "%s ", $2 }'; }

echo 'announce = { tags = "gold eu" }' >d.conf/fedx.lua
hub d
hub b d
hub e d
hub c e
hub a b c
hub f a
start fedx-probe -r d serve where-d -- echo d
start fedx-probe -r c serve where-c -- echo c
settled() { knows f d && lists f where-d && lists f where-c && is_state a b d best && is_state a c d other; }
ok 'without a policy: the shorter way is used' eventually settled
like "$(way a d)" 'gold eu' 'announce.tags of d are known at a'
like "$(way f d)" 'gold eu' 'and passed on'

policy a <<'END'
function import(route, peer)
	if peer.node == "c" and route.length > 1 then
		return fedx.allow{ preference = 10, tags = "chosen", name = "by-c" }
	end
end
END
ok 'a policy comes' reload a
ok '35: the preference of the hook beats a better score' eventually goes_by a c d
like "$(way a d)" 'preference 0 is less than 10' 'which is said'
is "$(on a call where-d x '')" d 'and requests go by it'
like "$(on a explain '' where-d 2>/dev/null || on a -j routes where-d)" '"next":"c"|c' 'all of them'
chosen() { way f d | grep -q chosen; }
ok 'tags of the hook are passed on' eventually chosen

policy a <<'END'
function import(route)
	if route:has_tag("gold") then
		return fedx.deny{ reason = "no gold", name = "no-gold" }
	end
end
END
reload a
ok '35: a tag that is denied: no way is taken' eventually is_state a b d denied
ok 'neither of the two' eventually is_state a c d denied
like "$(way a d)" 'no gold \(no-gold at policy.lua:3\)' 'the rule is shown'
gone() { ! knows f d && ! lists f where-d; }
ok 'what is not taken is not passed on, nor are its names' eventually gone
ok 'others are' lists f where-c
ok 'a request is a clean no' expect_status 1 on a call where-d x ''
is "$(on b call where-d x '')" d 'and everybody else goes on'
ok 'it is logged' grep -q 'route_denied.*subject=d' "$log_a"
like "$(on a -j policy)" '"not_taken":[1-9]' 'and counted'
is "$(grep -c 'route_denied.*subject=d peer=b' "$log_a")" 1 'once'

echo 'announce = { tags = "silver" }' >d.conf/fedx.lua
ok 'd has other tags' reload d
ok 'so a takes it' eventually goes_by a b d
ok 'and f hears of it again' eventually lists f where-d
echo 'announce = { tags = "two  spaces" }' >d.conf/fedx.lua
ok 'tags that are none are refused' expect_status 78 fedx-hub -t -c d.conf
echo 'announce = { tags = "silver" }' >d.conf/fedx.lua

policy a <<'END'
function export(route, peer)
	if peer.node == "f" and route.node == "d" then
		return fedx.deny{ name = "not-d" }
	end
end
END
start fedx-probe -q -r f watch
watched=$log
# seen NAME: that a service comes at f is seen, and so was all before it
seen() {
	start fedx-probe -q -r f serve "$1" -- cat
	eventually lists f "$1"; stop "$pid"
	grep -q "$1" "$watched"
}
ok 'what f is told is watched' eventually seen begin
reload a
ok '35: a directory for each neighbour: f hears of d no more' eventually gone
ok 'but of all others' knows f e
ok 'and a uses it' goes_by a b d
ok '... until here' eventually seen end
withdrawn() { grep -q "withdrawn.*$1" "$watched"; }
ok 'it was told what it is told no more' withdrawn where-d
ok 'what is told as before was not interrupted' not withdrawn where-c
policy a <<'END'
function export(route, peer)
	if route.node == "a" and peer.node == "f" then return fedx.deny() end
end
END
reload a
ok '36: the own route is asked about as well, and what a reload forbids is withdrawn' eventually not knows f a
ok 'and the others are back' eventually lists f where-d

policy a <<'END'
function import(route, peer)
	if route.node == "d" and peer.node == "b" then error("broken") end
end
END
reload a
ok 'a hook that fails: the route is not taken' eventually is_state a b d denied
like "$(way a d)" 'policy.lua:2: broken' 'and the line is shown'
ok 'the other way is' eventually goes_by a c d
ok 'tests know the hooks' fedx-route test "$FEDX_SRC/share/examples/policies/16-import-preference"

: >a.conf/policy.lua
reload a
ok 'no hook: as without a policy' eventually settled
done_testing
