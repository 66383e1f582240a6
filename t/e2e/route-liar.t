#!/bin/sh
# route-liar.t - a neighbouring hub that lies about routes and names: each lie costs itself, is seen, and leaves nothing.
. "${0%/*}/../lib/tap.sh"
cd "$FEDX_RUN" || exit 1
mkdir -m 700 h l

start fedx-hub -l 127.0.0.1:0 -i hub.test -C test -r h --no-autostart --set link.ping=500ms --set limits.routes=3000 \
	--set limits.buffers=8M
hub=$pid hub_log=$log
at=$(ready_at "$log")
start fedx-leaf -u "fedx://$at" -i leaf.test -C test -r l --no-autostart
wait_ready "$log"
start fedx-probe -r l serve echo -- cat
honest() { test "$(fedx-probe -r h -q call -t 5 echo m truth </dev/null)" = truth; }
ok 'an honest leaf serves' eventually honest

# One liar with two links, evil.test and other.test, that is told by a pipe what to say.
mkfifo lines
trap '' PIPE	# should it be gone, the test says so
liar "$at" <lines >said 2>&1 &
liar=$!
tap_pids="$tap_pids $liar"
exec 9>lines
told=0
heard() { grep -q "^x <- PONG id=$told " said && grep -q "^y <- PONG id=$told " said; }
lies() {	# lies <LINES: they went as written, and the hub answers both links after them
	told=$((told + 1))
	cat >&9
	printf 'x -> PING id=%d\nx <- PONG id=%d\ny -> PING id=%d\ny <- PONG id=%d\n' $told $told $told $told >&9
	eventually heard
}
# a sanitizer keeps what was freed, for a while
weighs() { test -r "/proc/$hub/status" && ! grep -q __asan_init "$FEDX_BIN/fedx-hub"; }
memory() { awk '/VmRSS/ { print $2 }' "/proc/$hub/status"; }
count() { fedx-probe -r h -j top | head -n 1 | sed -n "s/.*\"$1\":\([0-9]*\).*/\1/p"; }
known() { fedx-probe -r h -H routes | awk -F '\t' '$5 != "withdrawn" { print $3 }' | sort | tr '\n' ' '; }
refused() { tail -n "+$((lines_before + 1))" "$hub_log" | grep 'announcement_refused' | grep -qF "$1"; }
# lie WHAT SEEN BOUND <LINES: a lie, how the log has it ("": it is not worth a line), and KiB that it may cost
lie() {
	lines_before=$(wc -l <"$hub_log") memory_before=$(memory)
	ok "$1: said, and both links are alive" lies || { tail -n 3 said | tap_note; return 1; }
	test -z "$2" || ok "$1: the log has it" eventually refused "$2"
	is "$(known)" "$honest_routes" "$1: no route is left of it"
	ok "$1: who is honest is served" honest
	weighs || return 0
	test $(($(memory) - memory_before)) -le "$3" || not_ok "$1: it costs $(($(memory) - memory_before)) KiB, over $3"
}

lies <<'END'
x -> hello node=evil.test role=hub cluster=test instance=1
x <- WELCOME
y -> hello node=other.test role=hub cluster=test instance=2
y <- WELCOME
x -> ANNOUNCE node=evil.test path=evil.test
y -> ANNOUNCE node=other.test path=other.test
END
both_known() { test "$(known)" = 'evil.test other.test '; }
ok 'two hubs more' eventually both_known
honest_routes=$(known)
best() { fedx-probe -r h -H routes "$1" | awk -F '\t' '$5 == "best" { print $4 }'; }
nobody() { ! fedx-probe -r h -q routes "$1" >/dev/null; }

# --- paths ---

