#!/bin/sh
# doctor.t - fedx-probe doctor names the step where a link fails, and disturbs nobody unless asked to.
. "${0%/*}/../lib/tap.sh"
cd "$FEDX_RUN" || exit 1
umask 077
mkdir h p a b
unset https_proxy HTTPS_PROXY all_proxy ALL_PROXY http_proxy HTTP_PROXY

doctor() { fedx-probe doctor "$@" >seen 2>said; }
cells() { awk -F '\t' -v step="$1" '$1 == step { print $2 "\t" $4 }' seen; }
# sick WHAT STATUS STEP SEEN ADVICE OPTION... URL: that step fails, all before it do not, none after it is tried
sick() {
	what=$1 status=$2 step=$3 seen=$4 advice=$5
	shift 5
	ok "$what" expect_status "$status" doctor -t $((5 * FEDX_TEST_SLOW)) "$@"
	like "$(cells "$step")" "^fail	.*($seen)" "$what: it is $step, and why"
	is "$(awk -F '\t' -v step="$step" '$2 == "fail" && $1 != step || on && $4 != "not reached"
		$1 == step { on = 1 }' seen)" '' "$what: no other step fails, none is tried behind it"
	like "$(cat said)" "^fedx-probe: $step: .*($advice)" "$what: what to do"
}
well() {	# well WHAT OPTION... URL
	what=$1
	shift
	ok "$what" doctor "$@"
	is "$(cut -f 1 seen | tr '\n' ' ')" \
		'step dns tcp proxy tls alpn certificate client-cert websocket hello credential cluster node-id policy ' \
		"$what: a line for each step"
	is "$(cut -f 2 seen | sort -u | tr '\n' ' ')$(cat said)" 'ok result skipped ' "$what: no step fails"
}
serve() {	# serve CODE: a server of perl at $port, that runs CODE for each $c
	rm -f port
	start perl -MIO::Socket::INET -e '
		my $l = IO::Socket::INET->new(Listen => 5, LocalAddr => "127.0.0.1") or die;
		open my $f, ">", "port.new" or die; print $f $l->sockport; close $f; rename "port.new", "port";
		while (my $c = $l->accept) { $c->autoflush(1); eval $ARGV[0]; die $@ if $@ }' "$1"
	eventually test -s port || return
	port=$(cat port)
}
lie() {		# lie: the script of standard input, for who dials 127.0.0.1:$port
	rm -f port
	cat >script
	start sh -c 'exec liar -L port <script'
	await test -s port
	port=$(cat port)
}

# a hub that asks nobody for anything, and one of its leaves
start fedx-hub -l 127.0.0.1:0 -i hub.test -C lab -r p
plain=$(ready_at "$log") plain_hub=$pid
start fedx-leaf -u "fedx://$plain" -i a.test -C lab -r a
leaf=$pid
is_up() { fedx-probe -r "$1" -H links | grep -q "^$2	leaf	up	"; }
ok 'hub and leaf are up' eventually is_up p a.test

well 'fedx' "fedx://$plain"
like "$(cells tcp)" "^ok	$plain\$" 'the address is told'
like "$(cells hello)" '^ok	hub hub\.test .*fedx-hub ' 'and who welcomes us'
is "$(cells cluster)" 'ok	lab' 'and its cluster'
is "$(cells proxy)" 'skipped	none' 'no proxy'
is "$(awk -F '\t' '$2 == "ok" && $3 !~ /^[0-9]+\.[0-9]$/' seen)" '' 'each step has its time'
well 'ws' "ws://localhost:${plain##*:}/any"
is "$(cells websocket)" 'ok	fedx.v1' 'by WebSocket'
well 'unix' "unix:$FEDX_RUN/p/node.sock"
well 'as a node' --as c.test -C lab "fedx://$plain"
is "$(cells node-id)$(cells policy)" 'ok	c.testok	admitted as leaf c.test' 'it was that node'
gone() { ! is_up p c.test; }
ok 'and is not any more' eventually gone
well 'as a node, by a socket' --as c.test --role leaf "unix:$FEDX_RUN/p/node.sock"
ok 'a proxy of the environment is not used' env https_proxy=http://127.0.0.1:1 fedx-probe doctor "ws://$plain"

