#!/bin/sh
# route-reload.t - a policy takes the place of another only when it is good, and can go back.
. "${0%/*}/../lib/tap.sh"
FEDX_LUA=${FEDX_LUA:-$FEDX_SRC/lua}; export FEDX_LUA
unset FEDX_CONF
cd "$FEDX_RUN" || exit 1
mkdir -m 700 run conf
sock=$FEDX_RUN/run/route.sock policy=$FEDX_RUN/conf/policy.lua

told() { grep -Eqs -e "$1" "$2"; }
is_gone() { ! kill -0 "$1" 2>/dev/null; }
# shellcheck disable=SC2120
route() {	# route [OPTION...]: another one, which has loaded its policy
	start fedx-route -r "$FEDX_RUN/run" -c "$FEDX_RUN/conf" "$@"
	route=$pid route_log=$log
	wait_ready "$log" && eventually told 'event=policy_(loaded|failed)' "$log"
}
murder() { { kill -KILL "$route"; } 2>/dev/null; eventually is_gone "$route"; }
talk() { { echo end; echo 'wait END'; cat; } | askroute "$sock" >heard 2>&1; }
heard() { grep -Eq -e "$1" heard; }
reload() { printf 'reload %s 1 %s\nwait RELOADED 1\n' "$1" "${2-}" | talk; }	# reload WHAT [MS]
says() {	# says REASON: what is in force denies with it; with "allow": it allows
	printf 'ask 1 0 a@x b@y s/m\nwait VERDICT 1\n' | askroute_end
	grep -Eq "^VERDICT 1 (deny .*reason=$1\$|$1 )" asked
}
askroute_end() { { echo end; echo 'wait END'; cat; } | askroute "$sock" >asked 2>&1; }
deny() { echo "function route(msg, env) return fedx.deny('$1') end"; }	# deny REASON: a policy
is_done() { heard '^RELOADED 1 done=1 '; }
is_refused() { heard '^RELOADED 1 done=0 '; }
refused() {	# refused WHY DESCRIPTION: a reload of what is there now is refused; the one from before stays
	reload apply
	ok "$2: refused" is_refused
	like "$(cat heard)" "$1" '... with the reason'
	ok '... and the one from before stays' says one
}

# --- check, apply ---

deny one >"$policy"
ok 'it starts' route
ok '... with its policy' says one
ok 'which is kept' test -f run/policy.good
is "$(perl -e 'printf "%o", (stat $ARGV[0])[2] & 0777' run/policy.good)" 600 '... for itself'
reload apply
ok 'the same policy again' is_done
like "$(cat heard)" '"changed":false,"generation":1' '... changes nothing'
deny two >"$policy"
reload check
ok 'a check of another' is_done
like "$(cat heard)" '"what":"check","done":true,"changed":false,"generation":1' '... says so'
ok '... and takes nothing' says one
{
	cat "$policy"
	echo 'function admit(peer, env) end'
} >other && mv other "$policy"
reload apply
ok 'it is applied' is_done
ok '... after all were told' sh -c 'sed -n "/^POLICY generation=2/,\$p" heard | grep -q "^RELOADED 1 done=1 generation=2"'
like "$(cat heard)" '"changed":true,"generation":2,"digest":"[0-9a-f]*","before":"[0-9a-f]*","hooks":\["route","admit"\]' 'the report has the hooks'
like "$(cat heard)" '"event":"hook_added","hook":"admit"' '... and those that came'
ok 'it is in force' says two
ok 'the log says so' told 'event=policy_loaded generation=2' "$route_log"
reload undo
ok 'undo goes back' is_done
like "$(cat heard)" '"event":"hook_removed","hook":"admit"' '... and says what goes'
ok '... in force' says one
reload undo
ok '... once' is_refused
like "$(cat heard)" 'no policy to go back to' '... and says why'
reload confirm
ok 'there is nothing to confirm' is_refused
deny one >"$policy"

