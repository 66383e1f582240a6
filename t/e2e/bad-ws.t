#!/bin/sh
# bad-ws.t - WebSocket handshakes and frames that break the rules end their connection only.
. "${0%/*}/../lib/tap.sh"
cd "$FEDX_RUN" || exit 1

works() { test "$(fedx-probe call echo m 'still here')" = 'still here'; }
start fedx-hub -l 127.0.0.1:0 -i n1 -C home
hub=$pid
ok 'the hub is ready' wait_ready "$log"
at=$(ready_at "$log")
start fedx-probe serve echo -- cat
ok 'a service is there' eventually works

# ws.pl HOST:PORT PROTOCOL FRAMES [HEADER...]: FRAMES is hex, X a masked one's mask of zeros;
# prints the HTTP status, then `opcode length` of each frame that comes, and the code of a close
cat >ws.pl <<'END'
use strict; use warnings; use IO::Socket::INET;
my ($at, $protocol, $frames, @headers) = @ARGV;
my $s = IO::Socket::INET->new($at) or die "$at: $!";
$SIG{PIPE} = "IGNORE";
$SIG{ALRM} = sub { print "nothing more\n"; exit 1 };
alarm 20;
@headers = ("Upgrade: websocket", "Connection: Upgrade", "Sec-WebSocket-Version: 13",
    "Sec-WebSocket-Key: AAECAwQFBgcICQoLDA0ODw==", "Sec-WebSocket-Protocol: $protocol") unless @headers;
print $s join("\r\n", "GET / HTTP/1.1", "Host: x", @headers, "", ""); $s->flush;
my ($in, $b) = ("");
while ($in !~ /\r\n\r\n/) { sysread($s, $b, 4096) or last; $in .= $b }
$in =~ s/^HTTP\/1.1 (\d+).*?\r\n\r\n//s or die "no HTTP: $in";
print "$1\n"; $| = 1;
exit 0 if $1 != 101;
$frames =~ s/X/00000000/g;
syswrite $s, pack("H*", $frames);
while (1) {
	while (length $in >= 2) {
		my ($op, $n) = unpack "CC", $in; my $head = 2;
		if ($n == 126) { $n = unpack "x2n", $in; $head = 4 }
		last if length $in < $head + $n;
		my $body = substr $in, $head, $n; substr($in, 0, $head + $n) = "";
		printf "%x %d%s\n", $op & 15, $n, ($op & 15) == 8 && $n >= 2 ? " " . unpack("n", $body) : "";
	}
	sysread($s, $b, 4096) or last; $in .= $b;
}
print "end\n";
END
ws() { perl ws.pl "$at" "$@" | tr '\n' ' '; }
# closes DESCRIPTION REGEX PROTOCOL FRAMES [HEADER...]
closes() {
	closes_what=$1 closes_how=$2
	shift 2
	like "$(ws "$@")" "$closes_how" "$closes_what"
}

closes 'no key' '^400 $' fedx.v1 '' 'Upgrade: websocket' 'Connection: Upgrade' 'Sec-WebSocket-Version: 13'
closes 'a key that is none' '^400 $' fedx.v1 '' 'Upgrade: websocket' 'Connection: Upgrade' \
	'Sec-WebSocket-Version: 13' 'Sec-WebSocket-Key: x' 'Sec-WebSocket-Protocol: fedx.v1'
closes 'a version of the past' '^426 $' fedx.v1 '' 'Upgrade: websocket' 'Connection: Upgrade' \
	'Sec-WebSocket-Version: 8' 'Sec-WebSocket-Key: AAECAwQFBgcICQoLDA0ODw==' 'Sec-WebSocket-Protocol: fedx.v1'
closes 'a subprotocol that nobody speaks' '^400 $' chat ''
closes 'a web page, where no token is asked for' '^403 $' fedx.lines '' 'Upgrade: websocket' 'Connection: Upgrade' \
	'Sec-WebSocket-Version: 13' 'Sec-WebSocket-Key: AAECAwQFBgcICQoLDA0ODw==' 'Sec-WebSocket-Protocol: fedx.lines' \
	'Origin: https://example.net'
ok 'others are served' works

for protocol in fedx.v1 fedx.lines
do
	closes "$protocol: a frame without a mask" '^101 8 [0-9]+ 1002 end' $protocol 820100
	closes "$protocol: a reserved opcode" '^101 8 [0-9]+ 1002 end' $protocol 8380X
	closes "$protocol: a reserved bit" '^101 8 [0-9]+ 1002 end' $protocol c280X
	closes "$protocol: a continuation of nothing" '^101 8 [0-9]+ 1002 end' $protocol 8080X
	closes "$protocol: a ping in pieces" '^101 8 [0-9]+ 1002 end' $protocol 0980X
	closes "$protocol: a ping that is too long" '^101 8 [0-9]+ 1002 end' $protocol 89fe0080X
	closes "$protocol: a message over every limit" '^101 8 [0-9]+ 1009 end' $protocol 82ff00000001ffffffffX00
	closes "$protocol: a close with a code that may not be sent" '^101 8 [0-9]+ 1002 end' $protocol 8882X03ed
	ok '... others are served' works
done
closes 'text that is no UTF-8' '^101 8 [0-9]+ 1007 end' fedx.lines 8182Xc328
closes 'a message of one part of an envelope' '^101 (2 [0-9]+ )?8 [0-9]+ 100[28] end' fedx.v1 8282Xf301
closes 'a message that is no envelope' '^101 (2 [0-9]+ )?8 [0-9]+ 100[28] end' fedx.v1 8284Xdeadbeef
closes 'a request before HELLO' '^101 1 [0-9]+ 8 [0-9]+ 1008 end' fedx.lines \
	"81b4X$(printf '{"type":"request","id":1,"service":"e","method":"m"}' | od -An -v -tx1 | tr -d ' \n')"
closes 'a goodbye in order is answered' '^101 8 [0-9]+ 1000 end' fedx.v1 8882X03e8
ok 'after all this others are served' works
ok 'and it ends well' stop "$hub"
done_testing
