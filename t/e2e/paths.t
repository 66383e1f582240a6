#!/bin/sh
# paths.t - who claims a path, or a pattern of them, is asked by it from anywhere: leaf, hub, hub, leaf.
. "${0%/*}/../lib/tap.sh"
command -v liar >/dev/null || skip_all 'liar is not built'
cd "$FEDX_RUN" || exit 1
FEDX_LUA=${FEDX_LUA:-$FEDX_SRC/lua}; export FEDX_LUA
mkdir -m 700 a b la lc lb conf
at_a=127.0.0.1:$(free_port)
at_b=127.0.0.1:$(free_port)
tab=$(printf '\t')

cat >conf/policy.lua <<'END'
function admit(peer)
	if peer.node == "evil.test" then return fedx.allow{ scopes = { "/evil/**", "*@evil.test" } } end
end

function scope(peer, name, env)
	if env.family == "path" and name == "/pool/*" then return fedx.allow{ shared = true } end
end
END
start fedx-hub -l "$at_a" -i a.test -C test -r a -c conf --set limits.endpoints=100
hub_a=$log
wait_ready "$hub_a" || { not_ok 'the hub is ready'; done_testing; }
start fedx-hub -l "$at_b" -i b.test -C test -r b --no-autostart --peer "fedx://$at_a"
leaf() { start fedx-leaf -u "fedx://$1" -i "$2.test" -r "$2" --no-autostart; wait_ready "$log"; }
leaf "$at_a" la
leaf "$at_a" lc
leaf "$at_b" lb

# serve RUNDIR PATTERN WORD: a command that says which, what it was asked at and what for
# shellcheck disable=SC2016	# for that shell
serve() { start fedx-probe -r "$1" serve "$2" -- sh -c 'echo "$0 $FEDX_PATH $FEDX_METHOD"' "$3"; served=$pid; }
says() { test "$(fedx-probe -r "$1" -q call "$2" on '' </dev/null)" = "$3 $2 on"; }
lists() { fedx-probe -r "$1" -H paths | grep -q "^$2$tab$3$tab"; }

serve la '/site-a/lights/**' all
all=$served
ok 'a path is reached from the node where it is claimed' eventually says la /site-a/lights/1 all
ok '... from another leaf of its hub' eventually says lc /site-a/lights/1 all
ok '... and from a leaf of another hub' eventually says lb /site-a/lights/1/deep all
ok 'the claims are listed, with their node' eventually lists b '/site-a/lights/\*\*' a.test
like "$(fedx-probe -r b -H routes '/site-a/lights/**')" '/site-a/lights/\*\*	.*a\.test	a\.test	best' 'and routed like any other name'
like "$(fedx-probe -r lb -H ping /site-a/lights/1 -c 1)" 'la\.test' 'a ping is answered by the node where it is attached'
is "$(fedx-probe -r lb -H trace /site-a/lights/1 | cut -f 2)" 'lb.test
b.test
a.test
la.test' 'a trace passes every node on the way'
fedx-probe -r a -j explain --method on - /site-a/lights/1 >explained 2>&1
ok 'it is explained' grep -q '"step":"route".*"next":"la.test"' explained

serve lb '/site-a/lights/7' seven
seven=$served
ok 'the more specific claim has its part, from everywhere' eventually says lc /site-a/lights/7 seven
ok '... and nothing else' says lc /site-a/lights/8 all
ok '... but a leaf knows its own claims only' says la /site-a/lights/7 all
kill "$seven"
ended "$seven"
ok 'when it goes, the part falls back' eventually says lb /site-a/lights/7 all

# --- two of the same ---

ok 'a second claim is refused' expect_status 1 fedx-probe -r la -q serve '/site-a/lights/**' -- cat
like "$(fedx-probe -r la -q serve '/site-a/lights/**' -- cat 2>&1)" \
	"path '/site-a/lights/\*\*' is already held by 'a client'" '... and told what is held, and by whom'
