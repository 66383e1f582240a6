#!/bin/sh
# bad-service.t - services that are not there, die, lie or say nothing: the caller learns which.
. "${0%/*}/../lib/tap.sh"
cd "$FEDX_RUN" || exit 1

tab=$(printf '\t')
known() { fedx-probe -r "${2:-$FEDX_RUN}" -H services | grep -q "^$1$tab"; }
serve() { start fedx-probe serve "$@"; server=$pid; eventually known "$1"; }
works() { test "$(call echo m 'still here')" = 'still here'; }
call() { fedx-probe -r "$from" call "$@"; }
# tells DESCRIPTION STATUS REGEX CALL-ARGUMENTS...: the call ends so, and the node still works
tells() {
	tells_what=$1 tells_status=$2 tells_text=$3
	shift 3
	ok "$tells_what" expect_status "$tells_status" said call "$@"
	like "$(cat said)" "$tells_text" '... and says so'
	ok '... and others are served' works
}
said() { "$@" >said 2>&1; }

start fedx-hub -l 127.0.0.1:0 -i n1 -C home
hub=$pid
ok 'the hub is ready' wait_ready "$log"
at=$(ready_at "$log")
start fedx-leaf -u "fedx://$at" -i far -r "$FEDX_RUN/far"
leaf=$pid leaf_log=$log
ok 'a leaf is up' eventually grep -q 'now=UP' "$leaf_log"

from=$FEDX_RUN
serve echo -- cat
serve three -- sh -c 'echo no disk left >&2; exit 3'
serve killed -- sh -c 'kill -KILL $$'
serve never -- sleep 600
serve garbage -- sh -c 'printf "\\377\\376\\000\\001 not text"'
serve unread -- sh -c 'exec <&-; echo done'
printf '#!/bin/sh\necho was here\n' >comes; chmod +x comes
serve goes -- ./comes
rm comes

# the same from here, and from the leaf through the hub
for from in "$FEDX_RUN" "$FEDX_RUN/far"
do
	tells "nothing of this name (from ${from##*/})" 1 "no_route: nobody announces service 'nothing' \\(not delivered\\)" nothing m x
	tells 'a command that exits 3' 2 'service_failed: .*3: no disk left' three m x
	tells 'a command that is killed' 2 'service_failed: .*signal 9' killed m x
	tells 'a command that never answers' 75 'timeout: .*\(may have run\)' -t 0.3 never m x
	tells 'a command that is gone' 75 'cannot start "./comes": .* \(not delivered\)' goes m x
	is "$(call garbage m x | od -An -tx1 | tr -d ' \n')" \
		'fffe0001206e6f7420746578740a' 'a command that prints bytes that are no text: they arrive'
	is "$(head -c 300000 /dev/zero | tr '\0' x | call -0 unread m -)" 'done' \
		'a command that does not read its input'
done
from=$FEDX_RUN

# --- services that speak lines ---

talk() { perl "$FEDX_SRC/t/lib/talk.pl" "$FEDX_RUN/node.sock" <script; }
cat >script <<'END'
s -> {"type":"attach","service":"liar"}
s <- {"type":"attached"}
c -> {"type":"request","id":1,"service":"liar","method":"m"}
s <- {"type":"request","id":1,"service":"liar","method":"m","origin":"n1","timeout_ms":60000,"payload":""}
s -> {"type":"reply","id":99,"payload":"to nobody"}
s -> {"type":"part","id":1,"payload":"of nothing"}
s -> {"type":"credit","id":1,"bytes":1}
s -> {"type":"reply","id":1,"payload":"one"}
s -> {"type":"reply","id":1,"payload":"two"}
s -> {"type":"reply","id":1,"error":{"name":"denied"}}
c <- {"type":"reply","id":1,"payload":"one"}
c <- SILENCE
END
ok 'a service that answers too much' talk
cat >script <<'END'
s -> {"type":"attach","service":"liar"}
s <- {"type":"attached"}
c -> {"type":"request","id":1,"service":"liar","method":"m"}
s <- {"type":"request","id":1,"service":"liar","method":"m","origin":"n1","timeout_ms":60000,"payload":""}
s -> this is no JSON
s <- {"type":"error","error":{"name":"malformed","code":16,"text":...,"fate":"not_delivered","retry":false}}
s -> {"type":"reply","id":1,"json":{"not": "closed"}
s <- {"type":"error","error":{"name":"malformed","code":16,"text":...,"fate":"not_delivered","retry":false}}
s -> {"type":"reply","id":1,"payload":"at last"}
c <- {"type":"reply","id":1,"payload":"at last"}
END
ok 'a service that says garbage first' talk
ok 'others are served' works

# --- it dies: while serving, before, in the middle of its answer ---

cat >dying.pl <<'END'
	use IO::Socket::UNIX;
my ($socket, $name, $limit, $how) = @ARGV;
	my $s = IO::Socket::UNIX->new($socket) or die "$socket: $!";
	print $s qq({"type":"attach","service":"$name","max_concurrency":$limit}\n); $s->flush;
	while (<$s>) {
		next unless /"type":"request"/;
		my ($id) = /"id":(\d+)/;
		print $s qq({"type":"reply","id":$id,"payload":"half","more":true}\n) if $how eq "half";
		$s->flush;
		open my $f, ">", "$name.served"; close $f;
		sleep 600 if $how eq "wait";
		exit 0;
	}
END
start_dying() { start perl dying.pl "$FEDX_RUN/node.sock" "$@"; eventually known "$1"; }
start_dying dies 0 now
tells 'a service that dies while serving' 75 'link_down: .*\(may have run\)' dies m x
tells 'and is gone then' 1 "no_route: nobody announces service 'dies' \\(not delivered\\)" dies m x
start_dying half 0 half
tells 'a service that dies in the middle of its answer' 75 'half.*link_down: .*\(may have run\)|link_down: .*\(may have run\)' half m x

start_dying narrow 1 wait
dying=$pid
start fedx-probe call narrow m first; first=$pid first_log=$log
await test -e narrow.served
start fedx-probe call narrow m second; second=$pid second_log=$log
waits() { fedx-probe -H services | awk -F "$tab" '$1 == "narrow" && $NF == 1 { found = 1 } END { exit !found }'; }
ok 'a second request waits for the one instance' eventually waits
kill "$dying"
ok 'it dies: the first request may have run' expect_status 75 ended "$first"
like "$(cat "$first_log")" 'link_down: .*\(may have run\)' '... and says so'
ok 'the one that waited was not delivered' expect_status 1 ended "$second"
like "$(cat "$second_log")" 'no_route: .*\(not delivered\)' '... and says so'
ok 'others are served' works

# --- far more than it can take ---

serve one -P 1 -- cat
seq 1 1000 >numbers
ok '1000 requests against concurrency 1 end' sh -c 'fedx-probe call -P 64 one m - <numbers >answers'
ok '... all answered, in order' cmp numbers answers
from=$FEDX_RUN/far
ok '1000 from another node too' sh -c 'fedx-probe -r "$0" call -P 64 echo m - <numbers >answers' "$from"
ok '... all answered, in order' cmp numbers answers
from=$FEDX_RUN

# --- commands that cannot be started ---

ok 'a command that is not there' expect_status 66 said fedx-probe serve x -- /no/such/command
like "$(cat said)" '/no/such/command' '... is named'
: >plain
ok 'a command that may not be run' not said fedx-probe serve x -- ./plain
like "$(cat said)" './plain' '... is named'
ok 'nothing of it is left' not known x

ok 'the leaf ends well' stop "$leaf"
ok 'the hub ends well' stop "$hub"
done_testing
