#!/bin/sh
# keygen.t - keys, certificates and tokens: made once, closed to others, never overwritten.
# shellcheck disable=SC2012	# stat(1) differs between systems, ls -l does not
. "${0%/*}/../lib/tap.sh"
command -v openssl >/dev/null || skip_all 'the openssl command is not installed'
cd "$FEDX_RUN" || exit 1
umask 000		# a careless user's keys are closed all the same

mode() { ls -ld "$1" | cut -c1-10; }
keygen() { fedx-probe keygen "$@" >said 2>&1; }
sums() { cat "$@" | cksum; }
unchanged() { test "$(sums d/*)" = "$before"; }
says() { cat said; grep -q -e "$1" said; }
sha() { openssl dgst -sha256 -r | cut -d' ' -f1; }

ok 'a hub' keygen hub hub.test -d d --ip 127.0.0.1 --dns localhost
ok 'it says what to do next' says 'fedx-hub .*--tls-cert d/hub.pem'
for f in ca.key hub.key
do is "$(mode d/$f)" '-rw-------' "$f is closed to others"
done
is "$(mode d)" 'drwx------' 'so is the directory'
ok 'the certificate is signed by the CA' openssl verify -CAfile d/ca.pem d/hub.pem
like "$(openssl x509 -in d/hub.pem -noout -ext subjectAltName)" \
	'DNS:hub.test, IP Address:127.0.0.1, DNS:localhost' 'it carries every name'
is "$(openssl x509 -in d/hub.pem -noout -pubkey | sha)" \
	"$(openssl pkey -in d/hub.key -pubout | sha)" 'the key is its own'
like "$(openssl pkey -in d/hub.key -noout -text)" 'prime256v1' 'of P-256'
is "$(ls -A d | tr '\n' ' ')" 'ca.key ca.pem hub.key hub.pem ' 'and nothing else is left'

before=$(sums d/*)
ok 'a second hub in the same place' expect_status 73 keygen hub other.test -d d
ok 'names the file in the way' says "'d/hub.pem' is there already"
ok 'and changes nothing' unchanged

ok 'a leaf, under the same CA' keygen leaf site-a -d d --days 7
ok 'is signed by it' openssl verify -CAfile d/ca.pem d/leaf.pem
is "$(mode d/leaf.key)" '-rw-------' 'with a key closed to others'
ok 'it is good today' openssl x509 -in d/leaf.pem -noout -checkend 604000
ok 'and not for longer than asked' not openssl x509 -in d/leaf.pem -noout -checkend 605000

mkdir half
cp d/ca.pem half
ok 'half a CA' expect_status 73 keygen leaf site-a -d half
ok 'is named' says "'half/ca.pem' is there without 'half/ca.key'"
is "$(ls -A half)" 'ca.pem' 'and left alone'

ok 'a token' keygen token site-a.lab -d d --expires 90d
is "$(mode d/site-a.lab.token) $(mode d/tokens)" '-rw------- -rw-------' 'both files are closed'
like "$(cat d/site-a.lab.token)" '^fx_[0-9a-f]{64}$' 'it has 32 random bytes'
hash=$(tr -d '\n' <d/site-a.lab.token | sha)
like "$(cat d/tokens)" \
	"^leaf site-a.lab lab sha256:$hash 20[0-9-]{8}T[0-9:]{8}Z\$" 'its hash is in the hub'\''s file'
ok 'another, for a hub' keygen token site-b -d d --role hub --cluster=lab
like "$(tail -n 1 d/tokens)" '^hub site-b lab sha256:[0-9a-f]{64}$' 'without an end'
is "$(wc -l <d/tokens | tr -d ' ')" 2 'is added to it'
ok 'they differ' not cmp -s d/site-a.lab.token d/site-b.token
printf '# no newline' >>d/tokens
ok 'a third' keygen token site-c.lab -d d
is "$(sed -n 3p d/tokens)" '# no newline' 'never joins the line before it'
ok 'a shared key' keygen key site-a.lab -d d --expires 90d
is "$(mode d/site-a.lab.psk) $(mode d/keys)" '-rw------- -rw-------' 'both files are closed'
like "$(cat d/keys)" '^leaf site-a.lab lab key:[0-9a-f]{64} 20[0-9-]*T[0-9:]*Z	# sha256:[0-9a-f]{64}$' 'a line with key, end and hash'
ok 'the file has the same line' cmp -s d/keys d/site-a.lab.psk
hash=$(sed 's/.*key:\([0-9a-f]*\).*/\1/' d/keys | perl -ne 'chomp; print pack "H*", $_' | sha)
like "$(cat d/keys)" "# sha256:$hash\$" 'and the hash is that of the bytes of the key'
ok 'a second for the same node, elsewhere' keygen key site-a.lab -d second
ok 'is another' not cmp -s d/site-a.lab.psk second/site-a.lab.psk
before=$(sums d/*)
ok 'a key that is there' expect_status 73 keygen key site-a.lab -d d
ok 'a token that is there' expect_status 73 keygen token site-b -d d --cluster lab
ok 'stays, and so does the list' unchanged

while read -r words
do
	# shellcheck disable=SC2086
	ok "refused as usage: keygen $words" expect_status 64 keygen $words
done <<-'END'

	key
	hub
	hub a b
	hub a/b
	hub -d
	hub x --days 0
	hub x --days many
	hub x --ip 300.1.1.1
	hub x --dns a,b
	hub x --role leaf
	leaf x --ip 127.0.0.1
	leaf x --nonsense 1
	token Upper.lab
	token ../x.lab
	token plain
	token x.lab --role king
	token x.lab --cluster a/b
	token x.lab --expires never
	token x.lab --expires 0d
	END
fedx-probe keygen hub a b 2>err >out
is "$(wc -l <err | tr -d ' ')$(wc -c <out | tr -d ' ')" 20 'a usage error is two lines on stderr'

probe=$(command -v fedx-probe)
without_openssl() { PATH=/nonexistent "$probe" keygen hub x -d none >said 2>&1; }
ok 'without openssl' expect_status 69 without_openssl
ok 'the message names it' says 'the openssl command is not installed'
is "$(ls -A none)" '' 'and nothing is left'

: >file
ok 'a file for a directory' expect_status 73 keygen hub x -d file
ok 'a directory in a file' expect_status 73 keygen hub x -d file/d
ok 'help' keygen -h
done_testing
