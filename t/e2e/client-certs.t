#!/bin/sh
# client-certs.t - who joins by a certificate: which lines take it, who is refused and told why, and what a reload changes.
. "${0%/*}/../lib/tap.sh"
command -v openssl >/dev/null || skip_all 'the openssl command is not installed'
cd "$FEDX_RUN" || exit 1
umask 077

told() { grep -Eq -e "$1" "$2"; }
at_least() { test "$(grep -Ec -e "$2" "$3")" -ge "$1"; }
up() { fedx-probe -r h -H links | grep -q "^$1	[a-z]*	up"; }
hub() {
	start fedx-hub -l 127.0.0.1:0 -i hub.test -C lab -r h --tls-cert d/hub.pem --tls-key d/hub.key \
		--token-file tokens --set tls.client_ca=cas.pem
	hub=$pid hub_log=$log at=$(ready_at "$log")
}
# certificate DIR NAME [CA]: DIR/leaf.pem of that name, by the CA of another directory
certificate() {
	mkdir -p "$1" "run-$1"
	cp "${3:-d}/ca.pem" "${3:-d}/ca.key" "$1"
	fedx-probe keygen leaf "$2" -d "$1" >/dev/null 2>&1
}
leaf() {	# leaf NODE DIR [OPTION...]: shows the certificate of that directory
	leaf_node=$1 leaf_dir=$2
	shift 2
	mkdir -p "run-$leaf_dir"
	start fedx-leaf -u "fedxs://$at" -i "$leaf_node" -C lab -r "run-$leaf_dir" --tls-ca d/ca.pem \
		--tls-cert "$leaf_dir/leaf.pem" --tls-key "$leaf_dir/leaf.key" --set link.backoff=20ms \
		--set link.backoff_max=50ms --set link.refused=50ms --set link.refused_max=100ms "$@"
	leaf=$pid leaf_log=$log
}
refused() {	# refused WHAT WHY NODE DIR
	refused_what=$1 refused_why=$2
	shift 2
	leaf "$@"
	ok "$refused_what is refused" eventually told "now=REFUSED.*$refused_why" "$leaf_log"
	ok '... the hub says so too' told "link_refused.*$refused_why" "$hub_log"
	ok '... and it never was up' not told 'now=UP' "$leaf_log"
	ok '... and ends well' stop "$leaf"
}
accepted() {	# accepted WHAT NODE DIR
	accepted_what=$1
	shift
	leaf "$@"
	ok "$accepted_what comes up" eventually up "$1"
	ok '... and ends well' stop "$leaf"
}
reload() {	# reload WHAT EVENT
	reload_n=$(grep -c "event=$2" "$hub_log")
	kill -HUP "$hub"
	ok "$1" eventually at_least $((reload_n + 1)) "event=$2" "$hub_log"
}
hash() { openssl dgst -sha256 -r | cut -d' ' -f1; }
# sign DIR DAYS EXTENSION...: its certificate anew
sign() {
	sign_dir=$1 sign_days=$2
	shift 2
	printf '%s\n' "$@" >ext
	openssl req -new -key "$sign_dir/leaf.key" -subj /CN=x -out csr 2>/dev/null
	openssl x509 -req -sha256 -in csr -CA d/ca.pem -CAkey d/ca.key -set_serial 7 -days "$sign_days" \
		-extfile ext -out "$sign_dir/leaf.pem" 2>/dev/null
}

fedx-probe keygen hub hub.test -d d --ip 127.0.0.1 >/dev/null 2>&1
fedx-probe keygen hub hub.test -d d2 >/dev/null 2>&1
certificate a a.lab
certificate far x.y.site
certificate old a.lab; sign old -1 'subjectAltName=DNS:a.lab'
certificate use a.lab; sign use 9 'subjectAltName=DNS:a.lab' 'extendedKeyUsage=serverAuth,codeSigning'
certificate cn a.lab; sign cn 9 'keyUsage=digitalSignature'
certificate wild a.lab; sign wild 9 'subjectAltName=DNS:*.lab'
certificate b b.lab d2
certificate none none.lab
certificate pin pin.lab d2
certificate key key.lab d2
cat >tokens <<END
leaf	a.lab	lab	cert
leaf	b.lab	lab	cert	2099-01-01T00:00:00Z
leaf	*.site	lab	cert
leaf	pin.lab	lab	cert:sha256:$(openssl x509 -in pin/leaf.pem -outform DER | hash)
leaf	key.lab	lab	key:sha256:$(openssl pkey -in key/leaf.key -pubout -outform DER | hash)
END
cp tokens all
mkdir run-plain
printf 'leaf x.lab lab sha256:%064d\n' 1 >hashes
cp d/ca.pem cas.pem
hub
ok 'the hub is ready' wait_ready "$hub_log"

