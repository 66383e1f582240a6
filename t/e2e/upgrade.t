#!/bin/sh
# upgrade.t - another process in the place of a node: nobody is refused meanwhile, each request ends as promised, and what cannot start changes nothing.
. "${0%/*}/../lib/tap.sh"
. "${0%/*}/../lib/fates.sh"
cd "$FEDX_RUN" || exit 1
mkdir -m 700 h a b c

told() { grep -Eqs -e "$1" "$2"; }
upgrade() { fedx-probe -r h -H upgrade >said 2>&1; }
gone() { ! kill -0 "$1" 2>/dev/null; }
# is_now PID: that process is the hub, and nothing is left of an upgrade
is_now() { test "$(cat pid)" = "$1" && fedx-probe -q -r h ping -c 1; }
follow() {	# whose pid the last upgrade said; it is nobody's child here
	hub=$(cut -f 2 said)
	tap_pids="$tap_pids $hub"
}

ln -s "$FEDX_BIN/fedx-hub" fedx-hub	# what an upgrade starts is what lies at this path then
ln -s "$FEDX_BIN/fedx-route" fedx-route
start ./fedx-hub -l 127.0.0.1:0 -i hub.test -C test -r h -c c -p pid --set drain.wait=5s
hub=$pid hub_log=$log
at=$(ready_at "$hub_log")
for leaf in a b
do
	start fedx-leaf -u "fedx://$at" -i "$leaf.test" -C test -r "$FEDX_RUN/$leaf" \
		--set link.backoff=20ms --set link.backoff_max=100ms
	eval "$leaf=\$pid ${leaf}_log=\$log"
	wait_ready "$log"
done

# --- under load, and under a rain of connections ---

cat >rain.pl <<'END'
use IO::Socket::INET;
my ($at, $n, $bad) = (shift, 0, 0);
$SIG{TERM} = sub { print "$n connected, $bad not answered\n"; exit($bad != 0) };
$| = 1;
for (;;) {
	my $s = IO::Socket::INET->new(PeerAddr => $at) or print("refused: $!\n"), exit 2;
	print $s "GET /healthz HTTP/1.0\r\n\r\n";
	my $said = join '', <$s>;
	$n++;
	$said =~ /^HTTP\/1.1 200 / or $bad++, print "connection $n: '$said'\n";
	print "begun\n" if $n == 1;
}
END
start perl rain.pl "$at"
rain=$pid rain_log=$log
ok 'connections are made, one after the other' eventually told begun "$rain_log"
begin upgraded 32 --body-every 9 --bytes 100000
serve --delay 15 --bytes 100000
for again in 1 2 3
do
	more 'requests are answered'
	old=$hub
	ok "an upgrade ($again)" upgrade
	like "$(cat said)" '^true	[0-9]+$' '... says which process it is now'
	follow
	ok '... which has the pid file' is_now "$hub"
	ok '... and the other one ends' eventually gone "$old"
	is "$(cat h/node.lock)" "$hub" '... leaving the lock to it'
done
more 'and it goes on'
ok 'nobody was refused, and each was answered' stop "$rain"
sed 's/^/# /' "$rain_log"
ok 'of what was asked at a leaf nothing is in doubt' not grep '^may_have_run' "$FEDX_RUN/$round.call"
finish 'the hub upgraded under load'
is "$(grep -c 'event=upgraded' "$hub_log") $(grep -c 'event=stopped' "$hub_log")" '3 3' 'each has said so, and ended'

# --- who waits for an answer gets it, from the one that goes ---

start fedx-probe -r b serve slow -- sh -c ': >serving; while ! test -e finish; do sleep 0.1; done; echo done'
ok 'a slow service is there' eventually sh -c 'fedx-probe -r h -H services | grep -q ^slow && fedx-probe -r h -H links | grep -q "^a.test"'
start fedx-probe -r a call slow m x
caller=$pid caller_log=$log
ok 'it works' eventually test -e serving
old=$hub
ok 'an upgrade' upgrade
follow
ok '... takes place meanwhile' is_now "$hub"
ok '... while the old process waits' kill -0 "$old"
: >finish
ok 'the call ends' ended "$caller"
is "$(cat "$caller_log")" 'done' '... with its answer'
ok 'and so does the old process' eventually gone "$old"
ok 'both leaves are with the new one' eventually sh -c 'test "$(fedx-probe -r h -H links | grep -c "	leaf	up	")" = 2'

# --- what cannot start changes nothing ---

