#!/bin/sh
# policy-lost.t - fedx-route is killed, stopped, replaced, kept out: what is decided goes on, what was denied stays denied, and it comes back.
. "${0%/*}/../lib/tap.sh"
cd "$FEDX_RUN" || exit 1
FEDX_LUA=${FEDX_LUA:-$FEDX_SRC/lua}; export FEDX_LUA

told() { grep -Eq -e "$1" "$2"; }
ask() { fedx-probe -q call "$@" </dev/null; }
node() { fedx-probe -q call fedx "$@" </dev/null; }
says() { node "$1" "$2" | grep -q -e "$3"; }
route_pid() { node policy | sed -n 's/.*"pid":\([0-9]*\).*/\1/p'; }
is_up() { says policy '' '"state":"up"'; }
is_another() { test -n "$(route_pid)" && test "$(route_pid)" != "$1" && is_up; }
is_gone() { ! kill -0 "$1" 2>/dev/null; }
echoes() { test "$(ask echo m hi 2>/dev/null)" = hi; }
denied() { expect_status 77 ask secret m hi; }
kids() { ps -o pid,ppid,stat 2>/dev/null | awk -v p="$hub" '$2 == p && $3 ~ /^Z/'; }

mkdir conf
cat >conf/policy.lua <<'END'
function route(msg, env)
	if msg.service == "secret" then return fedx.deny("not for you") end
end
END
start fedx-hub -l 127.0.0.1:0 -i hub -C home -c conf --set policy.wait=300ms
hub=$pid hub_log=$log
ok 'the hub is ready' wait_ready "$hub_log"
ok 'and its policy' eventually is_up
for each in echo secret fresh fresh2 fresh3
do start fedx-probe serve $each -- sh -c "cat; echo x >>$each.ran"
done
ok 'a service can be called' eventually echoes
ok 'another cannot' denied

# nothing of ours leaks into it
first=$(route_pid)
if test -d "/proc/$first/fd"
then
	leaked=''
	for each in "/proc/$first/fd"/*
	do case $(readlink "$each") in *node.lock*|*node.sock*) leaked="$leaked $each" ;; esac
	done
	is "$leaked" '' 'it has no descriptor of the node'
	is "$(tr '\0' ' ' <"/proc/$first/cmdline")" "fedx-route --autostarted -r $FEDX_RUN -c conf --set log.level=info --set log.format=logfmt --set log.to=stderr " 'and is started as it says'
fi

# under load, kill -9: nothing denied passes, what is decided goes on
: >load.out
(
	trap - 0
	while test ! -e stop
	do
		fedx-probe -q call secret m x >>load.out 2>/dev/null </dev/null
		fedx-probe -q call echo m x >/dev/null 2>&1 </dev/null || echo "echo failed" >>load.out
	done
) &
load=$!
n=0 last=$first
while test $n -lt 3
do
	kill -9 "$last"
	ok 'it is killed' eventually is_gone "$last"
	ok 'another one is there' eventually is_another "$last"
	last=$(route_pid) n=$((n + 1))
done
: >stop
wait "$load"
is "$(cat load.out)" '' 'meanwhile what was allowed has always gone, and what was denied never'
is "$(cat secret.ran 2>/dev/null)" '' 'the denied service has not run'
is "$(kids)" '' 'no zombie is left'

# SIGSTOP: it does not answer, so it is ended and another one started
kill -STOP "$last"
ok 'while it stands still what is decided goes on' echoes
ok 'and what was denied is' denied
ok 'what is new is denied, policy_unavailable' expect_status 77 ask fresh m hi
like "$(ask fresh2 m hi 2>&1)" 'policy_unavailable' 'by that name'
ok 'it is ended, and another one is there' eventually is_another "$last"
ok 'which the log says' told 'event=route_killed why="it does not answer' "$hub_log"
last=$(route_pid)
works() { test "$(ask fresh m hi 2>/dev/null)" = hi; }
ok 'what is new is asked again' eventually works

# the socket is removed, replaced by a file, by a link
kill_it() { rm -f route.sock; eval "$1"; kill -9 "$last"; eventually is_gone "$last"; }
ok 'its socket is a file now' kill_it 'echo hello >route.sock'
ok 'what is decided goes on' echoes
ok 'what was denied is' denied
ok 'the log says what is wrong' eventually told 'event=policy_lost why="route.sock is no socket' "$hub_log"
is "$(cat route.sock)" hello 'the file is not touched'
rm route.sock
ok 'without it another one starts' eventually is_another "$last"
last=$(route_pid)
ok 'its socket is a link to the hub now' kill_it 'ln -s node.sock route.sock'
ok 'the log says so' eventually told 'event=policy_lost why="route.sock is a symbolic link' "$hub_log"
ok 'what was denied is' denied
rm route.sock
ok 'without it another one starts' eventually is_another "$last"
last=$(route_pid)
rm route.sock
ok 'a socket that is only removed harms nobody' is_up
ok 'what is new is asked' expect_status 0 ask fresh3 m hi

# who listens there and speaks nonsense is no fedx-route
kill -9 "$last"
ok 'it is killed' eventually is_gone "$last"
if command -v perl >/dev/null
then
	cat >liar.pl <<'END'
use strict; use warnings; use IO::Socket::UNIX;
unlink "route.sock.new";
my $s = IO::Socket::UNIX->new(Local => "route.sock.new", Listen => 5) or die;
rename "route.sock.new", "route.sock" or die;
$| = 1; print "ready\n";
my $kind = shift // 0x40;
while (my $c = $s->accept) { syswrite $c, pack("CCCCnCCnnnnNNQ>", 0xf3, 1, $kind, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0, 1); sleep 1; }
END
	start fedx-hub -l 127.0.0.1:0 -i hub2 -C home -c conf -r "$FEDX_RUN/two" --no-autostart --set policy.wait=300ms
	two=$pid two_log=$log
	ok 'a hub without autostart is ready' wait_ready "$two_log"
	ok 'it says that nobody is there' eventually told 'event=policy_lost why=.*no-autostart' "$two_log"
	cd two || exit 1
	start perl ../liar.pl
	cd ..
	ok 'who says REQUEST there is no fedx-route' eventually told 'it said REQUEST, which fedx-route has no business to say' "$two_log"
	ok 'and with a policy that never came all is denied' expect_status 77 fedx-probe -q -r two call nobody m hi </dev/null
	like "$(fedx-probe -q -r two call fedx policy </dev/null)" '"reachable":false' 'which its policy says'
	kill "$pid"
	rm -f two/route.sock
	ok 'the second hub ends well' stop "$two"
fi

# by hand
ok 'another one is there again' eventually is_another "$last"
last=$(route_pid)
ok 'the hub ends well' stop "$hub"
ok 'and takes the one that it started along' eventually is_gone "$last"
start fedx-hub -l 127.0.0.1:0 -i hub -C home --no-autostart
hub=$pid
ok 'a hub without a policy' wait_ready "$log"
ok 'asks nobody' says policy '' '"expected":false'
start fedx-route -r "$FEDX_RUN" -c conf
by_hand=$pid
ok 'one that is started by hand is found' eventually is_up
start fedx-probe serve secret -- cat
ok 'and asked' eventually denied
ok 'it ends when asked to' stop "$by_hand"
ok 'what was denied is' denied
ok 'the hub ends well' stop "$hub"
done_testing
