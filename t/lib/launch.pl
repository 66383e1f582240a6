# launch.pl - a supervisor as far as a test needs one: it binds, and becomes the program.
#
#	perl launch.pl [-n NAMES] [-p PID] [-s SAYS] ADDRESS... -- COMMAND...
#
# An ADDRESS is HOST:PORT, udp:HOST:PORT, a path, or "-" for a descriptor that
# is no socket; the COMMAND gets them from 3 on, by LISTEN_FDS.  SAYS gets a
# line for each: where it is bound.  PID: whom they are meant for.
use strict;
use warnings;
use POSIX ();
use Socket;

my (%o, @at);
while (@ARGV && $ARGV[0] =~ /^-([nps])$/) { shift; $o{$1} = shift }
push @at, shift while @ARGV && $ARGV[0] ne '--';
shift;
my ($fd, $said, @kept) = (3, '');
for my $at (@at) {
	my $s;
	if ($at eq '-') {
		open $s, '<', '/dev/null' or die;
	} elsif ($at =~ m{^/}) {
		socket $s, AF_UNIX, SOCK_STREAM, 0 or die;
		bind $s, pack_sockaddr_un($at) or die "$at: $!";
		listen $s, 16 or die;
		$said .= "$at\n";
	} else {
		my ($udp, $host, $port) = $at =~ /^(udp:)?(.*):(\d+)$/;
		socket $s, AF_INET, $udp ? SOCK_DGRAM : SOCK_STREAM, 0 or die;
		setsockopt $s, SOL_SOCKET, SO_REUSEADDR, 1;
		bind $s, pack_sockaddr_in($port, inet_aton $host) or die "$at: $!";
		$udp || listen $s, 16 or die;
		$said .= "$host:" . (unpack_sockaddr_in getsockname $s)[0] . "\n";
	}
	push @kept, $s;
}
# first out of each other's way; dup2 clears close-on-exec
my @high = map { my $to = POSIX::dup2(fileno $_, 60 + $fd++); $to } @kept;
$fd = 3;
POSIX::dup2($_, $fd++), POSIX::close($_) for @high;
if ($o{s}) { open my $f, '>', $o{s} or die; print $f $said; close $f }
@ENV{qw(LISTEN_FDS LISTEN_PID)} = (scalar @at, $o{p} // $$);
$ENV{LISTEN_FDNAMES} = $o{n} if defined $o{n};
exec @ARGV or die "$ARGV[0]: $!";