ok 'JSON' doctor -j "fedx://$plain"
is "$(grep -c '^{"v":1,"step":"[a-z-]*","result":"[a-z]*","us":[0-9]*,"seen":".*"}$' seen)" 13 'an object a step'
ok 'JSON of a failure' expect_status 69 doctor -j fedx://127.0.0.1:1
like "$(cat seen)" '"step":"tcp","result":"fail".*"seen":"cannot connect to.*"status":69,"fix":"nothing listens' 'says all'
like "$(cat said)" '^\{"v":1,"status":69,"error":"tcp: nothing listens' 'also as an error'

# nobody there
sick 'no such host' 68 dns 'cannot resolve .no-such-host.invalid' 'name servers' fedx://no-such-host.invalid
sick 'a closed port' 69 tcp 'cannot connect to 127.0.0.1:1: ' 'start the hub' fedx://127.0.0.1:1
sick 'no socket' 69 tcp 'none/node.sock: ' 'start the node' "unix:$FEDX_RUN/none/node.sock"
ok 'a server that says nothing' serve 'push @all, $c'
sick 'a silent port' 75 hello 'no answer to HELLO within 300 ms' 'says nothing' -t 0.3 "fedx://127.0.0.1:$port"
sick 'a silent port, ws' 75 websocket 'no answer to the WebSocket request within 300 ms' 'says nothing' -t 0.3 "ws://127.0.0.1:$port"
sick 'a silent port, TLS' 75 tls 'no answer to our TLS greeting within 300 ms' 'says nothing' -t 0.3 --insecure "fedxs://127.0.0.1:$port"

# somebody else there
serve 'sysread $c, my $b, 4096; print $c "HTTP/1.1 404 Not Found\r\nContent-Length: 8\r\n\r\nnothing\n"'
sick 'a web server' 76 hello 'HELLO was answered with "HTTP/1.1 404' 'web server' "fedx://127.0.0.1:$port"
sick 'a web server, ws' 76 websocket 'HTTP status 404: nothing' 'path' "ws://127.0.0.1:$port"
sick 'a web server, TLS' 76 tls 'TLS' '' --insecure "fedxs://127.0.0.1:$port"
serve 'print $c "SSH-2.0-thing\e[2J\r\n"; sysread $c, my $b, 4096'
sick 'something else' 76 hello 'answered with "SSH-2.0-thing\?\[2J"' 'no fedx hub' "fedx://127.0.0.1:$port"
sick 'something else, ws' 76 websocket 'answered with "SSH-2.0-thing' 'no fedx hub' "ws://127.0.0.1:$port"
sick 'something else, TLS' 76 tls 'TLS' 'TLS' --insecure "wss://127.0.0.1:$port"
serve 'close $c'
sick 'it hangs up' 76 hello 'no answer to HELLO: ' 'no fedx hub' "fedx://127.0.0.1:$port"
sick 'no TLS at a hub' 76 tls '' 'fedx without TLS is spoken there' --insecure "fedxs://$plain"

# a hub that is not like ours
lie <<'EOF'
a <- HELLO
a -> welcome node=far.test cluster=lab versions=9
EOF
sick 'another version' 76 hello 'version 1' 'version' "fedx://127.0.0.1:$port"
lie <<'EOF'
a <- HELLO
a -> welcome node=far.test cluster=lab role=leaf
EOF
sick 'no hub' 76 hello 'not a hub' 'dial a hub' "fedx://127.0.0.1:$port"
lie <<'EOF'
a <- HELLO
a -> ERROR error=overloaded payload=too many
EOF
sick 'a full hub' 75 hello 'too many' 'later' "fedx://127.0.0.1:$port"
lie <<'EOF'
a <- HELLO
a -> ERROR error=denied payload=not on a Sunday
EOF
sick 'a hub whose policy says no' 77 policy 'not on a Sunday' 'fedx-probe rules' "fedx://127.0.0.1:$port"
lie <<'EOF'
a <- HELLO
a -> raw f3010200000010000000000000000000ffffffff000000000000000000000000
EOF
sick 'a hub that sends too much' 76 hello 'HELLO was answered' '' "fedx://127.0.0.1:$port"

# who we are
sick 'another cluster' 77 cluster "of cluster 'lab'" '-C lab' -C other "fedx://$plain"
sick 'another cluster, by a socket' 77 cluster "of cluster 'lab'" 'another hub' -C other "unix:$FEDX_RUN/p/node.sock"
sick 'a node id in use' 77 node-id 'a node with this id' 'another -i' --as a.test "fedx://$plain"
sick "the hub's own node id" 77 node-id 'own node id' 'another -i' --as hub.test "fedx://$plain"
ok 'the leaf is still up' is_up p a.test

