#!/bin/sh
# bad-tls.t - certificates that prove nothing, and TLS where the other side has none.
. "${0%/*}/../lib/tap.sh"
command -v openssl >/dev/null || skip_all 'the openssl command is not installed'
cd "$FEDX_RUN" || exit 1

works() { test "$(fedx-probe call echo m 'still here')" = 'still here'; }
told() { grep -Eqs -e "$1" "$2"; }
logs() { ok "$1" eventually told "$2" "$3"; }
leaf() {	# leaf URL [OPTION...]: one that tries again soon
	leaf_url=$1
	shift
	mkdir -p seeker; chmod 700 seeker
	start fedx-leaf -u "$leaf_url" -i seeker -r "$FEDX_RUN/seeker" --set link.backoff=20ms \
		--set link.backoff_max=50ms --set link.handshake=5s "$@"
	leaf=$pid leaf_log=$log
}
# wrong DESCRIPTION WHY URL [OPTION...]: the leaf does not come up, says why, and goes on trying
wrong() {
	wrong_what=$1 wrong_why=$2
	shift 2
	leaf "$@"
	logs "$wrong_what: the leaf says why" "now=(BACKOFF|REFUSED) why=\".*$wrong_why.*next dial in" "$leaf_log"
	ok '... has no link' not told 'now=UP' "$leaf_log"
	ok '... and ends well' stop "$leaf"
}

mkdir d
fedx-probe keygen hub hub.test -d d --ip 127.0.0.1 >/dev/null 2>&1 &&
	fedx-probe keygen token seeker -d d --cluster home >/dev/null 2>&1 &&
	fedx-probe keygen hub hub.test -d foreign --ip 127.0.0.1 >/dev/null 2>&1 &&
	fedx-probe keygen hub other.test -d other >/dev/null 2>&1
ok 'keys are made' test -s d/hub.pem
start fedx-hub -l 127.0.0.1:0 -i n1 -C home --tls-cert d/hub.pem --tls-key d/hub.key --token-file d/tokens
hub=$pid hub_log=$log
ok 'the hub is ready' wait_ready "$log"
at=$(ready_at "$log")
start fedx-probe serve echo -- cat
ok 'a service is there' eventually works

for scheme in fedxs wss
do
	leaf "$scheme://$at" --tls-ca d/ca.pem --token-file d/seeker.token
	ok "a good leaf comes up by $scheme" eventually told 'now=UP' "$leaf_log"
	is "$(fedx-probe -r "$FEDX_RUN/seeker" call echo m across)" across '... and is served'
	ok '... and ends well' stop "$leaf"
done
pin=$(openssl x509 -in d/hub.pem -outform DER | openssl dgst -sha256 -r | cut -d' ' -f1)
leaf "fedxs://$at" --set "tls.pin=sha256:$pin" --token-file d/seeker.token
ok 'so does one that pins the certificate' eventually told 'now=UP' "$leaf_log"
ok '... and ends well' stop "$leaf"

wrong 'another CA' 'CA' "fedxs://$at" --tls-ca foreign/ca.pem --token-file d/seeker.token
ok 'no token was shown to it' not told "$(cut -c4-20 d/seeker.token)" "$hub_log"
wrong 'another pin' 'pin' "fedxs://$at" --set "tls.pin=sha256:$(printf '%064d' 1)" --token-file d/seeker.token
wrong 'plain to a TLS port' 'closed by the other side' "fedx://$at" --token-file d/seeker.token
logs 'the hub says what it wants' 'turned_away.*this port wants TLS: use fedxs://' "$hub_log"
wrong 'plain WebSocket to a TLS port' 'does not speak WebSocket with fedx.v1: the answer is not 101' "ws://$at" --token-file d/seeker.token
wrong 'a token for nobody' 'wants a token' "fedxs://$at" --tls-ca d/ca.pem
ok 'the hub serves after all this' works

hub2() {	# hub2 NAME [OPTION...]: another hub with a directory of its own
	hub2_name=$1
	shift
	start fedx-hub -l 127.0.0.1:0 -i "$hub2_name" -C home -r "$FEDX_RUN/$hub2_name" "$@"
	hub2=$pid hub2_log=$log
	wait_ready "$log"
	at2=$(ready_at "$log")
}
hub2 othername --tls-cert other/hub.pem --tls-key other/hub.key
wrong 'a certificate for another name' 'name' "fedxs://$at2" --tls-ca other/ca.pem
ok 'that hub ends well' stop "$hub2"

# one that has expired: the same key and CA, yesterday
cat >ext <<'END'
subjectAltName=IP:127.0.0.1
extendedKeyUsage=serverAuth
END
openssl req -new -key d/hub.key -subj /CN=hub.test -out old.csr 2>/dev/null
if openssl x509 -req -in old.csr -CA d/ca.pem -CAkey d/ca.key -set_serial 9 -days -1 \
	-extfile ext -out old.pem >said 2>&1 || openssl x509 -req -in old.csr -CA d/ca.pem -CAkey d/ca.key \
	-set_serial 9 -not_before 20200101000000Z -not_after 20200102000000Z -extfile ext -out old.pem >said 2>&1
then
	cp d/hub.key old.key; chmod 600 old.key
	hub2 expired --tls-cert old.pem --tls-key old.key
	wrong 'a certificate that has expired' 'expired|not valid' "fedxs://$at2" --tls-ca d/ca.pem
	ok 'that hub ends well' stop "$hub2"
else skip 'this openssl makes no expired certificate'
fi

hub2 plain
wrong 'TLS to a plain port' 'closed|TLS' "fedxs://$at2" --tls-ca d/ca.pem
logs 'the hub says that it has none' 'turned_away.*it speaks TLS and this port has no certificate' "$hub2_log"
ok 'that hub ends well' stop "$hub2"

printf '\026\003\001\000\310\001\000\000\304\003\003garbage that is no ClientHello' >garbage
broken() { perl -MIO::Socket::INET -e '
	my $s = IO::Socket::INET->new($ARGV[0]) or die; binmode STDIN;
	local $SIG{ALRM} = sub { die "it stays open\n" }; alarm 20; $SIG{PIPE} = "IGNORE";
	print $s join("", <STDIN>); $s->flush; shutdown($s, 1); 1 while sysread($s, my $b, 4096)' "$at" <"$1"; }
ok 'a broken ClientHello ends in a closed connection' broken garbage
head -c 20000 /dev/urandom >noise
{ printf '\026\003\003\100\000'; cat noise; } >garbage
ok '... so does noise in a TLS record' broken garbage
like "$(perl -MIO::Socket::INET -e '
	my $s = IO::Socket::INET->new($ARGV[0]) or die; print $s "GET /healthz HTTP/1.0\r\n\r\n"; print <$s>' "$at")" \
	'this port speaks TLS: use https://' 'a browser without TLS is told so'
ok 'the hub serves after all this' works
ok 'and ends well' stop "$hub"
done_testing