cat >words <<'END'
reload apply 1
wait RELOADED 1
ask 5 0 a@x b@y s/m
wait VERDICT 5
reload apply 2
wait RELOADED 2
ask 6 0 a@x b@y s/m
wait VERDICT 6
END
cat >"$policy" <<'END'
local one, two = fedx.deny{ reason = "r1", name = "first" }, fedx.deny{ reason = "r2", name = "second" }
function route(msg, env) return msg.from == "a@x" and one or two end
END
talk <words
like "$(cat heard)" 'RULE [0-9]+ generation=[0-9]+ route policy.lua:1 name=first' 'rules are told'
deny one >"$policy"
reload apply

# --- what is refused ---

printf 'function route(msg, env)\n  return fedx.deny("x"\nend\n' >"$policy"
refused '"why":.*"file":"policy.lua","line":[23]' 'a policy that does not compile'
ok '... the log has file and line' told 'event=policy_refused file=policy.lua line=[23] ' "$route_log"
printf '\nlocal x = nil + 1\n' >"$policy"
refused '"file":"policy.lua","line":2' 'a policy that raises'
echo 'while true do end' >"$policy"
refused 'policy.lua' 'a policy that loops'
echo 'local s = "x" while true do s = s .. s end' >"$policy"
refused 'memory' 'a policy that eats memory'
echo 'function rout(msg, env) end' >"$policy"
reload check
echo 'route = 5' >"$policy"
refused 'route' 'a hook that is none'
deny two >"$policy"
mkdir conf/test
cat >conf/test/a.lua <<'END'
local t = require "fedx.test"
t.denies{ from = "a@x" }
t.allows{ from = "friend@x" }
END
refused 'a test of the policy fails: allows from=friend@x' 'a policy whose test fails'
like "$(cat heard)" '"tests":2,"failed":1' '... with the count'
like "$(cat heard)" '"event":"test_failed","test":"allows from=friend@x' '... and which'
echo 'while true do end' >conf/test/a.lua
refused 'test' 'a policy whose test loops'
rm -r conf/test
rm "$policy"; mkdir "$policy"
refused 'policy.lua' 'a directory'
rmdir "$policy"; mkfifo "$policy"
refused 'policy.lua' 'a FIFO'
rm "$policy"
perl -e 'open my $f, ">", $ARGV[0] or die; truncate $f, 100 << 20' "$policy"
refused 'policy.lua' 'a file of 100 MiB'
rm "$policy"
deny out >outside.lua
ln -s "$FEDX_RUN/outside.lua" "$policy"
refused 'policy.lua' 'a link to outside'
rm "$policy"
refused 'there is no policy.lua' 'a file that is gone'
deny two >"$policy"; chmod 666 "$policy"
refused 'policy.lua' 'a file that others may write'
chmod 600 "$policy"
if test "$(id -u)" != 0
then
	chmod 000 "$policy"
	refused 'Permission denied' 'a file that cannot be read'
	chmod 600 "$policy"
else
	skip 'root can read everything'
fi
mv conf away
refused 'there is no policy.lua' 'a directory that is gone'
mv away conf

# --- changed during the load ---

deny two >a.lua; deny three >b.lua
{
	while test ! -e enough
	do
		cp a.lua conf/new; mv conf/new "$policy"
		cp b.lua conf/new; mv conf/new "$policy"
	done
} 2>/dev/null &
writer=$!
i=0
: >words
while test $i -lt 60; do i=$((i + 1)); printf 'reload apply %s\nwait RELOADED %s\n' $i $i >>words; done
talk <words
: >enough
wait "$writer"
is "$(grep -c '^RELOADED [0-9]* done=1' heard)" 60 'a file that changes all the time is loaded each time'
is "$(grep -o '"digest":"[0-9a-f]*"' heard | sort -u | wc -l | tr -d ' ')" 2 '... as it was at one moment'
# --- confirm ---

