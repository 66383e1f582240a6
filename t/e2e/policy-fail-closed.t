#!/bin/sh
# policy-fail-closed.t - under load with ids on both sides: fedx-route is killed, stands still, is replaced, and nothing denied ever runs.
. "${0%/*}/../lib/tap.sh"
command -v fates >/dev/null || skip_all 'fates is not built'
cd "$FEDX_RUN" || exit 1
FEDX_LUA=${FEDX_LUA:-$FEDX_SRC/lua}; export FEDX_LUA

told() { grep -Eqs -e "$1" "$2"; }
node() { fedx-probe -q -r run call fedx "$@" </dev/null; }
says() { node policy 2>/dev/null | grep -q -e "$1"; }
route_pid() { tr -dc 0-9 <run/route.lock; }
is_up() { says '"state":"up"'; }
is_another() { now=$(route_pid 2>/dev/null); test -n "$now" && test "$now" != "$1" && is_up; }
count() { grep -c "^$1" "$2" || :; }
at_least() { test "$(count "$1" "$2")" -ge "$3"; }
more() { ok "$1: what is allowed goes on" eventually at_least answer open.call $(($(count answer open.call) + 40)); }
refused() { ok "$1: what is denied is asked for all the time" eventually at_least not_delivered secret.call $(($(count not_delivered secret.call) + 40)); }
nothing() { is "$(cat secret.serve)" '' "$1: nothing denied has run"; }
hub() { start fedx-hub -l 127.0.0.1:0 -i hub -C home -r run -c conf --set policy.wait=200ms; hub=$pid hub_log=$log; wait_ready "$log"; }

# What is decided holds until the second ends, so that each second asks anew.
mkdir -m 700 run
mkdir conf
cat >conf/policy.lua <<'END'
function route(msg, env)
	env:now()
	if msg.service == "secret" then return fedx.deny("never") end
end
END
ok 'the hub is ready' hub
ok 'and its policy' eventually is_up
for each in open secret
do
	: >$each.serve; : >$each.call
	start fates serve run $each "$FEDX_RUN/$each.serve"
	eval "serve_$each=\$pid"
done
known() { test "$(fedx-probe -q -r run -H services | grep -c -e '^open' -e '^secret')" -eq 2; }
ok 'both services are there' eventually known
for each in open secret
do
	start fates call run $each 0 8 "$FEDX_RUN/$each.call" --pace 2 --timeout 4000
	eval "call_$each=\$pid"
done
more 'with policy'
refused 'with policy'

n=0 last=$(route_pid)
while test $n -lt 3
do
	kill -9 "$last"
	ok 'it is killed, and another one comes' eventually is_another "$last"
	last=$now n=$((n + 1))
done
refused 'killed again and again'
more 'killed again and again'
nothing 'killed again and again'

n=0
while test $n -lt 3
do
	kill -STOP "$last"
	before=$(count 'not_delivered.*policy_unavailable' secret.call)
	ok 'it stands still for longer than anything waits' eventually at_least 'not_delivered.*policy_unavailable' secret.call $((before + 20))
	kill -CONT "$last" 2>/dev/null
	n=$((n + 1))
done
refused 'stopped and continued'
more 'stopped and continued'
nothing 'stopped and continued'
last=$(route_pid)
kill -STOP "$last"
ok 'it stands still for good, and another one comes' eventually is_another "$last"
last=$now
more 'after that'
nothing 'after that'

# a reload while it is being killed
n=0
while test $n -lt 4
do
	echo "-- $n" >>conf/policy.lua
	node reload >>reloads 2>&1 &
	reload=$!
	test $((n % 2)) -eq 0 || kill -9 "$last"
	wait "$reload"
	ok 'a reload ends, whatever happens to it' eventually is_up
	last=$(route_pid) n=$((n + 1))
done
refused 'reloads and kills'
nothing 'reloads and kills'

# the hub itself: until its policy is there all that could be denied is
n=0
while test $n -lt 3
do
	test $n -ne 1 || kill -9 "$last"
	kill -9 "$hub"; ended "$hub"
	ok 'the hub is killed, and another one is there' hub
	refused 'a hub that has just started'
	ok 'it has its policy' eventually is_up
	more 'a hub that has just started'
	last=$(route_pid) n=$((n + 1))
done
nothing 'a hub that has just started'
kill -9 "$last"
ok 'this hub starts one of its own' eventually is_another "$last"

# somebody else's fedx-route, which would allow everything, in the place of ours
if test "$(id -u)" -eq 0 && test -d /proc/self
then
	mkdir -m 700 liar
	mkdir -m 755 liar.conf
	chmod 755 "$FEDX_RUN"
	chown 65534 liar
	echo 'function route() return fedx.allow() end' >liar.conf/policy.lua
	start perl -e '($(, $)) = (65534, "65534 65534"); ($<, $>) = (65534, 65534); exec @ARGV' \
		fedx-route -r "$FEDX_RUN/liar" -c "$FEDX_RUN/liar.conf"
	liar=$pid
	ok 'another user has a fedx-route' wait_ready "$log"
	swap() {	# swap [OWNER]: its socket in the place of ours, until the hub has looked
		ok 'ours is there' eventually is_up
		last=$(route_pid)
		mv liar/route.sock stolen.sock
		test $# -eq 0 || chown "$1" stolen.sock
		kill -STOP "$last"
		mv stolen.sock run/route.sock
	}
	swap
	ok 'in the place of ours: it is not spoken to' eventually told 'event=policy_lost why="route.sock belongs to another user' "$hub_log"
	refused 'a socket of another user'
	nothing 'a socket of another user'
	mv run/route.sock liar/route.sock
	ok 'without it ours is back' eventually is_another "$last"
	swap 0
	ok 'with a new owner: nor is it' eventually told 'event=policy_lost why="who listens at route.sock is of another user' "$hub_log"
	refused 'a socket that was given away'
	nothing 'a socket that was given away'
	rm run/route.sock
	ok 'without it ours is back again' eventually is_another "$last"
	stop "$liar"
else skip 'only root can be another user'
fi
more 'in the end'
refused 'in the end'

stop "$call_open"; open=$?
stop "$call_secret"; secret=$?
is "$open $secret" '0 0' 'each request has ended'
stop "$serve_open"; stop "$serve_secret"
ok 'what was allowed: each exactly once, as the promise says' fates judge open.call -- open.serve
ok 'what was denied: the same' fates judge secret.call -- secret.serve
nothing 'in all that time'
is "$(grep -v -e '^sent' -e '^not_delivered' -e '^may_have_run [^ ]* bus_lost$' secret.call)" '' 'each caller of it was told that it was not delivered'
ok 'most were denied' at_least 'not_delivered.*denied' secret.call 100
ok 'some because nobody could be asked' at_least 'not_delivered.*policy_unavailable' secret.call 60
awk '$1 != "sent" { n[$1 " " $3]++ } END { for (k in n) print "# " k, n[k] }' open.call secret.call
done_testing
