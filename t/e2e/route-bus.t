#!/bin/sh
# route-bus.t - what is said on route.sock: full sets, questions in turn, who is let in, and how it ends.
. "${0%/*}/../lib/tap.sh"
FEDX_LUA=${FEDX_LUA:-$FEDX_SRC/lua}; export FEDX_LUA
unset FEDX_CONF
cd "$FEDX_RUN" || exit 1
mkdir -m 700 run conf
sock=$FEDX_RUN/run/route.sock

told() { grep -Eqs -e "$1" "$2"; }
# shellcheck disable=SC2120
route() {	# route [OPTION...]: another one, which has loaded its policy
	start fedx-route -r "$FEDX_RUN/run" -c "$FEDX_RUN/conf" "$@"
	route=$pid route_log=$log
	wait_ready "$log" && eventually told 'event=policy_(loaded|failed)' "$log"
}
talk() { askroute "$sock" >heard 2>&1; }	# a data plane with these words
heard() { grep -Eq -e "$1" heard; }
line() { grep -En -e "$1" heard | head -n 1 | cut -d : -f 1; }
is_gone() { ! kill -0 "$1" 2>/dev/null; }

cat >conf/policy.lua <<'END'
function route(msg, env)
	if msg.from == "evil@x" then return fedx.deny{ reason = "no evil", name = "no-evil" } end
	if msg.from == "raise@x" then error("as asked") end
	if msg.from == "node@x" then return fedx.deny(msg.peer.node) end
	if msg.from == "knows@x" then return fedx.deny(tostring(env:knows("service", "shop")) .. env:count("shop")) end
	if msg.from == "slow@x" then for i = 1, 20000 do end end
	return fedx.allow()
end
on = {}
function on.link(event, env) return { fedx.request{ service = "lamp", method = "on", payload = event.node } } end
END

# --- the full set ---

ok 'it starts' route
is "$(perl -e 'printf "%o", (stat $ARGV[0])[2] & 0777' "$sock")" 600 'its socket is its own'
talk <<'END'
peer 1 leaf site-a home 192.0.2.1
ping 1
wait PONG 1
name 1 service shop
ping 2
wait PONG 2
END
ok 'nothing is said before the END of the data plane' not heard 'POLICY|END|RULE'
talk <<'END'
peer 1 leaf site-a home 192.0.2.1
peer 2 leaf site-b home 192.0.2.2
name 1 service shop
name 2 service shop
end
wait END
ask 1 1 good@x b@y shop/buy
ask 2 1 evil@x b@y shop/buy
ask 3 1 evil@x b@y shop/sell
ask 4 2 node@x b@y shop/buy
ask 5 1 knows@x b@y shop/buy
wait VERDICT 1
wait VERDICT 2
wait VERDICT 3
wait VERDICT 4
wait VERDICT 5
peer 2 leaf site-c home 192.0.2.2
unname 2 service shop
ask 6 2 node@x b@y shop/buy
ask 7 1 knows@x b@y shop/buy
wait VERDICT 6
wait VERDICT 7
gone 2
gone 1
ask 8 2 good@x b@y shop/buy
ask 9 0 knows@x b@y shop/buy
wait VERDICT 8
wait VERDICT 9
event link {"node":"site-a","up":true}
wait ACTION
event service {"service":"shop"}
ping 3
wait PONG 3
END
ok 'after it come policy and END' heard '^POLICY generation=1 hooks=route,on.link, '
ok '... in that order' test "$(line '^POLICY')" -lt "$(line '^END')"
like "$(grep 'VERDICT 1' heard)" 'allow .*keep=4294967295 .*read=from ' 'a question is answered, with what was read'
like "$(grep 'VERDICT 2' heard)" 'deny .*reason=no evil' 'another is denied'
like "$(grep 'no-evil' heard)" 'RULE [0-9]+ generation=1 route policy.lua:2 name=no-evil' 'the rule has its place'
is "$(grep -c 'no-evil' heard)" 1 '... which is told once'
ok '... before its verdict' test "$(line 'no-evil')" -lt "$(line 'VERDICT 2')"
like "$(grep 'VERDICT 4' heard)" 'reason=site-b' 'msg.peer is who handed it over'
like "$(grep 'VERDICT 6' heard)" 'reason=site-c' '... as it is now'
like "$(grep 'VERDICT 5' heard)" 'seen=2 .*reason=true2' 'env knows the names, and up to which change'
like "$(grep 'VERDICT 7' heard)" 'seen=3 .*reason=true1' '... and those that went'
like "$(grep 'VERDICT 9' heard)" 'reason=false0' '... also with their peer'
like "$(grep 'VERDICT 8' heard)" 'deny error=policy_unavailable .*keep=0 ' 'who is gone is denied'
like "$(grep ACTION heard)" 'subject=lamp/on payload=site-a' 'a rule wants something done'
is "$(grep -c ACTION heard)" 1 '... and none without a hook'

