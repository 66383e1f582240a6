#!/bin/sh
# route-check.t - what fedx-route does without a socket: settings, test, -t, and its options.
. "${0%/*}/../lib/tap.sh"
FEDX_LUA=${FEDX_LUA:-$FEDX_SRC/lua}; export FEDX_LUA
unset FEDX_CONF XDG_RUNTIME_DIR
cd "$FEDX_RUN" || exit 1
mkdir -p conf/test

out() { "$@" >said 2>&1 </dev/null; }
status() {	# status WANT DESCRIPTION PATTERN COMMAND...: status and words of a command
	want=$1 what=$2 pattern=$3
	shift 3
	ok "$what: status $want" expect_status "$want" out "$@"
	like "$(cat said)" "$pattern" '... and says so'
}

# --- options ---

status 0 'help' 'usage: fedx-route \[option' fedx-route -h
status 0 'version' '^fedx-route [0-9]' fedx-route --version
status 64 'an unknown option' "unknown option --nonsense" fedx-route --nonsense
is "$(wc -l <said | tr -d ' ')" 2 '... in two lines'
status 64 'an unknown command' "unknown command dance" fedx-route dance
status 64 'a word too many' 'unexpected argument x' fedx-route test conf x
status 64 'no file for settings' 'wants a FILE' fedx-route settings
status 64 'a value that is missing' 'wants a value: -r' fedx-route -r
status 64 'a value too many' 'takes no value' fedx-route --check=yes
status 64 'a command and -t' 'unexpected argument test' fedx-route -t test
status 78 'an unknown setting' "unknown setting 'route.chek'; did you mean 'route.check'" fedx-route --set route.chek=1
status 78 'a time out of bounds' "route.check cannot be '1ms'" fedx-route --set route.check=1ms
status 78 'a trial that ends when nobody waits for it any more' "route.check cannot be '51s'" fedx-route --set route.check=51s
status 78 'a word that is none' "log.level cannot be 'loud': want error, warning" fedx-route --set log.level=loud
status 64 'no assignment' 'KEY=VALUE' fedx-route --set log.level

# --- -t ---

cat >conf/policy.lua <<'END'
function admit(peer, env) end
function route(msg, env)
	if msg.from == "evil@x" then return fedx.deny{ reason = "no evil", name = "no-evil" } end
end
END
status 0 'a policy that loads' '^hooks	route,admit$' fedx-route -t -c conf
like "$(cat said)" '^digest	[0-9a-f]{64}$' '... has a digest'
digest=$(grep digest said)
out fedx-route --check --confdir conf
is "$(grep digest said)" "$digest" '... which is the same each time'
FEDX_CONF=conf out fedx-route -t
is "$(grep digest said)" "$digest" '... also by FEDX_CONF'
echo 'return nil' >conf/unused.lua
out fedx-route -t -c conf
is "$(grep digest said)" "$digest" '... and does not know of files that it does not read'

cat >conf/test/evil.lua <<'END'
local t = require "fedx.test"
t.denies({ from = "evil@x" }, "no evil")
t.allows{ from = "good@x" }
END
status 0 'its tests are run' '^tests	2 passed$' fedx-route -t -c conf
is "$(grep digest said)" "$digest" '... and are no part of it'
status 0 'test' '^ok 1 - ' fedx-route test conf
like "$(tail -n 1 said)" '^1\.\.2$' '... is TAP with a plan'
status 0 'test of the directory of -c' '^ok 2 - ' fedx-route test -c conf
cat >>conf/test/evil.lua <<'END'
t.allows{ from = "evil@x" }
END
status 1 'a test that fails' '^not ok 3 - ' fedx-route test conf
status 78 '-t then' 'a test of the policy fails' fedx-route -t -c conf
like "$(cat said)" '^not ok 3' '... and shows which'
echo 'this is no Lua' >conf/test/evil.lua
ok 'a test file with an error is no success' not out fedx-route test conf
rm conf/test/evil.lua
status 66 'a directory that is not there' 'nowhere' fedx-route test nowhere

echo 'function route(msg' >conf/policy.lua
status 78 'a policy that does not compile' 'policy.lua:[0-9]+: ' fedx-route -t -c conf
printf '\n\nerror("stop here")\n' >conf/policy.lua
status 78 'a policy that raises' 'policy.lua:3: .*stop here' fedx-route -t -c conf
echo 'while true do end' >conf/policy.lua
status 78 'a policy that loops' 'policy.lua' fedx-route -t -c conf
echo 'local t = {} while true do t[#t + 1] = ("x"):rep(1000) .. #t end' >conf/policy.lua
status 78 'a policy that eats memory' '.' fedx-route -t -c conf
rm conf/policy.lua
status 0 'no policy at all' '^hooks	none$' fedx-route -t -c conf
status 0 'not even the directory' '^policy	none	' fedx-route -t -c nowhere

# --- settings ---

cat >fedx.lua <<'END'
id = "site-a"
listen = { "127.0.0.1:7000", "127.0.0.1:7001" }
link = { ping = "5s" }
END
status 0 'settings' '^id=site-a	fedx.lua:1$' fedx-route settings fedx.lua
like "$(cat said)" '^listen=127.0.0.1:7001	fedx.lua:2$' '... with lists'
like "$(cat said)" '^link.ping=5s	fedx.lua:3$' '... and tables'
echo 'id = ' >fedx.lua
status 78 'settings that do not compile' 'fedx.lua:[0-9]' fedx-route settings fedx.lua
printf '\nid = nobody.there\n' >fedx.lua
status 78 'settings that raise' 'fedx.lua:2' fedx-route settings fedx.lua
echo 'while true do end' >fedx.lua
status 78 'settings that loop' 'fedx.lua' fedx-route settings fedx.lua
echo 'local s = "x" while true do s = s .. s end' >fedx.lua
status 78 'settings that eat memory' 'memory' fedx-route settings fedx.lua
status 66 'settings that are not there' 'gone.lua' fedx-route settings gone.lua
mkfifo fifo
status 66 'a FIFO is not waited for' 'not a regular file' fedx-route settings fifo
status 66 'a directory' 'not a regular file' fedx-route settings conf
done_testing
