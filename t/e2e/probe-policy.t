#!/bin/sh
# probe-policy.t - explain, flows, policy, rules, reload, confirm and undo, as a person and as a program see them.
. "${0%/*}/../lib/tap.sh"
FEDX_LUA=${FEDX_LUA:-$FEDX_SRC/lua}; export FEDX_LUA
cd "$FEDX_RUN" || exit 1
mkdir -m 700 h l m conf none
tab=$(printf '\t')
policy=$FEDX_RUN/conf/policy.lua

told() { grep -Eqs -e "$1" "$2"; }
status() { "$@" >out 2>err; echo $?; }
at() { run=$1; shift; fedx-probe -r "$FEDX_RUN/$run" "$@"; }	# at NODE VERB...
cells() { awk -F '\t' -v OFS=' ' "$1" out; }
json() {
	perl -MJSON::PP -ne '
		/^\{"v":1[,}]/ or die "not v first: $_";
		ref(decode_json($_)) eq "HASH" or die; $n++;
		END { exit 1 unless $n }' "$1"
}
known() { at "$1" -H "$2" | grep -q "^$3$tab"; }

cat >"$policy" <<'END'
local closed = fedx.deny{ reason = "no mail from l", name = "closed" }
function route(msg, env)
	if msg.service == "mail" and msg.origin == "l" then return closed end
	if msg:under("to", "*@blocked.net") then return fedx.deny("blocked") end
end
END
cp "$policy" good.lua

# site l - hub h, which has a policy - site m
start fedx-hub -i h -C home -l 127.0.0.1:0 -r "$FEDX_RUN/h" -c "$FEDX_RUN/conf"
hub=$pid hub_log=$log up=$(ready_at "$log")
in_force() { test "$(at h -j policy | grep -c '"generation"')" = 1; }
ok 'the hub has its policy' eventually in_force
for n in l m
do start fedx-leaf -i $n -C home -u "fedx://$up" -r "$FEDX_RUN/$n" -c "$FEDX_RUN/none"
done
ok 'the leaves are there' eventually sh -c "test \$(fedx-probe -r '$FEDX_RUN/h' -H links | grep -c '${tab}up${tab}') -ge 2"
start fedx-probe -r "$FEDX_RUN/m" serve wc --methods count -- wc
start fedx-probe -r "$FEDX_RUN/l" serve wc --methods lines -- wc
start fedx-probe -r "$FEDX_RUN/m" serve mail -- cat
start fedx-probe -r "$FEDX_RUN/h" serve bob@home -- cat
two() { test "$(at h -H services | grep -c "^wc$tab")" -eq 2; }
ok 'services are' eventually two
await known h services mail; await known h endpoints bob@home

# --- explain ---

is "$(status at l explain l mail/send)" 77 'explain: denied'
is "$(head -n 1 out)" "node${tab}step${tab}verdict${tab}name${tab}rule${tab}place${tab}why${tab}read" '... a header'
is "$(cells 'NF != 8')" '' '... and eight fields each'
is "$(cells '$2 == "route" { print $1, $3, $4 }')" 'l uplink h' '... the way there'
is "$(cells '$2 == "policy" && $1 == "h" { print $3, $5, $6, $7, $8 }')" \
	'deny closed policy.lua:1 no mail from l service origin' '... the rule, its line, and what it had read'
is "$(cells '$2 == "end" { print $1, $3 }')" 'h denied' '... and the end'
is "$(cat err)" 'fedx-probe: denied: rule closed, policy.lua:1 at h: no mail from l' '... in a word on standard error'
is "$(status at h call mail send x)" 0 'others may'
is "$(status at h explain - mail -m send)" 0 'explain: from elsewhere it is delivered'
is "$(cells '$2 == "end" { print $1, $3 }')$(cat err)" 'm delivered' '... at the far node'
is "$(status at h explain a@x wc/count)" 0 'explain: among instances'
is "$(cells '$1 == "h" && $2 == "instance" { print $3, $4, $7 }' | LC_ALL=C sort)" "chosen m -
lost l it has no method 'count'" '... which is picked, and why not the other'
is "$(status at l explain l wc/nothing)" 1 'explain: no such method'
like "$(cat err)" "not_found at .*has no method 'nothing'" '... says who does not have it'
is "$(status at l explain - none)" 1 'explain: nobody has it'
is "$(cat err)" "fedx-probe: no_route at h: nobody announces service 'none'" '... says where that was known'
is "$(status at l explain l bob@home --method deliver)" 0 'explain: to an endpoint'
is "$(cells '$2 == "question" && $1 == "h" { print $4 }')" 'bob@home, deliver' '... and its method'
is "$(status at l explain l m)" 0 'explain: to a node that is not a neighbour'
is "$(cells '$2 == "route" && $1 == "m" { print $3 }')" node '... which answers itself'
is "$(status at m explain a@x z@blocked.net)" 77 'explain: a test denies'
is "$(cells '$1 == "h" && $2 == "policy" { print $6, $7, $8 }')" \
	'policy.lua:4 blocked service, to under *@blocked.net: yes' '... and is said'
