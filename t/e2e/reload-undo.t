#!/bin/sh
# reload-undo.t - a reload goes back as one: the first policy too, settings with it, and whatever becomes of fedx-route meanwhile.
. "${0%/*}/../lib/tap.sh"
cd "$FEDX_RUN" || exit 1
FEDX_LUA=${FEDX_LUA:-$FEDX_SRC/lua}; export FEDX_LUA

told() { grep -Eqs -e "$1" "$2"; }
node() { fedx-probe -q -r hub call fedx "$@" </dev/null; }
end_of() { node "$@" | tail -n 1; }
done_() { end_of "$@" | grep -q '"done":true'; }
says() { node policy 2>/dev/null | grep -q -e "$1"; }
is_up() { says '"state":"up"'; }
is_down() { not is_up; }
ask() { fedx-probe -q -r hub call "$1" m hi </dev/null 2>/dev/null; }
goes() { test "$(ask "$1")" = hi; }
denied() { expect_status 77 ask "$1"; }
reason() { fedx-probe -q -r hub call echo m hi </dev/null 2>&1 | grep -q ": $1"; }
deny() { echo "function route(msg) if msg.service == 'echo' then return fedx.deny('$1') end end" >conf/policy.lua; }
timeout() { echo "request = { timeout = '$1s' }" >conf/fedx.lua; }
# The settings of fedx.lua are in force, or not: only a check tells, and takes nothing.
settings() { end_of check | grep -q "\"settings\":\[$1\]"; }
taken() { settings ''; }
waiting() { settings '"request.timeout"'; }
murder() {
	route=$(node policy | sed -n 's/.*"pid":\([0-9]*\).*/\1/p')
	kill -9 "$route"
	await is_gone "$route"
}
is_gone() { ! kill -0 "$1" 2>/dev/null; }
# no fedx-route can listen until there is room again
shut() { rm -f hub/route.sock; : >hub/route.sock; murder; eventually is_down; }
room() { rm hub/route.sock; }
begin() { (trap - 0; node "$@" >later.out 2>&1) & later=$!; }
busy() { node confirm 2>&1 | grep -q 'reload is under way'; }
later_is() { { wait "$later"; } 2>/dev/null; tail -n 1 later.out | grep -q "\"done\":$1"; }

# --- the first policy ---

mkdir -m 700 hub
mkdir conf
timeout 5
start fedx-hub -l 127.0.0.1:0 -i hub -C home -r hub -c conf
hub=$pid hub_log=$log
ok 'a hub without a policy' wait_ready "$hub_log"
start fedx-probe -r hub serve echo -- cat
ok 'everything goes' eventually goes echo
deny first; timeout 6
like "$(end_of reload '{"confirm_s":1}')" '"done":true.*"settings":\["request.timeout"\].*"confirm_s":1' 'the first policy, to be confirmed'
ok 'it goes back to none' eventually goes echo
ok '... by a fedx-route that is there' is_up
ok '... and the settings with it' waiting
ok 'once more' done_ reload '{"confirm_s":60}'
ok 'it is in force' reason first
murder
ok 'fedx-route is killed: there is none again' eventually goes echo
ok '... and the settings with it' eventually waiting
ok 'once more' done_ reload '{"confirm_s":60}'
deny another
murder
ok 'killed, and edited: there is none again' eventually goes echo
ok '... also if what is there now was never tried' eventually waiting
ok 'once more' done_ reload '{"confirm_s":60}'
ok 'it is confirmed' done_ confirm
ok 'it stays' reason another
like "$(node undo)" '"event":"hook_removed","hook":"route"' 'an undo says what goes'
ok 'there is none' goes echo
ok 'nor are its settings there' waiting
ok 'the hub ends well' stop "$hub"

# one that appears is taken by itself, and can be taken back
rm -f conf/policy.lua hub/policy.*
start fedx-hub -l 127.0.0.1:0 -i hub -C home -r hub -c conf
hub=$pid hub_log=$log
ok 'a hub without a policy' wait_ready "$hub_log"
start fedx-probe -r hub serve echo -- cat
ok 'everything goes' eventually goes echo
deny one
ok 'a policy that appears is taken' eventually denied echo
ok '... as a reload' eventually told 'event=reloaded' "$hub_log"
ok 'it can be undone' done_ undo
ok 'there is none' goes echo
ok 'and taken again' done_ reload

# --- an edit is not taken because fedx-route was lost ---

