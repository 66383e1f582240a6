#!/bin/sh
# policy-bad.t - a policy that misbehaves, at a node that works: each of its messages is denied, no other one notices, and it never opens anything.
. "${0%/*}/../lib/tap.sh"
cd "$FEDX_RUN" || exit 1
FEDX_LUA=${FEDX_LUA:-$FEDX_SRC/lua}; export FEDX_LUA

told() { grep -Eqs -e "$1" "$2"; }
node() { fedx-probe -q -r run call fedx "$@" </dev/null; }
ask() { fedx-probe -q -r run call "$@" </dev/null; }
says() { node policy 2>/dev/null | grep -q -e "$1"; }
is_up() { says '"state":"up"'; }
echoes() { test "$(ask echo m hi 2>/dev/null)" = hi; }
policy_error() { ask "$@" >said 2>&1; grep -q '^fedx-probe: policy_error' said; }
ran() { test -s "$1.ran"; }

# --- hooks ---

mkdir -m 700 run
mkdir conf
cat >conf/policy.lua <<'END'
local kept, box, n = nil, {}, 0
local bad = {
	number = function() return 1 end,
	["true"] = function() return true end,
	table = function() return { allow = true } end,
	text = function() return "allow" end,
	itself = function(msg) return msg end,
	throws_table = function() error({ allow = true }) end,
	throws_verdict = function() error(fedx.allow()) end,
	throws_nil = function() error(nil) end,
	recurses = function(msg, env) return (route(msg, env)) end,
	recurses_protected = function(msg, env) pcall(route, msg, env) return pcall(route, msg, env) end,
	loops = function() while true do end end,
	loops_protected = function() while true do pcall(function() while true do end end) end end,
	matches = function() return ("a"):rep(28):find(("a?"):rep(28) .. ("a"):rep(28)) and fedx.allow() or 7 end,
	eats = function() local t = {} for i = 1, 1e9 do t[i] = ("x"):rep(10000) .. i end end,
	eats_text = function() local s = "x" while true do s = s .. s end end,
	keeps_msg = function(msg) kept = msg return fedx.allow() end,
	keeps_in_table = function(msg) box.msg = msg return fedx.allow() end,
	counts = function() n = n + 1 return fedx.allow() end,
	writes_global = function() seen = true return fedx.allow() end,
	changes_hook = function() route = nil return fedx.allow() end,
	changes_module = function() fedx.deny = fedx.allow return fedx.allow() end,
	changes_text = function() string.find = function() return 1 end return fedx.allow() end,
	changes_text_meta = function() getmetatable("").__index.find = nil return fedx.allow() end,
	writes_msg = function(msg) msg.service = "echo" return fedx.allow() end,
	goes_in_msg = function(msg) return rawget(msg, "service") and fedx.allow() end,
	unknown_field = function(msg) return msg.servise and fedx.allow() end,
	opens_file = function() return io.open("/etc/passwd") and fedx.allow() end,
	runs = function() return os.execute("true") and fedx.allow() end,
	loads = function() return load("return fedx.allow()")() end,
	requires = function() return require("os") and fedx.allow() end,
	debugs = function() debug.sethook() return fedx.allow() end,
	threads = function() return coroutine.wrap(function() return fedx.allow() end)() end,
	collects = function() collectgarbage("stop") return fedx.allow() end,
	finalizes = function() setmetatable({}, { __gc = function() while true do end end }) return fedx.allow() end,
	gathers = function() dofile("/etc/passwd") return fedx.allow() end,
	bytecode = function() return string.dump(route) and fedx.allow() end,
}
function route(msg, env)
	if msg.service == "bad" then return bad[msg.method](msg, env) end
	if msg.service == "kept" then return kept and fedx.allow() or fedx.deny("nothing was kept") end
end
END
sed -n 's/^	\["\{0,1\}\([a-z]*\)"\] = function.*/\1/p; s/^	\([a-z_]*\) = function.*/\1/p' conf/policy.lua >methods
start fedx-hub -l 127.0.0.1:0 -i hub -C home -r run -c conf --set policy.wait=2s
hub=$pid hub_log=$log
ok 'the hub is ready' wait_ready "$hub_log"
ok 'and its policy' eventually is_up
start fedx-probe -r run serve echo -- cat
start fedx-probe -r run serve bad -- sh -c 'cat; echo x >>bad.ran'
start fedx-probe -r run serve kept -- cat
ok 'services are there' eventually echoes
route_pid=$(node policy | sed -n 's/.*"pid":\([0-9]*\).*/\1/p')
ok 'there are many ways to misbehave' test "$(wc -l <methods)" -ge 34
while read -r method
do
	ok "$method: denied" policy_error bad "$method"
	ok "$method: others are served" echoes
