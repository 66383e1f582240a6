#!/usr/bin/env perl
# lossy.pl HOST:PORT FILE - stands between two nodes; what FILE names is lost.
#
# FILE holds kinds of envelopes in hex: `10 11` loses the next of each that comes from who
# dialled us, tells it on standard output, and takes it out of FILE.  Says `ready
# listen=HOST:PORT` first.
use strict;
use warnings;
use IO::Select;
use IO::Socket::INET;

my ($to, $file) = @ARGV;
my $listen = IO::Socket::INET->new(Listen => 8, LocalAddr => '127.0.0.1') // die "cannot listen: $!\n";
my (%other, %waiting, %dials);
local $SIG{PIPE} = 'IGNORE';
$| = 1;
print 'ready listen=127.0.0.1:', $listen->sockport, "\n";
my $all = IO::Select->new($listen);

sub lost {
	my ($kind) = @_;
	open my $in, '<', $file or return 0;
	my $kinds = join '', <$in>;
	close $in;
	return 0 unless $kinds =~ s/\b$kind\b//;
	open my $out, '>', $file or die "cannot write $file: $!\n";
	print $out $kinds;
	return 1;
}

sub pass {
	my ($from, $bytes) = @_;
	for (my $at = 0; $at < length $bytes; ) {
		my $n = syswrite $other{$from}, $bytes, length($bytes) - $at, $at;
		return unless $n;
		$at += $n;
	}
}

while (my @ready = $all->can_read) {
	for my $s (@ready) {
		if ($s == $listen) {
			my $in = $listen->accept // next;
			my $out = IO::Socket::INET->new($to);
			next unless $out;
			@other{$in, $out} = ($out, $in);
			@dials{$in, $out} = (1, 0);
			@waiting{$in, $out} = ('', '');
			$all->add($in, $out);
			next;
		}
		next unless $other{$s};
		if (!sysread $s, $waiting{$s}, 65536, length $waiting{$s}) {
			my $o = delete $other{$s};
			delete $other{$o};
			$all->remove($s, $o);
			close $_ for $s, $o;
			next;
		}
		while (length $waiting{$s} >= 32) {
			my ($kind, $o, $f, $t, $j, $m, $p) = unpack 'x2 H2 x4 C n n n n N', $waiting{$s};
			my $size = 32 + $o + $f + $t + $j + $m + $p;
			last if length $waiting{$s} < $size;
			my $one = substr $waiting{$s}, 0, $size, '';
			if ($dials{$s} && lost($kind)) {
				print "lost $kind\n";
			} else {
				pass($s, $one);
			}
		}
	}
}
