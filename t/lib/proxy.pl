#!/usr/bin/env perl
# proxy.pl FILE - an HTTP proxy on loopback that lies as FILE says; every name is this host to it.
#
# FILE is read for each CONNECT, its first line is what is done then:
#	pass			let through to the port that was asked for
#	login USER:PASSWORD	the same, for who shows these; 407 for all others
#	drip			the same, the answer octet by octet
#	say TEXT		TEXT, with \r \n \xNN and "x*9" for nine x, then the end
#	hold TEXT		the same, and no end
#	early TEXT		let through, and TEXT in one write with the answer
# Says `ready listen=HOST:PORT` first, then `asked HOST:PORT` and `login TEXT` for each.
use strict;
use warnings;
use IO::Select;
use IO::Socket::INET;
use MIME::Base64;
use Socket qw(IPPROTO_TCP TCP_NODELAY);

my ($file) = @ARGV;
my $listen = IO::Socket::INET->new(Listen => 8, LocalAddr => '127.0.0.1') // die "cannot listen: $!\n";
my $all = IO::Select->new($listen);
my (%other, %head, @drips);
local $SIG{PIPE} = 'IGNORE';
$| = 1;
print 'ready listen=127.0.0.1:', $listen->sockport, "\n";

sub hang_up {
	my @all = @_;
	for my $s (@all) {
		$all->remove($s);
		delete $head{$s};
		delete $other{$s};
		close $s;
	}
}

sub put {
	my ($s, $bytes) = @_;
	for (my $at = 0; $at < length $bytes; ) {
		my $n = syswrite $s, $bytes, length($bytes) - $at, $at;
		return unless $n;
		$at += $n;
	}
}

sub through {	# to the host that it asked for, with that answer
	my ($s, $port, $answer, $drips) = @_;
	my $hub = IO::Socket::INET->new("127.0.0.1:$port");
	if (!$hub) {
		put($s, "HTTP/1.1 502 Bad Gateway\r\nContent-Length: 0\r\n\r\n");
		return hang_up($s);
	}
	@other{$s, $hub} = ($hub, $s);
	delete $head{$s};
	$all->add($hub);
	setsockopt $s, IPPROTO_TCP, TCP_NODELAY, 1;
	$drips ? map { put($s, $_) } split //, $answer : put($s, $answer);
}

sub answer {
	my ($s, $head) = @_;
	my ($host, $port) = $head =~ /^CONNECT (\S+):(\d+) HTTP\/1\.1\r\n/ or do {
		put($s, "HTTP/1.1 400 Bad Request\r\n\r\n");
		return hang_up($s);
	};
	my $login = $head =~ /^Proxy-Authorization: Basic (\S+)\r$/m ? decode_base64($1) : 'none';
	print "asked $host:$port\nlogin $login\n";
	open my $in, '<', $file or die "cannot read $file: $!\n";
	my ($what, $text) = (scalar <$in>) =~ /^(\w+) ?(.*)$/;
	my $ok = "HTTP/1.1 200 Connection established\r\n\r\n";
	close $in;
	if ($what eq 'login' && $login ne $text) {
		put($s, "HTTP/1.1 407 Proxy Authentication Required\r\nProxy-Authenticate: Basic realm=\"here\"\r\n\r\n");
		return hang_up($s);
	}
	$text =~ s/\\r/\r/g;
	$text =~ s/\\n/\n/g;
	$text =~ s/\\x(..)/chr hex $1/ge;
	$text =~ s/(.)\*(\d+)/$1 x $2/ge;
	return through($s, $port, $ok, $what eq 'drip') if $what =~ /^(pass|login|drip)$/;
	return through($s, $port, $ok . $text) if $what eq 'early';
	put($s, $text);
	hang_up($s) if $what eq 'say';
}

while (my @ready = $all->can_read) {
	for my $s (@ready) {
		if ($s == $listen) {
			my $new = $listen->accept // next;
			$head{$new} = '';
			$all->add($new);
			next;
		}
		next unless defined fileno $s;
		my $n = sysread $s, my $bytes, 65536;
		if (!$n) {
			hang_up($s, $other{$s} // ());
		} elsif ($other{$s}) {
			put($other{$s}, $bytes);
		} elsif (defined $head{$s}) {
			$head{$s} .= $bytes;
			answer($s, $head{$s}) if $head{$s} =~ /\r\n\r\n$/;
		}
	}
}