for bad in '' 'http://127.0.0.1' 'fedx://127.0.0.1 more' '--role king fedx://127.0.0.1' '--role hub fedx://127.0.0.1' \
	'--as UPPER fedx://127.0.0.1' '-C a/b fedx://127.0.0.1' '-t never fedx://127.0.0.1' '--tls-cert x fedx://127.0.0.1'
do
	# shellcheck disable=SC2086
	ok "usage: doctor $bad" expect_status 64 doctor $bad
done
ok 'no token file' expect_status 66 doctor --token-file none "fedx://$plain"
echo secret-of-mine >token
chmod 644 token
ok 'a token that others may read' expect_status 78 doctor --token-file token "fedx://$plain"
chmod 600 token
ok 'a token goes to this host without TLS' doctor --token-file token "fedx://$plain"
stop "$leaf"
ok 'the hub ends well' stop "$plain_hub"

command -v openssl >/dev/null || { skip 'the openssl command is not installed'; done_testing; }

# a hub with certificate and tokens, and one of its leaves
fedx-probe keygen hub hub.test -d d --ip 127.0.0.1 >/dev/null
fedx-probe keygen hub hub.test -d other --ip 127.0.0.1 >/dev/null
for n in a b c e
do fedx-probe keygen token $n.lab -d d --cluster lab >/dev/null
done
fedx-probe keygen token client.lab -d d --cluster lab --role client >/dev/null
fedx-probe keygen token x.lab -d other --cluster lab >/dev/null
for n in f g
do fedx-probe keygen key $n.lab -d d --cluster lab >/dev/null
done
fedx-probe keygen key f.lab -d other --cluster lab >/dev/null
sed '/ g\.lab /s/	/ 2020-01-01T00:00:00Z	/' d/keys >d/some
cat d/some >d/keys
sed -e '/ c\.lab /s/ lab / elsewhere /' -e '/ e\.lab /s/$/ 2020-01-01T00:00:00Z/' d/tokens >d/some
mv d/some d/tokens
hub() { start fedx-hub -l 127.0.0.1:0 -i hub.test -C lab -r "$1" --token-file d/tokens --psk-file d/keys --tls-cert "$2" --tls-key d/hub.key; }
hub h d/hub.pem
at=$(ready_at "$log") hub=$pid
start fedx-leaf -u "fedxs://$at" -i a.lab -C lab -r b --tls-ca d/ca.pem --token-file d/a.lab.token
leaf=$pid leaf_log=$log
ok 'hub and leaf are up, with TLS' eventually is_up h a.lab

for scheme in fedxs wss
do
	well "$scheme" --tls-ca d/ca.pem --token-file d/a.lab.token "$scheme://$at"
	like "$(cells tls)" '^ok	TLS 1\.2, ECDHE-' "$scheme: the cipher"
	is "$(cells alpn)" 'ok	fedx/1' "$scheme: the protocol"
	like "$(cells certificate)" "^ok	signed by the given CA.*sha256:$(openssl x509 -in d/hub.pem -outform der |
		openssl dgst -sha256 -r | cut -d' ' -f1)" "$scheme: the certificate"
	like "$(cells credential)" '^ok	the token is known' "$scheme: the token of a leaf is known"
	like "$(cells policy)" '^skipped	.*--as' "$scheme: but not that node is tried"
done
ok 'the live link of that leaf is not touched' not grep -q 'was=UP' "$leaf_log"
well 'a node' --tls-ca d/ca.pem --token-file d/b.lab.token --as b.lab "fedxs://$at"
is "$(cells credential)$(cells policy)" 'ok	the token is acceptedok	admitted as leaf b.lab' 'may join'
for scheme in fedxs wss
do
	well "the key of a node, and no CA, $scheme" --psk-file d/f.lab.psk --as f.lab "$scheme://$at"
	is "$(cells credential)$(cells policy)" 'ok	the hub has the key, and ours is acceptedok	admitted as leaf f.lab' 'may join'
done
well 'the key of a leaf, as nobody' --psk-file d/f.lab.psk "fedxs://$at"
like "$(cells credential)" '^ok	the key is known' 'is known'
well 'a client' --tls-ca d/ca.pem --token-file d/client.lab.token --as client.lab --role client "wss://$at"
well 'the cluster of the URL' --tls-ca d/ca.pem --token-file d/b.lab.token --as b.lab "fedxs://$at#lab"
ok 'a token of the environment' env FEDX_TOKEN_FILE=d/b.lab.token fedx-probe doctor --tls-ca d/ca.pem "wss://$at"
well 'without a look at the certificate' --insecure --token-file d/b.lab.token "fedxs://$at"
like "$(cells certificate)" '^ok	not checked, sha256:' 'which is said'