lie 'a path that does not start at its origin' "a route to 'far.test' is not taken: its path does not lead to it" 200 <<'END'
x -> ANNOUNCE node=far.test path=near.test,evil.test
x <- ERROR error=malformed text=its path does not lead to it
END
lie 'a relay that strips the origin' "a route to 'far.test' is not taken: its path does not lead to it" 200 <<'END'
x -> ANNOUNCE node=far.test path=evil.test
x <- ERROR error=malformed text=its path does not lead to it
x -> ANNOUNCE node=far.test
x <- ERROR error=malformed text=its path does not lead to it
x -> ANNOUNCE service=stripped
x <- ERROR error=malformed text=a hub says who holds a name
END
lie 'a path that does not end at its sender' "its path does not end at its sender" 200 <<'END'
x -> ANNOUNCE node=far.test path=far.test
x <- ERROR error=malformed text=its path does not end at its sender
x -> ANNOUNCE node=far.test path=far.test,other.test
x <- ERROR error=malformed text=its path does not end at its sender
END
lie 'a node twice in the path' 'its path passes a node twice' 200 <<'END'
x -> ANNOUNCE node=far.test path=far.test,a.test,far.test,evil.test
x <- ERROR error=malformed text=its path passes a node twice
END
lie 'our own id in the path' '' 200 <<'END'
x -> ANNOUNCE node=far.test path=far.test,hub.test,evil.test
END
lie 'a path of 17 nodes' 'its path is longer than 16 nodes' 200 <<'END'
x -> ANNOUNCE node=far.test path=far.test,n1,n2,n3,n4,n5,n6,n7,n8,n9,n10,n11,n12,n13,n14,n15,evil.test
x <- ERROR error=malformed text=longer than 16 nodes
END
lie 'more clusters than nodes' 'more clusters than nodes' 200 <<'END'
x -> ANNOUNCE node=far.test path=far.test,evil.test clusters=test,test,test,test
x <- ERROR error=malformed text=more clusters than nodes
END
lie 'a foreign cluster over a link of our own' 'a route to '"'far.test'"' does not come from the cluster of its sender' 200 <<'END'
x -> ANNOUNCE node=far.test path=far.test,evil.test clusters=gamma
x <- ERROR error=malformed text=does not come from the cluster of its sender
END
lie 'a foreign cluster that ours is to have let in' '2111 message from cluster' 200 <<'END'
x -> ANNOUNCE node=far.test path=far.test,evil.test clusters=gamma,test
x <- ERROR error=cluster_isolated text=2111
END
lie 'mpreg 27: a message with our id in its path' '' 200 <<'END'
x -> REQUEST id=1 subject=echo/m origin=far.test path=far.test,hub.test,evil.test payload=x
x <- REPLY id=1 error=loop fate=not_delivered
END

# --- destinations ---

lie 'our own id as the destination' '' 200 <<'END'
x -> ANNOUNCE node=hub.test path=hub.test,evil.test
x -> ANNOUNCE node=hub.test path=evil.test
x -> ANNOUNCE service=ours origin=hub.test
END
ok '... nobody holds what it said that we hold' nobody ours
lie 'the id of another neighbour' '' 200 <<'END'
x -> ANNOUNCE node=other.test path=other.test,evil.test
x -> ANNOUNCE service=theirs origin=other.test
x -> WITHDRAW node=other.test epoch=9
END
is "$(best other.test)" other.test '... which is reached by its own link'
lies <<'END'
x -> ANNOUNCE node=other.test path=other.test,evil.test epoch=99
END
is "$(best other.test)" other.test '... while the lie is there, too'
lies <<'END'
x -> WITHDRAW node=other.test epoch=99
END
lie 'a leaf of ours' '' 300 <<'END'
x -> ANNOUNCE node=leaf.test path=leaf.test,evil.test epoch=99
x -> ANNOUNCE node=leaf.test origin=evil.test
x -> WITHDRAW node=leaf.test epoch=99
x -> WITHDRAW node=leaf.test origin=evil.test
END
lies <<'END'
x -> ANNOUNCE node=leaf.test path=leaf.test,evil.test epoch=100
x -> ANNOUNCE node=leaf.test origin=evil.test
x -> ANNOUNCE node=leaf.test origin=leaf.test
END
ok '... is asked by its own link while the lie is there' sh -c 'fedx-probe -r h -q trace leaf.test | grep -q leaf.test && ! grep -q "x <- REQUEST" said'
ok '... and serves' honest
lies <<'END'
x -> WITHDRAW node=leaf.test epoch=100
x -> WITHDRAW node=leaf.test origin=evil.test
END
lie 'a name of whom it has no route to' "'echo' is said to be held by 'nobody.test', to which this neighbour has no route" 200 <<'END'
x -> ANNOUNCE service=echo origin=nobody.test
x <- ERROR error=scope text=to which this neighbour has no route
x -> WITHDRAW service=echo origin=other.test
x -> WITHDRAW service=echo origin=hub.test
x -> WITHDRAW node=other.test origin=hub.test
END

