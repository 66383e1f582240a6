#!/bin/sh
# policy-roles.t - who may say what: verdicts only fedx-route, the node's own service only its owner, and guests what admit gives them.
. "${0%/*}/../lib/tap.sh"
command -v liar >/dev/null || skip_all 'liar is not built'
cd "$FEDX_RUN" || exit 1
FEDX_LUA=${FEDX_LUA:-$FEDX_SRC/lua}; export FEDX_LUA

play() { liar "$to" <script; }
node() { fedx-probe -q -r "$FEDX_RUN/run" call fedx "$@" </dev/null; }
ask() { fedx-probe -q -r "$FEDX_RUN/run" call "$@" </dev/null; }
is_up() { node policy 2>/dev/null | grep -q '"state":"up"'; }
field() { node policy | sed -n "s/.*\"$1\":\"\\{0,1\\}\\([^,\"]*\\).*/\\1/p"; }
denied() { expect_status 77 ask secret m hi; }

mkdir -m 700 run
if test "$(id -u)" -eq 0	# then a group may come in: as guests
then chgrp 65534 run && chmod 2750 run && chmod 755 .
fi
mkdir -m 755 conf
cat >conf/policy.lua <<'END'
function admit(peer, env)
	if peer.role == "client" then return fedx.allow{ scopes = { "*@guests", "shop" }, endpoints = 2, services = 1, in_flight = 1,
	    tags = "guest" } end
end
function route(msg, env)
	if msg.service == "secret" then return fedx.deny("never") end
	if msg.service == "office" and msg.peer:has_tag("guest") then return fedx.deny{ reason = "no guests", name = "no-guests" } end
	if msg.from == "boss@home" then return fedx.deny("a name that was not claimed") end
end
END
start fedx-hub -l 127.0.0.1:0 -i hub -C home -r run -c conf
hub=$pid hub_log=$log
ok 'the hub is ready' wait_ready "$hub_log"
at=$(ready_at "$hub_log")
ok 'and its policy' eventually is_up
for each in echo secret office; do start fedx-probe -r run serve $each -- cat; done
served() { test "$(ask echo m hi 2>/dev/null)" = hi && ask office m hi >/dev/null; }
ok 'services are there' eventually served
ok 'one is denied' denied
digest=$(field digest)

# --- what only fedx-route may say, at each door, by who is proven there ---

doors() {	# doors DESCRIPTION: nobody that the script lets in may say any of them
	for kind in PEER PEER_GONE ASK EVENT RELOAD POLICY RULE VERDICT RELOADED ACTION
	do
		{ test -z "$hello" || printf '%s\n' "$hello" 'a <- WELCOME node=hub'
		printf '%s\n' "a -> $kind id=1" "a <- ERROR id=1 error=scope text=may not say this"; } >script
		ok "$1 may not say $kind" play
	done
}
to=$at hello='a -> hello node=leaf1 role=leaf cluster=home'
doors 'a leaf'
to=$at hello='a -> hello node=hub2 role=hub cluster=home'
doors 'a hub'
to=$FEDX_RUN/run/node.sock hello=''
doors 'a client on the bus, our own user,'
to=$at hello='a -> hello role=client'
doors 'a client over the network'
is "$(field digest) $(field failed)" "$digest false" 'and the policy is the one it was'
ok 'what is denied is' denied
is "$(ask echo m hi)" hi 'what is allowed goes'

# --- a guest of the group: what admit says, and nothing of the node itself ---

if test "$(id -u)" -ne 0
then
	skip 'only root can be another user'
	done_testing
fi
as() {	# as UID GID COMMAND...
	perl -e 'my ($u, $g, @c) = @ARGV; $( = $g; $) = "$g $g"; $< = $> = $u; $> == $u or die; exec @c or die' "$@"
}
guest() { as 65534 65534 perl "$FEDX_SRC/t/lib/talk.pl" "$FEDX_RUN/run/node.sock" <script; }
stranger() { as 65533 65533 perl "$FEDX_SRC/t/lib/talk.pl" "$FEDX_RUN/run/node.sock" <script; }
refused='"text":...,"fate":"not_delivered","retry":false'
cat >script <<'END'
a -> {"type":"ping"}
a <- {"type":"pong"}
END
ok 'who is of the group comes in' guest
ok 'who is not does not' not stranger
ok 'nor to fedx-route' not as 65534 65534 perl -MIO::Socket::UNIX -e 'IO::Socket::UNIX->new(Peer => $ARGV[0]) or exit 1' "$FEDX_RUN/run/route.sock"
cat >script <<END
a -> {"type":"attach","id":1,"endpoint":"me@guests"}
a <- {"type":"attached","id":1}
a -> {"type":"attach","id":2,"endpoint":"boss@home"}
a <- {"type":"error","id":2,"error":{"name":"scope","code":5,$refused}}
a -> {"type":"attach","id":3,"service":"shop"}
a <- {"type":"attached","id":3}
a -> {"type":"attach","id":4,"service":"secret"}
a <- {"type":"error","id":4,"error":{"name":"scope","code":5,$refused}}
a -> {"type":"request","id":5,"service":"echo","method":"m","payload":"x"}
a <- {"type":"reply","id":5,"payload":"x"}
a -> {"type":"request","id":6,"service":"office","method":"m","payload":"x"}
a <- {"type":"reply","id":6,"error":{"name":"denied","code":3,$refused}}
a -> {"type":"request","id":7,"service":"secret","method":"m","payload":"x"}
a <- {"type":"reply","id":7,"error":{"name":"denied","code":3,$refused}}
END
ok 'a guest has its scopes, its tags, and the verdicts for them' guest
for method in reload check confirm undo flows rules policy watch top drain links services endpoints version explain
do
	printf '%s\n' "a -> {\"type\":\"request\",\"id\":1,\"service\":\"fedx\",\"method\":\"$method\"}" \
		"a <- {\"type\":\"reply\",\"id\":1,\"error\":{\"name\":\"denied\",\"code\":3,$refused}}" >script
	ok "a guest may not ask the node: $method" guest
done
for kind in PEER ASK RELOAD POLICY RULE VERDICT ACTION
do
	printf '%s\n' "a -> $kind id=1" 'a <- ERROR id=1 error=scope text=may not say this' >script
	ok "a guest may not say $kind" as 65534 65534 sh -c 'liar "$0" <script' "$FEDX_RUN/run/node.sock"
done
is "$(field digest) $(field failed)" "$digest false" 'and the policy is the one it was'

# what a guest says of itself counts for nothing
cat >script <<'END'
a -> REQUEST id=1 subject=echo/m from=boss@home payload=x
a <- REPLY id=1
a -> REQUEST id=2 subject=secret/m from=hub origin=hub payload=x
a <- REPLY id=2 error=denied text=never
END
ok 'nor write another sender on its requests' as 65534 65534 sh -c 'liar "$0" <script' "$FEDX_RUN/run/node.sock"
chmod 700 "$FEDX_RUN"
ok 'the hub ends well' stop "$hub"
done_testing
