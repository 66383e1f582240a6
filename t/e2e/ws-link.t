#!/bin/sh
# ws-link.t - links and scripts over WebSocket, by the letter of RFC 6455.
. "${0%/*}/../lib/tap.sh"
cd "$FEDX_RUN" || exit 1
mkdir -m 700 h a

hub() {
	start fedx-hub -l "${1:-127.0.0.1:0}" -i hub.test -C test -r h
	hub=$pid hub_log=$log at=$(ready_at "$log")
}
hub
start fedx-leaf -u "ws://$at" -i a.test -C test -r a --set link.backoff=50ms --set link.backoff_max=100ms
leaf=$pid leaf_log=$log
ok 'a leaf over WebSocket' eventually grep -q 'now=UP' "$leaf_log"
start fedx-probe -r a serve echo -- cat
ok 'what it serves is known' eventually fedx-probe -r h -q ping -c 1 echo
is "$(fedx-probe -r h call echo m hello)" 'hello' 'and answers'
perl -e 'print "line $_\n" for 1 .. 700000' >body
there_and_back() { fedx-probe -r h -q call -0 echo m <body >out && cmp out body; }
ok 'long bodies go both ways' there_and_back
kill -9 "$hub"
ended "$hub"
hub "$at"
ok 'the hub is killed, comes back, and is found' eventually fedx-probe -r h -q ping -c 1 echo

# a script on the open port is a client like one on the bus
ws() { perl "$FEDX_SRC/t/lib/ws.pl" "$at" 2>&1; }
script() { perl "$FEDX_SRC/t/lib/talk.pl" "$at" <script; }
cat >script <<'END'
c -> {"type":"hello","cluster":"test"}
c <- {"type":"welcome","node":"hub.test","cluster":"test"}
c -> {"type":"request","id":1,"service":"echo","method":"m","payload":"over there"}
c <- {"type":"reply","id":1,"payload":"over there"}
END
ok 'a script reaches what is on a leaf' script

hello='{"type":"hello","cluster":"test"}'
welcome='1 {"type":"welcome","node":"hub.test","cluster":"test"}'
ping='{"type":"ping"}'
is "$(ws <<END
slowly 81 $hello
hear
END
)" "$welcome" 'a frame that comes octet by octet is one'
is "$(ws <<END
frame 01 {"type":"hello",
frame 89 are you there
frame 00 "cluster":
hear
frame 80 "test"}
hear
END
)" "10 are you there
$welcome" 'a ping between fragments is answered between them, and the fragments are one message'
is "$(ws <<END
frame 81 $hello
hear
frame 81 $ping
hear
frame 88 \x03\xe8bye
hear
gone
END
)" "$welcome
1 {\"type\":\"pong\"}
8 1000
gone" 'a close is answered, and then the connection ends'

while IFS='|' read -r what code steps
do
	is "$({ echo "frame 81 $hello"; echo hear; printf '%s\n' "$steps" | tr ';' '\n'; echo hear; } | ws)" \
		"$welcome
8 $code" "$what: closed with $code"
done <<'END'
a frame without a mask|1002|raw 8102686a
a reserved bit|1002|frame c1 x
another reserved bit|1002|frame 91 x
an unknown opcode|1002|frame 83 x
an unknown control opcode|1002|frame 8b x
a continuation of nothing|1002|frame 80 x
a second beginning|1002|frame 01 {;frame 81 x
a fragmented ping|1002|frame 09 x
a ping over 125 octets|1002|frame 89 xy*126
a close of one octet|1002|frame 88 x
a close with a code that may not be sent|1002|frame 88 \x03\xed
a close with a reason that is no UTF-8|1007|frame 88 \x03\xe8\xff
text that is no UTF-8|1007|frame 81 \xff\xfe
text with half a surrogate pair|1007|frame 81 \xed\xa0\x80
a message over the limit|1009|frame 81 xy*3000000
fragments over the limit together|1009|frame 01 xy*900000;frame 00 xy*900000;frame 00 xy*900000
END
handshake() {	# handshake HEADERS: the status line
	perl -MIO::Socket::INET -e '
		my $s = IO::Socket::INET->new($ARGV[0]) or die;
		print $s "GET / HTTP/1.1\r\nHost: x\r\n", map({ "$_\r\n" } split /;/, $ARGV[1]), "\r\n";
		$_ = <$s>; print /^HTTP\/1.1 (\d+)/' "$at" "$1"
}
good='Upgrade: websocket;Connection: keep-alive, Upgrade;Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ=='
is "$(handshake "$good;Sec-WebSocket-Version: 13;Sec-WebSocket-Protocol: fedx.lines")" 101 'a good handshake'
is "$(handshake "$good;Sec-WebSocket-Version: 13;Sec-WebSocket-Protocol: chat, fedx.lines")" 101 'one protocol of several'
is "$(handshake "$good;Sec-WebSocket-Version: 13;Sec-WebSocket-Protocol: chat")" 400 'none that is spoken here'
is "$(handshake "$good;Sec-WebSocket-Version: 8;Sec-WebSocket-Protocol: fedx.lines")" 426 'another version'
is "$(handshake "Upgrade: websocket;Connection: Upgrade;Sec-WebSocket-Version: 13;Sec-WebSocket-Protocol: fedx.lines;Sec-WebSocket-Key: c2hvcnQ=")" \
	400 'a key of the wrong length'
is "$(handshake "Upgrade: websocket;Connection: Upgrade;Sec-WebSocket-Version: 13;Sec-WebSocket-Protocol: fedx.lines")" 400 'no key'

ok 'after all this the leaf is linked still' fedx-probe -r h -q ping -c 1 echo
ok 'the leaf ends well' stop "$leaf"
ok 'and the hub' stop "$hub"
done_testing
