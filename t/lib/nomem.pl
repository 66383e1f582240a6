#!/usr/bin/env perl
# nomem.pl - memory that fails, for programs under t/lib/preload/failalloc.c.
#
#	nomem.pl new FILE			orders: count, and let nothing fail
#	nomem.pl fail FILE IN ROW EVERY [BYTES]	of those that have BYTES: fail ROW after IN more, and
#						again after EVERY more (0: never)
#	nomem.pl calls|failed FILE		how many there were
#	nomem.pl starts FILE STEP LIBRARY USE PROGRAM ARGUMENT...
#		starts the program again and again, with another allocation that fails each time:
#		it says ready, then USE ends well, or with 69 or 75; or it ends with 71 or 75
#		and a sentence
#	nomem.pl ends FILE STEP LIBRARY PROGRAM ARGUMENT...
#		the same of one that ends by itself: with 0, or with 1, 65, 69 to 76 and a sentence
use strict;
use warnings;
use POSIX ':sys_wait_h';

my ($what, $file, @rest) = @ARGV;

sub orders {
	my $bytes = '';
	open my $in, '<:raw', $file or die "nomem.pl: $file: $!\n";
	read $in, $bytes, 48;
	return unpack 'Q6', $bytes;
}
sub order {	# order FROM-FIELD VALUE...: only these, for the program counts in the others
	my ($from, @values) = @_;
	open my $out, '+<:raw', $file or die "nomem.pl: $file: $!\n";
	seek $out, 8 * $from, 0;
	print $out pack 'Q*', @values;
	close $out or die "nomem.pl: $file: $!\n";
}
sub renew {
	open my $out, '>:raw', $file or die "nomem.pl: $file: $!\n";
	print $out pack 'Q6', 0, 0, 0, 0, 0, 0;
	close $out or die "nomem.pl: $file: $!\n";
}

my $patience = 10 * ($ENV{FEDX_TEST_SLOW} // 1);
sub waited {	# waited PID: its wait status; undef: it outstays
	my ($pid) = @_;
	my $until = time + $patience;
	while (time < $until) {
		return $? if waitpid($pid, WNOHANG) == $pid;
		select undef, undef, undef, .005;
	}
	kill 'KILL', $pid;
	waitpid $pid, 0;
	return;
}

# begin N LIBRARY PROGRAM...: it begins a life, with the Nth allocation failing; its pid, what it says
sub begin {
	my ($n, $library, @command) = @_;
	renew();
	order(2, $n, 1, 0, 0);
	pipe my $from, my $to or die;
	my $pid = fork // die;
	if (!$pid) {
		@ENV{qw(FAIL_FILE FAIL_IN LD_PRELOAD)} = ($file, $command[0], $library);
		open STDIN, '<', '/dev/null' or die;
		open STDERR, '>&', $to or die;
		open STDOUT, '>&', $to or die;
		close $from;
		exec @command or die;
	}
	close $to;
	return ($pid, $from);
}

# One life, with the Nth allocation failing; '' or what was wrong with it, and did it fail?
sub life {
	my ($n, $library, $use, @command) = @_;
	my ($said, $status) = ('', undef);
	my ($pid, $from) = begin($n, $library, @command);
	my $ok = eval {
		local $SIG{ALRM} = sub { die "hangs\n" };
		alarm $patience;
		while ($said !~ /event=ready/ && sysread $from, $said, 4096, length $said) { }
		alarm 0;
		1;
	};
	my $ready = $said =~ /event=ready/;
	my $used = $ok && $ready ? system('sh', '-c', $use) >> 8 : 0;
	kill 'TERM', $pid if $ready;
	$status = waited($pid);
	alarm 1;
	eval { local $SIG{ALRM} = sub { die }; 1 while sysread $from, $said, 4096, length $said };
	alarm 0;
	my (undef, $failed) = orders();
	my $exit = defined $status && !($status & 127) ? $status >> 8 : undef;
	my $why = !$ok ? 'it hangs at start' : !defined $status ? 'it hangs at the end' :
	    !defined $exit ? "it ends by signal $status" :
	    $ready && $used != 0 && $used != 69 && $used != 75 ? "what it is used for ends with $used" :
	    $ready && $exit ? "status $exit after it was ready" :
	    !$ready && $exit != 71 && $exit != 75 ? "status $exit at start" :
	    !$ready && $said !~ /^\S+: \S+ \S+/m ? 'it says no sentence' : '';
	$why .= ":\n$said" if $why;
	return ($why, $failed);
}

# The same of a program that ends by itself.
sub short_life {
	my ($n, $library, @command) = @_;
	my $said = '';
	my ($pid, $from) = begin($n, $library, @command);
	my $ok = eval {
		local $SIG{ALRM} = sub { die };
		alarm $patience;
		while (sysread $from, $said, 4096, length $said) { }
		alarm 0;
		1;
	};
	my $status = waited($pid);
	my (undef, $failed) = orders();
	my $exit = defined $status && !($status & 127) ? $status >> 8 : undef;
	my $why = !$ok || !defined $status ? 'it hangs' : !defined $exit ? "it ends by signal $status" :
	    $exit && $exit != 1 && $exit != 65 && ($exit < 69 || $exit > 76) ? "status $exit" :
	    $exit && $said !~ /^\S+: \S+ \S+|"error":"\S+ \S+/m ? "status $exit, and no sentence" : '';
	$why .= ":\n$said" if $why;
	return ($why, $failed);
}

if ($what eq 'new') {
	renew();
} elsif ($what eq 'fail') {
	my ($in, $row, $every, $bytes) = @rest;
	my ($calls) = orders();
	order(3, $row, $every, $bytes // 0);
	order(2, $calls + $in);
} elsif ($what eq 'calls' || $what eq 'failed') {
	print +(orders())[$what eq 'failed'], "\n";
} elsif ($what eq 'starts' || $what eq 'ends') {
	my ($step, @life) = @rest;
	my ($n, $bad) = (1, 0);
	while (1) {
		my ($why, $failed) = $what eq 'ends' ? short_life($n, @life) : life($n, @life);
		last if !$failed;
		$n += $step;
		next if $why eq '';
		$bad++;
		print 'allocation ', $n - $step, ": $why\n";
	}
	print "$n allocations\n";
	exit($bad > 0);
} else {
	die "nomem.pl: what is '$what'?\n";
}
