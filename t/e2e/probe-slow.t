#!/bin/sh
# probe-slow.t - sub and watch with a reader that takes its time: when the node goes, what has come is not lost, and waits quietly.
. "${0%/*}/../lib/tap.sh"
cd "$FEDX_RUN" || exit 1

cpu() {	# hundredths of a second that the process has used
	if test -r "/proc/$1/stat"
	then awk -v ticks="$(getconf CLK_TCK)" '{ print int(($14 + $15) * 100 / ticks) }' "/proc/$1/stat"
	else ps -o time= -p "$1" | awk -F '[:-]' '{ for (i = 1; i <= NF; i++) s = s * 60 + $i; print s * 100 }'
	fi
}
hub() {
	start fedx-hub -i here.test -l 127.0.0.1:0 --no-autostart
	hub=$pid
	wait_ready "$log"
}
# slowly NAME COMMAND...: what it says stays in a pipe from the first line on, until there is NAME.go; then it is in NAME.out
slowly() {
	slow=$1
	shift
	# shellcheck disable=SC2016
	start sh -c '
		name=$1
		shift
		{ "$@" 2>"$name.why" & echo $! >"$name.pid"; wait $!; echo $? >"$name.status"; } |
		{ read -r line; echo "$line" >"$name.first"; until test -e "$name.go"; do sleep 0.05; done; cat >"$name.out"; }
	' - "$slow" "$@"
	reader=$pid
}
hears() { fedx-probe pub /hello x; test -s "$slow.first"; }
says() { seq "$2" | sed "s|\$| $(printf '%0100d' 0)|" | fedx-probe pub "$1" -; }
taken() { : >"$slow.go"; ended "$reader"; }

# --- sub, with less than it holds ---

hub
slowly little fedx-probe sub /hello /little
ok 'a subscriber, whose reader has stopped' eventually hears
ok 'it is sent more than a pipe takes' says /little 1800
ok 'the node goes' stop "$hub"
ok 'the reader goes on' taken
is "$(grep '^/little' little.out | cut -f 2 | cut -d ' ' -f 1 | cksum)" "$(seq 1800 | cksum)" '... and has all of it'
is "$(cat little.status)" 69 '... then sub says that there is no node'
like "$(cat little.why)" 'fedx-probe: .+' '... by a sentence'

# --- sub, with more than it holds ---

hub
slowly much fedx-probe sub /hello /much
ok 'another one' eventually hears
ok 'it is sent more than it keeps' says /much 20000
kill -KILL "$hub"; ended "$hub" 2>/dev/null
before=$(cpu "$(cat much.pid)")
sleep 2		# what is measured here is two seconds of waiting for the reader
after=$(cpu "$(cat much.pid)")
ok "the node is killed: sub does not spin (0.01 s of CPU: $before, then $after)" test $((after - before)) -le 20
ok 'the reader goes on' taken
got=$(grep -c '^/much' much.out)
ok "... and has what had come ($got events)" test "$got" -gt 2000
is "$(grep '^/much' much.out | cut -f 2 | cut -d ' ' -f 1 | cksum)" "$(seq "$got" | cksum)" '... in order, without a gap'
is "$(cat much.status)" 69 '... then sub says that there is no node'

# --- watch ---

attached() {	# attached N: that many services come and go
	perl -MIO::Socket::UNIX -e '
		my $s = IO::Socket::UNIX->new("node.sock") or die "node.sock: $!\n";
		for (1 .. shift) {
			print $s qq({"type":"attach","service":"many-$_"}\n);
			$s->flush;
			readline($s) =~ /"attached"/ or die "is not attached\n";
		}' "$1"
}
sees() { attached 1; test -s seen.first; }
hub
slowly seen fedx-probe watch
ok 'a watcher, whose reader has stopped' eventually sees
for turn in 1 2 3 4 5
do ok "more and more happens ($turn)" attached 200
done
ok 'the node goes' stop "$hub"
ok 'the reader goes on' taken
ok '... which is more than a pipe takes' test "$(wc -c <seen.out)" -gt 100000
is "$(grep '	attached	' seen.out | grep -o 'many-[0-9]*' | grep -vcx many-1)" $((5 * 199)) '... and has all of it'
is "$(cat seen.status)" 69 '... then watch says that there is no node'
done_testing
