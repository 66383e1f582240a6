#!/usr/bin/env perl
# rough.pl HOST:PORT FILE - stands between two nodes, as FILE says: read again at each wake-up.
#
#	pass		all goes through
#	drip		one byte at a time, through buffers as small as the system has them
#	reset N		after N bytes each connection is reset, to both sides
#	half N		after N bytes from who dialled us, it is told the end, and goes on being heard
#	swallow		what who dialled us says goes nowhere; what it is told comes through
#
# Says `ready listen=HOST:PORT` first.
use strict;
use warnings;
use IO::Select;
use IO::Socket::INET;
use Socket qw(SOL_SOCKET SO_LINGER SO_SNDBUF SO_RCVBUF);

my ($to, $file) = @ARGV;
my $listen = IO::Socket::INET->new(Listen => 8, LocalAddr => '127.0.0.1') // die "cannot listen: $!\n";
my (%other, %dials, %passed);
local $SIG{PIPE} = 'IGNORE';
$| = 1;
print 'ready listen=127.0.0.1:', $listen->sockport, "\n";
my $all = IO::Select->new($listen);

sub how {
	open my $in, '<', $file or return ('pass', 0);
	return (split(' ', <$in> // 'pass'), 0);
}

sub put {	# all of it, as long as the other side takes some
	my ($s, $bytes) = @_;
	for (my $at = 0; $at < length $bytes; ) {
		my $n = syswrite $s, $bytes, length($bytes) - $at, $at;
		return 0 unless $n;
		$at += $n;
	}
	return 1;
}

sub drop {
	my ($s, $reset) = @_;
	my $o = delete $other{$s} // return;
	delete $other{$o};
	$all->remove($s, $o);
	for ($s, $o) {
		setsockopt $_, SOL_SOCKET, SO_LINGER, pack('ii', 1, 0) if $reset;
		close $_;
	}
}

while (my @ready = $all->can_read) {
	my ($how, $limit) = how();
	for my $s (@ready) {
		if ($s == $listen) {
			my $in = $listen->accept // next;
			my $out = IO::Socket::INET->new($to) // next;
			if ($how eq 'drip') {
				setsockopt $_, SOL_SOCKET, SO_SNDBUF, 1 for $in, $out;
				setsockopt $_, SOL_SOCKET, SO_RCVBUF, 1 for $in, $out;
			}
			@other{$in, $out} = ($out, $in);
			@dials{$in, $out} = (1, 0);
			@passed{$in, $out} = (0, 0);
			$all->add($in, $out);
			next;
		}
		my $o = $other{$s} // next;
		my $n = sysread $s, my $bytes, $how eq 'drip' ? 1 : 65536;
		if (!$n) {
			drop($s, 0);
			next;
		}
		my $left = $limit - $passed{$s};
		if ($how eq 'reset' && $left <= $n) {
			put($o, substr $bytes, 0, $left) if $left > 0;
			drop($s, 1);
			next;
		}
		if ($how eq 'half' && $dials{$s} && $left <= $n) {
			shutdown $s, 1;
		}
		$passed{$s} += $n;
		next if $how eq 'swallow' && $dials{$s};
		drop($s, 0) unless put($o, $bytes);
	}
}
