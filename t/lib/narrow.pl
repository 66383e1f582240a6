#!/usr/bin/env perl
# narrow.pl HOST:PORT RATE - stands between two nodes; so many bytes a second go each way, and few wait here.
#
# Says `ready listen=HOST:PORT` first.
use strict;
use warnings;
use IO::Select;
use IO::Socket::INET;
use Socket qw(SOL_SOCKET SO_RCVBUF);

my ($to, $rate) = @ARGV;
my $listen = IO::Socket::INET->new(Listen => 8, LocalAddr => '127.0.0.1') // die "cannot listen: $!\n";
setsockopt $listen, SOL_SOCKET, SO_RCVBUF, 4096;
my %other;
local $SIG{PIPE} = 'IGNORE';
$| = 1;
print 'ready listen=127.0.0.1:', $listen->sockport, "\n";
my $all = IO::Select->new($listen);

sub meet {
	my $in = $listen->accept // return;
	my $out = IO::Socket::INET->new($to) // return;
	@other{$in, $out} = ($out, $in);
	$all->add($in, $out);
}

sub pass {
	my ($s) = @_;
	my $to = $other{$s} // return;
	my $some;
	return if sysread($s, $some, $rate / 20) && syswrite $to, $some;
	for ($s, $to) {
		$all->remove($_);
		delete $other{$_};
		close $_;
	}
}

while (1) {
	for my $s ($all->can_read) {
		$s == $listen ? meet() : pass($s);
	}
	select undef, undef, undef, 0.05;
}
