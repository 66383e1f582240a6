#!/usr/bin/env perl
# talk.pl SOCKET|HOST:PORT <SCRIPT - plays a conversation of JSON lines with a node: status 0 if it went as written.
#
#	caller -> {"type":"ping"}	this party says so
#	caller <- {"type":"pong"}	and is told exactly this next, in any order of members
#
# Each party is a connection of its own: to a bus socket, or by WebSocket.  "..." matches
# any value, and "timeout_ms" any that is positive and not more.  What is said need not be
# JSON.  `caller <- END` is the end of the connection, `caller <- SILENCE` that nothing is
# told before a pong.
use strict;
use warnings;
use IO::Socket::INET;
use IO::Socket::UNIX;
use JSON::PP;

my ($at) = @ARGV;
my $json = JSON::PP->new->utf8->canonical->allow_nonref;
my $slow = $ENV{FEDX_TEST_SLOW} || 1;
my (%party, $step, $step_at);

local $SIG{ALRM} = sub { die "line $step_at: nothing came in time, want $step\n" };
local $SIG{PIPE} = 'IGNORE';

sub bytes {
	my ($s, $n) = @_;
	my $got = '';
	while (length $got < $n) {
		read($s, $got, $n - length $got, length $got) or return undef;
	}
	return $got;
}

sub connect_to {
	my $s;
	if ($at =~ m{/}) {
		return IO::Socket::UNIX->new($at) // die "cannot connect to $at: $!\n";
	}
	$s = IO::Socket::INET->new($at) // die "cannot connect to $at: $!\n";
	$s->print("GET / HTTP/1.1\r\nHost: $at\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n",
	    "Sec-WebSocket-Version: 13\r\nSec-WebSocket-Protocol: fedx.lines\r\n",
	    "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n");
	my $head = '';
	while (my $line = readline $s) {
		last if $line eq "\r\n";
		$head .= $line;
	}
	die "no WebSocket: $head" unless $head =~ m{^HTTP/1.1 101 } && $head =~ /^Sec-WebSocket-Protocol: *fedx.lines\r$/mi;
	return $s;
}

sub party {
	my ($name) = @_;
	$party{$name} //= connect_to();
}

sub speak {
	my ($name, $text) = @_;
	my $n = length $text;
	if ($at =~ m{/}) {
		party($name)->print("$text\n");
	} else {	# one masked text frame, with a mask of zeros
		party($name)->print("\x81", $n < 126 ? chr(0x80 | $n) :
		    $n < 65536 ? pack('Cn', 0xfe, $n) : pack('CQ>', 0xff, $n), "\0\0\0\0", $text);
	}
}

sub hear {
	my ($name) = @_;
	my ($s, $line, $head, $n) = party($name);
	alarm 10 * $slow;
	if ($at =~ m{/}) {
		$line = readline $s;
	} else {
		do {
			$head = bytes($s, 2) // return undef;
			$n = ord(substr $head, 1);
			$n = $n == 126 ? unpack('n', bytes($s, 2)) : $n == 127 ? unpack('Q>', bytes($s, 8)) : $n;
			$line = $n ? bytes($s, $n) : '';
			return undef if (ord($head) & 15) == 8;
		} until (ord($head) & 15) == 1;
	}
	alarm 0;
	return $line;
}

sub matches {
	my ($got, $want, $name) = @_;
	return 1 if defined $want && !ref $want && $want eq '...';
	if (ref $want eq 'HASH') {
		return 0 if ref $got ne 'HASH' || join("\0", sort keys %$got) ne join("\0", sort keys %$want);
		matches($got->{$_}, $want->{$_}, $_) || return 0 for keys %$want;
		return 1;
	}
	return $got > 0 && $got <= $want if ($name // '') eq 'timeout_ms';
	return $json->encode($got) eq $json->encode($want);
}

while ($step = <STDIN>) {
	$step_at = $.;
	next if $step =~ /^\s*(#|$)/;
	my ($name, $way, $text) = $step =~ /^\s*(\w+)\s+(->|<-)\s+(.*)$/ or die "line $step_at: not a step: $step";
	if ($way eq '->') {
		speak($name, $text);
		next;
	}
	if ($text eq 'SILENCE') {
		speak($name, '{"type":"ping"}');
		$text = '{"type":"pong"}';
	}
	my $line = hear($name);
	if ($text eq 'END') {
		die "line $step_at: $name was told $line" if defined $line;
		next;
	}
	die "line $step_at: $name lost its connection, want $text\n" unless defined $line;
	(my $want = $text) =~ s/:\.\.\./:"..."/g;
	matches($json->decode($line), $json->decode($want))
	    or die "line $step_at: $name was told\n  $line\n want\n  $want\n";
}
