#!/bin/sh
# proxy.t - hubs are reached by HTTP CONNECT, by every transport, and what a proxy refuses is told.
. "${0%/*}/../lib/tap.sh"
command -v openssl >/dev/null || skip_all 'the openssl command is not installed'
cd "$FEDX_RUN" || exit 1
umask 077
unset https_proxy HTTPS_PROXY no_proxy NO_PROXY

told() { grep -Eqs -e "$1" "$2"; }
says() { printf '%s\n' "$1" >does; }
proxy() {	# proxy: one that does what the file `does` says
	start perl "$FEDX_SRC/t/lib/proxy.pl" does
	proxy=$(ready_at "$log") proxy_pid=$pid proxy_log=$log
}
leaf() {	# leaf URL [OPTION...]
	leaf_url=$1
	shift
	mkdir -p a
	start fedx-leaf -u "$leaf_url" -i a.lab -C lab -r a --tls-ca d/ca.pem --token-file d/a.lab.token \
		--set link.backoff=20ms --set link.backoff_max=50ms --set link.handshake=5s "$@"
	leaf=$pid leaf_log=$log
}
works() { test "$(fedx-probe -r a call echo m across 2>&1)" = across; }
comes_up() {	# comes_up WHAT URL [OPTION...]
	up_what=$1
	shift
	leaf "$@"
	ok "$up_what" eventually works
	ok '... and it ends well' stop "$leaf"
}
# fails WHAT WHY URL [OPTION...]: no link, and the log says why
fails() {
	fails_what=$1 fails_why=$2
	shift 2
	leaf "$@"
	ok "$fails_what" eventually told "now=(BACKOFF|REFUSED) why=\".*$fails_why.*next dial in" "$leaf_log"
	ok '... no link' not told 'now=UP' "$leaf_log"
	ok '... and it ends well' stop "$leaf"
}

