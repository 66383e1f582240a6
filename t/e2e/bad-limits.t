#!/bin/sh
# bad-limits.t - too many, too much, too slow, or nothing at all: it costs who did it.
. "${0%/*}/../lib/tap.sh"
. "${0%/*}/../lib/fates.sh"
cd "$FEDX_RUN" || exit 1

tab=$(printf '\t')
known() { fedx-probe -r "${2:-$FEDX_RUN}" -H services | grep -q "^$1$tab"; }
works() { test "$(fedx-probe call echo m 'still here')" = 'still here'; }
told() { grep -Eqs -e "$1" "$2"; }
logs() { ok "$1" eventually told "$2" "$3"; }
ticks() {	# of CPU that the process has used
	ps -o time= -p "$1" | awk -F '[:-]' '{ for (i = 1; i <= NF; i++) s = s * (i == 2 && NF == 4 ? 24 : 60) + $i; print s }'
}
rss() { ps -o rss= -p "$1" | tr -d ' '; }
# hold N HOST:PORT [BYTES]: opens that many connections, says BYTES on each, and keeps them
cat >hold.pl <<'END'
use IO::Socket::INET;
my ($n, $at, $bytes) = @ARGV;
my @held;
for (1 .. $n) {
	my $s = IO::Socket::INET->new($at) or next;
	syswrite $s, $bytes if defined $bytes;
	push @held, $s;
}
$| = 1;
print "holding\n";
sleep 600;
END
hold() { start perl hold.pl "$@"; held=$pid; eventually told holding "$log"; }
# get HOST:PORT PATH: the first line of the HTTP answer
get() { perl -MIO::Socket::INET -e '
	local $SIG{ALRM} = sub { die "no answer\n" }; alarm 20;
	my $s = IO::Socket::INET->new($ARGV[0]) or die "$!"; print $s "GET $ARGV[1] HTTP/1.0\r\n\r\n"; print scalar <$s>' "$1" "$2"; }
healthy() { get "$at" /healthz | grep -q ' 200 '; }

# --- no descriptors left ---

start sh -c 'ulimit -n 64; exec fedx-hub -l 127.0.0.1:0 -i few -r "$FEDX_RUN/few" --set link.handshake=60s'
hub=$pid hub_log=$log
ok 'a hub with few descriptors is ready' wait_ready "$log"
at=$(ready_at "$log")
start fedx-probe -r few serve echo -- cat
ok 'a service is there' eventually known echo few
hold 100 "$at"
logs 'it says that it accepts no more for now' 'accept_paused.*Too many open files' "$hub_log"
before=$(ticks "$hub")
sleep 2		# what is measured here is two seconds of doing nothing
after=$(ticks "$hub")
ok "it does not spin ($before s, then $after s of CPU)" test $((after - before)) -le 1
is "$(grep -c accept_paused "$hub_log" | awk '{ print $1 < 20 }')" 1 '... nor fill the log'
kill "$held"
ok 'it accepts again when there are some' eventually healthy
is "$(fedx-probe -r few call echo m back)" back 'and clients are served'
ok 'it ends well' stop "$hub"

# --- handshakes ---

start fedx-hub -l 127.0.0.1:0 -i n1 -C home --set link.handshake=60s --set link.handshakes=120
hub=$pid hub_log=$log
ok 'a hub is ready' wait_ready "$log"
at=$(ready_at "$log")
start fedx-probe serve echo -- cat
ok 'a service is there' eventually works
cat >script <<'END'
a -> hello node=a
a <- WELCOME
a -> REQUEST id=1 subject=echo/m origin=a path=a payload=hi
a <- REPLY id=1 text=hi
END
for said in '' "$(printf '\363\001')" 'GET / HT' "$(printf '\026\003\001\002')"
do
	hold 100 "$at" "$said"
	since=$(date +%s)
	ok "100 half-open handshakes ($(printf %s "$said" | od -An -tx1 | tr -d '\n')) do not delay the next" sh -c 'liar "$0" <script' "$at"
	ok '... which took no time' test $(($(date +%s) - since)) -le $((3 * FEDX_TEST_SLOW))
	kill "$held"
done
hold 200 "$at"
logs 'over the limit the oldest goes' 'turned_away.*too many handshakes are in progress and this one is the oldest' "$hub_log"
ok '... and one more still gets in' sh -c 'liar "$0" <script' "$at"
kill "$held"

# --- who does not read ---

# its requests are answered until its queue is full, then it is let go
cat >deaf.pl <<'END'
use IO::Socket::UNIX;
$SIG{PIPE} = "IGNORE";
my ($how) = @ARGV;
my $s = IO::Socket::UNIX->new("$ENV{FEDX_RUN}/node.sock") or die;
my $x = "x" x 10000;
$| = 1;
if ($how eq "service") {
	print $s qq({"type":"attach","service":"deaf"}\n); $s->flush; readline $s;
} else {
	for my $i (1 .. 5000) {
		print $s qq({"type":"request","id":$i,"service":"echo","method":"m","payload":"$x"}\n) or last;
	}
}
print "holding\n";
sleep 600;
END
before=$(rss "$hub")
start perl deaf.pl service
deaf=$pid
ok 'a service that does not read is there' eventually known deaf
yes "$(head -c 20000 /dev/zero | tr '\0' x)" | head -n 1000 >large
# more in flight than its socket and queue hold: the rest is refused, not kept
callers=''
for each in 1 2
do
	start sh -c 'exec fedx-probe call -t $((5 * FEDX_TEST_SLOW)) -P 1000 deaf m - <large'
	callers="$callers $pid:$log"
done
more_than() { test "$(metric . "$1")" -gt "$2"; }
ok 'it is called' eventually more_than in_flight 0
ok 'meanwhile others are served' works
ok '... again' works
ok '... and it is called still' more_than in_flight 0
for each in $callers
do
	ok 'its callers end with an error' not ended "${each%%:*}"
	like "$(cat "${each#*:}")" 'timeout|overloaded' '... that says why'
done
asked=$(metric . requests_total)
start perl deaf.pl caller
caller=$pid
ok 'a caller that does not read is at work' eventually more_than requests_total $((asked + 100))
ok 'others are served beside a caller that does not read' works
ok '... again' works
after=$(rss "$hub")
ok "the hub has not grown much for it ($before kB, then $after kB)" test $((after - before)) -le 400000
kill "$deaf" "$caller"
ok 'and it serves when they are gone' works

# --- who says too much, or goes in the middle ---

ok 'a line without an end is cut off' perl -MIO::Socket::UNIX -e '
	$SIG{PIPE} = "IGNORE";
	local $SIG{ALRM} = sub { die "it stays open\n" }; alarm 20;
	my $s = IO::Socket::UNIX->new("$ENV{FEDX_RUN}/node.sock") or die;
	my $x = "{" . "x" x 65535;
	1 while syswrite $s, $x;
	my $told = join "", <$s>; die "told: $told\n" unless $told =~ /too_large/;'
ok 'others are served' works
perl -MIO::Socket::UNIX -e '
	for (1 .. 20) {
		my $s = IO::Socket::UNIX->new("$ENV{FEDX_RUN}/node.sock") or die;
		print $s qq({"type":"request","id":$_,"service":"echo","method":"m","payload":"x"}\n) for 1 .. 200;
	}'
ok 'callers that go before their answers come hurt nobody, not even once' works
kill -PIPE "$hub"
ok 'SIGPIPE is nothing to it' works
ok 'it ends well' stop "$hub"

# --- a name server that never answers ---

cat >silent.pl <<'END'
use IO::Socket::INET;
my $s = IO::Socket::INET->new(Proto => "udp", LocalAddr => "127.0.0.1") or die;
$| = 1;
print $s->sockport, "\n";
sleep 600;
END
start perl silent.pl
silent=$pid
ok 'there is one' eventually test -s "$log"
read -r port <"$log"
mkdir -m 700 leaf
start fedx-leaf -u fedx://hub.example.test:1 -i l1 -r "$FEDX_RUN/leaf" --set "dns.servers=127.0.0.1:$port" \
	--set link.handshake=1s --set link.backoff=50ms --set link.backoff_max=50ms
leaf=$pid leaf_log=$log
ok 'a leaf without a name server is ready' wait_ready "$log"
start fedx-probe -r leaf serve echo -- cat
ok 'a service is there' eventually known echo leaf
seq 1 200 >numbers
since=$(date +%s)
ok 'local requests go on' sh -c 'fedx-probe -r leaf call -P 8 echo m - <numbers >answers'
ok '... as fast as ever' test $(($(date +%s) - since)) -le $((5 * FEDX_TEST_SLOW))
ok '... and right' cmp numbers answers
logs 'it says that the name was not found, and tries again' \
	"now=BACKOFF why=\".*hub.example.test.*next dial in" "$leaf_log"
since=$(date +%s)
ok 'it ends while it asks' stop "$leaf"
ok '... at once' test $(($(date +%s) - since)) -le 3
stop "$silent"
done_testing