accepted 'who is named by certificate and line' a.lab a
accepted 'who is named by a line for many' x.y.site far
accepted 'one whose certificate is pinned' pin.lab pin
accepted 'one whose key is pinned' key.lab key
printf '%s\n' 'subjectAltName=DNS:whatever' >ext
openssl req -new -key key/leaf.key -subj /CN=x -out csr 2>/dev/null
openssl x509 -req -in csr -signkey key/leaf.key -days 9 -extfile ext -out key/leaf.pem 2>/dev/null
accepted '... with another certificate for the same key' key.lab key

refused 'another name than its own' 'does not have this node id' other.lab a
refused 'an expired one' 'has expired' a.lab old
refused 'a wildcard' 'does not have this node id' a.lab wild
refused 'a CN without SAN' 'does not have this node id' a.lab cn
refused 'one of another CA' 'not signed by a CA of the hub.s tls.client_ca' b.lab b
refused 'one that no line takes' 'no line of the hub.s token file' none.lab none
refused 'a pinned one under another id' 'for another node id' a.lab pin
leaf a.lab use
ok 'one for servers alone is not shown' eventually told 'wants a token or a certificate' "$leaf_log"
ok '... and ends well' stop "$leaf"
start openssl s_client -connect "$at" -tls1_2 -CAfile d/ca.pem -cert use/leaf.pem -key use/leaf.key
ok 'who shows none, or a bad one, may still say what it wants' eventually told 'Verify return code: 0' "$log"
stop "$pid"

# the doctor shows one like a leaf, and says what the hub thinks of it
doctor() { fedx-probe doctor --tls-ca d/ca.pem "$@" >seen 2>said; }
cells() { awk -F '\t' -v step="$1" '$1 == step { print $2 "\t" $4 }' seen; }
# shows DIR STATUS STEP SEEN [OPTION...]
shows() {
	shows_dir=$1 shows_status=$2 shows_step=$3 shows_seen=$4
	shift 4
	expect_status "$shows_status" doctor --tls-cert "$shows_dir/leaf.pem" --tls-key "$shows_dir/leaf.key" "$@" \
		"fedxs://$at" || return
	cells "$shows_step" | grep -Eq -e "$shows_seen"
}
ok 'the doctor shows it' shows a 0 client-cert '^ok	shown, valid until 20..-'
like "$(cells credential)" '^ok	the hub believes the certificate' '... and the hub believes it'
ok '... for a node' shows a 0 credential '^ok	the certificate is accepted' --as a.lab
ok 'a pinned one' shows pin 0 credential '^ok	the hub believes the certificate'
ok 'one for another node' shows a 77 credential '^fail	.*does not have this node id' --as c.lab
like "$(cat said)" 'credential: give --as .* keygen leaf' '... and what to do'
ok 'a pinned one for another node' shows pin 77 credential '^fail	.*for another node id' --as c.lab
ok 'one for another role' shows a 77 credential '^fail	.*for another role' --as a.lab --role hub
ok 'one of another CA' shows b 77 credential '^fail	.*not signed by a CA of the hub'
like "$(cat said)" 'credential: the hub needs its CA in tls.client_ca' '... and what to do'
ok 'one that has expired' shows old 78 client-cert '^fail	our certificate has expired, 20..-'
ok 'one for servers alone' expect_status 78 doctor --tls-cert use/leaf.pem --tls-key use/leaf.key "fedxs://$at"
like "$(cat said)" 'is not for clients: its extendedKeyUsage lacks clientAuth' '... is not shown'
ok 'without TLS there is nothing to show it by' expect_status 76 doctor --tls-cert a/leaf.pem --tls-key a/leaf.key "fedx://$at"
is "$(cells client-cert)" 'skipped	no TLS' '... it says'
start fedx-hub -l 127.0.0.1:0 -i plain.test -C lab -r run-plain --tls-cert d/hub.pem --tls-key d/hub.key \
	--token-file hashes
plain=$pid
ok 'a hub that takes tokens alone asks for none' expect_status 77 doctor --tls-cert a/leaf.pem --tls-key a/leaf.key \
	"fedxs://$(ready_at "$log")"
