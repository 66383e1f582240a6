#!/bin/sh
# psk.t - shared keys: both ends prove to have the same one, and nobody between or beside them gains by it.
. "${0%/*}/../lib/tap.sh"
command -v openssl >/dev/null || skip_all 'the openssl command is not installed'
cd "$FEDX_RUN" || exit 1
umask 077
mkdir h a b c

quick='--set link.backoff=50ms --set link.backoff_max=100ms --set link.refused=100ms'
zeros=0000000000000000000000000000000000000000000000000000000000000000
other=00112233445566778899aabbccddeeff00112233445566778899aabbccddeeff
hub() {	# hub OPTION...
	start fedx-hub -l 127.0.0.1:0 -i hub.test -C lab -r h "$@"
	hub=$pid hub_log=$log at=$(ready_at "$log") port=${at##*:}
}
# shellcheck disable=SC2086
leaf() {	# leaf NAME URL OPTION...
	name=$1 url=$2; shift 2
	start fedx-leaf -u "$url" -r "$name" $quick "$@"
	leaf=$pid leaf_log=$log
}
says() { eventually grep -q -e "$1" "$leaf_log"; }
told() { eventually grep -q -e "$1" "$hub_log"; }
refused() {	# refused WHAT PATTERN NAME URL OPTION...
	what=$1 want=$2; shift 2
	leaf "$@"
	ok "$what" says "$want"
	ok '... and it never was up' not grep -q 'now=UP' "$leaf_log"
	ok '... and ends well' stop "$leaf"
}
plays() {	# plays WHAT: the script of standard input, with the liar
	cat >script
	ok "$1" play
}
play() { liar "$at" <script; }
key_of() { sed 's/.*key:\([0-9a-f]*\).*/\1/' "$1"; }

fedx-probe keygen hub hub.test -d d --ip 127.0.0.1 >/dev/null
fedx-probe keygen hub hub.test -d other --ip 127.0.0.1 >/dev/null
for n in a b
do fedx-probe keygen key $n.lab -d d >/dev/null
done
fedx-probe keygen key a.lab -d second >/dev/null
fedx-probe keygen key b.lab -d other >/dev/null
a=$(key_of d/a.lab.psk) b=$(key_of d/b.lab.psk)
{
	cat second/keys
	echo "leaf *.many lab key:$other"
	echo "leaf late.lab lab key:${other%f}1 2020-01-01T00:00:00Z"
} >>d/keys

# --- over TLS, without a CA ---

hub --tls-cert d/hub.pem --tls-key d/hub.key --psk-file d/keys
for scheme in fedxs wss
do
	leaf a "$scheme://127.0.0.1:$port" --psk-file d/a.lab.psk
	ok "a key is all that a leaf needs over $scheme" says 'now=UP'
	ok '... it has the id of the key' eventually fedx-probe -r h -q ping -c 1 a.lab
	stop "$leaf"
done
leaf a "fedxs://127.0.0.1:$port" --psk-file second/a.lab.psk --tls-ca d/ca.pem
ok 'two keys hold at once for a node' says 'now=UP'
first=$leaf
leaf c "fedxs://127.0.0.1:$port" --psk-file d/a.lab.psk
ok 'a key that names the node replaces its live link' says 'now=UP'
stop "$first"
stop "$leaf"
refused 'a key that the hub does not have gains nothing' 'now=REFUSED why="the hub cannot prove that it has our key' \
	b "fedxs://127.0.0.1:$port" --psk-file other/b.lab.psk
ok '... the hub says why' told 'link_refused.*the key is not known to this hub'
# a hub with another certificate and the same key is another end of TLS, and fine; see the relay below
refused 'with a CA, the certificate is checked as well' 'certificate' \
	b "fedxs://127.0.0.1:$port" --psk-file d/b.lab.psk --tls-ca other/ca.pem
if command -v socat >/dev/null && socat -V | grep -q 'WITH_OPENSSL 1'
then
	relay=$(free_port)
	cat other/hub.pem other/hub.key >other/both.pem
	start socat "OPENSSL-LISTEN:$relay,bind=127.0.0.1,reuseaddr,fork,cert=other/both.pem,verify=0" \
		"OPENSSL:127.0.0.1:$port,verify=0"
	socat=$pid
	refused 'who stands between with another certificate passes nothing on' \
		'now=REFUSED why="the hub cannot prove that it has our key' b "fedxs://127.0.0.1:$relay" --psk-file d/b.lab.psk
	ok '... the hub says why' told 'link_refused.*does not believe that we are the hub'
	kill "$socat"
else
	skip 'socat has no OpenSSL'
fi
ok 'that hub ends well' stop "$hub"

# --- what others say to a hub (without TLS: 32 zeros stand for the certificate) ---

hub --psk-file d/keys
plays 'a right proof is welcome; the hub proves itself first' <<END
a -> hello node=a.lab cluster=lab key=$a
a <- CHALLENGE proof=$a
a -> prove key=$a
a <- WELCOME node=hub.test
END
plays 'an old proof is refused, to the very same HELLO' <<END
a -> hello node=a.lab cluster=lab key=$a
a <- CHALLENGE proof=$a
a -> prove key=$a
a <- WELCOME
b -> hello node=a.lab cluster=lab of=a key=$a
b <- CHALLENGE
b -> prove key=$a of=a
b <- ERROR error=unauthenticated text=its proof is wrong
b <- CLOSED
END
plays 'the proof of the hub, sent back, is refused' <<END
a -> hello node=a.lab cluster=lab key=$a
a <- CHALLENGE proof=$a
a -> prove key=$a by=dialled
a <- ERROR error=unauthenticated text=its proof is wrong
a <- CLOSED
END
plays 'a proof that was made for another certificate is refused' <<END
a -> hello node=a.lab cluster=lab key=$a
a <- CHALLENGE
a -> prove key=$a certificate=$other
a <- ERROR error=unauthenticated text=its proof is wrong
a <- CLOSED
END
plays 'another key is no proof of this one' <<END
a -> hello node=a.lab cluster=lab key=$a
a <- CHALLENGE
a -> prove key=$b
a <- ERROR error=unauthenticated text=its proof is wrong
END
ok '... and the hub says so' told 'link_refused.*the proof of a key that is known is wrong'
plays 'who has an unknown key is answered alike' <<END
a -> hello node=a.lab cluster=lab key=$zeros
a <- CHALLENGE size=91
a -> prove key=$zeros
a <- ERROR error=unauthenticated text=the key is not known to this hub, or its proof is wrong
b -> hello node=a.lab cluster=lab key=$a
b <- CHALLENGE size=91
b -> prove key=$zeros
b <- ERROR error=unauthenticated text=the key is not known to this hub, or its proof is wrong
END
plays 'a key is for its node, role, cluster and time' <<END
a -> hello node=b.lab cluster=lab key=$a
a <- CHALLENGE
a -> prove key=$a
a <- ERROR error=denied text=the key is for another node id
b -> hello node=a.lab cluster=lab key=$a role=client
b <- CHALLENGE
b -> prove key=$a
b <- ERROR error=denied text=the key is for another role
c -> hello node=a.lab cluster=far key=$a
c <- CHALLENGE
c -> prove key=$a
c <- ERROR error=cluster_isolated text=belongs to cluster 'lab', not 'far'
d -> hello node=late.lab cluster=lab key=${other%f}1
d <- CHALLENGE
d -> prove key=${other%f}1
d <- ERROR error=unauthenticated text=the key has expired
END
plays 'a pattern does not let a second node take an id over, a key of its own does' <<END
a -> hello node=x.many instance=1 key=$other
a <- CHALLENGE
a -> prove key=$other
a <- WELCOME
b -> hello node=x.many instance=2 key=$other
b <- CHALLENGE
b -> prove key=$other
b <- ERROR error=node_id_in_use
c -> hello node=a.lab instance=1 key=$a
c <- CHALLENGE
c -> prove key=$a
c <- WELCOME
d -> hello node=a.lab instance=2 key=$a
d <- CHALLENGE
d -> prove key=$a
d <- WELCOME
c <- ERROR error=node_id_in_use text=replaced
c <- CLOSED
END
plays 'what is out of place ends it' <<END
a -> prove key=$a
a <- ERROR error=malformed text=a proof came that was not asked for
b -> hello node=a.lab key=$a
b <- CHALLENGE
b -> hello node=a.lab key=$a
b <- ERROR error=malformed text=HELLO came twice
c -> hello node=a.lab key=$a
c <- CHALLENGE
c -> challenge key=$a
c <- ERROR error=malformed text=a proof came that was not asked for
d -> hello node=a.lab key=$a
d <- CHALLENGE
d -> PROVE body=80040002ffff
d <- ERROR error=malformed text=a proof has 32 bytes
e -> hello node=a.lab key=$a
e <- CHALLENGE
e -> REQUEST id=1 subject=x/y
e <- CLOSED
f -> hello node=a.lab key=$a token=t
f <- ERROR error=malformed text=a token is not shown along with a key
g -> hello node=a.lab
g <- ERROR error=unauthenticated text=give the leaf --token-file, or --psk-file with a key
END
ok 'no key is in a log' not grep -q -e "$a" -e "$b" -e "$other" ./*.log
ok 'that hub ends well' stop "$hub"

# --- a hub that lies ---

fake() {	# fake WHAT PATTERN <SCRIPT: a leaf with key a dials the liar
	cat >script
	rm -f port
	start sh -c 'exec liar -L port <script'
	liar=$pid
	await test -s port
	leaf a "fedx://127.0.0.1:$(cat port)" --psk-file d/a.lab.psk --set link.refused=1h --set link.backoff=1h --set link.backoff_max=1h
	ok "$1" says "$2"
	ok '... as it should, and never was up' ended "$liar"
	ok '... at all' not grep -q 'now=UP' "$leaf_log"
	stop "$leaf"
}
fake 'who welcomes without a proof is refused' 'now=REFUSED why="the hub welcomed us without proving' <<END
h <- HELLO
h -> welcome node=hub.test cluster=lab
h <- ERROR error=unauthenticated
END
fake 'who cannot prove the key hears no proof of it' 'now=REFUSED why="the hub cannot prove that it has our key' <<END
h <- HELLO
h -> challenge key=$b node=hub.test cluster=lab
h <- ERROR error=unauthenticated text=cannot prove that it has our key
h <- CLOSED
END
fake 'nor who has a proof for another certificate' 'now=REFUSED why="the hub cannot prove that it has our key' <<END
h <- HELLO
h -> challenge key=$a node=hub.test cluster=lab certificate=$other
h <- ERROR error=unauthenticated
END
fake 'nor who answers with the proof of who dials' 'now=REFUSED why="the hub cannot prove that it has our key' <<END
h <- HELLO
h -> challenge key=$a node=hub.test cluster=lab by=dialler
h <- ERROR error=unauthenticated
END
fake 'another id than the proven one is no welcome' 'now=REFUSED why="the hub has welcomed us by another id' <<END
h <- HELLO
h -> challenge key=$a node=hub.test cluster=lab
h <- PROVE proof=$a
h -> welcome node=other.test cluster=lab
h <- ERROR error=unauthenticated
END
fake 'nor is another cluster' 'now=REFUSED why="the hub has welcomed us by another id' <<END
h <- HELLO
h -> challenge key=$a node=hub.test cluster=lab
h <- PROVE proof=$a
h -> welcome node=hub.test cluster=far
h <- ERROR error=unauthenticated
END
fake 'a second question is not answered' 'a proof came that was not asked for' <<END
h <- HELLO
h -> challenge key=$a node=hub.test cluster=lab
h <- PROVE proof=$a
h -> challenge key=$a node=hub.test cluster=lab
h <- ERROR error=malformed
END

# --- files and settings ---

bad() {	# bad WHAT PATTERN OPTION...
	what=$1 want=$2; shift 2
	"$@" >out 2>&1 </dev/null
	is $? 78 "$what: status"
	like "$(cat out)" "$want" "$what"
}
chmod 640 d/keys
bad 'keys that a group may read' 'd/keys holds keys, and others than its owner may read or write it: chmod 600 it' \
	fedx-hub -t -r h --psk-file d/keys
chmod 600 d/keys
echo "leaf a.lab lab key:0011" >short
echo "leaf a.lab lab sha256:$other" >hashed
echo '# none' >none
bad 'a short key' 'short:1: want 64 to 128 hex digits behind key:' fedx-hub -t -r h --psk-file short
bad 'a hash where a key is due' 'hashed:1: want key: and hex digits \(fedx-probe keygen key makes the line\)' fedx-hub -t -r h --psk-file hashed
bad 'no key' 'none holds no line: nobody could join \(fedx-probe keygen key NODE makes one\)' fedx-hub -t -r h --psk-file none
bad 'a leaf with a list' 'd/keys must hold one line, the key' fedx-leaf -t -u fedxs://h -r a --psk-file d/keys
bad 'a leaf with nothing' 'none must hold one line, the key' fedx-leaf -t -u fedxs://h -r a --psk-file none
bad 'the key of another node' "is for node 'a.lab', not for 'b.lab': start with -i a.lab" \
	fedx-leaf -t -u fedxs://h -r a -i b.lab --psk-file d/a.lab.psk
bad 'the key of a leaf for a hub' 'is for a leaf, and this is a hub' \
	fedx-hub -t -r h -u fedxs://h --set uplink.psk_file=d/a.lab.psk
bad 'key and token' 'one of --token-file and --psk-file is enough' \
	fedx-leaf -t -u fedxs://h -r a --psk-file d/a.lab.psk --token-file d/a.lab.psk
chmod 644 d/a.lab.psk
bad 'a key that others may read' 'd/a.lab.psk may be read by others: chmod 600 it and ask for a new key' \
	fedx-leaf -t -u fedxs://h -r a --psk-file d/a.lab.psk
chmod 600 d/a.lab.psk
leaf a fedx://192.0.2.1:1 --psk-file d/a.lab.psk
ok 'a key is of no use off the machine without TLS' says 'a key does not prove whose bytes come without TLS'
stop "$leaf"
done_testing
