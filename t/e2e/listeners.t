#!/bin/sh
# listeners.t - what each listener asks for: what may be open, to whom, and what a guest may do.
. "${0%/*}/../lib/tap.sh"
command -v openssl >/dev/null || skip_all 'the openssl command is not installed'
cd "$FEDX_RUN" || exit 1
umask 077
mkdir d h a c
fedx-probe keygen hub hub.test -d d --ip 127.0.0.1 >/dev/null 2>&1
fedx-probe keygen token a.lab -d d --cluster lab >/dev/null 2>&1
tls='--tls-cert d/hub.pem --tls-key d/hub.key' list='--token-file d/tokens'
told() { grep -Eqs -e "$1" "$2"; }

# what may be open: every combination; no is refused, with the reason
while IFS='|' read -r want at with why
do
	case $want in yes) status=0 ;; *) status=78 ;; esac
	# shellcheck disable=SC2086
	eval "set -- $with"
	fedx-hub -t -r h -l "$at" "$@" >out 2>said
	is $? "$status" "$at $with: $want"
	test "$want" = yes || like "$(cat said)" "$why" '... and says why'
done <<'END'
yes|127.0.0.1:1||
yes|127.0.0.1:1,tls=off||
yes|127.0.0.1:1,tls=off|$tls|
yes|127.0.0.1:1,tls=on|$tls|
yes|127.0.0.1:1,tls=proxy,trust_proxy=127.0.0.1||
yes|127.0.0.1:1,auth=required|$list|
yes|127.0.0.1:1,auth=guests|$list|
no|127.0.0.1:1,tls=on||wants --tls-cert
no|127.0.0.1:1,tls=proxy||wants trust_proxy
no|127.0.0.1:1,auth=required||wants --token-file
no|127.0.0.1:1,auth=guests||wants --token-file
no|127.0.0.1:1,auth=none||want required or guests
no|0.0.0.0:1||give --tls-cert
no|0.0.0.0:1|$tls|give --token-file
no|0.0.0.0:1|$list|give --tls-cert
yes|0.0.0.0:1|$tls $list|
no|0.0.0.0:1,tls=off|$tls $list|leave tls=off out
no|0.0.0.0:1,tls=off||leave tls=off out
yes|0.0.0.0:1,tls=on|$tls $list|
no|0.0.0.0:1,tls=on|$tls|give --token-file
no|0.0.0.0:1,tls=on|$list|wants --tls-cert
yes|0.0.0.0:1,tls=proxy,trust_proxy=192.0.2.1|$list|
no|0.0.0.0:1,tls=proxy,trust_proxy=192.0.2.1||give --token-file
no|0.0.0.0:1,tls=proxy|$list|wants trust_proxy
no|0.0.0.0:1,trust_proxy=192.0.2.1|$list|give --tls-cert
yes|0.0.0.0:1,tls=on,auth=required|$tls $list|
yes|0.0.0.0:1,tls=on,auth=guests|$tls $list|
no|0.0.0.0:1,tls=on,auth=guests|$tls|wants --token-file
no|0.0.0.0:1,tls=off,auth=guests|$tls $list|leave tls=off out
yes|0.0.0.0:1,tls=proxy,trust_proxy=192.0.2.1,auth=guests|$list|
yes|0.0.0.0:1|--insecure|
yes|0.0.0.0:1,tls=off|--insecure|
yes|0.0.0.0:1,tls=off,auth=guests|--insecure $list|
no|0.0.0.0:1,tls=proxy|--insecure|wants trust_proxy
no|0.0.0.0:1,tls=on|--insecure|wants --tls-cert
no|0.0.0.0:1,auth=required|--insecure|wants --token-file
yes|:1|$tls $list|
no|:1||give --tls-cert
END
ok 'one that may not be open among others' expect_status 78 fedx-hub -t -r h -l 127.0.0.1:1 -l 0.0.0.0:2,tls=off
ok 'a leaf has no list' expect_status 78 fedx-leaf -t -r h -u fedx://h -l 127.0.0.1:1,auth=guests --token-file d/a.lab.token
cat >c/fedx.lua <<'END'
token_file = "d/tokens"
listen = {
	"127.0.0.1:1",
	{ "127.0.0.1:2", tls = "proxy", trust_proxy = { "192.0.2.1", "10.0.0.0/8" }, auth = "guests", guests = { dialects = "lines" } },
}
END
is "$(fedx-hub -t -r h -c c | grep ^listen)" 'listen=127.0.0.1:1
listen=127.0.0.1:2,auth=guests,guests.dialects=lines,tls=proxy,trust_proxy=192.0.2.1,trust_proxy=10.0.0.0/8' 'the same in fedx.lua'