is "$(status at h explain --as l a@b mail)" 77 'explain --as: who hands it in decides'
is "$(status at h explain --as nobody a@b mail)" 1 '... a peer that is not there'
is "$(status at h -j explain l mail)" 77 'explain -j'
ok '... JSON lines' json out
ok '... the error, too' json err
is "$(status at h explain a)" 64 'explain: a word is missing'
is "$(status at h explain a b --kind publish)" 64 '... a kind that policy does not know'
is "$(status at h explain a s/m -m n)" 64 '... two methods'
if command -v script >/dev/null
then
	seen=$(script -qec "fedx-probe -r '$FEDX_RUN/l' explain l mail/send" /dev/null </dev/null | tr -d '\r')
	like "$seen" '^h: policy: deny, by rule closed, policy.lua:1: no mail from l; it read service origin$' 'a terminal gets sentences'
fi

# --- a denial that happened ---

start fedx-probe -r "$FEDX_RUN/h" watch
watch=$log watcher=$pid
start fedx-probe -r "$FEDX_RUN/h" -j watch
watch_json=$log watcher_json=$pid
denied_again() { status at l call mail send x >/dev/null; told "${tab}denied$tab" "$watch" && told '"event":"denied"' "$watch_json"; }
ok 'watch shows a denial' eventually denied_again
like "$(grep "${tab}denied$tab" "$watch" | head -n 1)" "${tab}rule=closed${tab}file=policy.lua${tab}line=1$tab" '... with rule, file and line'
is "$(awk -F '\t' '$2 == "denied" { print NF }' "$watch" | sort -u)" 13 '... in as many columns each'
grep denied "$watch_json" >denials
ok 'watch -j' json denials
kill "$watcher" "$watcher_json"; ended "$watcher"; ended "$watcher_json"
is "$(status at l call mail send x)" 77 'who is denied'
id=$(sed -n 's/.*(decision \([^)]*\)).*/\1/p' err)
ok '... hears a number' test -n "$id"
is "$(sed 's/no mail from l//; s/.*policy/policy/' err | grep -c 'policy.lua\|closed')" 0 '... and neither file nor rule'
is "$(status at h explain --decision "$id")" 0 'its node knows the decision'
is "$(cells 'NR == 2 { print $2, $3, $5, $6, $7, $8, $9, $12 }')" "$id denied closed policy.lua 1 no mail from l l mail/send" '... all of it'
is "$(status at l explain --decision "$id")" 1 'another node does not'
is "$(status at h explain --decision "$id" a b)" 64 'a decision has its own question'

# --- flows, rules, policy ---

is "$(status at h flows)" 0 'flows'
is "$(head -n 1 out)" "when${tab}verdict${tab}rule${tab}place${tab}hits${tab}age_s${tab}left_s${tab}via${tab}reason" '... a header'
is "$(cells '$3 == "closed" { print $1, $2, $4, $9 }')" 'service=mail, origin=l deny policy.lua:1 no mail from l' '... what was read, and what came of it'
ok '... how often and how old' test "$(cells '$3 == "closed" && $5 > 0 && $6 ~ /^[0-9]+$/ { print "yes" }')" = yes
is "$(status at h rules)" 0 'rules'
is "$(cells '{ print $1, $2, $3, $4 }')" 'number hook rule place
1 route closed policy.lua:1
2 route - policy.lua:4' '... those that have spoken'
is "$(status at h policy)" 0 'policy'
is "$(cells '$1 ~ /^(state|reachable|generation|hooks|failed|rules)$/ { print $1, $2 }')" 'state up
reachable true
generation 1
hooks route
rules 2
failed false' '... its state'
ok '... counters' test "$(cells '$1 == "denied" { print $2 }')" -ge 2
for verb in flows rules policy
do
	at h -j $verb >out
	ok "$verb -j" json out
	is "$(at h -H $verb | wc -l)" "$(($(at h $verb | wc -l) - 1))" "$verb -H"