done <methods
ok 'none of them has run' not ran bad
ok 'nothing was kept from one call to the next' expect_status 77 ask kept m
is "$(sed -n 's/.*event=hook_failed .*line=\([0-9]*\) .*/\1/p' "$hub_log" | sort -u | wc -l | tr -d ' ' | sed 's/^[1-9][0-9]*$/some/')" some 'the log has their lines'
is "$(node policy | sed -n 's/.*"pid":\([0-9]*\).*/\1/p')" "$route_pid" 'and fedx-route is the one that it was'
# strangers are not told what is wrong inside
if command -v liar >/dev/null
then
	cat >script <<'END'
a -> hello role=client
a <- WELCOME
a -> REQUEST id=1 subject=bad/unknown_field payload=x
a <- REPLY id=1 error=policy_error fate=not_delivered
END
	liar "$(ready_at "$hub_log")" <script >said 2>&1
	is "$?" 0 'a stranger is denied as well'
	is "$(grep -c -e 'policy.lua' -e servise said)" 0 '... and hears neither file nor what is wrong in it'
	like "$(cat said)" 'decision [0-9a-f]{4}-[0-9]+' '... but a decision'
fi

# --- files, while traffic goes ---

cat >conf/policy.lua <<'END'
function route(msg) if msg.service == "bad" then return fedx.deny("never") end end
END
ok 'a good policy' eval 'node reload | tail -n 1 | grep -q "\"done\":true"'
cp conf/policy.lua good.lua
refused() {	# refused DESCRIPTION COMMAND: with the file that it makes
	rm -rf conf/policy.lua
	eval "$2"
	node reload >said 2>&1
	like "$(tail -n 1 said)" '"what":"apply","done":false,"why":"' "$1: refused"
	node check >said 2>&1
	like "$(tail -n 1 said)" '"what":"check","done":false,"why":"' "$1: the same for a check"
	ok "$1: what was denied is" expect_status 77 ask bad m
	ok "$1: the rest goes" echoes
}
refused 'a directory' 'mkdir conf/policy.lua'
refused 'a FIFO' 'mkfifo conf/policy.lua'
refused 'a socket' 'perl -MIO::Socket::UNIX -e "IO::Socket::UNIX->new(Local => q(conf/policy.lua), Listen => 1) or die"'
refused 'a device' 'ln -s /dev/zero conf/policy.lua'
refused 'a file of 100 MiB' 'perl -e "open my \$f, q(>), q(conf/policy.lua) or die; print \$f q(-- ) . q(x) x 1048572 . qq(\n) for 1 .. 100"'
refused 'a link to outside' 'ln -s "$FEDX_RUN/good.lua" conf/policy.lua'
refused 'a link to nothing' 'ln -s nowhere conf/policy.lua'
refused 'a link to itself' 'ln -s policy.lua conf/policy.lua'
refused 'bytecode' 'printf "\033Lua\124\000" >conf/policy.lua'
refused 'a file with NUL bytes' 'printf "return 1\000" >conf/policy.lua; echo "function (" >>conf/policy.lua'
refused 'a module from outside' 'echo "require \"../good\"" >conf/policy.lua'
refused 'a list from outside' 'echo "fedx.list \"../good.lua\"" >conf/policy.lua'
ok 'the hub ends well' stop "$hub"

# --- the same at a start, with nothing good from before: nothing that policy could decide passes ---

starts() {	# starts DESCRIPTION COMMAND: the hub lives, all is denied, and a good file opens it
	rm -rf conf/policy.lua run/policy.*
	eval "$2"
	start fedx-hub -l 127.0.0.1:0 -i hub -C home -r run -c conf --set policy.wait=2s
	hub=$pid
	ok "$1 at the start: the hub is ready" wait_ready "$log"
	ok "$1 at the start: it knows that its policy failed" eventually says '"failed":true'
	ok "$1 at the start: everything is denied" policy_error echo m hi
	rm -rf conf/policy.lua
	node reload >said 2>&1
	like "$(tail -n 1 said)" '"done":false' "$1 at the start: to remove the file is no way out"
	ok "$1 at the start: nor opens it anything" policy_error echo m hi
	cp good.lua conf/policy.lua
	ok "$1 at the start: a good one is" eval 'node reload | tail -n 1 | grep -q "\"done\":true"'
	ok "$1 at the start: what it allows goes" eventually echoes
	ok "$1 at the start: what it denies does not" expect_status 77 ask bad m
	stop "$hub"
}
starts 'a FIFO' 'mkfifo conf/policy.lua'
starts 'a directory' 'mkdir conf/policy.lua'
starts 'a link to outside' 'ln -s "$FEDX_RUN/good.lua" conf/policy.lua'
starts 'a file of 100 MiB' 'perl -e "open my \$f, q(>), q(conf/policy.lua) or die; truncate \$f, 100 << 20"'
starts 'a loop' 'echo "while true do end" >conf/policy.lua'
ok 'none of them has run' not ran bad
done_testing
