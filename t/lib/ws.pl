#!/usr/bin/env perl
# ws.pl HOST:PORT [PROTOCOL] <SCRIPT - a WebSocket client that does as it is told, also what it should not.
#
#	raw HEX			these octets, as they are
#	frame HEX TEXT		one masked frame; HEX is its first octet: fin, rsv and opcode
#	frame HEX xTEXT*N	TEXT repeated
#	slowly HEX TEXT		the same, an octet at a time
#	hear			prints the next frame: its opcode, and its text or close code
#	gone			prints `gone` when the other side ends the connection
use strict;
use warnings;
use IO::Socket::INET;
use Socket qw(IPPROTO_TCP TCP_NODELAY);

my ($at, $protocol) = @ARGV;
$protocol //= 'fedx.lines';
local $SIG{ALRM} = sub { print "silence\n"; exit 1 };
local $SIG{PIPE} = 'IGNORE';
$| = 1;

my $s = IO::Socket::INET->new($at) // die "cannot connect to $at: $!\n";
setsockopt $s, IPPROTO_TCP, TCP_NODELAY, 1;
$s->autoflush(1);
print $s "GET / HTTP/1.1\r\nHost: $at\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n",
    "Sec-WebSocket-Version: 13\r\nSec-WebSocket-Protocol: $protocol\r\n",
    "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n";
my $head = '';
while (defined(my $line = readline $s)) {
	last if $line eq "\r\n";
	$head .= $line;
}
die $head unless $head =~ m{^HTTP/1.1 101 } && $head =~ /^Sec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK\+xOo=\r$/mi;

sub bytes {
	my ($n) = @_;
	my $got = '';
	while (length $got < $n) {
		read($s, $got, $n - length $got, length $got) or return undef;
	}
	return $got;
}

sub frame {
	my ($first, $text) = @_;
	$text = $2 x $3 if $text =~ /^(x)(.*)\*(\d+)$/;
	$text =~ s/\\x([0-9a-f]{2})/chr hex $1/ge;
	my ($n, $mask) = (length $text, "\x11\x22\x33\x44");
	my $size = $n < 126 ? chr(0x80 | $n) : $n < 65536 ? pack('Cn', 0xfe, $n) : pack('CQ>', 0xff, $n);
	my $masked = $text ^ substr($mask x ($n / 4 + 1), 0, $n);
	return pack('H2', $first) . $size . $mask . $masked;
}

while (my $step = <STDIN>) {
	chomp $step;
	my ($verb, $rest) = split ' ', $step, 2;
	alarm 10 * ($ENV{FEDX_TEST_SLOW} || 1);
	if ($verb eq 'raw') {
		print $s pack 'H*', $rest;
	} elsif ($verb eq 'frame') {
		my ($first, $text) = split ' ', $rest, 2;
		print $s frame($first, $text // '');
	} elsif ($verb eq 'slowly') {
		my ($first, $text) = split ' ', $rest, 2;
		print $s $_ for split //, frame($first, $text // '');
	} elsif ($verb eq 'hear') {
		my $two = bytes(2);
		if (!defined $two) {
			print "gone\n";
			next;
		}
		my ($op, $n) = (ord($two) & 15, ord substr $two, 1);
		$n = $n == 126 ? unpack('n', bytes(2)) : $n == 127 ? unpack('Q>', bytes(8)) : $n;
		my $text = $n ? bytes($n) : '';
		print "$op ", $op == 8 && $n >= 2 ? unpack('n', $text) : $text, "\n";
	} elsif ($verb eq 'gone') {
		print defined bytes(1) ? "more\n" : "gone\n";
	} else {
		die "what is $verb?\n";
	}
}
