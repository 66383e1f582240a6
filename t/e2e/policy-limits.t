#!/bin/sh
# policy-limits.t - rates and quotas of each peer, endpoint and namespace, and scopes that a reload takes back.
. "${0%/*}/../lib/tap.sh"
command -v liar >/dev/null || skip_all 'liar is not built'
cd "$FEDX_RUN" || exit 1
FEDX_LUA=${FEDX_LUA:-$FEDX_SRC/lua}; export FEDX_LUA

told() { grep -Eqs -e "$1" "$2"; }
node() { fedx-probe -q call fedx "$@" </dev/null; }
is_up() { node policy 2>/dev/null | grep -q '"state":"up"'; }
reload() { node reload | tail -n 1 | grep -q '"what":"apply","done":true'; }
client() { perl "$FEDX_SRC/t/lib/talk.pl" "$at" <script; }
play() { liar "$at" <script; }
no='"text":...,"fate":"not_delivered","retry":true'
attach() { printf '%s\n' "$1 -> {\"type\":\"hello\"}" "$1 <- {\"type\":\"welcome\",\"node\":\"hub\",\"cluster\":\"home\"}" "$1 -> {\"type\":\"attach\",\"id\":$2,\"endpoint\":\"$3\"}" "$1 <- {\"type\":\"attached\",\"id\":$2}"; }
asks() {	# asks PARTY FROM-ID FROM OK REFUSED [METHOD]: so many are answered, and the next are over the rate
	asks_id=$2 asks_ok=$4 asks_all=$(($4 + $5))
	asks_n=0
	while test $asks_n -lt $asks_all
	do
		printf '%s\n' "$1 -> {\"type\":\"request\",\"id\":$asks_id,\"from\":\"$3\",\"service\":\"echo\",\"method\":\"${6:-m}\",\"payload\":\"x\"}"
		if test $asks_n -lt "$asks_ok"
		then printf '%s\n' "$1 <- {\"type\":\"reply\",\"id\":$asks_id,\"payload\":\"x\"}"
		else printf '%s\n' "$1 <- {\"type\":\"reply\",\"id\":$asks_id,\"error\":{\"name\":\"overloaded\",\"code\":11,$no}}"
		fi
		asks_id=$((asks_id + 1)) asks_n=$((asks_n + 1))
	done
}

mkdir conf
cat >conf/policy.lua <<'END'
local each = fedx.limit{ name = "each", rate = "1/m", burst = 3, per = "from" }
local domain = fedx.limit{ name = "domain", rate = "1/m", burst = 5, per = "from_domain" }
local all = fedx.limit{ name = "all", rate = "1/m", burst = 4 }
function route(msg, env)
	if msg.method == "each" then return each end
	if msg.method == "domain" then return domain end
	if msg.method == "all" then return all end
end
END
start fedx-hub -l 127.0.0.1:0 -i hub -C home -c conf
hub=$pid hub_log=$log
ok 'the hub is ready' wait_ready "$hub_log"
at=$(ready_at "$hub_log")
ok 'and its policy' eventually is_up
# in one piece each, however busy the machine is
start fedx-probe serve echo --coprocess -- perl -ne '$| = 1; /"id":(\d+).*"payload":"([^"]*)"/ && print qq({"id":$1,"payload":"$2"}\n)'
served() { test "$(fedx-probe -q call echo m hi </dev/null 2>/dev/null)" = hi; }
ok 'a service is there' eventually served

# --- rates ---

{ attach a 1 ann@one; asks a 10 ann@one 3 2 each; attach b 1 ben@one; asks b 10 ben@one 3 1 each; } >script
ok 'a rate of each endpoint' client
{ attach a 1 ann@one; asks a 10 ann@one 0 1 each; } >script
ok 'who comes back has the bucket that it left' client
{ attach a 1 ann@two; attach b 1 ben@two; asks a 10 ann@two 3 0 domain; asks b 10 ben@two 2 1 domain; asks a 20 ann@two 0 1 domain
  attach c 1 ann@three; asks c 10 ann@three 5 1 domain; } >script
