#!/bin/sh
# sslscan.t - what a scanner sees of the port: TLS 1.2, six suites, and nothing to complain of.
. "${0%/*}/../lib/tap.sh"
command -v openssl >/dev/null || skip_all 'the openssl command is not installed'
command -v sslscan >/dev/null || skip_all 'the sslscan command is not installed'
cd "$FEDX_RUN" || exit 1

mkdir d h; chmod 700 h
fedx-probe keygen hub hub.test -d d --ip 127.0.0.1 >/dev/null 2>&1
printf 'leaf x.lab lab cert\n' >tokens; chmod 600 tokens
openssl genrsa -out rsa.key 2048 2>/dev/null
openssl req -x509 -new -key rsa.key -days 9 -subj /CN=hub.test -addext subjectAltName=DNS:hub.test -out rsa.pem 2>/dev/null
chmod 600 rsa.key

# scan CERT KEY: the scan of a hub with that certificate
scan() {
	start fedx-hub -l 127.0.0.1:0 -i hub.test -C lab -r h --tls-cert "$1" --tls-key "$2" --token-file tokens \
		--set tls.client_ca=d/ca.pem
	hub=$pid
	ok 'the hub is ready' wait_ready "$log"
	sslscan --no-colour "$(ready_at "$log")" >seen 2>&1
	stop "$hub"
}
suites() { sed -n 's/^\(Preferred\|Accepted\) *\(TLSv[0-9.]*\) *[0-9]* bits *\([A-Z0-9-]*\).*/\2 \3/p' seen | LC_ALL=C sort; }
seen() { grep -Eq -e "$1" seen; }

for kind in ECDSA RSA
do
	if test $kind = ECDSA
	then scan d/hub.pem d/hub.key
	else scan rsa.pem rsa.key
	fi
	is "$(sed -n 's/^\(SSLv[23]\|TLSv[0-9.]*\) *\(enabled\).*/\1/p' seen)" 'TLSv1.2' "$kind: TLS 1.2 and no other version"
	is "$(suites)" "TLSv1.2 ECDHE-$kind-AES128-GCM-SHA256
TLSv1.2 ECDHE-$kind-AES256-GCM-SHA384
TLSv1.2 ECDHE-$kind-CHACHA20-POLY1305" "$kind: forward secrecy and AEAD in all of its suites"
	ok "$kind: no renegotiation" seen 'Session renegotiation not supported|Secure session renegotiation supported'
	ok "$kind: no compression" seen 'Compression disabled|does not support compression'
	ok "$kind: no heartbleed" not seen '[^t] vulnerable to heartbleed'
	ok "$kind: the fallback signal is understood" seen 'supports TLS Fallback SCSV|only supports one protocol|does not support TLS Fallback SCSV'
done
done_testing