# one hub, a listener of each kind
p1=$(free_port) p2=$(free_port) p3=$(free_port) p4=$(free_port)
# shellcheck disable=SC2086
start fedx-hub -i hub.test -C lab -r h $tls $list -l "127.0.0.1:$p1" -l "127.0.0.1:$p2,tls=off" \
	-l "127.0.0.1:$p3,tls=off,auth=guests,guests.dialects=lines" -l "127.0.0.1:$p4,tls=proxy,trust_proxy=192.0.2.1"
hub=$pid hub_log=$log
ok 'a hub with four listeners' wait_ready "$hub_log"
start fedx-probe -r h serve echo -- cat
joins() {	# joins URL: a leaf comes up
	start fedx-leaf -u "$1" -i a.lab -C lab -r a --tls-ca d/ca.pem --token-file d/a.lab.token --set link.backoff=20ms
	joined=$pid joined_log=$log
	await told "now=(UP|BACKOFF|REFUSED)" "$joined_log"
	told 'now=UP' "$joined_log"
	joins=$?
	stop "$joined"
	return "$joins"
}
ok 'TLS where it is the default' joins "fedxs://127.0.0.1:$p1"
ok '... and no plain text' not joins "fedx://127.0.0.1:$p1"
ok 'plain text where TLS is off' joins "fedx://127.0.0.1:$p2"
ok '... and no TLS' not joins "fedxs://127.0.0.1:$p2"
ok 'nothing directly where a proxy ends it' not joins "fedx://127.0.0.1:$p4"
ok '... not TLS either' not joins "fedxs://127.0.0.1:$p4"
ok '... as the log says' told 'this port is for the proxies of its trust_proxy' "$hub_log"

# guests
talk() { perl "$FEDX_SRC/t/lib/talk.pl" "127.0.0.1:$1" <script; }
cat >script <<'END'
c -> {"type":"hello","cluster":"lab"}
c <- {"type":"welcome","node":"hub.test","cluster":"lab"}
c -> {"type":"ping"}
c <- {"type":"pong"}
END
ok 'a guest may connect' talk "$p3"
refused() { ! talk "$p2" 2>said && grep -q unauthenticated said; }
ok '... where guests are let in' refused
start fedx-leaf -u "fedx://127.0.0.1:$p3" -i guest.lab -C lab -r a
ok 'no node is a guest' eventually told 'now=REFUSED why=".*(token|credential)' "$log"
stop "$pid"
may() {	# may FILE: is that what a guest is told?
	perl "$FEDX_SRC/t/lib/ws.pl" "127.0.0.1:$p3" <"$1"
}
cat >asks <<'END'
frame 81 {"type":"hello","cluster":"lab"}
hear
frame 81 {"type":"request","id":1,"service":"echo","method":"m","payload":"x"}
hear
frame 81 {"type":"request","id":2,"service":"fedx","method":"links","payload":"x"}
hear
frame 81 {"type":"attach","endpoint":"lamp@lab"}
hear
frame 81 {"type":"subscribe","id":3,"pattern":"/**"}
hear
frame 81 {"type":"publish","id":4,"path":"/a/b","payload":"x"}
hear
END
may asks >said 2>&1
is "$(grep -c '"name":"scope"' said)" 5 'a guest may do nothing: request, list, attach, subscribe, publish'
ok 'the hub ends well' stop "$hub"

# policy grants
cat >c/policy.lua <<'END'
function admit(peer)
	if peer.role == "guest" then return fedx.allow{ scopes = { "echo", "*@lab", "/a/**" }, tags = "guest" } end
	return fedx.allow()
end
END
rm c/fedx.lua
start fedx-hub -i hub.test -C lab -r h -c c --token-file d/tokens -l "127.0.0.1:$p3,auth=guests"
hub=$pid hub_log=$log
ok 'a hub with a policy' wait_ready "$hub_log"
start fedx-probe -r h serve echo -- cat
served() { test "$(fedx-probe -r h -q call echo m x 2>&1)" = x; }
ok '... and a service' eventually served
cat >>asks <<'END'
frame 81 {"type":"publish","id":5,"path":"/b","payload":"x"}
hear
END
may asks >said 2>&1
is "$(grep -c '"type":"reply","id":1,"payload":"x"' said)" 1 'a guest may use a service that admit grants'
is "$(grep -c '"type":"attached"' said)" 1 '... and be an endpoint'
is "$(grep '"name":"scope"' said | sed 's/.*"id":\([0-9]*\).*/\1/' | tr '\n' ' ')" '2 3 5 ' '... and nothing else'
ok 'the hub ends well, too' stop "$hub"
done_testing