ok 'a rate of each namespace, which its endpoints share' client
{ attach a 1 ann@four; attach b 1 ben@five; asks a 10 ann@four 2 0 all; asks b 10 ben@five 2 1 all; asks a 20 ann@four 0 1 all; } >script
ok 'a rate of all together' client
like "$(node policy)" '"limited":9,' 'what was over a rate is counted'
like "$(node flows | grep '"method":"all"')" '"limited":true' 'flows say that they have one'

echo '-- the same, but for this line' >>conf/policy.lua
ok 'another policy with the same rates' reload
{ attach a 1 ann@one; asks a 10 ann@one 0 1 each; asks a 20 ann@one 0 1 all; } >script
ok 'fills no bucket' client
pid=$(node policy | sed -n 's/.*"pid":\([0-9]*\).*/\1/p')
kill -9 "$pid"
is_new() { new=$(node policy | sed -n 's/.*"pid":\([0-9]*\).*/\1/p'); test "$new" -ne "$pid" && is_up; }
ok 'another fedx-route' eventually is_new 2>/dev/null
{ attach a 1 ann@one; asks a 10 ann@one 0 1 each; attach b 1 dan@one; asks b 10 dan@one 3 1 each; } >script
ok 'nor does that, and it knows the rates' client

# --- quotas: of a client, and of each node ---

cat >conf/policy.lua <<'END'
local rate = fedx.limit{ name = "of-a-node", rate = "1/m", burst = 3, per = "peer_node" }
function admit(peer, env)
	if peer.role == "client" then return fedx.allow{ endpoints = 2, services = 1, in_flight = 1 } end
	if peer.role == "leaf" then return fedx.allow{ endpoints = 2, services = 1, limit = rate } end
end
END
ok 'quotas by admit' reload
start fedx-probe serve slow -- sh -c 'cat >/dev/null; while ! test -e go; do sleep 0.05; done'
slow=$pid
is_slow() { fedx-probe -q -H services | grep -q '^slow'; }
ok 'a slow service' eventually is_slow
busy='"name":"overloaded","code":11'
cat >script <<END
a -> {"type":"hello"}
a <- {"type":"welcome","node":"hub","cluster":"home"}
a -> {"type":"attach","id":1,"endpoint":"one@guests"}
a <- {"type":"attached","id":1}
a -> {"type":"attach","id":2,"endpoint":"two@guests"}
a <- {"type":"attached","id":2}
a -> {"type":"attach","id":3,"endpoint":"three@guests"}
a <- {"type":"error","id":3,"error":{$busy,$no}}
a -> {"type":"attach","id":4,"service":"first"}
a <- {"type":"attached","id":4}
a -> {"type":"attach","id":5,"service":"second"}
a <- {"type":"error","id":5,"error":{$busy,$no}}
a -> {"type":"detach","id":6,"endpoint":"two@guests"}
a <- {"type":"detached","id":6}
a -> {"type":"attach","id":7,"endpoint":"three@guests"}
a <- {"type":"attached","id":7}
b -> {"type":"hello"}
b <- {"type":"welcome","node":"hub","cluster":"home"}
b -> {"type":"attach","id":1,"endpoint":"four@guests"}
b <- {"type":"attached","id":1}
END
ok 'as many endpoints and services as admit says, of each client' client
cat >script <<END
a -> {"type":"hello"}
a <- {"type":"welcome","node":"hub","cluster":"home"}
b -> {"type":"hello"}
b <- {"type":"welcome","node":"hub","cluster":"home"}
a -> {"type":"request","id":1,"service":"slow","method":"m","payload":"x"}
a -> {"type":"request","id":2,"service":"echo","method":"m","payload":"x"}
a <- {"type":"reply","id":2,"error":{$busy,$no}}
b -> {"type":"request","id":2,"service":"echo","method":"m","payload":"x"}
b <- {"type":"reply","id":2,"payload":"x"}
END
ok 'and as many requests at once' client
: >go
asks_as() {	# asks_as PARTY: five requests of a node, three of which are within its rate
	n=0
	while test $n -lt 5
	do
		n=$((n + 1))
		printf '%s\n' "$1 -> REQUEST id=$n subject=echo/m origin=$1 path=$1 payload=x"
		test $n -le 3 && echo "$1 <- REPLY id=$n text=x" || echo "$1 <- REPLY id=$n error=overloaded"
	done
}
{ for each in l1 l2; do printf '%s\n' "$each -> hello node=$each role=leaf cluster=home" "$each <- WELCOME node=hub"; asks_as $each; done; } >script
ok 'a rate of each node' play
cat >script <<'END'
l3 -> hello node=l3 role=leaf cluster=home
l3 <- WELCOME node=hub
l3 -> ANNOUNCE endpoint=a@l3 path=l3
l3 -> ANNOUNCE endpoint=b@l3 path=l3
l3 -> ANNOUNCE endpoint=c@l3 path=l3
l3 <- ERROR error=overloaded
l3 -> ANNOUNCE service=one path=l3
l3 -> ANNOUNCE service=two path=l3
l3 <- ERROR error=overloaded
END
ok 'and quotas of it' play

