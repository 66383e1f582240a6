#!/bin/sh
# faults-route.t - fedx-route under load, asked for each request: killed at each call, stopped, and refused what it asks of the system.
. "${0%/*}/../lib/tap.sh"
. "${0%/*}/../lib/fates.sh"
. "${0%/*}/../lib/nodes.sh"
command -v strace >/dev/null && can_trace || skip_all 'strace cannot inject signals here'
cd "$FEDX_RUN" || exit 1

mkdir conf
# more look-ups than a verdict can remember: nothing of it is kept
policy='function route(msg, env)
	for i = 1, 5 do env:knows("service", "x" .. i) end
	if msg.service == "never" then return fedx.deny("no") end
end'
echo "$policy" >conf/policy.lua
route() {
	start $under fedx-route -r h -c conf
	route=$pid route_log=$log
	eventually loaded
}
loaded() { grep -q event=policy_loaded "$route_log" || gone "$route"; }
# lives: unless its own watch over hooks has ended it, as on a machine that is too busy; then there is another
lives() { ! gone "$route" || { tail -n 1 "$route_log" | grep event=hung && another; }; }
another() {	# one that nothing befalls
	under=''
	gone "$route" || { kill -9 "$route"; ended "$route"; }
	route && lives
}
reload() { timeout 20 fedx-probe -q -r h reload; }

hub -c conf --no-autostart --set policy.wait=500ms && another && leaf a && leaf b ||
	{ not_ok 'the nodes are ready'; done_testing; }
begin route 8 --timeout 2000 --pace 5
serve
more 'at peace'

# --- killed ---

dies() {	# dies CALL N: the Nth is its last
	kill -9 "$route"; ended "$route"
	from_start "$1:signal=KILL:when=$2"
	route
	eventually gone "$route"
}
times='9'
test "${FEDX_FAULTS-}" != all || times='1 2 3 5 8 13 30 60 100'
for call in bind,1 listen,1 accept4,1 openat,9 write,1 write,2 $(for n in $times; do echo "sendto,$n" "recvfrom,$n"; done)
do
	ok "killed at ${call%,*} ${call#*,}" dies "${call%,*}" "${call#*,}"
	ok '... another one is there' another
	more '... and it goes on'
done
finish 'fedx-route killed'

# what it had kept is whole, wherever it was killed, and its start goes on from there
for call in write,3 write,5 rename,1
do
	rm -f h/policy.good
	ok 'a good policy is kept' another
	echo "-- ${call%,*}" >>conf/policy.lua
	ok "killed at ${call%,*}, with another one" dies "${call%,*}" "${call#*,}"
	echo 'function route(' >conf/policy.lua
	ok '... it starts with what it had' another
	ok '... which is whole' grep -q 'event=policy_loaded .*from=policy.good' "$route_log"
	echo "$policy" >conf/policy.lua
done

# --- stopped ---

ok 'another one' another
begin stopped 8 --timeout 2000 --pace 5
serve
more 'at peace'
for again in 1 2
do
	kill -STOP "$route"
	denied_before=$(count 'not_delivered .*policy_unavailable')
	denied() { test "$(count 'not_delivered .*policy_unavailable')" -gt "$denied_before"; }
	ok "it stands still: what it should be asked is denied ($again)" eventually denied
	kill -CONT "$route"
	more '... and goes on with it'
done
kill -STOP "$a"
ok 'the hub finds the leaf of the caller dead' eventually grep -q 'subject=a.test.*half-open' "$hub_log"
kill -CONT "$a"
more '... it comes back'
finish 'fedx-route and a leaf stopped'

# --- refused ---

begin refused 8 --timeout 2000 --pace 5
serve
more 'at peace'
some='recvfrom:error=EINTR:when=1..90+3 sendto:error=EAGAIN:when=1..90+3 sendto:error=EINTR:when=2..92+3
	epoll_wait,epoll_pwait:error=EINTR:when=1..60+2 recvfrom:error=ECONNRESET:when=20 sendto:error=EPIPE:when=20'
test "${FEDX_FAULTS-}" != all || some="$some sendto:error=ENOBUFS:when=5 recvfrom:error=ENOMEM:when=7 recvfrom:error=EIO:when=9
	accept4:error=EMFILE:when=1..2"
for one in $some
do
	lives
	ok "$one" inject "$route" "$one"
	case $one in accept*) perl -MIO::Socket::UNIX -e 'IO::Socket::UNIX->new("h/route.sock") or exit 1' ;; esac
	heal
	more '... it goes on'
done
for one in rename:error=EIO openat:error=EMFILE:when=1 clone,fork,vfork:error=EAGAIN write:error=EIO
do
	echo "-- $one" >>conf/policy.lua
	ok "$one" inject "$route" "$one"
	reload
	ok '... a reload ends' test $? -lt 124
	ok '... it lives' lives
	more '... and it goes on'
	heal
done
ok 'after that a reload passes' eventually reload
finish 'fedx-route refused'
done_testing
