#!/bin/sh
# tls-link.t - links over TLS: who may join, whom a leaf believes, and that all goes through.
. "${0%/*}/../lib/tap.sh"
command -v openssl >/dev/null || skip_all 'the openssl command is not installed'
cd "$FEDX_RUN" || exit 1
umask 077
mkdir h a b

quick='--set link.backoff=50ms --set link.backoff_max=100ms --set link.refused=100ms'
hub() {
	start fedx-hub -l "${1:-127.0.0.1:0}" -i hub.test -C lab -r h --tls-cert d/hub.pem --tls-key d/hub.key \
	    --token-file d/tokens
	hub=$pid hub_log=$log at=$(ready_at "$log") port=${at##*:}
}
# shellcheck disable=SC2086
leaf() {	# leaf NAME URL OPTION...
	name=$1 url=$2; shift 2
	start fedx-leaf -u "$url" -i "$name.lab" -r "$name" $quick "$@"
	leaf=$pid leaf_log=$log
}
says() { eventually grep -q -e "$1" "$leaf_log"; }
refused() {	# refused WHAT PATTERN URL OPTION...
	what=$1 want=$2; shift 2
	leaf b "$@"
	ok "$what" says "$want"
	ok 'and it never was up' not grep -q 'now=UP' "$leaf_log"
	ok 'and ends well' stop "$leaf"
}
fingerprint() { openssl x509 -in "$1" -outform der | openssl dgst -sha256 -r | cut -d' ' -f1; }

fedx-probe keygen hub hub.test -d d --ip 127.0.0.1 >/dev/null
fedx-probe keygen hub other.test -d other --ip 127.0.0.1 >/dev/null
for n in a b
do fedx-probe keygen token $n.lab -d d >/dev/null
done
fedx-probe keygen token b.lab -d other >/dev/null
hub
ok 'the hub is ready' wait_ready "$hub_log"

for scheme in fedxs wss
do
	leaf a "$scheme://127.0.0.1:$port" --tls-ca d/ca.pem --token-file d/a.lab.token
	ok "a leaf over $scheme" says 'now=UP'
	like "$(fedx-probe -r a -H links)" 'ECDHE-' 'the link says that it is over TLS'
	start fedx-probe -r a serve "echo-$scheme" -- cat
	server=$pid
	ok 'what it serves is known' eventually fedx-probe -r h -q ping -c 1 "echo-$scheme"
	is "$(fedx-probe -r h call "echo-$scheme" m hello)" 'hello' 'and answers'
	test -e body || perl -e 'print "line $_\n" for 1 .. 500000' >body
	there_and_back() { fedx-probe -r h -q call -0 "echo-$scheme" m <body >out && cmp out body; }
	ok 'long bodies go both ways' there_and_back
	kill -9 "$hub"
	ended "$hub"
	hub "$at"
	ok 'the hub is killed, comes back, and is found' eventually fedx-probe -r h -q ping -c 1 "echo-$scheme"
	stop "$server"
	ok 'the leaf ends well' stop "$leaf"
done

leaf a "fedxs://127.0.0.1:$port" --set "tls.pin=sha256:$(fingerprint d/hub.pem)" --token-file d/a.lab.token
ok 'a pinned certificate needs no CA' says 'now=UP'
stop "$leaf"
refused 'another certificate than the pinned one is refused' 'pin' "fedxs://127.0.0.1:$port" \
	--set "tls.pin=sha256:$(fingerprint other/hub.pem)" --token-file d/b.lab.token
refused 'a certificate of another CA is refused' 'certificate' "fedxs://127.0.0.1:$port" \
	--tls-ca other/ca.pem --token-file d/b.lab.token
refused 'a certificate of another name is refused' 'certificate' "fedxs://localhost:$port" \
	--tls-ca d/ca.pem --token-file d/b.lab.token
refused 'an unknown token is refused' 'unauthenticated\|credential\|token' "fedxs://127.0.0.1:$port" \
	--tls-ca d/ca.pem --token-file other/b.lab.token
refused 'no token is refused' 'unauthenticated\|credential\|token' "fedxs://127.0.0.1:$port" --tls-ca d/ca.pem
refused 'the token of another node is refused' 'unauthenticated\|credential\|token' "fedxs://127.0.0.1:$port" \
	--tls-ca d/ca.pem --token-file d/a.lab.token

leaf b "fedx://127.0.0.1:$port" --insecure --token-file d/b.lab.token
ok 'without TLS nobody gets in' says 'now=BACKOFF'
ok 'at all' not grep -q 'now=UP' "$leaf_log"
stop "$leaf"
ok 'a leaf that could check nothing does not start' expect_status 78 \
	fedx-leaf -u "fedxs://127.0.0.1:$port" -i b.lab -r b --token-file d/b.lab.token
ok 'no token is in any log' not grep -q "$(cut -c 4-40 d/a.lab.token)" ./*.log

# the hub takes up a changed token file
leaf b "fedxs://127.0.0.1:$port" --tls-ca d/ca.pem --token-file d/b.lab.token
ok 'a known one joins' says 'now=UP'
stop "$leaf"
grep -v 'b\.lab' d/tokens >d/fewer
mv d/fewer d/tokens
kill -HUP "$hub"
ok 'the file is read again' eventually grep -q reloaded "$hub_log"
refused 'a token that was taken away is refused' 'unauthenticated\|credential\|token' \
	"fedxs://127.0.0.1:$port" --tls-ca d/ca.pem --token-file d/b.lab.token
ok 'the hub ends well' stop "$hub"
done_testing