# --- scopes, and what a reload takes back ---

scopes() {	# scopes LIST
	echo "function admit(peer, env) if not peer.admin then return fedx.allow{ scopes = { $1 } } end end" >conf/policy.lua
	reload
}
has() { fedx-probe -q -H endpoints | grep -q "^$1"; }
serves() { fedx-probe -q -H services | grep -q "^$1"; }
ok 'wide scopes' scopes '"*@red", "*@blue", "shop", "bank"'
mkfifo hold
cat >first <<'END'
leaf -> hello node=leaf role=leaf cluster=home
leaf <- WELCOME node=hub
leaf -> ANNOUNCE endpoint=a@red path=leaf
leaf -> ANNOUNCE endpoint=a@blue path=leaf
leaf -> ANNOUNCE service=shop path=leaf
leaf -> ANNOUNCE service=bank path=leaf
leaf -> END
END
cat >second <<'END'
leaf -> REQUEST id=1 from=a@red subject=echo/m origin=leaf path=leaf payload=x
leaf <- REPLY id=1 text=x
leaf -> REQUEST id=2 from=a@blue subject=echo/m origin=leaf path=leaf payload=x
leaf <- REPLY id=2 error=scope
leaf -> ANNOUNCE endpoint=b@blue path=leaf
leaf <- ERROR error=scope text=scopes
END
start sh -c 'exec liar "$0" <hold' "$at"
leaf=$pid
exec 5>hold
cat first >&5
ok 'a leaf has names of all of them' eventually serves bank
ok '... endpoints too' has a@blue
ok 'narrower ones' scopes '"*@red", "shop"'
ok 'an endpoint that is outside now is gone' not has a@blue
ok 'a service, too' not serves bank
ok 'what is within stays' has a@red
ok 'the service, too' serves shop
ok 'and its own name, which its link has proven' not told 'event=withdrawn subject=leaf ' "$hub_log"
cat second >&5
exec 5>&-
ok 'nothing is said any more from a name that was taken back' ended "$leaf"
ok 'wide ones again' scopes '"*@red", "*@blue"'
cat >script <<'END'
l5 -> hello node=l5 role=leaf cluster=home
l5 <- WELCOME node=hub
l5 -> ANNOUNCE endpoint=c@blue path=l5
l5 -> REQUEST id=1 from=c@blue subject=echo/m origin=l5 path=l5 payload=x
l5 <- REPLY id=1 text=x
END
ok 'and what they cover may be claimed' play
ok 'the hub ends well' stop "$hub"
done_testing