like "$(cells client-cert)" '^skipped	not asked for' '... it says'
like "$(cells credential)" '^fail	this hub wants a token' '... and what it wants'
stop "$plain"

# one takes its own place, as with a token that names it
leaf a.lab a
first=$leaf
ok 'a leaf is up' eventually up a.lab
mkdir -p run-again
leaf a.lab a -r run-again
ok 'the same id again takes its place' eventually told 'replaced by a newer connection' "$hub_log"
stop "$first"
ok 'and is up' eventually up a.lab
ok 'and ends well' stop "$leaf"

# rotation: two CAs at once, then the old one goes; two lines for a node
cat d/ca.pem d2/ca.pem >cas.pem
reload 'a second CA is loaded' reloaded
leaf a.lab a; a=$leaf a_log=$leaf_log
leaf b.lab b; b=$leaf b_log=$leaf_log
leaf x.y.site far; far=$leaf
leaf key.lab key; key=$leaf
for each in a.lab b.lab x.y.site key.lab
do ok "$each is up" eventually up $each
done
grep -v '\*\.site' all >tokens
reload 'a line less is loaded' reloaded
ok 'the link of that line is cut' eventually not up x.y.site
stop "$far"
cp d2/ca.pem cas.pem
reload 'the first CA is dropped' reloaded
ok 'the link of that CA is cut' eventually not up a.lab
ok 'the leaf is told why' eventually told 'now=REFUSED.*not signed by a CA of the hub' "$a_log"
is "$(grep -c 'now=UP' "$b_log")" 1 'the link of the other CA was never down'
ok 'the pinned one stays too' up key.lab
cat d/ca.pem d2/ca.pem >cas.pem
reload 'both CAs again' reloaded
ok 'its leaf is back' eventually up a.lab
stop "$key"

# a CA file that is broken changes nothing; nor does a reload without descriptors
echo nonsense >cas.pem
grep -v a.lab all >tokens
reload 'a broken CA file is refused' reload_failed
ok 'everyone is up' up a.lab
cat d/ca.pem d2/ca.pem >cas.pem
if command -v prlimit >/dev/null
then
	limit=$(prlimit --pid "$hub" --nofile --noheadings --output SOFT | tr -d ' ')
	prlimit --pid "$hub" --nofile=3:	# 0, 1 and 2 are taken: nothing more can be opened
	reload 'so is a reload without a free descriptor' reload_failed
	ok '... which says why' told 'reload_failed.*(Too many open files|too many open files)' "$hub_log"
	prlimit --pid "$hub" --nofile="$limit:"
	ok '... and everyone is up' eventually up a.lab
else skip 'there is no prlimit command'
fi
cp all tokens
reload 'what is whole again is loaded' reloaded
is "$(grep -c 'now=UP' "$b_log")" 1 'and nobody else was down for it'

# the leaf drops the CA of its hub
cp d/ca.pem trusted.pem
stop "$a"
leaf a.lab a --tls-ca trusted.pem; a=$leaf a_log=$leaf_log
ok 'a leaf is up' eventually up a.lab
cp d2/ca.pem trusted.pem
kill -HUP "$a"
ok 'its hub is believed no more' eventually told 'would be refused now: .*not signed by the given CA' "$a_log"
ok 'the link is gone' eventually not up a.lab
cp d/ca.pem trusted.pem
kill -HUP "$a"
ok 'believed again, it is linked' eventually up a.lab

for each in $a $b $hub
do ok 'it ends well' stop "$each"
done
like "$(fedx-hub -t -l 127.0.0.1:0 -i h -C lab --tls-cert d/hub.pem --tls-key d/hub.key --token-file tokens 2>&1)" \
	'takes certificates .cert., and no CA is given for them: set tls.client_ca' 'lines for a CA want one'
like "$(fedx-hub -t -l 127.0.0.1:0 -i h -C lab --tls-cert a/leaf.pem --tls-key a/leaf.key 2>&1)" \
	'is not for servers' 'a hub has no certificate for clients alone'
like "$(fedx-hub -t -l 127.0.0.1:0 -i h -C lab --set tls.client_ca=cas.pem 2>&1)" \
	'goes with --tls-cert' 'whose certificates count makes no sense without TLS'
like "$(fedx-leaf -t -u "fedxs://$at" -i l --tls-ca d/ca.pem --set tls.client_ca=cas.pem 2>&1)" \
	'is for hubs' 'nor at a leaf'
done_testing