done
is "$(status at l policy)" 0 'policy, where there is none'
is "$(cells '$1 == "state" || $1 == "expected" { print $2 }' | tr '\n' ' ')" 'none false ' '... says so'
is "$(status fedx-probe -r "$FEDX_RUN/none" flows)" 69 'without a node'

# --- reload ---

is "$(status at h reload)" 0 'reload of what is in force'
like "$(cat out)" '^policy: unchanged, generation 1, hooks route$' '... says so'
echo 'function admit(peer, env) end' >>"$policy"
is "$(status at h reload --check)" 0 'reload --check'
like "$(cat out)" '^policy: good, not taken, generation 1, hooks route admit$' '... takes nothing'
like "$(tail -n 1 out)" '^checked: nothing was changed$' '... and says so'
is "$(status at h reload)" 0 'reload'
like "$(cat out)" '^policy: in force, generation 2, hooks route admit$' '... takes it'
like "$(cat out)" '^\+ hook admit$' '... with what came'
is "$(tail -n 1 out)$(cat err)" reloaded '... and an end'
is "$(status at h undo)" 0 'undo'
like "$(cat out)" '^policy: in force, generation 3, hooks route$' '... goes back'
is "$(status at h undo)" 1 'a second undo has nothing to go back to'
like "$(cat err)" 'no policy to go back to|nothing to go back to' '... and says so'
is "$(status at h confirm)" 1 'nothing to confirm'
is "$(status at h reload --confirm 600)" 0 'reload --confirm'
like "$(tail -n 1 out)" '^in force for [0-9]+ s, then undone, unless you say: fedx-probe confirm$' '... says how long'
is "$(status at h reload)" 78 'another reload meanwhile is refused'
is "$(status at h confirm)" 0 'confirm'
is "$(tail -n 1 out)" confirmed '... keeps it'
cp good.lua "$policy"
is "$(status at h reload --confirm 1)" 0 'reload --confirm 1'
gone_back() { at h policy | grep -q "^hooks${tab}route admit$"; }
ok '... which nobody confirms, is undone' eventually gone_back
for option in '--confirm 0' '--confirm x' '--confirm 99999999' '--check --confirm 5' now
do
	# shellcheck disable=SC2086
	is "$(status at h reload $option)" 64 "reload $option"
done

printf 'function route(msg, env)\n  return fedx.deny("x"\nend\n' >"$policy"
before=$(at h policy | grep '^digest')
is "$(status at h reload)" 78 'a policy that is refused'
like "$(cat err)" '^policy.lua:[23]: .*expected' '... as a compiler says it'
is "$(cat out)" '' '... nothing else'
is "$(at h policy | grep '^digest')" "$before" '... and nothing has changed'
is "$(status at h reload --check)" 78 '... the same for a check'
is "$(status at h -j reload)" 78 '... with -j'
ok '... its report' json out
like "$(cat err)" '^\{"v":1,"status":78,"error":"policy.lua:[23]: ' '... and its error'
cp good.lua "$policy"
mkdir conf/test
printf 'local t = require "fedx.test"\nt.denies{ from = "a@x" }\n' >conf/test/a.lua
is "$(status at h reload)" 78 'a policy whose test fails'
like "$(cat err)" '^test/a.lua:2: test failed: denies from=a@x$' '... and where'
rm -r conf/test
echo 'lisen = { "127.0.0.1:0" }' >conf/fedx.lua
is "$(status at h reload)" 78 'settings that are refused'
like "$(cat err)" "^[^ ]*fedx.lua:1: unknown setting 'lisen'; did you mean 'listen'\\?$" '... the same way'
rm conf/fedx.lua
is "$(status at h reload)" 0 'a good one again'
is "$(status at l reload)" 0 'a node without a policy reloads, too'

# --- without fedx-route ---

stop "$hub"
ok 'the log has the refusals' told 'event=reload_failed' "$hub_log"
start fedx-hub -i h -C home -l 127.0.0.1:0 -r "$FEDX_RUN/h" -c "$FEDX_RUN/conf" --no-autostart
wait_ready "$log"
is "$(status at h explain - mail)" 75 'explain without fedx-route'
like "$(cat err)" 'not known at h: fedx-route is not there' '... says so'
is "$(status at h reload --check)" 75 'a check without it'
is "$(at h policy | grep "^reachable")" "reachable${tab}false" 'policy says that it is not there'
done_testing
