#!/bin/sh
# faults-serve.t - fedx-probe serve itself is killed at its calls, a process a request and one for all: what it had ends truly, others take over.
. "${0%/*}/../lib/tap.sh"
. "${0%/*}/../lib/fates.sh"
. "${0%/*}/../lib/nodes.sh"
command -v strace >/dev/null && can_trace || skip_all 'strace cannot inject signals here'

# answer.pl LOG [lines]: what `fates serve` says of requests and answers to them, for the process of
# one request, or for all of them line by line
cat >"$FEDX_RUN/answer.pl" <<'PERL'
use strict; use warnings;
my ($path, $lines) = @ARGV;
open my $log, '>>', $path or die "$path: $!\n";
sub note { syswrite $log, "@_\n" or exit 74 }
sub numbered { substr join('', map { sprintf '%08x', 8 * $_ + 7 } 0 .. $_[0] / 8), 0, $_[0] }
sub answer {	# answer BODY: a line, "ID BYTES"
	my ($id, $rest) = $_[0] =~ /^(\S+)\n([^\n]*)$/ or exit;	# who was killed has not written all of it
	note('disorder', $id) if $rest ne numbered(length $rest);
	return sprintf '%s %d', $id, length $_[0];
}
$| = 1;
if ($lines) {
	while (<STDIN>) {
		my ($number, $id, $rest) = /"id":(\d+),.*"payload":"([^"\\]+)\\n([^"\\]*)"/ or exit;
		note('ran', $id);
		print qq({"id":$number,"payload":"), answer("$id\n$rest"), qq(\\n"}\n);
	}
} else {
	my $body = <STDIN> // exit;
	my ($id) = $body =~ /^(\S+)\n/ or exit;
	note('ran', $id);
	local $/;
	print answer($body . (<STDIN> // '')), "\n";
}
PERL

# serve: one of fedx-probe, started as $under says
serve() {
	# shellcheck disable=SC2086	# words
	start $under fedx-probe -q -r "$FEDX_RUN/b" serve run -P 8 $how perl "$FEDX_RUN/answer.pl" "$FEDX_RUN/$round.serve" $lines
	under=''
}
# dies CALL N: one more, whose Nth such call is its last
dies() {
	from_start "$1:signal=KILL:when=$2"
	serve
	fell "$pid"
}
# it renames nothing; what its own children do is theirs
times='40'
test "${FEDX_FAULTS-}" != all || times='1 2 3 5 9 20 41 60 100 150'
nodes
for way in process coprocess
do
	case $way in
	process) how='--' lines='' some='clone,clone3,vfork:1 clone,clone3,vfork:12 pipe,pipe2:8 waitid:5 close:40' ;;
	coprocess) how='--coprocess --' lines=lines some='clone,clone3,vfork:1 pipe,pipe2:2 close:9' ;;
	esac
	begin "$way" 16 --body-every 9 --timeout 4000
	serve
	service=$pid
	more "$way: at peace"
	for call in sendto recvfrom read write poll,ppoll
	do
		for n in $times
		do some="$some $call:$n"
		done
	done
	for one in connect:1 $some
	do
		ok "$way: a second one is killed at ${one%:*} ${one##*:}" dies "${one%:*}" "${one##*:}"
		more '... the other goes on'
	done
	for again in 1 2 3
	do
		ok "$way: the only one is killed ($again)" killed "$service"
		serve
		service=$pid
		more '... and another takes over'
	done
	ok "$way: what was under way is told so" others
	finish "$way: services killed"
done
done_testing
