#!/usr/bin/env perl
# dns.pl FILE - a name server on loopback, by UDP and TCP, for the names of FILE.
#
# FILE is read for each query; its lines are `NAME A ADDRESS`, `NAME SRV PRIORITY WEIGHT PORT
# TARGET` and `NAME SILENT`: that one is never answered.  Any other name does not exist; a
# name that FILE has with another type has no data.  Says `ready listen=HOST:PORT` first, and
# `asked TYPE NAME` for each query.
use strict;
use warnings;
use IO::Select;
use IO::Socket::INET;

my ($file) = @ARGV;
my ($udp, $tcp);
for (my $tries = 0; !$tcp; $tries++) {	# a port that is free for both
	die "cannot listen: $!\n" if $tries == 50;
	$udp = IO::Socket::INET->new(Proto => 'udp', LocalAddr => '127.0.0.1') // die "cannot bind: $!\n";
	$tcp = IO::Socket::INET->new(Listen => 8, LocalAddr => '127.0.0.1', LocalPort => $udp->sockport);
}
my $all = IO::Select->new($udp, $tcp);
my %types = (1 => 'A', 28 => 'AAAA', 33 => 'SRV');
$| = 1;
print 'ready listen=127.0.0.1:', $udp->sockport, "\n";

sub wire_name { join('', map { pack 'C/a', $_ } split /\./, $_[0]) . "\0" }

sub answer {	# to a query; undef: none
	my ($query) = @_;
	my ($id, $flags) = unpack 'n2', $query;
	my ($at, @labels) = (12);
	while (my $n = unpack 'C', substr $query, $at, 1) {
		push @labels, substr $query, $at + 1, $n;
		$at += $n + 1;
	}
	my $type = $types{unpack 'n', substr $query, $at + 1, 2} // 'other';
	my $name = lc join '.', @labels;
	print "asked $type $name\n";
	my ($known, @records) = (0);
	open my $in, '<', $file or die "cannot read $file: $!\n";
	while (<$in>) {
		my ($of, $what, @rest) = split;
		next unless defined $of && $of eq $name;
		return undef if $what eq 'SILENT';
		$known = 1;
		next unless $what eq $type;
		push @records, $what eq 'A' ? pack('C4', split /\./, $rest[0]) :
			pack('n3', @rest[0 .. 2]) . wire_name($rest[3] eq '.' ? '' : $rest[3]);
	}
	close $in;
	return pack('n6', $id, 0x8400 | ($flags & 0x100) | ($known ? 0 : 3), 1, scalar @records, 0, 0) .
		substr($query, 12, $at + 5 - 12) .
		join('', map { pack('n3Nn/a', 0xc00c, $type eq 'A' ? 1 : 33, 1, 0, $_) } @records);
}

while (my @ready = $all->can_read) {
	for my $s (@ready) {
		if ($s == $tcp) {
			my $c = $tcp->accept or next;
			sysread $c, my $query, 4096;
			my $reply = answer(substr $query, 2) // next;
			syswrite $c, pack 'n/a', $reply;
			next;
		}
		my $from = recv($udp, my $query, 4096, 0) // next;
		my $reply = answer($query) // next;
		# too long: the question alone, and the bit that says so
		substr($reply, 2, 2) = pack 'n', 0x8600 if length $reply > 512;
		send $udp, length $reply > 512 ? substr($reply, 0, 512) : $reply, 0, $from;
	}
}