# --- what another holds ---

cat >holder <<'END'
b -> ATTACH id=1 endpoint=*.site.example
b <- DONE id=1
b -> ATTACH id=2 endpoint=u@site.example
b <- DONE id=2
b <- REQUEST
b -> REPLY id=last flags=last payload=held
b <- REQUEST
b -> REPLY id=last flags=last payload=held
b <- CLOSED
END
start sh -c 'exec liar l/node.sock <holder'
holder=$pid
holds() { test -n "$(fedx-probe -r h -H routes u@site.example 2>/dev/null)"; }
ok 'a client of the leaf holds an endpoint' eventually holds
lie 'an endpoint that a leaf of ours holds' '' 200 <<'END'
x -> ANNOUNCE endpoint=u@site.example origin=evil.test
END
held() { test "$(fedx-probe -r h -q call -t 5 u@site.example m x </dev/null)" = held; }
ok '... is asked where it is' held
lie 'a more specific one, inside of what it holds' '' 200 <<'END'
x -> ANNOUNCE endpoint=*@sub.site.example origin=evil.test
x -> ANNOUNCE endpoint=*@site.example origin=evil.test
END
ok '... takes nothing that is announced as such' held
lies <<'END'
x -> WITHDRAW endpoint=u@site.example origin=evil.test
x -> WITHDRAW endpoint=*@site.example origin=evil.test
x -> WITHDRAW endpoint=*@sub.site.example origin=evil.test
END
ok '... and is gone when it is withdrawn' nobody '*@sub.site.example'
kill "$holder"; ended "$holder" 2>/dev/null

# --- too much ---

