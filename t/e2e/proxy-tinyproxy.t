#!/bin/sh
# proxy-tinyproxy.t - links by a real HTTP proxy.
. "${0%/*}/../lib/tap.sh"
PATH=$PATH:/usr/sbin:/usr/local/sbin:/usr/local/bin
command -v tinyproxy >/dev/null || skip_all 'tinyproxy is not installed'
command -v openssl >/dev/null || skip_all 'the openssl command is not installed'
cd "$FEDX_RUN" || exit 1
umask 077
unset https_proxy HTTPS_PROXY no_proxy NO_PROXY

listens() { perl -MIO::Socket::INET -e 'exit !IO::Socket::INET->new("127.0.0.1:$ARGV[0]")' "$1"; }
tiny() {	# tiny [LINE...]: at $tiny, with these lines more
	printf '%s\n' "Port $tiny" 'Listen 127.0.0.1' 'Timeout 600' 'Allow 127.0.0.1' 'LogLevel Connect' 'MaxClients 20' \
		"$@" >tiny.conf
	start tinyproxy -d -c tiny.conf
	tiny_pid=$pid tiny_log=$log
	eventually listens "$tiny"
}
told() { grep -Eqs -e "$1" "$2"; }
leaf() {	# leaf URL [OPTION...]
	leaf_url=$1
	shift
	start fedx-leaf -u "$leaf_url" -i a.lab -C lab -r a --tls-ca d/ca.pem --token-file d/a.lab.token "$@" \
		--set link.backoff=20ms --set link.backoff_max=50ms
	leaf=$pid leaf_log=$log
}
works() { test "$(fedx-probe -r a call echo m across 2>&1)" = across; }

mkdir d h a p
# to who connects to it 0.0.0.0 is this host, and it is none of its loopback addresses
fedx-probe keygen hub hub.test -d d --ip 0.0.0.0 >/dev/null 2>&1
fedx-probe keygen token a.lab -d d --cluster lab >/dev/null 2>&1
start fedx-hub -l 127.0.0.1:0 -i hub.test -C lab -r h --tls-cert d/hub.pem --tls-key d/hub.key --token-file d/tokens
port=$(ready_at "$log") port=${port##*:}
start fedx-probe -r h serve echo -- cat
start fedx-hub -l 127.0.0.1:0 -i plain.test -C lab -r p
plain=$(ready_at "$log") plain=${plain##*:}
start fedx-probe -r p serve echo -- cat

tiny=$(free_port)
ok 'tinyproxy runs' tiny
for url in fedxs://0.0.0.0:$port wss://0.0.0.0:$port/x
do
	leaf "$url" --set "proxy=http://127.0.0.1:$tiny"
	ok "$url" eventually works
	ok '... and it ends well' stop "$leaf"
done
for url in fedx://0.0.0.0:$plain ws://0.0.0.0:$plain
do
	leaf "$url" --insecure --set "proxy=http://127.0.0.1:$tiny"
	ok "$url" eventually works
	perl -e 'print "line $_\n" for 1 .. 200000' >body
	there_and_back() { fedx-probe -r a -q call -0 echo m <body >out && cmp out body; }
	ok '... long bodies too' there_and_back
	ok '... and it ends well' stop "$leaf"
done
is "$(grep -c 'CONNECT 0.0.0.0:' "$tiny_log")" 4 'each was a CONNECT'
leaf fedxs://no-such-hub.invalid:1 --set "proxy=http://127.0.0.1:$tiny"
ok 'a host that it does not know' eventually told 'the proxy 127.0.0.1:[0-9]* (cannot get there|refuses CONNECT)' "$leaf_log"
stop "$leaf"
leaf "fedxs://0.0.0.0:$port" --set "proxy=http://127.0.0.1:$tiny"
ok 'a link' eventually works
stop "$tiny_pid"
ok 'that its proxy drops' eventually told 'was=UP now=BACKOFF' "$leaf_log"
ok 'the proxy comes back' tiny
ok 'and the link with it' eventually works
stop "$leaf"
stop "$tiny_pid"
ok 'one that allows another port only' tiny 'ConnectPort 443'
leaf "fedxs://0.0.0.0:$port" --set "proxy=http://127.0.0.1:$tiny"
ok '... does not let through' eventually told 'now=REFUSED why=".*does not let us through .status 403.' "$leaf_log"
stop "$leaf"
stop "$tiny_pid"
ok 'one that wants a login' tiny 'BasicAuth me secret'
leaf "fedxs://0.0.0.0:$port" --set "proxy=http://127.0.0.1:$tiny"
ok '... does not let through without' eventually told 'now=REFUSED why=".*wants user and password' "$leaf_log"
stop "$leaf"
echo "http://me:secret@127.0.0.1:$tiny" >login
leaf "fedxs://0.0.0.0:$port" --set proxy_file=login
ok '... and does with it' eventually works
stop "$leaf"
done_testing