deny one >"$policy"; reload apply
deny four >"$policy"
cat >words <<'END'
reload apply 1 60000
wait RELOADED 1
ask 1 0 a@x b@y s/m
wait VERDICT 1
reload apply 2
wait RELOADED 2
reload confirm 3
wait RELOADED 3
reload undo 4
wait RELOADED 4
END
talk <words
like "$(grep '^POLICY' heard | sed -n 2p)" 'confirm=(60000|59[0-9]*) ' 'a policy to be confirmed says so'
like "$(cat heard)" '"confirm_ms":60000' '... and the report'
ok '... it is in force' heard '^VERDICT 1 deny .*reason=four'
ok 'meanwhile a load without confirm' heard '^RELOADED 2 done=0'
like "$(cat heard)" 'waits [0-9]* s more to be confirmed: confirm or undo it first' '... is refused'
ok 'it is confirmed' heard '^RELOADED 3 done=1'
ok '... which all are told before' sh -c 'sed "/^RELOADED 3/,\$d" heard | grep "^POLICY" | tail -n 1 | grep -q " confirm=0 "'
ok '... and says so in the log' told 'event=policy_confirmed' "$route_log"
ok 'it may be undone even then' heard '^RELOADED 4 done=1'
ok '... and is' says one

cat >words <<'END'
reload apply 1 300
wait RELOADED 1
ask 1 0 a@x b@y s/m
wait VERDICT 1
wait POLICY
wait POLICY
wait POLICY
ask 2 0 a@x b@y s/m
wait VERDICT 2
END
talk <words
ok 'a confirm that never comes' heard '^VERDICT 1 deny .*reason=four'
ok '... undoes it' heard '^VERDICT 2 deny .*reason=one'
ok '... in a new generation' sh -c 'test "$(sed -n "s/^POLICY generation=\([0-9]*\) .*/\1/p" heard | sort -u | wc -l)" -eq 3'
ok '... and is logged' told 'event=policy_undone .*nobody has confirmed it in time' "$route_log"
reload apply 60000
kill -HUP "$route"
ok 'SIGHUP does not confirm either' eventually told 'event=reload_refused why="the policy of generation' "$route_log"
ok '... what waits is in force' says four
deny five >"$policy"
reload apply 60000
ok 'another load with a confirm may take its place' says five
reload undo
ok '... and what is undone then is both' says one

# --- kill -9 ---

deny six >"$policy"
reload apply 60000
ok 'a policy waits to be confirmed' says six
murder
ok 'a kill, a new start' route
ok '... takes what was confirmed' says one
ok '... and says why' told 'event=policy_refused .*nobody has confirmed' "$route_log"
reload apply
ok 'a reload takes it then' says six
deny one >"$policy"; reload apply
echo 'function (' >"$policy"
murder
ok 'a start with a broken policy' route
ok '... uses the last good one' says one
ok '... and says so' told 'event=policy_refused file=policy.lua line=1 ' "$route_log"
like "$(grep policy_loaded "$route_log")" 'from=policy.good' '... in the log'
rm "$policy"
murder
ok 'also when it is gone' route
ok '... the last good one holds' says one
murder
printf 'x' | dd of=run/policy.good bs=1 seek=60 conv=notrunc 2>/dev/null
ok 'with a damaged copy' route
ok '... nothing is allowed' says '.*'
printf 'ask 1 0 a@x b@y s/m\nwait VERDICT 1\n' | talk
ok '... as a failure of policy' heard '^VERDICT 1 deny error=policy_error'
like "$(grep '^POLICY' heard)" 'hooks=route,admit,scope,balance,import,export,on.link,on.service,on.event, .*failed=1' '... which has every hook'
reload apply
ok 'no policy.lua is no way out' is_refused
: >"$policy"
reload apply
ok 'an empty one is' is_done
like "$(grep '^POLICY' heard | tail -n 1)" 'hooks= .*failed=0' '... and has no hooks'
ok '... what is asked has its default' says none
stop "$route"
rm -f "$policy" run/policy.*
ok 'a start without any policy' route
like "$(reload check; grep '^POLICY' heard)" 'hooks= .*failed=0' '... has no hooks'
deny one >"$policy"
reload apply 60000
ok 'the first policy, to be confirmed' says one
murder
route
ok 'after a kill there is none again' says none
reload apply
ok 'until it is taken' says one