secure() {
	what=$1 status=$2 step=$3 seen=$4 advice=$5
	shift 5
	sick "$what" "$status" "$step" "$seen" "$advice" --tls-ca d/ca.pem "$@" "fedxs://$at"
}
secure 'no token' 77 credential 'wants a token' 'give --token-file'
secure 'an unknown token' 77 credential 'not known' 'a new token' --token-file other/x.lab.token
secure 'an expired token' 77 credential 'has expired' 'a new token' --token-file d/e.lab.token
secure 'an expired token, as a node' 77 credential 'has expired' 'a new token' --token-file d/e.lab.token --as e.lab
secure 'a key that the hub does not have' 77 credential 'the hub cannot prove that it has this key' "hub's --psk-file" --psk-file other/f.lab.psk
secure 'an expired key' 77 credential 'the key has expired' 'a new key' --psk-file d/g.lab.psk --as g.lab
secure 'the key of another node' 77 credential 'the key is for another node id' 'give --as' --psk-file d/f.lab.psk --as x.lab
secure 'the key of another role' 77 credential 'another role' 'give --role' --psk-file d/f.lab.psk --as f.lab --role hub
secure 'the token of another node' 77 credential 'another node id' 'give --as' --token-file d/b.lab.token --as x.lab
secure 'the token of another role' 77 credential 'another role' 'give --role' --token-file d/b.lab.token --as b.lab --role hub
secure 'the token of another cluster' 77 cluster "'elsewhere'" 'lab' --token-file d/c.lab.token --as c.lab

sick 'a hub of another cluster than the URL says' 77 cluster "is of cluster 'lab', not 'elsewhere'" 'behind the #' --tls-ca d/ca.pem --token-file d/b.lab.token --as b.lab "fedxs://$at#elsewhere"

sick 'nobody to trust' 78 certificate 'nobody has said.*sha256:' 'give --tls-ca' "fedxs://$at"
sick 'another CA' 76 certificate 'false|not signed by' 'CA' --tls-ca other/ca.pem "fedxs://$at"
sick 'another name' 76 certificate "another name than 'localhost'" 'name' --tls-ca d/ca.pem "wss://localhost:${at##*:}"
sick 'no TLS where it is wanted' 76 hello 'no answer to HELLO' 'use fedxs://' --token-file d/b.lab.token "fedx://$at"
sick 'no TLS where it is wanted, ws' 76 websocket 'HTTP status 400: this port speaks TLS' 'use wss://' "ws://$at"
printf 'basicConstraints=CA:FALSE\nsubjectAltName=IP:127.0.0.1\n' >ext
openssl req -new -key d/hub.key -subj /CN=hub.test -out old.csr 2>/dev/null
if openssl x509 -req -in old.csr -CA d/ca.pem -CAkey d/ca.key -set_serial 9 -days -1 -extfile ext -out old.pem >said 2>&1
then
	mkdir o
	hub o old.pem
	old=$(ready_at "$log")
	sick 'an expired certificate' 76 certificate 'expired' 'clocks' --tls-ca d/ca.pem "fedxs://$old"
else skip 'this openssl makes no expired certificate'
fi
port=$(free_port)
start openssl s_server -accept "127.0.0.1:$port" -cert d/hub.pem -key d/hub.key -www
tls_is_there() { openssl s_client -connect "127.0.0.1:$port" </dev/null >/dev/null 2>&1; }
ok 'a web server with TLS' eventually tls_is_there
sick 'it is no hub' 76 websocket 'HTTP status 200' 'path' --tls-ca d/ca.pem "wss://127.0.0.1:$port"
like "$(cells alpn)" '^ok	none' 'nor does it know our protocol'
sick 'it is no hub, and waits' 75 hello 'HELLO' '' --tls-ca d/ca.pem -t 1 "fedxs://127.0.0.1:$port"
sick 'TLS, and not asked for' 76 hello '' 'use fedxs://' "fedx://127.0.0.1:$port"

ok 'the live link was never touched' not grep -q 'was=UP' "$leaf_log"
ok 'no token was ever told' not grep -q "$(cut -c 4-40 d/b.lab.token)" seen said ./*.log
stop "$leaf"
ok 'the hub with TLS ends well' stop "$hub"
done_testing
