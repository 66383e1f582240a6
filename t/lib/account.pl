#!/usr/bin/env perl
# account.pl RUNDIR... - has each of these nodes counted an end of every request that it took?
#
# Asks each for its metrics, over its bus, and says `RUNDIR PID REQUESTS ANSWERS OTHER-ENDS`.  The
# status is 0 if all requests have ended, each once, and nothing of them is kept: else it says
# what is wrong.  To be asked until then: ends are counted when they are there.
use strict;
use warnings;
use IO::Socket::UNIX;

sub metrics {
	my ($dir) = @_;
	my $s = IO::Socket::UNIX->new(Peer => "$dir/node.sock") // die "$dir: cannot be asked: $!\n";
	print $s "GET /metrics HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n";
	$s->flush;
	return map { /^fedx_(\w+) (\d+)$/ ? ($1, $2) : () } map { split /\r?\n/ } <$s>;
}

my $wrong = 0;
for my $dir (@ARGV) {
	my %m = metrics($dir);
	open my $lock, '<', "$dir/node.lock" or die "$dir: no pid: $!\n";
	chomp(my $pid = <$lock>);
	my $others = 0;
	for my $end (qw(answer_errors not_delivered may_have_run cancels)) {
		$others += $m{"${end}_total"} // die "$dir: does not count $end\n";
	}
	my ($requests, $answers) = @m{qw(requests_total answers_total)};
	print "$dir $pid $requests $answers $others\n";
	my @kept = grep { $m{$_} } qw(in_flight buffered_bytes);
	next if $requests == $answers + $others && !@kept;
	print "$dir: $requests requests, but $answers answers and $others other ends",
		map({ ", $_ $m{$_}" } @kept), "\n";
	$wrong = 1;
}
exit $wrong;