stays() {	# stays DESCRIPTION REGEX: an upgrade fails for that reason, and nothing is different
	ok "$1" expect_status 2 upgrade
	like "$(cat said)" "$2" '... and says so'
	ok '... the same process goes on' is_now "$hub"
	is "$(cat h/node.lock)" "$hub" '... with its lock'
	ok '... in its place' test -S h/node.sock
	ok '... and on its port' fedx-probe -q doctor "fedx://$at"
}
echo 'nonsense(' >c/fedx.lua
stays 'settings that are none' 'service_failed: c/fedx\.lua:[0-9]+: '
echo 'token_file = "nowhere"' >c/fedx.lua
stays 'tokens that are not there' "service_failed: cannot read 'nowhere': No such file"
echo "listen = { \"$at\", \"192.0.2.1:7\" }" >c/fedx.lua
rm c/fedx.lua
rm fedx-hub
stays 'a program that is not there' 'service_failed: cannot run \./fedx-hub: No such file'
printf '#!/bin/sh\nexit 3\n' >fedx-hub; chmod +x fedx-hub
stays 'one that is another' 'service_failed: the new process ended with status 3; the log has its words'
printf '#!/bin/sh\nkill -KILL $$\n' >fedx-hub
stays 'one that is killed' 'service_failed: the new process was ended by signal 9'
# it says that it is ready, gets the lock, and is not seen again
cat >fedx-hub <<'END'
#!/usr/bin/perl
open my $old, '+<&=', $ENV{FEDX_SUCCEED} or die;
syswrite $old, "ready\n";
sysread $old, my $go, 3;
exit 4;
END
stays 'one that ends when it is its turn' 'service_failed: the new process ended with status 4'
ok 'the log has all of it' test "$(grep -c 'event=upgrade_failed' "$hub_log")" -eq 6
# it says that it has failed, and takes its time; libev keeps children in 16 lists
cat >fedx-hub <<'END'
#!/usr/bin/perl
open my $old, '+<&=', $ENV{FEDX_SUCCEED} or die;
open my $id, '>>', 'late' or die;
syswrite $id, "$$\n";
syswrite $old, "failed late\n";
sleep 600;
END
stays 'one that fails and stays' 'service_failed: late'
for i in 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 17
do fedx-probe -r h upgrade
done >said 2>&1
is "$(grep -c 'service_failed: late' said)" 16 '... like sixteen more'
ok '... which end, all at once' sh -c 'kill $(cat late)'
ok '... the node bears it' fedx-probe -q -r h ping
printf '#!/bin/sh\n: >waiting; exec sleep 600\n' >fedx-hub
start fedx-probe -r h upgrade
first=$pid
ok 'while one is under way' eventually test -e waiting
ok '... there is no other' expect_status 75 upgrade
like "$(cat said)" 'busy: an upgrade is under way' '... and that is said'
new=$(ps -o pid= --ppid "$hub" 2>/dev/null | tr -d ' ')
test -z "$new" || tap_pids="$tap_pids $new"
kill "$hub"
ok 'a node that is told to end meanwhile does' eventually gone "$hub"
ended "$first"
test -z "$new" || { kill "$new"; tap_reap "$new" 1; } 2>/dev/null
rm fedx-hub
ln -s "$FEDX_BIN/fedx-hub" fedx-hub

# --- fedx-route, a leaf with its uplink, a supervisor ---

cat >supervisor.pl <<'END'
use Socket;
socket(my $s, AF_UNIX, SOCK_DGRAM, 0) or die;
bind($s, pack_sockaddr_un($ARGV[0])) or die;
$| = 1;
print "listening\n";
while (defined recv($s, my $said, 4096, 0)) { $said =~ s/\n/;/g; print "$said\n" }
END
start perl supervisor.pl "$FEDX_RUN/notify"
supervisor_log=$log
await told listening "$supervisor_log"
echo 'function route(msg) return fedx.allow() end' >c/policy.lua
export NOTIFY_SOCKET="$FEDX_RUN/notify"
start ./fedx-hub -l "$at" -i hub.test -C test -r h -c c -p pid
unset NOTIFY_SOCKET
hub=$pid hub_log=$log
start fedx-probe -r b serve echo -- cat
calls() { test "$(fedx-probe -r a call -t 2 echo m "$1" 2>/dev/null)" = "$1"; }
ok 'with a policy, calls are answered' eventually calls one
old=$hub old_route=$(sed -n 's/.*event=route_started pid=//p' "$hub_log")
ok 'an upgrade' upgrade
follow
ok 'the supervisor is told whom to watch' eventually told "^MAINPID=$hub\$" "$supervisor_log"
ok '... and by that one that it is ready' eventually sh -c "test \"\$(grep -c '^READY=1' $supervisor_log)\" = 2"
ok '... and not that the service stops' not told STOPPING "$supervisor_log"
ok 'calls are answered' eventually calls two
ok 'the old process has ended' eventually gone "$old"
ok '... and its fedx-route' eventually gone "$old_route"
is "$(grep -c 'event=route_started' "$hub_log")" 2 '... the new one has its own'
old=$a
echo "$a" >a.pid
fedx-probe -r a -H upgrade >said
ok 'a leaf is upgraded too' test -s said
a=$(cut -f 2 said)
tap_pids="$tap_pids $a"
ok '... it is linked again' eventually calls three
ok '... and the old one has ended' eventually gone "$old"
kill "$hub"
ok 'the supervisor is told when it does stop' eventually told '^STOPPING=1' "$supervisor_log"
await gone "$hub"
kill "$a"
ok 'and so does the leaf' eventually gone "$a"
ok 'and nothing is left' not test -e h/node.sock -o -e h/node.lock -o -e pid
done_testing
