#!/bin/sh
# faults-memory.t - no memory: at start a program says so, later it goes on, and every fate stays true.
#
# FEDX_FAULTS=all fails each allocation of a start, not each third, and each program in more ways.
. "${0%/*}/../lib/tap.sh"
. "${0%/*}/../lib/fates.sh"
umask 077

lib=$FEDX_RUN/failalloc.so orders=$FEDX_RUN/orders
cc=$(sed -n 's/^CC = *//p' "$FEDX_BUILD/config.mk")
# shellcheck disable=SC2086
$cc -shared -fPIC -o "$lib" "$FEDX_SRC/t/lib/preload/failalloc.c" -ldl 2>/dev/null || skip_all 'no shared library can be built here'
nomem() { perl "$FEDX_SRC/t/lib/nomem.pl" "$@"; }
! grep -q fsanitize "$FEDX_BUILD/config.mk" || skip_all 'a sanitizer has a malloc of its own; bin/check runs it with the plain build'
nomem new "$orders"
FAIL_IN=fedx-probe FAIL_FILE=$orders LD_PRELOAD=$lib fedx-probe -V >/dev/null
test "$(nomem calls "$orders")" -gt 0 || skip_all 'its malloc cannot be replaced from outside'
step=3 turns='hub route b' everies='41 5'
test "${FEDX_FAULTS-}" != all || step=1 turns='hub route a b' everies='41 7 5 3 2'

mkdir "$FEDX_RUN/h" "$FEDX_RUN/a" "$FEDX_RUN/b" "$FEDX_RUN/conf"
cd "$FEDX_RUN" || exit 1
cat >conf/policy.lua <<'LUA'
function route(msg)
	if msg.service == "never" then return fedx.deny "not here" end
end
LUA
printf 'listen = { "127.0.0.1:0" }\n' >conf/fedx.lua
fedx-probe keygen hub hub.test -d keys --ip 127.0.0.1 >/dev/null || skip_all 'no openssl'
at=127.0.0.1:$(free_port)

# starts WHAT USE PROGRAM ARGUMENT...
starts() {
	what=$1; shift
	ok "$what starts with any allocation that fails, or says why not" nomem starts "$orders" "$step" "$lib" "$@"
	tail -n 1 "$FEDX_RUN/ok.out" | sed 's/^/# /'
}
starts 'a hub with TLS, a peer and settings' "fedx-probe -r $FEDX_RUN/h -q links >/dev/null" \
	fedx-hub -l 127.0.0.1:0 -r "$FEDX_RUN/h" -c conf -i hub.test -C test --no-autostart --insecure \
	--tls-cert keys/hub.pem --tls-key keys/hub.key --peer "fedxs://$at"
starts 'a leaf' "fedx-probe -r $FEDX_RUN/a -q links >/dev/null" \
	fedx-leaf -r "$FEDX_RUN/a" -i a.test -C test --tls-ca keys/ca.pem -u "fedxs://$at" -u fedx://name.invalid
starts "fedx-route" true fedx-route -r "$FEDX_RUN/b" -c conf

# under load: the hub, the leaf of the service and the caller's, fedx-route, each in turn
quick='--set link.backoff=20ms --set link.backoff_max=100ms --set link.refused=50ms
	--set link.ping=200ms --set link.dead=1s --set link.come_back=20ms --set drain.wait=2s'
