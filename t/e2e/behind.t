#!/bin/sh
# behind.t - behind a load balancer the address is that of who is before it, and only its word counts.
. "${0%/*}/../lib/tap.sh"
PATH=$PATH:/usr/sbin:/usr/local/sbin
command -v openssl >/dev/null || skip_all 'the openssl command is not installed'
perl -MIO::Socket::INET -e 'exit !IO::Socket::INET->new(Listen => 1, LocalAddr => "127.0.0.9")' ||
	skip_all 'this host has no other loopback addresses than 127.0.0.1'
cd "$FEDX_RUN" || exit 1
umask 077
mkdir d h a c
fedx-probe keygen token a.lab -d d --cluster lab >/dev/null 2>&1
fedx-probe keygen token c.lab -d d --cluster lab --role client >/dev/null 2>&1
fedx-probe keygen hub hub.test -d d --ip 0.0.0.0 >/dev/null 2>&1
told() { grep -Eqs -e "$1" "$2"; }
cat >c/policy.lua <<'END'
function admit(peer)
	if peer.address == "198.51.100.66" then return fedx.deny("not from there") end
	return fedx.allow()
end
END
plain=$(free_port) shielded=$(free_port)
start fedx-hub -i hub.test -C lab -r h -c c --token-file d/tokens --set link.per_address=2 --set log.level=debug \
	-l "127.0.0.1:$plain,tls=off,trust_proxy=127.0.0.9,trust_proxy=203.0.113.0/24" \
	-l "127.0.0.1:$shielded,tls=proxy,trust_proxy=127.0.0.9"
hub=$pid hub_log=$log
ok 'the hub is ready' wait_ready "$hub_log"
start fedx-probe -r h serve echo -- cat

# a proxy of perl: says TEXT and HELLO from ADDRESS, prints the answer, and stays with `hold`
token=$(cat d/c.lab.token)
cat >speak.pl <<'END'
use IO::Socket::INET;
my ($from, $to, $text, $token, $hold) = @ARGV;
my $s = IO::Socket::INET->new(PeerAddr => $to, LocalAddr => $from) or die;
$text =~ s/\\x(..)/chr hex $1/ge;
$text =~ s/\\r\\n/\r\n/g;
print $s $text, $token ? qq({"type":"hello","cluster":"lab","node":"c.lab","token":"$token"}\n) : '';
local $SIG{ALRM} = sub { print "silence\n"; exit };
alarm 10;
my $line = <$s>;
$| = 1;
print $line // "gone\n";
sleep 60 if $hold;
END
speak() { perl speak.pl "$1" "127.0.0.1:${3:-$plain}" "$2" "$token"; }
held() {	# the same, and it stays
	start perl speak.pl "$1" "127.0.0.1:$plain" "$2" "$token" hold
	await test -s "$log"
}
logged() { eventually told "link_up .*peer=\"?$1" "$hub_log"; }

like "$(speak 127.0.0.9 'PROXY TCP4 198.51.100.1 10.0.0.1 4711 443\r\n')" welcome 'PROXY, version 1'
ok '... its address is in the log' logged '198.51.100.1:4711'
v2='\x0d\x0a\x0d\x0a\x00\x0d\x0aQUIT\x0a'
like "$(speak 127.0.0.9 "$v2"'\x21\x11\x00\x0c\xc6\x33\x64\x02\x0a\x00\x00\x01\x12\x67\x01\xbb')" welcome 'version 2'
ok '... its address' logged '198.51.100.2:4711'
like "$(speak 127.0.0.9 "$v2"'\x21\x21\x00\x24\x20\x01\x0d\xb8\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x07\x20\x01\x0d\xb8\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x01\x12\x67\x01\xbb')" \
	welcome 'version 2, IPv6'
ok '... its address' logged '\[2001:db8::7\]:4711'
like "$(speak 127.0.0.9 "$v2"'\x20\x00\x00\x00')" welcome 'a health check speaks for itself'
like "$(speak 127.0.0.9 '')" welcome 'so does who says nothing'
ok '... by the address of the proxy' logged '127.0.0.9:'
is "$(speak 127.0.0.1 'PROXY TCP4 198.51.100.1 10.0.0.1 4711 443\r\n')" gone 'from elsewhere a PROXY header is refused'
ok '... as the log says' told 'turned_away.*is no proxy of trust_proxy' "$hub_log"
is "$(speak 127.0.0.9 'PROXY TCP4 198.51.100.1 10.0.0.1 4711 443\r\nPROXY TCP4 198.51.100.2 10.0.0.1 1 1\r\n')" gone 'a second one is refused'
is "$(speak 127.0.0.9 'PROXY TCP4 198.51.100.1 10.0.0.1 4711\r\n')" gone 'a malformed one is refused'
like "$(speak 127.0.0.9 'PROXY TCP4 198.51.100.66 10.0.0.1 4711 443\r\n')" 'not from there|denied' 'policy sees the address'
held 127.0.0.9 'PROXY TCP4 198.51.100.9 10.0.0.1 1 443\r\n'; first=$pid
held 127.0.0.9 'PROXY TCP4 198.51.100.9 10.0.0.1 2 443\r\n'
is "$(speak 127.0.0.9 'PROXY TCP4 198.51.100.9 10.0.0.1 3 443\r\n')" gone 'the limit of an address is of who is before the proxy'
like "$(speak 127.0.0.9 'PROXY TCP4 198.51.100.10 10.0.0.1 3 443\r\n')" welcome '... another one has its own'
like "$(fedx-probe -r h -H links)" '198\.51\.100\.9:1' '... links shows it'
stop "$first"
ok '... who leaves makes room' eventually sh -c "perl speak.pl 127.0.0.9 127.0.0.1:$plain 'PROXY TCP4 198.51.100.9 10.0.0.1 4 443\\r\\n' $token | grep -q welcome"
http() {	# http FROM FIELD: the status of an upgrade with that field
	perl speak.pl "$1" "127.0.0.1:$plain" "GET / HTTP/1.1\\r\\nHost: h\\r\\nUpgrade: websocket\\r\\nConnection: Upgrade\\r\\nSec-WebSocket-Version: 13\\r\\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\\r\\nSec-WebSocket-Protocol: fedx.lines\\r\\n$2\\r\\n\\r\\n" ''
}
like "$(http 127.0.0.9 'X-Forwarded-For: 1.2.3.4, 198.51.100.20, 203.0.113.5')" ' 101 ' 'X-Forwarded-For'
ok '... its address' eventually told 'peer=198.51.100.20:0' "$hub_log"
like "$(http 127.0.0.1 'X-Forwarded-For: 198.51.100.21')" ' 101 ' '... from elsewhere'
ok '... is ignored' not told '198.51.100.21' "$hub_log"
is "$(speak 127.0.0.1 '' "$shielded")" gone 'where TLS has ended at a proxy, only proxies come in'
like "$(speak 127.0.0.9 'PROXY TCP4 198.51.100.30 10.0.0.1 1 443\r\n' "$shielded")" welcome '... and they do'

