#!/bin/sh
# drain.t - a node that is told to end lets everybody finish, and leaves nobody in doubt.
. "${0%/*}/../lib/tap.sh"
. "${0%/*}/../lib/fates.sh"
cd "$FEDX_RUN" || exit 1

at=127.0.0.1:$(free_port) at2=127.0.0.1:$(free_port)
quick='--set link.backoff=20ms --set link.backoff_max=100ms'
mkdir -m 700 h h2 a b c

told() { grep -Eqs -e "$1" "$2"; }
# shellcheck disable=SC2086
hub() { start fedx-hub -l "$at" -i hub.test -C test -r "$FEDX_RUN/h" $quick --set link.come_back=20ms "$@"; hub=$pid hub_log=$log; wait_ready "$log"; }
# shellcheck disable=SC2086
leaf() {	# leaf NAME OPTION...
	leaf=$1; shift
	start fedx-leaf -u "fedx://$at" -i "$leaf.test" -C test -r "$FEDX_RUN/$leaf" $quick "$@"
	eval "$leaf=\$pid ${leaf}_log=\$log"
	wait_ready "$log"
}

# --- under load: each request is answered, or known not to have run ---

hub && leaf a && leaf b || { not_ok 'the nodes are ready'; done_testing; }
begin drained 32 --body-every 9 --bytes 100000
serve --delay 15 --bytes 100000
for again in 1 2 3
do
	more 'before the hub drains'
	ok "it ends well ($again)" stop "$hub"
	hub
done
more 'and it heals'
ok 'of nothing is it unknown whether it ran' test "$(count may_have_run)" -eq 0
ok '... and some was refused' test "$(count not_delivered)" -gt 0
finish 'the hub drained under load'

begin leaf-drained 32 --body-every 9
serve --delay 15
for again in 1 2
do
	more 'before the leaf of the caller drains'
	ok "it ends well ($again)" stop "$a"
	leaf a
done
more 'and it heals'
finish 'the leaf of the caller drained under load'

# --- each is told when, and where ---

stop "$a"; stop "$b"; stop "$hub"
hub --set link.come_back=1h --set link.elsewhere="fedx://$at2"
start fedx-hub -l "$at2" -i hub2.test -C test -r "$FEDX_RUN/h2"
hub2=$pid
wait_ready "$log"
leaf a
leaf b -u fedx://127.0.0.1:1 -u "fedx://$at2" --set link.come_back=1ms
leaf c -u "fedx://$at2"
for leaf in a b c
do ok "leaf $leaf is there" eventually sh -c "fedx-probe -r $leaf -H peers | cut -f 4 | grep -q up"
done
ok 'a hub that has nothing to do ends well' stop "$hub"
ok 'a leaf without another hub waits for as long as it was told' eventually told 'next dial in 3600\.' "$a_log"
# by then: at any time within that hour, and a reload dials at once
ok 'one that has it in its list will dial the one that it was told' \
	eventually sh -c "fedx-probe -r b -H peers | cut -f 3,4 | grep -q '^fedx://$at2	backoff'"
kill -HUP "$b"
ok '... and does' eventually told "link=fedx://$at2 was=GREETING now=UP" "$b_log"
ok '... not the next of its list' not told 'link=fedx://127.0.0.1:1 ' "$b_log"
stop "$a"; stop "$b"; stop "$c"

# --- who has nothing under way goes at once; who has, later ---

hub --set drain.wait=1h --set link.come_back=1h
leaf a && leaf b && leaf c
start fedx-probe -r b serve hang -- sh -c ': >hanging; exec sleep 600'
ok 'a service is known' eventually sh -c 'fedx-probe -r h -H services | grep -q ^hang && fedx-probe -r h -H links | grep -q "^a.test"'
start fedx-probe -r a call hang m x
caller=$pid caller_log=$log
ok 'a call is under way' eventually test -e hanging
kill "$hub"
ok 'a leaf that has no part in it is let go at once' eventually told 'next dial in' "$c_log"
ok '... the others are not' not told 'next dial in' "$a_log"
ok '... neither of them' not told 'next dial in' "$b_log"
fedx-probe -r h call -t 2 hang m x >said 2>&1
like "$(cat said)" 'shutting_down: .*\(not delivered\)' 'what is new is refused'
ok '... and those with a part in it are still not let go' not told 'next dial in' "$a_log"
ok '... neither of them' not told 'next dial in' "$b_log"
kill "$hub"
ok 'a second signal: without waiting' ended "$hub"
ok 'the call ends' not ended "$caller"
like "$(cat "$caller_log")" '\(may have run\)' '... and may have run'
stop "$a"; stop "$b"; stop "$c"

# --- what is answered goes out, also to one that is slow to read ---

hub
printf '{"type":"request","id":1,"service":"big","method":"m","timeout_ms":20000}\n' >request
start fedx-probe -r h serve big -- sh -c 'head -c 250000 /dev/zero | tr "\0" x; : >answered'
ok 'a service is there' eventually sh -c 'fedx-probe -r h -H services | grep -q ^big'
start perl -MIO::Socket::UNIX -e '
	my $s = IO::Socket::UNIX->new("h/node.sock") or die;
	setsockopt($s, Socket::SOL_SOCKET, Socket::SO_RCVBUF, pack("i", 4096));
	open my $f, "<", "request"; syswrite $s, join "", <$f>;
	sleep 1 while !-e "drained";
	my $n = 0;
	while (sysread $s, my $b, 16384) { $n += length $b; select undef, undef, undef, 0.01 }
	print "$n bytes\n"'
reader=$pid reader_log=$log
ok 'it answers' eventually test -e answered
kill "$hub"
ok 'the hub drains' eventually told 'event=draining' "$hub_log"
: >drained
ok 'and ends well' ended "$hub"
ok 'the reader too' ended "$reader"
like "$(cat "$reader_log")" '^33[0-9]{4} bytes' '... with all of the answer'
stop "$hub2"
done_testing