hub() {	# hub COMMAND...: before the program, if it is to fail
	# shellcheck disable=SC2086
	start "$@" fedx-hub -l "$at" -r "$FEDX_RUN/h" -c conf -i hub.test -C test --insecure --no-autostart \
		--tls-cert keys/hub.pem --tls-key keys/hub.key $quick
	hub=$pid
	wait_ready "$log"
}
route() { start "$@" fedx-route -r "$FEDX_RUN/h" -c conf; route=$pid; eventually grep -q policy_loaded "$log"; }
leaf() {	# leaf NAME COMMAND...
	leaf=$1; shift
	# shellcheck disable=SC2086
	start "$@" fedx-leaf -u "fedxs://$at" --tls-ca keys/ca.pem -i "$leaf.test" -C test -r "$FEDX_RUN/$leaf" $quick
	eval "$leaf=\$pid"
	wait_ready "$log"
}
failed() { test "$(nomem failed "$orders")" -ge "$1"; }
counted='a b h'
use() {	# everything else that a node does, whatever becomes of it; not that of the caller, whose requests are compared
	kill -HUP "$hub" "$route"
	timeout 10 fedx-probe -r "$FEDX_RUN/h" -q explain a.test/x run
	timeout 10 fedx-probe -r "$FEDX_RUN/b" -q links
	timeout 10 fedx-probe -r "$FEDX_RUN/b" -q pub /some/path text
	seq 50 | timeout 10 fedx-probe -r "$FEDX_RUN/b" -q call -t 1 -P 8 never m -
	timeout 10 fedx-probe -r "$FEDX_RUN/b" -q routes
	timeout 90 fedx-probe -r "$FEDX_RUN/h" -q reload	# the node waits for a fedx-route, and for what that tries
	test $? -lt 124
}
hub env && route env && leaf a env && leaf b env || { not_ok 'the nodes are ready'; done_testing; }

# fedx-probe, verb by verb
start fedx-probe -r b serve echo -- cat
start fedx-probe -r a serve never -- sh -c 'echo ran >>never.ran'
known() { fedx-probe -r a -q ping -c 1 echo && fedx-probe -r h -q services | grep -q '^never'; }
ok 'services are there' eventually known
ok 'of which policy denies one' expect_status 77 fedx-probe -r b -q call never m x
while read -r words
do
	# shellcheck disable=SC2086
	ok "fedx-probe $words: ends well with any allocation that fails, or says why not" \
		nomem ends "$orders" "$step" "$lib" fedx-probe -q $words
	tail -n 1 "$FEDX_RUN/ok.out" | sed 's/^/# /'
done <<'END'
-r a call echo m x
-r a call -J fedx policy {}
-r a pub /path text
-r a ping -c 1 echo
-r h links
-r h -j services
-r h endpoints
-r h paths
-r h peers
-r h routes
-r h policy
-r h rules
-r h flows
-r a trace echo
-r h explain a.test echo
-r h reload --check
-r a link retry hub.test
-r a version
keygen token t.test -d made
keygen key k.test -d made
END
nomem new "$orders"
nomem fail "$orders" 1 1000000000000 0 65536
ok 'what the node says has no room: fedx-probe does not try for ever' expect_status 75 \
	timeout 20 env FAIL_FILE="$orders" FAIL_IN=fedx-probe LD_PRELOAD="$lib" fedx-probe -r h -q call -t 60 echo m x
like "$(cat "$FEDX_RUN/ok.out")" 'no memory for what the node says' '... by a sentence'
# shellcheck disable=SC2086
ok 'fedx-probe doctor' nomem ends "$orders" $((step * 4)) "$lib" fedx-probe -q doctor --tls-ca keys/ca.pem "fedxs://$at"

set -- FAIL_FILE="$orders" LD_PRELOAD="$lib"
for who in $turns
do
	eval "victim=\$$who"
	stop "$victim"
	nomem new "$orders"
	case $who in
	hub) hub env FAIL_IN=fedx-hub "$@" ;;
	route) route env FAIL_IN=fedx-route "$@" ;;
	*) leaf "$who" env FAIL_IN=fedx-leaf "$@" ;;
	esac || { not_ok "$who is ready"; done_testing; }
	eval "victim=\$$who"
	begin "$who" 32 --body-every 9 --timeout 3000
	serve --delay 5
	more "$who: at peace"
	for every in $everies
	do
		nomem fail "$orders" 1 1 $every
		ok "$who: used, while every ${every}th allocation fails" use
		eventually failed 1
		nomem fail "$orders" 1 0 0
		more "$who: and it goes on"
	done
	nomem fail "$orders" 1 1 1
	ok "$who: used while there is none at all" use
	nomem fail "$orders" 1 0 0
	more "$who: and it goes on"
	ok "$who: it lives still" kill -0 "$victim"
	ok "$who: what policy denies has not run" not test -e never.ran
	echo "# $(nomem failed "$orders") of $(nomem calls "$orders") allocations have failed"
	finish "$who"
	ok "$who: it ends well" stop "$victim"
	case $who in
	hub) hub env ;;
	route) route env ;;
	*) leaf "$who" env ;;
	esac
done
done_testing