leaf() {	# leaf URL [OPTION...]
	leaf_url=$1
	shift
	start fedx-leaf -u "$leaf_url" -i a.lab -C lab -r a --token-file d/a.lab.token --set link.backoff=20ms \
		--set link.backoff_max=50ms "$@"
	leaf=$pid
}
works() { test "$(fedx-probe -r a -q call echo m across 2>&1)" = across; }
listens() { perl -MIO::Socket::INET -e 'exit !IO::Socket::INET->new("127.0.0.1:$ARGV[0]")' "$1"; }
is_from() { fedx-probe -r h -H links | grep '^a\.lab	' | grep -q '127\.0\.0\.1:'; }	# not from 127.0.0.9
tries() {	# tries WHAT URL [OPTION...]
	what=$1
	shift
	leaf "$@"
	ok "$what" eventually works
	ok '... by its own address' eventually is_from
	ok '... and it ends well' stop "$leaf"
}
if command -v haproxy >/dev/null
then
	v1=$(free_port) v2=$(free_port) http=$(free_port) ends=$(free_port)
	cat d/hub.pem d/hub.key >both.pem
	cat >haproxy.cfg <<END
global
	maxconn 100
defaults
	mode tcp
	timeout connect 5s
	timeout client 60s
	timeout server 60s
	timeout tunnel 60s
listen v1
	bind 127.0.0.1:$v1
	server hub 127.0.0.1:$plain send-proxy source 127.0.0.9
listen v2
	bind 127.0.0.1:$v2
	server hub 127.0.0.1:$plain send-proxy-v2 source 127.0.0.9
listen http
	mode http
	option forwardfor
	bind 127.0.0.1:$http
	server hub 127.0.0.1:$plain source 127.0.0.9
listen ends
	bind 127.0.0.1:$ends ssl crt both.pem
	server hub 127.0.0.1:$shielded send-proxy-v2 source 127.0.0.9
END
	start haproxy -db -f haproxy.cfg
	haproxy=$pid
	ok 'haproxy runs' eventually listens "$ends"
	tries 'haproxy, PROXY version 1' "fedx://127.0.0.1:$v1"
	tries 'haproxy, PROXY version 2' "fedx://127.0.0.1:$v2"
	tries 'haproxy, PROXY version 2, ws' "ws://127.0.0.1:$v2"
	tries 'haproxy, HTTP' "ws://127.0.0.1:$http"
	tries 'haproxy ends TLS' "fedxs://127.0.0.1:$ends" --insecure
	stop "$haproxy"
else skip 'haproxy is not installed'
fi
if command -v nginx >/dev/null
then
	web=$(free_port) ends=$(free_port)
	mkdir n
	cat >n/nginx.conf <<END
daemon off;
master_process off;
pid $FEDX_RUN/n/pid;
error_log stderr;
events { worker_connections 64; }
http {
	access_log off;
	client_body_temp_path $FEDX_RUN/n/1;
	proxy_temp_path $FEDX_RUN/n/2;
	fastcgi_temp_path $FEDX_RUN/n/3;
	uwsgi_temp_path $FEDX_RUN/n/4;
	scgi_temp_path $FEDX_RUN/n/5;
	proxy_http_version 1.1;
	proxy_set_header Upgrade \$http_upgrade;
	proxy_set_header Connection "upgrade";
	proxy_set_header Host \$host;
	proxy_set_header X-Forwarded-For \$proxy_add_x_forwarded_for;
	proxy_bind 127.0.0.9;
	server {
		listen 127.0.0.1:$web;
		location / { proxy_pass http://127.0.0.1:$plain; }
	}
	server {
		listen 127.0.0.1:$ends ssl;
		ssl_certificate $FEDX_RUN/d/hub.pem;
		ssl_certificate_key $FEDX_RUN/d/hub.key;
		location / { proxy_pass http://127.0.0.1:$shielded; }
	}
}
END
	start nginx -p "$FEDX_RUN/n/" -c "$FEDX_RUN/n/nginx.conf"
	nginx=$pid
	ok 'nginx runs' eventually listens "$ends"
	tries 'nginx, WebSocket' "ws://127.0.0.1:$web"
	tries 'nginx ends TLS' "wss://127.0.0.1:$ends" --insecure
	stop "$nginx"
else skip 'nginx is not installed'
fi
ok 'the hub ends well' stop "$hub"
done_testing
