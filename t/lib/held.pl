# held.pl LISTEN DIAL FILE: between a node and its fedx-route; as long as FILE is there, what fedx-route says waits.
use strict; use warnings; use IO::Select; use IO::Socket::UNIX;
my ($listen, $dial, $file) = @ARGV;
unlink $listen;
my $door = IO::Socket::UNIX->new(Local => $listen, Listen => 1) or die "$listen: $!";
my ($node, $route, $said);

sub pass {	# pass FROM TO: true while both are there
	sysread $_[0], my $bytes, 65536 or return 0;
	while (length $bytes) {
		my $n = syswrite $_[1], $bytes or return 0;
		substr($bytes, 0, $n) = '';
	}
	return 1;
}

$SIG{PIPE} = 'IGNORE';
while ($node = $door->accept) {
	$route = IO::Socket::UNIX->new(Peer => $dial) or next;
	for (;;) {
		my @from = -e $file ? ($node) : ($node, $route);
		my ($lost, %ready) = (0, map { $_ => 1 } IO::Select->new(@from)->can_read(0.02));
		$lost = 1 if $ready{$node} && !pass($node, $route);
		$lost = 1 if $ready{$route} && !-e $file && !pass($route, $node);
		last if $lost;
	}
	close $node; close $route;
}
