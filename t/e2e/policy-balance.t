#!/bin/sh
# policy-balance.t - which instance: every strategy by name, a pick for each request, and what happens when the hook is wrong or nobody answers.
. "${0%/*}/../lib/tap.sh"
cd "$FEDX_RUN" || exit 1
FEDX_LUA=${FEDX_LUA:-$FEDX_SRC/lua}; export FEDX_LUA

told() { grep -Eqs -e "$1" "$2"; }
node() { fedx-probe -q call fedx "$@" </dev/null; }
ask() { fedx-probe -q call "$@" </dev/null; }
is_up() { node policy 2>/dev/null | grep -q '"state":"up"'; }
counter() { node policy | sed -n "s/.*\"$1\":\([0-9]*\).*/\1/p"; }
policy() {
	cat >conf/policy.lua
	ok "a policy" eval 'node reload | tail -n 1 | grep -q "\"what\":\"apply\",\"done\":true"'
}
calls() { n=0; while test $n -lt "$1"; do n=$((n + 1)); ask s m x; done; }
spread() { calls "$1" | sort | uniq -c | awk '{ printf "%s%s:%s", sep, $2, $1; sep = " " }'; }

mkdir conf
echo 'function balance(service) return "round_robin" end' >conf/policy.lua
start fedx-hub -l 127.0.0.1:0 -i hub -C home -c conf --set policy.pick_wait=2s
hub=$pid hub_log=$log
ok 'the hub is ready' wait_ready "$hub_log"
at=$(ready_at "$hub_log")
ok 'and its policy' eventually is_up
start fedx-probe serve s -P 64 --weight 100 --version 1.0.0 --tags old -- echo one
start fedx-probe serve s -P 64 --weight 300 --version 2.0.0 --tags "new gpu" -- echo two
start fedx-probe serve s -P 64 --weight 1 --version 2.1.0 --tags new -- echo three
three() { test "$(fedx-probe -q -H services | grep -c '^s	')" -eq 3; }
ok 'three instances' eventually three
is_fair() { test "$(spread 6)" = 'one:2 three:2 two:2'; }
ok 'round_robin: in turn' eventually is_fair
is "$(spread 9)" 'one:3 three:3 two:3' '... each time'
before=$(counter asks)
is "$(spread 12)" 'one:4 three:4 two:4' '... without a question'
is "$(counter asks)" "$before" '... by what is known'

policy <<'END'
function balance(service) return "weighted" end
END
is_heavy() { ask s m x >/dev/null; calls 40 >forty; test "$(grep -c two forty)" -ge 22 && test "$(grep -c three forty)" -le 3 && grep -q one forty; }
ok 'weighted: by weight' eventually is_heavy

policy <<'END'
function balance(service) return fedx.sticky("origin") end
END
is_one() { test "$(spread 10 | wc -w)" -eq 1; }
ok 'sticky: always the same' eventually is_one
for name in random least_inflight latency
do
	policy <<END
function balance(service) return "$name" end
END
	ok "$name: all are served" eval 'test "$(calls 12 | wc -l)" -eq 12'
done

# --- a pick for each request ---

policy <<'END'
function balance(service, instances, env)
	for i = 1, #instances do
		if instances[i].version == "2.0.0" then return fedx.pick(instances[i]) end
	end
end
END
picks() { test "$(spread 5)" = "$1:5"; }
ok 'pick: where the hook says' eventually picks two
before=$(counter asks)
is "$(spread 10)" 'two:10' '... each time'
ok '... and is asked for each request' test "$(($(counter asks) - before))" -ge 10
policy <<'END'
function balance(service, instances, env)
	return fedx.pick(env:random(#instances))
end
END
all_three() { test "$(spread 30 | wc -w)" -eq 3; }
ok 'pick: by chance' eventually all_three
policy <<'END'
function balance(service, instances, env)
	for i = 1, #instances do
		if instances[i].tags == "old" then return fedx.pick(instances[i]) end
	end
	return "round_robin"
end
END
ok 'pick: by tags' eventually picks one
start fedx-probe serve s -P 64 --version 0.9.0 --tags older -- echo four
four() { test "$(fedx-probe -q -H services | grep -c '^s	')" -eq 4; }
ok 'another instance comes' eventually four
ok 'and has no part in it' picks one
many() {	# so many callers at once, while one is picked for each
	n=0 callers=''
	while test $n -lt 8
	do
		(trap - 0; calls 20 >"many.$n" 2>&1) &
		callers="$callers $!" n=$((n + 1))
	done
	for each in $callers; do wait "$each"; done
	cat many.* | sort | uniq -c | awk '{ print $2, $1 }'
}
is "$(many)" 'one 160' 'of many at once each is picked for'

# --- what is wrong picks nobody, and stops nothing ---

for wrong in 'return 7' 'return "fastest"' 'return fedx.pick(99)' 'return fedx.deny("no")' 'error("x")' 'while true do end' 'instances[1].weight = 9' \
	'return fedx.pick(1, 2), error({})'
do
	policy <<END
function balance(service, instances, env) $wrong end
END
	ok "$wrong: requests are served" eval 'test "$(calls 5 | wc -l)" -eq 5'
done
ok 'and the log has the line' eventually told 'event=hook_failed hook=balance file=policy.lua line=1 ' "$hub_log"
policy <<'END'
function route(msg) if msg.service == "secret" then return fedx.deny("never") end end
function balance(service, instances, env) return fedx.pick(1) end
END
start fedx-probe serve secret -- sh -c 'echo x >>secret.ran'
secret() { fedx-probe -q -H services | grep -q '^secret'; }
ok 'a denied service' eventually secret
ok 'a pick opens nothing that is denied' expect_status 77 ask secret m
ok 'requests are picked for' eval 'test "$(calls 3 | wc -l)" -eq 3'
pid=$(node policy | sed -n 's/.*"pid":\([0-9]*\).*/\1/p')
kill -STOP "$pid"
ok 'fedx-route stands still: what is allowed goes by the default' eval 'test "$(ask s m x | wc -l)" -eq 1'
ok '... and what is denied does not' expect_status 77 ask secret m
is_back() { new=$(node policy 2>/dev/null | sed -n 's/.*"pid":\([0-9]*\).*/\1/p'); test -n "$new" && test "$new" != "$pid" && is_up; }
ok 'another one is there' eventually is_back
ok 'and picks' eval 'test "$(calls 3 | wc -l)" -eq 3'
is "$(cat secret.ran 2>/dev/null)" '' 'what was denied has not run'
ok 'the hub ends well' stop "$hub"
done_testing