says pass
proxy
mkdir d p h
# 0.0.0.0 is this host to whoever connects to it, and not one of its loopback addresses
fedx-probe keygen hub hub.test -d d --ip 0.0.0.0 >/dev/null 2>&1
fedx-probe keygen token a.lab -d d --cluster lab >/dev/null 2>&1
fedx-probe keygen token b.lab -d d --cluster lab --role hub >/dev/null 2>&1
start fedx-hub -l 127.0.0.1:0 -i hub.test -C lab -r h --tls-cert d/hub.pem --tls-key d/hub.key --token-file d/tokens
hub=$pid port=$(ready_at "$log") port=${port##*:}
start fedx-probe -r h serve echo -- cat
start fedx-hub -l 127.0.0.1:0 -i plain.test -C lab -r p
plain=$pid plain_port=$(ready_at "$log") plain_port=${plain_port##*:}
start fedx-probe -r p serve echo -- cat

# every transport; the name is the proxy's to resolve: here nobody knows it
by() { echo "--set proxy=http://$proxy"; }
# shellcheck disable=SC2046
{
comes_up 'fedxs' "fedxs://hub.test:$port" $(by)
comes_up 'wss' "wss://hub.test:$port/any" $(by)
comes_up 'fedx' "fedx://hub.test:$plain_port" $(by) --insecure
comes_up 'ws' "ws://hub.test:$plain_port" $(by) --insecure
is "$(grep asked "$proxy_log" | sort -u)" "$(printf '%s\n' "asked hub.test:$port" "asked hub.test:$plain_port" | sort)" \
	'by the proxy, which was asked for name and port'
start fedx-hub -l 127.0.0.1:0 -i b.lab -C lab -r a --peer "fedxs://hub.test:$port" --tls-ca d/ca.pem \
	--set uplink.token_file=d/b.lab.token $(by)
peer=$pid
ok 'a peer' eventually works
is "$(fedx-probe -r a -H links | grep -c "hub.test:$port")" 1 'and links names who is behind the proxy'
stop "$peer"
comes_up 'an answer octet by octet' "fedxs://hub.test:$port" $(says drip; by)
says pass

# who is not dialled by it
: >"$proxy_log"
comes_up 'loopback' "fedx://127.0.0.1:$plain_port" $(by)
comes_up 'an exception' "fedxs://0.0.0.0:$port" $(by) --set no_proxy=.example.net,0.0.0.0/8
NO_PROXY='*'; export NO_PROXY
comes_up 'an exception of the environment' "fedxs://0.0.0.0:$port" $(by)
unset NO_PROXY
is "$(grep -c asked "$proxy_log")" 0 'they are dialled directly'

# user and password: from a file, or the environment
says 'login me:s@cret%'
echo "http://me:s%40cret%25@$proxy" >login
comes_up 'a login in a file' "fedxs://hub.test:$port" --set proxy_file=login
HTTPS_PROXY=http://me:s%40cret%25@$proxy; export HTTPS_PROXY
comes_up 'a login in the environment' "fedxs://hub.test:$port"
HTTPS_PROXY=socks5://$proxy
ok 'no HTTP proxy' expect_status 78 fedx-leaf -t -u fedx://hub.test -r a
ok 'which does not matter to who dials nobody' fedx-hub -t -r a
unset HTTPS_PROXY
fails 'no login' "cannot connect to hub.test:$port: the proxy $proxy wants user and password .status 407.: .*proxy_file" \
	"fedxs://hub.test:$port" $(by)
ok '... is tried seldom' told 'now=REFUSED' "$leaf_log"
echo "http://me:wrong@$proxy" >login
leaf "fedxs://hub.test:$port" --set proxy_file=login
ok 'a wrong login' eventually told 'now=REFUSED why=".*does not accept user and password' "$leaf_log"
echo "http://me:s%40cret%25@$proxy" >login
kill -HUP "$leaf"
ok '... is put right by a reload' eventually works
stop "$leaf"
ok 'a login in argv' expect_status 78 fedx-leaf -t -u fedx://h -r a --set proxy=http://me:s@gate:1
ok 'two proxies' expect_status 78 fedx-leaf -t -u fedx://h -r a --set proxy=http://gate:1 --set proxy_file=login
chmod 644 login
ok 'a file that others may read' expect_status 78 fedx-leaf -t -u fedx://h -r a --set proxy_file=login
chmod 600 login
ok 'no password in any log' not grep -q 'cret\|bWU6' ./fedx-*.log

# what may go wrong
fails 'nobody listens there' "cannot connect to the proxy 127.0.0.1:1: .*refused" "fedxs://hub.test:$port" --set proxy=http://127.0.0.1:1
fails 'no such proxy' "cannot resolve 'no-such-proxy.invalid'" "fedxs://hub.test:$port" --set proxy=http://no-such-proxy.invalid:1
while IFS='|' read -r what does why
do
	says "$does"
	fails "$what" "cannot connect to hub.test:$port: the proxy $proxy $why" "fedxs://hub.test:$port" $(by)
done <<'END'
it forbids|say HTTP/1.1 403 Filtered\r\n\r\n|does not let us through .status 403.: have CONNECT
it cannot|say HTTP/1.1 502 Bad Gateway\r\nContent-Length: 3\r\n\r\nno\n|cannot get there .status 502.
a login that we have not|say HTTP/1.1 407 No\r\nProxy-Authenticate: NTLM\r\n\r\n|wants another proof
another redirects|say HTTP/1.1 302 Found\r\nLocation: http://portal/\r\n\r\n|refuses CONNECT with status 302
garbage|say \xff\xfe\x00|does not answer like an HTTP proxy
a head without end|hold HTTP/1.1 200 OK\r\nX: x*17000|does not answer like an HTTP proxy .*over 16384
it hangs up|say |gives no answer to CONNECT
it hangs up in the middle|say HTTP/1.1 200 O|gives no answer to CONNECT
END
says 'hold HTTP/1.1 200 OK\r\n'
fails 'it is slow' "the proxy $proxy does not answer CONNECT within [0-9]* ms" "fedxs://hub.test:$port" $(by) --set link.handshake=300ms
says pass
fails 'nothing listens behind it' "the proxy $proxy cannot get there .status 502" "fedxs://hub.test:1" $(by)
fails 'the wrong hub behind it' "no TLS with other.test:$port by the proxy $proxy: .*name" "fedxs://other.test:$port" $(by)
says "early $(printf 'HTTP/1.1 200 OK\\\\r\\\\n')"
fails 'words in TLS' "no TLS with hub.test:$port by the proxy" "fedxs://hub.test:$port" $(by)
}
says pass

# one URL of two behind the proxy that works
says 'login nobody:x'
leaf "fedxs://hub.test:$port" --set proxy_file=login -u "fedxs://0.0.0.0:$port" --set no_proxy=0.0.0.0 --set link.refused=100ms
ok 'the next hub of the list, without it' eventually works
stop "$leaf"

# doctor
doctor() { fedx-probe doctor -t $((5 * FEDX_TEST_SLOW)) --tls-ca d/ca.pem --token-file d/a.lab.token "$@" >seen 2>said; }
cells() { awk -F '\t' -v step="$1" '$1 == step { print $2 "\t" $4 }' seen; }
says pass
for scheme in fedxs wss
do
	ok "doctor $scheme" doctor --proxy "http://$proxy" "$scheme://hub.test:$port"
	is "$(cells dns)" 'skipped	not needed: an address' 'the name is not asked for'
	is "$(cells tcp)" "ok	the proxy: $proxy" 'the connection is to the proxy'
	is "$(cells proxy)" "ok	$proxy lets us through to hub.test:$port" 'which lets through'
	like "$(cells certificate)" '^ok	signed' 'to the hub'
done
ok 'doctor, whom it does not serve' doctor --proxy "http://$proxy" "fedx://127.0.0.1:$plain_port"
is "$(cells proxy)" 'skipped	none' 'asks nobody'
ok 'doctor, second tries' expect_status 76 doctor --proxy "http://$proxy" "fedxs://other.test:$port"
like "$(cells certificate)" "^fail	.*name.*sha256" 'go by it too'
says 'login me:s@cret%'
ok 'doctor, a login' doctor --proxy-file login "fedxs://hub.test:$port"
ok 'doctor, none' expect_status 77 doctor --proxy "http://$proxy" "fedxs://hub.test:$port"
like "$(cells proxy)" '^fail	the proxy .* wants user and password' 'fails at the proxy'
like "$(cat said)" '^fedx-probe: proxy: put its URL' 'and says what to do'
is "$(cells tls)" 'skipped	not reached' 'no further'
ok 'doctor, a login in argv' expect_status 64 doctor --proxy "http://me:x@$proxy" "fedxs://hub.test:$port"
says 'hold HTTP'
ok 'doctor, a slow one' expect_status 75 doctor -t 0.3 --proxy "http://$proxy" "fedxs://hub.test:$port"
like "$(cells proxy)" '^fail	.*does not answer CONNECT within 300 ms' 'is not waited for'
ok 'doctor, none there' expect_status 69 doctor --proxy http://127.0.0.1:1 "fedxs://hub.test:$port"
like "$(cat said)" 'that is the proxy: correct its host' 'says whose address that is'

ok 'the hub ends well' stop "$hub"
ok 'and the plain one' stop "$plain"
done_testing
