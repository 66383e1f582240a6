#!/usr/bin/env perl
# late.pl HOST:PORT MIN MAX [RATE] - stands between two nodes; what each says waits MIN to MAX ms here, in order.
#
# Says `ready listen=HOST:PORT` first.  A side is not read while a lot of what it has said waits.
# With RATE, so many bytes a second go each way, and a twentieth of that waits here.
use strict;
use warnings;
use IO::Select;
use IO::Socket::INET;
use Socket qw(IPPROTO_TCP SOL_SOCKET SO_RCVBUF TCP_NODELAY);
use Time::HiRes qw(time);

my ($to, $min, $max, $rate) = @ARGV;
my $most = $rate ? $rate / 20 : 4 << 20;
my $listen = IO::Socket::INET->new(Listen => 8, LocalAddr => '127.0.0.1') // die "cannot listen: $!\n";
setsockopt $listen, SOL_SOCKET, SO_RCVBUF, 4096 if $rate;
my (%other, %held, %bytes, %ended);	# by the side that said it
local $SIG{PIPE} = 'IGNORE';
$| = 1;
print 'ready listen=127.0.0.1:', $listen->sockport, "\n";
my $all = IO::Select->new($listen);

sub meet {
	my $in = $listen->accept // return;
	my $out = IO::Socket::INET->new($to) // return;
	setsockopt $_, IPPROTO_TCP, TCP_NODELAY, 1 for $in, $out;
	@other{$in, $out} = ($out, $in);
	@held{$in, $out} = ([], []);
	@bytes{$in, $out} = (0, 0);
	$all->add($in, $out);
}

sub drop {
	my ($s) = @_;
	for ($s, $other{$s}) {
		$all->remove($_);
		delete $_->{$s} for \%held, \%bytes, \%ended;
		close $_;
	}
	delete @other{$s, $other{$s}};
}

sub hear {
	my ($s) = @_;
	my $q = $held{$s};
	my $due = time + ($min + rand($max - $min)) / 1000;
	$due = $q->[-1][0] if @$q && $q->[-1][0] > $due;
	my $n = sysread $s, my $chunk, $most < 65536 ? $most : 65536;
	$chunk = '' unless $n;		# its end waits its turn, too
	$due += length($chunk) / $rate if $rate;
	push @$q, [$due, $chunk, $s];
	$bytes{$s} += length $chunk;
	$all->remove($s) if !$n || $bytes{$s} >= $most;
	$ended{$s} = 1 unless $n;
}

sub pass {	# one chunk; false if nobody takes it
	my ($s, $chunk) = @_;
	my $o = $other{$s};
	return 0 if $chunk eq '';
	$bytes{$s} -= length $chunk;
	$all->add($s) if !$ended{$s} && $bytes{$s} < $most;
	for (my $at = 0; $at < length $chunk; ) {
		$at += syswrite($o, $chunk, length($chunk) - $at, $at) || return 0;
	}
	return 1;
}

while (1) {
	my ($now, $wait) = (time, 60);
	for my $q (values %held) {
		while ($q && @$q && $q->[0][0] <= $now) {
			my ($due, $chunk, $s) = @{ shift @$q };
			drop($s), last unless pass($s, $chunk);
		}
	}
	for my $q (values %held) {
		next unless @$q;
		$wait = $q->[0][0] - $now if $q->[0][0] - $now < $wait;
	}
	for my $s ($all->can_read($wait > 0 ? $wait : 0)) {
		$s == $listen ? meet() : hear($s);
	}
}
