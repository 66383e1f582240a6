#!/bin/sh
# policy-settings.t - fedx.lua: read by a child, under the command line, at the start and at a reload; what is wrong in it has file and line.
. "${0%/*}/../lib/tap.sh"
cd "$FEDX_RUN" || exit 1
FEDX_LUA=${FEDX_LUA:-$FEDX_SRC/lua}; export FEDX_LUA

told() { grep -Eq -e "$1" "$2"; }
conf() { cat >conf/fedx.lua; }
refused() {	# refused STATUS PATTERN DESCRIPTION <FEDX.LUA: at the start
	conf
	fedx-hub -t -c conf >out 2>&1
	is "$?" "$1" "$3"
	like "$(cat out)" "$2" '... and the message says so'
}
node() { fedx-probe -q call fedx "$@" </dev/null; }

mkdir conf
conf <<'END'
id = "from-file"
cluster = "home"
listen = { "127.0.0.1:0", "127.0.0.1:0" }
link = { ping = "5s", dead = "20s" }
request = { in_flight = 77 }
log = { level = "debug" }
insecure = false
END
out=$(fedx-hub -t -c conf)
for each in id=from-file cluster=home listen=127.0.0.1:0 link.ping=5000ms link.dead=20000ms request.in_flight=77 log.level=debug insecure=no
do ok "the file says $each" eval "echo \"\$out\" | grep -qx $each"
done
is "$(echo "$out" | grep -c '^listen=')" 2 'a list has a line for each'
out=$(fedx-hub -t -c conf -i mine -l 127.0.0.1:7399 --set link.ping=6s)
for each in id=mine cluster=home listen=127.0.0.1:7399 link.ping=6000ms
do ok "the command line wins: $each" eval "echo \"\$out\" | grep -qx $each"
done
is "$(echo "$out" | grep -c '^listen=')" 1 'also over a list'
like "$(FEDX_CONF=conf fedx-hub -t)" 'id=from-file' 'FEDX_CONF says where it is'
ok 'a directory that is not there is said' expect_status 78 fedx-hub -t -c nowhere
mkdir empty
ok 'one without settings is fine' fedx-hub -t -c empty

refused 78 "fedx.lua:2: unknown setting 'lisen'; did you mean 'listen'" 'a slip of the finger' <<'END'
id = "hub"
lisen = "127.0.0.1:0"
END
refused 78 "fedx.lua:1: link.ping cannot be 'soon'" 'a value that is none' <<'END'
link = { ping = "soon" }
END
refused 78 'fedx.lua:[23]:' 'no Lua' <<'END'
id = "hub"
link = {
END
refused 78 'two pings' 'values that do not fit each other' <<'END'
link = { ping = "10s", dead = "11s" }
END
refused 78 'fedx.lua' 'a file that loops' <<'END'
while true do end
END
rm conf/fedx.lua; mkdir conf/fedx.lua
ok 'a directory in its place' not fedx-hub -t -c conf
rmdir conf/fedx.lua; mkfifo conf/fedx.lua
ok 'a FIFO' not fedx-hub -t -c conf
rm conf/fedx.lua

# while it runs
conf <<'END'
id = "hub"
cluster = "home"
request = { timeout = "5s" }
END
start fedx-hub -l 127.0.0.1:0 -c conf
hub=$pid hub_log=$log
ok 'a hub with a file is ready' wait_ready "$hub_log"
ok 'by its id there' told 'event=ready.*node=hub cluster=home' "$hub_log"
like "$(node reload | tail -n 1)" '"done":true.*"settings":\[\],"restart":\[\]' 'a reload of the same changes nothing'
conf <<'END'
id = "other"
cluster = "home"
request = { timeout = "300ms" }
log = { level = "debug" }
END
like "$(node check | tail -n 1)" '"done":true' 'a change can be checked'
like "$(node reload | tail -n 1)" '"done":true.*"settings":\["request.timeout","log.level"\],"restart":\["id"\]' 'a reload says what is changed, and what wants a restart'
like "$(node version)" '"node":"hub"' 'what wants a restart is as it was'
echo 'lisen = 1' >conf/fedx.lua
like "$(node reload | tail -n 1)" '"done":false,"why":"[^"]*fedx.lua:1: unknown setting .lisen.; did you mean .listen' 'what is wrong is refused, with its line'
echo 'while true do end' >conf/fedx.lua
fedx-probe -q call fedx reload </dev/null >loop.out 2>&1 &
looping=$!
ok 'while one loops the node answers' node version
ok 'that reload ends' ended "$looping"
like "$(tail -n 1 loop.out)" '"done":false' 'and is refused'
echo 'cluster = "home" token_file = "nowhere"' >conf/fedx.lua
like "$(node reload | tail -n 1)" '"done":false,"why":".*nowhere' 'so is a file that it names and that is not there'
cat >conf/fedx.lua <<'END'
request = { timeout = "2s" }
END
like "$(node reload '{"confirm_s":1}' | tail -n 1)" '"done":true.*"settings":\["request.timeout","log.level"\].*"confirm_s":1' 'settings can want to be confirmed, too'
ok 'and go back' eventually told 'event=reload_undone' "$hub_log"
ok 'the hub ends well' stop "$hub"

# policy that wants a fedx-route that is not there
echo 'function route() end' >conf/policy.lua
rm conf/fedx.lua
start fedx-hub -l 127.0.0.1:0 -i hub -C home -c conf --no-autostart
hub=$pid hub_log=$log
ok 'without fedx-route a hub starts all the same' wait_ready "$hub_log"
like "$(node check | tail -n 1)" '"done":false,"why":"fedx-route is not there' 'a check needs it'
like "$(node policy)" '"state":"[a-z]*","expected":true,"reachable":false' 'policy says that it is missing'
ok 'the hub ends well' stop "$hub"
done_testing
