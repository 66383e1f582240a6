#!/bin/sh
# streams.t - long bodies flow as they come, wait for their reader, and hold up nobody else.
. "${0%/*}/../lib/tap.sh"

# memory that is given back shall count as given back
ASAN_OPTIONS=$ASAN_OPTIONS:quarantine_size_mb=1
cd "$FEDX_RUN" || exit 1
mkdir -m 700 h a b

start fedx-hub -l 127.0.0.1:0 -i hub.test -C test -r h
hub=$pid at=$(ready_at "$log")
for n in a b
do
	start fedx-leaf -u "fedx://$at" -i "$n.test" -C test -r $n
	eval "$n=\$pid ${n}_log=\$log"
done
ok 'the nodes are ready' eventually grep -q 'now=UP' "$a_log"

# numbered lines, so that a lost, doubled or moved byte shows
perl -e 'for (my $n = 0; $n < 50 << 20; ) { my $l = sprintf "%d %x\n", $n, $n * 2654435761 & 0xffffffff; print $l; $n += length $l }' >big
head -n 8000 big >start
head -n 60000 big >small
begun=$(wc -c <start)

# pour: the start of the file, and once there is a file `NAME.go` the rest; NAME.sent counts
cat >pour.pl <<'END'
my ($file, $name) = split ' ', <STDIN>;
my ($sent, $block) = (0);
open my $in, '<', $file or die;
while (my $n = sysread $in, $block, $sent ? 65536 : 200000) {
	syswrite(STDOUT, $block) == $n or die;
	$sent += $n;
	open my $out, '>', "$name.new" or die; print $out $sent; close $out; rename "$name.new", "$name.sent";
	select undef, undef, undef, 0.02 until -e "$name.go";
}
END
serve() {
	name=$1; shift
	start fedx-probe -r b serve "$name" -P 40 -- "$@"
	service=$pid
	ok "the service $name can be asked" eventually fedx-probe -r a ping -q -c 1 "$name"
}
call() { fedx-probe -r a -q call "$@"; }
holds() { test "$(cat "$1" 2>/dev/null)" = "$2"; }
is_gone() { ! kill -0 "$1" 2>/dev/null; }
rests() {	# a count that does not rise any more
	count=$(cat "$1")
	sleep 0.5	# what is measured here is half a second of doing nothing
	test "$(cat "$1")" = "$count"
}
has_size() { test "$(wc -c <"$1")" -ge "$2"; }

# --- line by line ---

: >lines
serve tail sh -c 'echo $$ >tail.pid; exec tail -n +1 -f lines'
start fedx-probe -r a call tail f x
tail=$pid told=$log said=''
for line in one two three four five
do
	echo $line >>lines
	said="$said${said:+
}$line"
	ok "line '$line' comes before the next is written" eventually holds "$told" "$said"
done
follower=$(cat tail.pid)
ok 'the command follows still' kill -0 "$follower"
kill "$tail"
ok 'a caller that goes in mid-stream stops it' eventually is_gone "$follower"

# --- a service that ends in mid-stream ---

serve broken sh -c 'cat start; exit 3'
ok 'a command that fails in mid-stream' expect_status 2 call broken m x
call broken m x >out 2>err
ok 'what came is passed on' cmp out start
like "$(cat err)" 'service_failed.*status 3.*may have run' 'and then its failure'

serve doomed sh -c 'echo $$ >doomed.pid; cat start; exec sleep 60'
start fedx-probe -r a call doomed m x
caller=$pid told=$log
ok 'the start of its answer is here' eventually has_size "$told" "$begun"
kill -9 "$service"
ended "$service"
kill "$(cat doomed.pid)"	# whose server could not
ok 'a service that is killed in mid-stream' expect_status 75 ended "$caller"
head -c "$begun" "$told" >out
ok 'what came is passed on' cmp out start
like "$(tail -c "+$((begun + 1))" "$told")" 'link_down.*may have run' 'and then what is known'

# --- a reader that stops, among others on the same links ---

serve pour perl pour.pl
touch fast.go
start fedx-probe -r a call pour m 'big slow'
slow=$pid told=$log
ok 'the slow one has begun' eventually has_size "$told" "$begun"
kill -STOP "$slow"
touch slow.go
many=''
for i in 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 17 18 19 20
do
	start fedx-probe -r a call pour m 'small fast'
	many="$many $pid:$log"
done
all_intact() {
	for one in $many
	do ended "${one%%:*}" && cmp "${one#*:}" small || return 1
	done
}
ok '20 others get a megabyte each meanwhile' all_intact
ok 'and small requests are answered' call pour m 'start fast'
ok 'the sender has stopped' eventually rests slow.sent
ok "... after $count bytes" test "$count" -lt 2500000
kill -CONT "$slow"
ok 'when it reads again it gets all' ended "$slow"
ok 'intact' cmp "$told" big

# --- large bodies both ways ---

serve echo cat
echoes() { call -0 echo m <big >out && cmp out big; }
ok '50 MB there and back' echoes
upload() { test "$(call -0 count m <big)" -eq "$(wc -c <big)"; }
serve count wc -c
ok '50 MB there' upload

# a service that does not read: its caller waits, and others do not
serve deaf sh -c 'until test -e deaf.go; do sleep 0.1; done; exec cksum'
# feeds more than any window and says how much was taken
cat >feed.pl <<'END'
my ($sent, $block) = (0);
open my $in, '<', 'big' or die;
while (my $n = sysread $in, $block, 65536) {
	syswrite(STDOUT, $block) == $n or die;
	$sent += $n;
	open my $out, '>', "fed.new" or die; print $out $sent; close $out; rename "fed.new", "fed";
}
END
mkfifo feed
start sh -c 'exec perl feed.pl >feed'
start sh -c 'exec fedx-probe -r a -q call -0 deaf m <feed'
caller=$pid told=$log
ok 'it has begun' eventually has_size fed 1
ok 'others go on' echoes
ok 'the caller was stopped' eventually rests fed
ok "... after $count bytes" test "$count" -lt 2500000
touch deaf.go
ok 'when the service reads, it gets all' ended "$caller"
is "$(cat "$told")" "$(cksum <big)" 'intact'

# --- memory ---

if test -r /proc/self/status
then
	for n in hub a b
	do
		eval "id=\$$n"
		peak=$(sed -n 's/^VmHWM:[^0-9]*\([0-9]*\).*/\1/p' "/proc/$id/status")
		ok "$n never held more than 64 MB ($peak kB)" test "$peak" -lt 64000
	done
else skip 'no /proc: the peak of memory is unknown'
fi
ok 'the leaf ends well' stop "$a"
ok 'and the other' stop "$b"
ok 'and the hub' stop "$hub"
done_testing