like "$(fedx-probe -r b -q serve '/site-a/lights/**' -- cat 2>&1)" "held by 'a.test'" '... also at the hub that only learnt of it'
serve lc '/site-a/lights/**' other
other=$served
ok 'a leaf that claims it, too: the hub refuses' eventually grep -q "announcement_refused.*/site-a/lights/.*la.test" "$hub_a"
ok '... and nothing changes for others' says lb /site-a/lights/3 all
kill "$other"
serve lb '/site-a/lights/**' near
near=$served
ok 'two hubs that hold the same: each its own' eventually says lb /site-a/lights/3 near
ok '... as with endpoints' says lc /site-a/lights/3 all
kill "$near"
ended "$near"
ok 'one goes: the other is used again' eventually says lb /site-a/lights/3 all

# --- policy shares one ---

serve la '/pool/*' one
one=$served
serve lc '/pool/*' two
reached() { fedx-probe -r lb -q call /pool/x on '' </dev/null >>reached; grep -q one reached && grep -q two reached; }
ok 'a path that policy shares is balanced' eventually reached
like "$(fedx-probe -r a -H paths)" '/pool/\*	l[ac]\.test	l[ac]\.test	true' '... and listed as shared'
kill "$one"
ended "$one"
still() { says lb /pool/y two && says lb /pool/y two && says lb /pool/y two; }
ok 'one goes: the other has it' eventually still

# --- nobody ---

ok 'a path that nobody holds' expect_status 1 fedx-probe -r lb -q call /nobody on ''
ok 'a pattern is no address' expect_status 76 fedx-probe -r lb -q call '/site-a/*' on ''
kill "$all"
ended "$all"
gone() { expect_status 1 fedx-probe -r lb -q call /site-a/lights/1 on ''; }
ok 'who held it goes: not delivered' eventually gone

# --- scripts on the bus ---

cat >script <<'END'
s -> {"type":"attach","id":1,"path":"/script/*"}
s <- {"type":"attached","id":1}
a -> {"type":"request","id":1,"path":"/script/lamp","method":"on","payload":"x"}
s <- {"type":"request","id":1,"method":"on","path":"/script/lamp","origin":"b.test","timeout_ms":60000,"payload":"x"}
s -> {"type":"reply","id":1,"payload":"y"}
a <- {"type":"reply","id":1,"payload":"y"}
s -> {"type":"detach","id":2,"path":"/script/*"}
s <- {"type":"detached","id":2}
END
on_the_bus() { perl "$FEDX_SRC/t/lib/talk.pl" "$FEDX_RUN/b/node.sock" <script; }
ok 'JSON lines claim a path, and ask by one' on_the_bus

# --- who lies ---

lies() { liar "$at_a" >said 2>&1; }
ok 'outside its scopes, without a slash, of 64 KiB: each is refused, and the link lives' lies <<'END'
x -> hello node=evil.test role=leaf cluster=test
x <- WELCOME
x -> ANNOUNCE holds=/site-a/** path=evil.test
x <- ERROR error=scope
x -> ANNOUNCE holds=/** path=evil.test
x <- ERROR error=scope
x -> ANNOUNCE holds=/a@evil.test path=evil.test
x <- ERROR error=scope
x -> ANNOUNCE holds=** path=evil.test
x <- ERROR error=malformed
x -> ANNOUNCE holds=/x big=65000 path=evil.test
x <- ERROR error=malformed
x -> ANNOUNCE endpoint=/evil/a@evil.test path=evil.test
x <- ERROR error=malformed
x -> ANNOUNCE endpoint=a@evil.test shared=1 path=evil.test
x <- ERROR error=malformed
x -> ANNOUNCE holds=/pool/* shared=1 path=evil.test
x <- ERROR error=scope
x -> ANNOUNCE holds=/evil/a/** path=evil.test
x -> PING id=1
x <- PONG id=1
x -> 10000 ANNOUNCE holds=/evil/many/%d/** path=evil.test
x <- ERROR error=overloaded text=may hold 100 claims of family path
x -> PING id=2
x <- PONG id=2
END
ok 'the others are served' says lb /pool/z two
done_testing
