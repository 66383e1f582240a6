#!/bin/sh
# policy-nodes.t - policy at a hub and a leaf: who may join, who may say what, and explain over both.
. "${0%/*}/../lib/tap.sh"
cd "$FEDX_RUN" || exit 1
FEDX_LUA=${FEDX_LUA:-$FEDX_SRC/lua}; export FEDX_LUA

told() { grep -Eq -e "$1" "$2"; }
on() { on=$1; shift; fedx-probe -q -r "$on" "$@" </dev/null; }
says() { says_at=$1 says_what=$2; shift 2; on "$says_at" "$@" | grep -Eq -e "$says_what"; }
plays() { perl "$FEDX_SRC/t/lib/talk.pl" "$at" <script; }
reload() { says "$1" '"what":"apply","done":true' call fedx reload; }
leaf() {	# leaf NODE
	test -d "$1" || mkdir -m 700 "$1"
	start fedx-leaf -u "fedx://$at" -i "$1" -C home -r "$1" -c "$1.conf" --set link.backoff=20ms \
		--set link.backoff_max=50ms --set link.refused=50ms --set link.refused_max=100ms
}

mkdir -m 700 hub
mkdir hub.conf one.conf two.conf
cat >hub.conf/policy.lua <<'END'
function admit(peer, env)
	if peer.node == "two" then return fedx.deny{ reason = "two is not welcome", name = "not-two" } end
end
function route(msg, env)
	if msg.origin == "one" and msg.service == "hubs" then
		return fedx.deny{ reason = "not from there", name = "no-one" }
	end
end
END
start fedx-hub -l 127.0.0.1:0 -i hub -C home -r hub -c hub.conf
hub=$pid hub_log=$log
ok 'the hub is ready' wait_ready "$hub_log"
at=$(ready_at "$hub_log")
leaf one; one=$pid
ok 'a leaf that policy admits comes up' eventually says hub '^one' links -H
leaf two; two_log=$log
ok 'one that it does not admit is told why' eventually told 'why=".*two is not welcome' "$two_log"
ok 'and the hub says so' told 'link_refused error=denied.*two is not welcome' "$hub_log"
ok 'it is no link' not says hub '^two.*up' links -H
like "$(on hub call fedx policy)" '"hooks":\["route","admit"\]' 'both hooks are known'

start fedx-probe -r hub serve hubs -- cat
start fedx-probe -r one serve ones -- cat
ok 'the hub reaches the leaf' eventually says hub hi call ones m hi
ok 'the leaf reaches the node of the hub' on one ping hub
ok 'but not what the hub denies it' expect_status 77 on one call hubs m hi
like "$(on one call hubs m hi 2>&1; fedx-probe -r one call hubs m hi 2>&1 </dev/null)" 'decision [0-9a-f]+-[0-9]+' 'with a decision of the hub'

# explain goes over both nodes
on one call fedx explain '{"service":"hubs","method":"m"}' >explained
ok 'the leaf says that it goes up' told '"node":"one","step":"route","goes":"uplink","next":"hub"' explained
ok 'the hub says who hands it in' told '"node":"hub","step":"question".*"subject":"hubs/m","peer":"one"' explained
ok 'and which line decides' told '"node":"hub","step":"policy".*"verdict":"deny","rule":"no-one","file":"policy.lua","line":6' explained
like "$(tail -n 1 explained)" '"node":"hub","step":"end","result":"denied"' 'that is the end of it'
like "$(on hub call fedx explain '{"service":"ones","method":"m"}')" '"node":"one","step":"end","result":"delivered"' 'the other way, too'
like "$(on hub call fedx explain '{"service":"hubs","method":"m","as":"one"}')" '"verdict":"deny"' 'the hub can ask as if it were the leaf'
is "$(on hub call hubs m hi)" hi 'nothing was sent, and a client of the hub may'

# the leaf has a policy of its own, and a deny-all does not stop explain
echo 'function route(msg) return fedx.deny("nothing at all") end' >one.conf/policy.lua
ok 'a leaf gets a policy while it runs' reload one
ok 'it holds at once' expect_status 77 on one call ones m hi
like "$(on hub call fedx explain '{"service":"ones","method":"m"}')" '"node":"one","step":"policy".*"verdict":"deny"' 'explain is asked of it still'
echo 'function route(msg) end' >one.conf/policy.lua
ok 'it opens again' reload one

# another policy admits others: who is up is asked about again
sed -i.was 's/"two"/"one"/; s/two is not/one is not/' hub.conf/policy.lua
ok 'now the other one is not welcome' reload hub
ok 'its link is closed' eventually not says hub '^one.*up' links -H
ok 'the first one comes up' eventually says hub '^two.*up' links -H
cat hub.conf/policy.lua.was >hub.conf/policy.lua
ok 'and back' reload hub
ok 'the leaf is there again' eventually says hub '^one.*up' links -H