# --- hooks that fail ---

: >fails
for i in 1 2 3 4 5 6 7 8; do echo "ask $i 0 raise@x b@y s/m"; done >>fails
{ echo end; echo 'wait END'; cat fails; for i in 1 2 3 4 5 6 7 8; do echo "wait VERDICT $i"; done; } | askroute "$sock" >heard 2>&1
is "$(grep -c 'VERDICT . deny error=policy_error' heard)" 8 'a hook that raises denies'
ok '... and is logged with file and line' eventually told 'event=hook_failed hook=route file=policy.lua line=3 .*as asked' "$route_log"
ok '... once a second at most' test "$(grep -c hook_failed "$route_log")" -le 3

# --- in turn ---

{
	echo 'peer 1 leaf a home 192.0.2.1'; echo 'peer 2 leaf b home 192.0.2.2'; echo end; echo 'wait END'
	i=0
	while test $i -lt 200; do i=$((i + 1)); echo "ask $((1000 + i)) 1 slow@x b@y s/m"; done
	echo 'ask 7 2 good@x b@y s/m'
	echo 'ask 8 2 good@x b@y s/m background'
	echo 'wait VERDICT 7'; echo 'wait VERDICT 8'; echo 'wait VERDICT 1200'
} | askroute "$sock" >heard 2>&1
ok 'who asks one thing does not wait for who asked two hundred' test "$(line 'VERDICT 7 ')" -lt "$(line 'VERDICT 1150 ')"
ok '... nor does a question of the background for ever' test "$(line 'VERDICT 8 ')" -lt "$(line 'VERDICT 1200 ')"
{ echo 'peer 1 leaf a home 192.0.2.1'; echo end; echo 'wait END'; echo 'hush 20000 1'; echo 'wait VERDICT 119999'; } |
	askroute "$sock" >flooded 2>&1 &
flood=$!
talk <<'END'
end
wait END
ask 1 0 good@x b@y s/m
wait VERDICT 1
END
ok 'nor for another data plane that asks without end' heard 'VERDICT 1 allow'
wait "$flood"
is "$?" 0 '... each question of which is answered'

# --- nonsense ---

for raw in 00 f302 f3010700ffffffff "f301400000001000000000000000000000000000000000000000000000000000" \
	"f30122000000100000000000000000040000000400000000000000000000000141424344"
do
	printf 'raw %s\nwait CLOSED\n' "$raw" | askroute "$sock" >heard 2>&1
	ok "it hangs up on $raw" heard CLOSED || :
done 2>/dev/null
cat >words <<'END'
ask 1 0 a@x b@y s/m
wait CLOSED
END
talk <words
ok 'it hangs up on who asks before the END' heard CLOSED
printf 'end\nwait END\nreload apply 1\nend\nwait RELOADED 1\nraw f3\nping 1\n' | askroute "$sock" >heard 2>&1
like "$(tail -n 20 "$route_log")" 'event=node_dropped' 'the log says so'
printf 'end\nwait END\nask 1 0 good@x b@y s/m\nwait VERDICT 1\n' | askroute "$sock" >heard 2>&1
ok '... and others are served' heard 'VERDICT 1 allow'

# --- how many, and who ---

cat >sixteen.pl <<'END'
use IO::Socket::UNIX;
my $ping = pack "H*", "f3010300" . "0" x 56;
for (1 .. 16) {
	my $s = IO::Socket::UNIX->new($ARGV[0]) or die $!;
	syswrite $s, $ping;
	sysread($s, my $pong, 32) or redo;	# those of before are still on their way out
	push @all, $s;
}
$| = 1;
print "open\n";
<STDIN>;
END
mkfifo hold
perl sixteen.pl "$sock" <hold >sixteen 2>&1 &
sixteen=$!
exec 5>hold
ok 'sixteen connections' eventually told open sixteen
full() { printf 'ping 1\nwait PONG 1\n' | askroute "$sock" >heard 2>&1; ! heard "^PONG"; }
ok '... and no more' full
ok '... says the log' told 'event=turned_away .*16' "$route_log"
exec 5>&-
wait "$sixteen"
again() { printf 'end\nwait END\n' | askroute "$sock" >heard 2>&1; }
ok '... until they go' eventually again
if test "$(id -u)" = 0 && id nobody >/dev/null 2>&1
then
	chmod 755 "$FEDX_RUN" run; chmod 666 "$sock"
	perl -MIO::Socket::UNIX -e '$SIG{PIPE} = "IGNORE"; $> = (getpwnam("nobody"))[2]; my $s = IO::Socket::UNIX->new($ARGV[0]) or die $!;
		print $s pack("H*", "f3010300" . "0" x 56); $s->flush; my $n = sysread($s, my $b, 100); print $n // "reset", "\n"' \
		"$sock" >other 2>&1
	like "$(cat other)" '^(0|reset)$' 'another user is turned away, whatever the socket allows'
	ok '... says the log' eventually told 'event=turned_away .*another user' "$route_log"
	chmod 700 "$FEDX_RUN" run; chmod 600 "$sock"
