#!/usr/bin/env perl
# slow.pl - clients of a bus socket, of which one does not read.
#
#	slow.pl events SOCKET FAST HUNDREDS	so many subscribers, and one that does not read; the next hundred
#						events are said when all of the others have those before
#	slow.pl answers SOCKET			asks, and reads no answer, until it is cut
#
# events prints what the others heard, and then what the slow one did, which reads at last.
use strict;
use warnings;
use IO::Select;
use IO::Socket::UNIX;

my ($verb, $at, $fast, $hundreds) = @ARGV;
my $big = 'x' x 1000;
$| = 1;
$SIG{PIPE} = 'IGNORE';

sub dial { return IO::Socket::UNIX->new($at) // die "cannot connect to $at: $!\n" }

sub subscriber {
	my $s = dial();
	$s->print(qq({"type":"subscribe","id":1,"pattern":"/slow/*"}\n));
	<$s> =~ /"subscribed"/ or die "not subscribed\n";
	return $s;
}

sub event { return qq({"type":"publish","path":"/slow/y","payload":"$_[0] $big"}\n) }

# What is there of one: numbers, one after the other.
my (%rest, %next);
sub hear {
	my ($s) = @_;
	$rest{$s} //= '';
	$next{$s} //= 0;
	sysread($s, $rest{$s}, 1 << 18, length $rest{$s}) or die "one of the others was cut\n";
	while ($rest{$s} =~ s/^([^\n]*)\n//) {
		my ($n) = $1 =~ /"payload":"(\d+) / or die "no event: $1\n";
		$n == $next{$s}++ or die "$n came in the place of ", $next{$s} - 1, "\n";
	}
}

if ($verb eq 'answers') {
	my $s = dial();
	while (syswrite $s, qq({"type":"request","id":1,"service":"nobody","method":"m"}\n) x 100) { }
	print "cut\n";
	exit;
}

my @others = map { subscriber() } 1 .. $fast;
my ($slow, $say, $said) = (subscriber(), dial(), 0);
my $readable = IO::Select->new(@others);
for (1 .. $hundreds) {
	$say->print(map { event($said++) } 1 .. 100);
	$say->flush;
	while (grep { ($next{$_} // 0) < $said } @others) {
		hear($_) for $readable->can_read;
	}
}
print "$fast heard all of $said\n";
my ($heard, $last) = (0, -1);
while (<$slow>) {
	my ($n) = /"payload":"(\d+|end) / or die "no event: $_";
	last if $n eq 'end';
	$n > $last or die "$n came after $last\n";
	$last = $n;
	# what it has read makes room, sooner or later: then it hears again
	next if ++$heard % 50;
	$say->print(event('end'));
	$say->flush;
}
print $heard >= 50 && $heard < $said ? "the slow one heard some of them, in order\n" : "the slow one heard $heard of $said\n";