# rules act
cat >hub.conf/policy.lua <<'END'
on = {
	service = function(event)
		if event.event == "attached" and event.subject == "newcomer" then
			return { fedx.request{ service = "log", method = "came", payload = event.subject },
			    fedx.log("greetings to " .. event.subject) }
		end
	end,
	link = function(event)
		if event.event == "link_down" and event.node == "one" then return { fedx.log("one is gone") } end
	end,
}
END
ok 'rules are loaded' reload hub
start fedx-probe -r hub serve log -- sh -c 'cat >>came'
ok 'who listens is there' eventually says hub '^log' services -H
start fedx-probe -r hub serve newcomer -- cat
came() { grep -q newcomer came; }
ok 'a rule acts on a service that came' eventually came
ok 'and writes a line' eventually told 'event=rule from=rule:.* text="greetings to newcomer"' "$hub_log"
kill "$one"
ok 'and on a link that went' eventually told 'text="one is gone"' "$hub_log"

# kinds that only fedx-route may say, said by a client
say() {	# say SOCKET KIND [UID GID]: an envelope of that kind; prints what comes back
	perl -e 'use strict; use warnings; use IO::Socket::UNIX;
		my ($path, $kind, $uid, $gid) = @ARGV;
		if (defined $gid) { $( = $gid; $) = "$gid $gid"; $< = $> = $uid; }
		my $s = IO::Socket::UNIX->new(Peer => $path) or do { print "refused\n"; exit };
		syswrite $s, pack("CCCCnCCnnnnNNQ>", 0xf3, 1, hex $kind, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0, 1);
		$SIG{ALRM} = sub { print "silence\n"; exit }; alarm 1;
		my $b = ""; sysread($s, $b, 4096) or do { print "closed\n"; exit };
		$b =~ s/[^ -~]//g; print "$b\n"' "$@"
}
if command -v perl >/dev/null
then
	for each in 20:PEER 22:ASK 24:RELOAD 30:POLICY 31:RULE 32:VERDICT 33:RELOADED 34:ACTION
	do like "$(say hub/node.sock "${each%%:*}")" 'a client may not say this' "${each##*:} from a client is refused, even from ours"
	done
	ok 'and changed nothing' says hub '"state":"up".*"failed":false' call fedx policy
	if test "$(id -u)" -eq 0
	then
		chgrp 65534 hub && chmod 2750 hub
		chmod 755 "$FEDX_RUN"
		like "$(say "$FEDX_RUN/hub/route.sock" 24 65534 65534)" 'refused|closed' 'another user cannot speak to fedx-route'
	else skip 'only root can be another user'
	fi
	ok 'the hub has its policy still' says hub '"state":"up","expected":true,"reachable":true' call fedx policy
fi

# clients over the network are guests
cat >script <<'END'
a -> {"type":"hello"}
a <- {"type":"welcome","node":"hub","cluster":"home"}
a -> {"type":"attach","id":1,"endpoint":"fedx@hub"}
a <- {"type":"error","id":1,"error":{"name":"scope","code":5,"text":...,"fate":"not_delivered","retry":false}}
END
ok 'no client can be the node' plays
cat >hub.conf/policy.lua <<'END'
function admit(peer)
	if peer.role == "client" then return fedx.allow{ scopes = { "*@guests" }, endpoints = 1, services = 0 } end
end
END
ok 'guests get scopes' reload hub
cat >script <<'END'
a -> {"type":"hello"}
a -> {"type":"attach","id":1,"endpoint":"me@guests"}
a <- {"type":"welcome","node":"hub","cluster":"home"}
a <- {"type":"attached","id":1}
a -> {"type":"attach","id":2,"endpoint":"me@home"}
a <- {"type":"error","id":2,"error":{"name":"scope","code":5,"text":...,"fate":"not_delivered","retry":false}}
END
ok 'what it said before it was admitted is heard, in order, and its scopes hold' plays
sed -i.was 's/fedx.allow.*end/fedx.deny("no guests") end/' hub.conf/policy.lua
ok 'guests are not admitted any more' reload hub
cat >script <<'END'
a -> {"type":"hello"}
a -> {"type":"attach","id":1,"endpoint":"me@guests"}
a <- {"type":"error","error":{"name":"denied","code":3,"text":...,"fate":"not_delivered","retry":false}}
a <- END
END
ok 'who comes is told so' plays
ok 'the hub ends well' stop "$hub"
done_testing