lie 'a name of 64 KiB' "is over 255 bytes" 2000 <<'END'
x -> ANNOUNCE endpoint=x origin=evil.test big=65000
x <- ERROR error=malformed text=is over 255 bytes
x -> ANNOUNCE interest=/x origin=evil.test big=65000
x <- ERROR error=malformed text=is over 255 bytes
x -> ANNOUNCE service=x origin=evil.test big=65000
x <- ERROR error=malformed text=is over 255 bytes
x -> ANNOUNCE node=x path=evil.test big=65000
x <- ERROR error=malformed text=is over 255 bytes
END
lie '10 000 endpoint patterns' 'one neighbour may have 3000 routes and names, and has them' 6000 <<'END'
x -> 10000 ANNOUNCE endpoint=*.p%d.example origin=evil.test
END
names() { fedx-probe -r h -H routes | awk -F '\t' '$3 == "evil.test" { print $11 + 0 }'; }
ok '... are cut off at the limit' test "$(names)" -le 3000
ok '... the rest of them is counted' test "$(count malformed)" -gt 0
lie '... and withdrawn' '' 200 <<'END'
x -> 10000 WITHDRAW endpoint=*.p%d.example origin=evil.test
END
is "$(names)" 0 '... nothing is left'
lie 'interest in 10 000 patterns' 'one neighbour may have 3000 routes and names, and has them' 6000 <<'END'
x -> 10000 ANNOUNCE interest=/p/%d/**/a/*/b origin=evil.test
END
ok '... an event finds its way between them' fedx-probe -r h pub /p/7/x/y/a/z/b event
lie '... withdrawn' '' 1000 <<'END'
x <- PUBLISH
x -> 10000 WITHDRAW interest=/p/%d/**/a/*/b origin=evil.test
END
is "$(names)" 0 '... nothing is left of them'
lie '10 000 services' 'one neighbour may have 3000 routes and names, and has them' 4000 <<'END'
x -> 10000 ANNOUNCE service=s%d origin=evil.test
x -> 10000 WITHDRAW service=s%d origin=evil.test
END
# --- time ---

lie 'no lifetime' 'it has no lifetime left' 200 <<'END'
x -> ANNOUNCE node=far.test path=far.test,evil.test lifetime=0
x <- ERROR error=malformed text=no lifetime left
END
lies <<'END'
x -> ANNOUNCE node=far.test path=far.test,evil.test lifetime=0xffffffff epoch=50
y <- ANNOUNCE
END
is "$(best far.test)" evil.test 'a lifetime of 50 days is taken for what it may be (an hour, unit test)'
lies <<'END'
x -> ANNOUNCE node=far.test path=far.test,a.test,b.test,evil.test epoch=49
x -> WITHDRAW node=far.test epoch=49
END
like "$(fedx-probe -r h -H routes far.test)" 'best	evil\.test far\.test	' 'an older announcement and an older withdrawal, played again, change nothing'
lie 'then it is withdrawn' '' 200 <<'END'
x -> WITHDRAW node=far.test epoch=50
END
lie 'the largest epoch' '' 200 <<'END'
x -> ANNOUNCE node=far2.test path=far2.test,evil.test epoch=0xffffffffffffffff
x -> WITHDRAW node=far2.test epoch=0xffffffffffffffff
END
{
	n=0
	while test $n -lt 300
	do
		n=$((n + 1))
		echo "x -> ANNOUNCE node=flaps.test path=flaps.test,evil.test epoch=$n"
		echo "x -> ANNOUNCE service=flaps origin=flaps.test"
		echo "x -> WITHDRAW node=flaps.test epoch=$n"
	done
} >flapping
lie 'a route that comes and goes 300 times' '' 500 <flapping
n_told=$(grep -c 'y <- ANNOUNCE' said)
lies <<'END'
y -> PING id=4711
y <- PONG id=4711
END
ok '... of which neighbours hear little' test $(($(grep -c 'y <- ANNOUNCE' said) - n_told)) -le 20
like "$(tail -n 4000 "$hub_log" | grep -c flaps.test)" '^[0-9]{1,2}$' '... and neither does it fill the log'

# --- full sets ---

lies <<'END'
x -> ANNOUNCE node=old.test path=old.test,evil.test
x -> ANNOUNCE service=old origin=old.test
x -> DIGEST body=000000630000000000000001
x <- DIGEST flags=error
x -> ANNOUNCE node=new.test path=new.test,evil.test
x -> ANNOUNCE service=new origin=new.test
END
ok 'a full set that never ends: what was is used meanwhile' eval 'test -n "$(best old.test)" && test -n "$(best new.test)"'
lie '... asked for again and again' '' 1000 <<'END'
x -> 1000 DIGEST body=000000630000000000000001
x -> 1000 DIGEST body=000000990000000000000001
x -> 1000 DIGEST body=000000990000000000000002
x -> DIGEST body=0000
x <- DIGEST flags=error
x -> ANNOUNCE node=evil.test path=evil.test
x -> END
END
ok '... ended at last: what was not said again is gone' nobody old.test
lie 'one that asks for a full set all the time' '' 1000 <<'END'
x -> 1000 DIGEST flags=error body=000000000000000000000000
x <- END
x <- DIGEST
x <- END
x <- DIGEST
END

# --- and in the end ---

# What was withdrawn is remembered as a loss, and counts: so this one is the last.
lies <<'END'
x -> 10000 ANNOUNCE node=n%d.test path=n%d.test,evil.test
END
ok 'routes to 10 000 nodes end at the limit' test "$(fedx-probe -r h -H routes | wc -l)" -le 3001
ok '... who is honest is served' honest
lie '... withdrawn' '' 4000 <<'END'
x -> 10000 WITHDRAW node=n%d.test
END

lie 'rubbish' '' 500 <<'END'
x -> ANNOUNCE body=ffff
x -> ANNOUNCE body=
x -> WITHDRAW body=80020001
x -> END payload=rubbish
END
ok 'the hub still pings both, and is answered' eventually lies <<'END'
x <- PING
y <- PING
END
exec 9>&-
ended "$liar"
is $? 0 'the liar said all that it had to say'
gone() { test -z "$(known)"; }
ok 'it hangs up, and nothing of it is left' eventually gone
ok 'honest as ever' honest
ok 'the memory is what it was' test "$(memory)" -le 60000
ok 'the hub ends well' stop "$hub"
done_testing