deny two
murder
ok 'fedx-route is killed' eventually is_up
ok 'who edits a policy has not loaded it' reason one
ok '... says the log' told 'event=policy_refused why="policy.lua was changed while another policy was in force"' "$hub_log"
shut
echo 'function (' >conf/policy.lua
begin reload
ok 'a reload waits for one' eventually busy
room
ok '... and refuses what is broken' later_is false
like "$(tail -n 1 later.out)" '"why":"policy.lua:1: ' '... with its line'
ok '... the one from before holds' reason one
shut
deny two; timeout 7
begin reload
ok 'another waits for one' eventually busy
room
ok '... and takes what is good' later_is true
ok '... the policy' reason two
ok '... the settings' taken

# --- undo takes back all of the last reload ---

deny three; timeout 8
ok 'a policy and a setting' done_ reload
like "$(node undo)" '"what":"undo","done":true.*"settings":\["request.timeout"\]' 'an undo names the setting'
ok 'the policy went back' reason two
ok 'and the setting' waiting
ok 'a second undo has nothing to go back to' not done_ undo
ok 'again' done_ reload
timeout 9
ok 'then only a setting' done_ reload
ok 'is undone' done_ undo
ok 'that is the setting' waiting
ok '... and not the policy' reason three
deny four
ok 'to be confirmed' done_ reload '{"confirm_s":60}'
shut
like "$(end_of confirm)" '"done":false,"why":"fedx-route is not there to confirm the policy","retry":true' 'without a fedx-route nothing is confirmed'
like "$(end_of undo)" '"done":false,"why":"fedx-route is not there to take the policy back","retry":true' 'nor undone'
room
ok 'it is undone by itself' eventually reason three
ok '... all of it' eventually waiting
ok 'the hub ends well' stop "$hub"

# --- what fedx-route says comes late, or never ---

mkdir -m 700 far
# held EVENT VERB: fedx-route has done it, and its answer does not come
held() {
	event=$1
	shift
	lines=$(grep -c "event=$event" "$far_log")
	: >held
	begin "$@"
	ok "$1: fedx-route has done it" eventually more
}
more() { test "$(grep -c "event=$event" "$far_log")" -gt "$lines"; }
hears() { start perl "$FEDX_SRC/t/lib/held.pl" "$FEDX_RUN/hub/route.sock" "$FEDX_RUN/far/route.sock" "$FEDX_RUN/held"; between=$pid; }
route() { start fedx-route -r far -c conf; far=$pid far_log=$log; wait_ready "$log"; }
# lose: what was said is lost with the connection, and there is another
killed() { { kill -9 "$1"; ended "$1"; } 2>/dev/null; }
lose() { killed "$between"; rm held; hears; }
die() { killed "$far"; ok 'fedx-route is killed, and another one started' route; lose; }
deny one; timeout 5
ok 'a fedx-route behind another socket' route
hears
start fedx-hub -l 127.0.0.1:0 -i hub -C home -r hub -c conf --no-autostart
hub=$pid hub_log=$log
ok 'a hub' wait_ready "$hub_log"
ok 'has it' eventually is_up
start fedx-probe -r hub serve echo -- cat
ok 'and its policy' eventually reason one

deny two; timeout 6
ok 'to be confirmed within two seconds' done_ reload '{"confirm_s":2}'
over=$(($(date +%s) + 3))
is_over() { test "$(date +%s)" -gt "$over"; }
held policy_confirmed confirm
ok 'its answer comes when the time is over' eventually is_over
rm held
ok 'it is confirmed' later_is true
ok 'and stays' reason two
ok '... all of it' taken
ok '... nothing was undone' not told 'event=.*undone' "$hub_log"

for each in lose die
do
	deny "three-$each"; timeout 8
	held policy_loaded reload
	$each
	ok "$each: the answer does not come, all is taken" later_is true
	ok "$each: ... the policy" reason "three-$each"
	ok "$each: ... the setting" taken
	deny "four-$each"; timeout 9
	ok "$each: to be confirmed" done_ reload '{"confirm_s":60}'
	held policy_confirmed confirm
	$each
	ok "$each: the answer does not come, it is confirmed" later_is true
	ok "$each: ... and stays" reason "four-$each"
	ok "$each: ... all of it" taken
	timeout 5
	ok "$each: as it was" done_ reload
done
deny five; timeout 6
ok 'to be confirmed' done_ reload '{"confirm_s":60}'
held policy_undone undo
lose
ok 'the answer does not come, it is undone' later_is true
ok '... the policy' reason four-die
ok '... the setting' waiting
for each in $far $hub
do ok 'it ends well' stop "$each"
done
done_testing