# --- a node that says what it has in force ---

one=$(sed -n 's/.*event=policy_loaded.* digest=\([0-9a-f]*\).*/\1/p' "$route_log" | tail -n 1)
none=$(printf '' | openssl dgst -sha256 2>/dev/null | sed 's/.* //')
deny two >"$policy"
murder
ok 'another has been written since' route --in-force "$one"
ok '... and waits for a reload' says one
reload apply
ok '... which takes it' says two
deny one >"$policy"
murder
ok 'a start of which nobody says anything' route
ok '... takes what is there' says one
murder
rm -f run/policy.good
ok 'nothing is kept' route --in-force "${one%????}0000"
ok '... so what is there is taken' says one
if test ${#none} -eq 64
then
	murder
	ok 'a node that has none' route --in-force "$none"
	ok '... has none' says none
	reload apply 60000
	ok '... until a reload' says one
	deny two >"$policy"
	murder
	ok 'that nobody had confirmed, before an edit' route --in-force "$one"
	ok '... so that there is none' says none
	deny one >"$policy"
else
	skip 'the openssl command is not installed'
fi
reload apply
ok 'as it was' says one

# --- many ---

mkdir conf/test
echo 'local n = 0 for i = 1, 10000000 do n = n + i end require("fedx.test").ok(n > 0, "long")' >conf/test/long.lua
cat >words <<'END'
reload apply 1
reload apply 2
reload check 3
ping 4
wait PONG 4
ask 9 0 a@x b@y s/m
wait VERDICT 9
wait RELOADED 1
wait RELOADED 2
wait RELOADED 3
END
deny two >"$policy"
talk <words
ok 'a reload that takes its time' heard '^RELOADED 1 done=1'
is "$(grep -c '^RELOADED [23] done=0' heard)" 2 'one during it is refused'
like "$(cat heard)" 'a reload is under way: ask again' '... clearly'
ok 'questions are answered meanwhile' sh -c 'sed "/^RELOADED 1/,\$d" heard | grep -q "^VERDICT 9"'
printf 'reload apply 1\nping 2\nwait PONG 2\n' | talk
ok 'who asked may go before the answer' says two
printf 'reload check 1\nping 2\nwait PONG 2\n' | talk
murder
ok 'killed while a policy is being tried: the next one' route
ok '... has its place at once' says two
rm -r conf/test
i=0
: >words
while test $i -lt 100; do i=$((i + 1)); printf 'reload apply %s\nwait RELOADED %s\n' $i $i >>words; done
deny one >"$policy"
free() { reload apply; is_done; }
await free
talk <words
is "$(grep -c '^RELOADED [0-9]* done=1' heard)" 100 'a hundred reloads in a row'
i=0
while test $i -lt 100; do i=$((i + 1)); kill -HUP "$route"; done
deny seven >"$policy"; kill -HUP "$route"
ok 'a hundred SIGHUP, and what came last holds' eventually says seven
start fedx-route -r "$FEDX_RUN/run" -c "$FEDX_RUN/conf"
ended "$pid"
ok 'it ends well' stop "$route"

echo 'while true do end' >"$policy"
rm -f run/policy.*
ok 'a start with a policy that loops' route --set route.check=20s
ok '... denies' says '.*'
stop "$route"
mkdir conf/test; deny one >"$policy"
printf '%s\n' 'for i = 1, 1000 do pcall(string.rep, "x", 1000) end' 'while true do pcall(function() while true do end end) end' >conf/test/t.lua
ok 'tests that do not end' route --set route.check=2s
ok '... are ended, and nothing is allowed' says '.*'
is "$(ps -e -o ppid= 2>/dev/null | tr -d ' ' | grep -cx "$route")" 0 '... with the process that ran them'
done_testing