else
	skip 'only root can be another user'
	skip 'only root can be another user'
fi

# --- signals, the end, another start ---

kill -USR2 "$route"
ok 'USR2: the counters' eventually told 'event=dump counter=questions value=[1-9]' "$route_log"
kill -USR1 "$route"
ok 'TERM: it ends with 0' stop "$route"
ok '... without its socket' not test -e "$sock"
ok '... nor its lock' not test -e run/route.lock
ok '... says the log' told 'event=stopped' "$route_log"

route
printf 'end\nwait END\n' | askroute "$sock" >first 2>&1
start fedx-route -r "$FEDX_RUN/run" -c "$FEDX_RUN/conf"
ok 'a second one in that run directory' expect_status 78 ended "$pid"
like "$(cat "$log")" "in use by process $route" '... names the first'
{ kill -KILL "$route"; } 2>/dev/null
await is_gone "$route"
ok 'a killed one leaves its socket' test -S "$sock"
ok 'which the next one replaces' route
printf 'end\nwait END\n' | askroute "$sock" >second 2>&1
field() { sed -n "s/^POLICY .*$1=\\([^ ]*\\).*/\\1/p" "$2"; }
is "$(field digest first)" "$(field digest second)" 'its policy is the same one'
ok '... but it is another instance' test "$(field instance first)" != "$(field instance second)"
stop "$route"

start fedx-route -r "$FEDX_RUN/run" -c "$FEDX_RUN/conf"; one=$pid one_log=$log
start fedx-route -r "$FEDX_RUN/run" -c "$FEDX_RUN/conf"; two=$pid two_log=$log
one_ended() { is_gone "$one" || is_gone "$two"; }
ok 'of two that start at once one gives way' eventually one_ended
if is_gone "$one"; then ended=$one lives=$two log=$two_log; else ended=$two lives=$one log=$one_log; fi
ok '... with 78' expect_status 78 ended "$ended"
ok '... and the other works' wait_ready "$log"
stop "$lives"

: >"$sock"
start fedx-route -r "$FEDX_RUN/run" -c "$FEDX_RUN/conf"
ok 'a file in the place of the socket' expect_status 73 ended "$pid"
like "$(cat "$log")" 'exists and is not a socket' '... is named, and stays'
ok '... and stays' test -f "$sock"
rm "$sock"

ok 'an autostarted one' route --autostarted --set route.linger=300ms
printf 'end\nwait END\n' | askroute "$sock" >heard 2>&1
ok '... ends by itself when its data plane is gone' ended "$route"
like "$(cat "$route_log")" 'event=idle' '... and says why'
echo 'route = { linger = "100ms" }' >conf/fedx.lua
ok 'fedx.lua is read' route --autostarted
ok '... for its settings' ended "$route"
echo 'route = { linger = "soon" }' >conf/fedx.lua
ok 'one that is wrong' route
like "$(cat "$route_log")" 'fedx.lua:1: route.linger cannot be' '... is named, and gone without'
stop "$route"
rm conf/fedx.lua

# --- to the background, another user ---

bounded() { "$@" >said 2>&1 </dev/null & tap_reap $! 10; }
ok 'it goes to the background once it is ready' bounded fedx-route -d -r "$FEDX_RUN/run" -c "$FEDX_RUN/conf" -p "$FEDX_RUN/pid"
daemon=$(cat pid)
tap_pids="$tap_pids $daemon"
ok '... and works there' again
kill "$daemon"
ok 'it ends when asked to' eventually is_gone "$daemon"
ok '... with its pid file' not test -e pid
if test "$(id -u)" = 0 && id nobody >/dev/null 2>&1 && test -d /proc/self
then
	chmod 755 "$FEDX_RUN" conf
	ok 'it becomes the user it was told' route -U nobody
	is "$(sed -n 's/^Uid:[^0-9]*//p' "/proc/$route/status" | tr '\t' ' ')" "$(id -u nobody | sed 's/.*/& & & &/')" '... for good'
	ok '... works' again
	ok '... ends well' stop "$route"
	ok '... and leaves no socket' not test -e "$sock"
	chmod 700 "$FEDX_RUN"
else skip 'only root can become somebody else'
fi
done_testing
