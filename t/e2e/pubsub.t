#!/bin/sh
# pubsub.t - events on paths: once, in order, to all who want them and to nobody else, from leaf to leaf.
. "${0%/*}/../lib/tap.sh"
cd "$FEDX_RUN" || exit 1

mkdir -m 700 hub a b conf
cat >conf/policy.lua <<'END'
function route(msg, env)
	if msg.path1 == "secret" then return fedx.deny "nobody may say this" end
end
END
start fedx-hub -i hub.test -C home -r hub -c conf -l 127.0.0.1:0
hub=$pid
ok 'the hub is ready'	wait_ready "$log"
at=$(ready_at "$log")
start fedx-leaf -i a.test -r a -u "fedx://$at"
a=$pid
start fedx-leaf -i b.test -r b -u "fedx://$at"
b=$pid
ok 'leaf b is joined'	eventually fedx-probe -q -r a ping b.test

pub() { fedx-probe -r a pub "$@"; }
# until it hears: a subscription is on its way to the hub
hears() { pub "$2" hello && grep -q "^$2	hello\$" "$1"; }

# once, in order
start fedx-probe -r b sub '/count/*' '/count/**'
sub=$pid out=$log
ok 'a subscription reaches the other leaf'	eventually hears "$out" /count/first
seq 10000 | sed 's/^/event /' >events
ok 'ten thousand events are taken'	sh -c 'fedx-probe -r a pub /count/up - <events'
ups() { grep '^/count/up	' "$out"; }
all() { test "$(ups | wc -l)" -ge 10000; }
ok 'they arrive'	eventually all
is "$(ups | cut -f 2 | cksum)" "$(cksum <events)" 'once and in order, though two patterns cover them'
pub /other x
pub /count x
ok 'what else there is'	eventually sh -c 'grep -q "^/count	x\$" "$1"' - "$out"
is "$(grep -c /other "$out")" 0 'does not come'

# a subscriber that dies, beside one that does not
start fedx-probe -r b sub '/count/*'
other=$log
ok 'another one is there'	eventually hears "$other" /count/second
kill -KILL "$sub"; ended "$sub" 2>/dev/null
ok 'a subscriber died: who publishes does not hear of it'	pub /count/up gone
ok 'nor does the other one'	eventually grep -q '^/count/up	gone$' "$other"

# wildcards, several at once, one that ends
start fedx-probe -r b sub '/*/b'
one=$log
start fedx-probe -j -r b sub '/**/z'
two=$log
start fedx-probe -r hub sub -n 2 '/x/**'
three=$log three_pid=$pid
heard_all() {
	pub /x/b hello; pub /x/y/z hello
	test -s "$one" && test -s "$two" && test "$(wc -l <"$three")" -eq 2
}
ok 'each hears what its pattern covers'	eventually heard_all
is "$(cut -f 1 "$one" | sort -u)" /x/b '* is one segment'
is "$(sed 's/.*"path":"\([^"]*\)".*/\1/' "$two" | sort -u)" /x/y/z '** is any number'
like "$(head -n 1 "$two")" '^\{"v":1,"path":"/x/y/z","origin":"a.test","payload":"hello"\}$' '-j: with its origin'
ended "$three_pid"
is $? 0 '-n 2 ends after two, with 0'

# payloads
start fedx-probe -j -r b sub '/p'
out=$log
ok 'one more'		eventually sh -c 'fedx-probe -r a pub /p start && test -s "$1"' - "$out"
pub -J /p '{"a": [1, null]}'
printf 'two\nlines\n' | pub -0 /p
printf '\377\000' | pub -0 /p
ok 'all kinds of payload'	eventually sh -c 'tail -n 1 "$1" | grep -q base64' - "$out"
is "$(tail -n 3 "$out" | sed 's/.*"a.test",//')" '"json":{"a": [1, null]}}
"payload":"two\nlines\n"}
"base64":"/wA="}' 'arrive as they were'
ok 'bad JSON is refused'	expect_status 65 fedx-probe -r a pub -J /p '{'
ok 'so is a path with a wildcard'	expect_status 64 fedx-probe -r a pub '/p/*' x
ok 'and no path'	expect_status 64 fedx-probe -r a sub p

# sub | head -1
{ sh -c 'fedx-probe -r b sub "/h"; echo $? >head.status' | head -n 1 >head.out; } &
ok 'sub | head -1 shows one'	eventually sh -c 'fedx-probe -r a pub /h hello; test -s head.out'
ok 'and ends'	eventually test -s head.status
is "$(cat head.status)" 0 'with status 0'

# one that does not read, beside one that does
big=$(printf '%01000d' 0)
start fedx-probe -r b sub '/slow/*'
fast=$log
start fedx-probe -r b sub '/slow/*'
slow=$pid slow_log=$log
both() { hears "$fast" /slow/x && hears "$slow_log" /slow/x; }
ok 'both are there'	eventually both
kill -STOP "$slow"
big_ones() { grep -c '^/slow/y' "$fast"; }
reads() { test "$(big_ones)" -ge "$1"; }
n=0
while test $n -lt 20	# 20 MB in all: more than any queue holds, a little less at a time
do
	awk -v big="$big" -v n="$n" 'BEGIN { for (i = 0; i < 1000; i++) print n * 1000 + i, big }' | pub /slow/y -
	n=$((n + 1))
	eventually reads $((n * 1000)) || break
done
is "$(big_ones)" 20000 'who reads misses nothing beside one that does not'
lost() { fedx-probe -r b -j top | head -n 1 | sed 's/.*"events_lost":\([0-9]*\).*/\1/'; }
ok 'what the other one missed is counted'	test "$(lost)" -gt 0
kill -CONT "$slow"

# JSON lines, and the end of a subscription
cat >script <<'END'
one -> {"type":"subscribe","id":5,"pattern":"/l/*"}
one <- {"type":"subscribed","id":5}
two -> {"type":"publish","id":6,"path":"/l/1","payload":"a"}
two <- {"type":"published","id":6}
one <- {"type":"publish","path":"/l/1","origin":"b.test","payload":"a"}
one -> {"type":"unsubscribe","id":5}
one <- {"type":"unsubscribed","id":5}
two -> {"type":"publish","id":7,"path":"/l/1","payload":"b"}
two <- {"type":"published","id":7}
one -> {"type":"ping"}
one <- {"type":"pong"}
END
ok 'an unsubscribed one hears nothing more'	perl "$FEDX_SRC/t/lib/talk.pl" b/node.sock <script

# policy
ok 'the hub has its policy'	eventually sh -c 'fedx-probe -r hub -q call fedx policy </dev/null | grep -q "\"state\":\"up\""'
start fedx-probe -r hub sub '/secret/**' '/open/**'
out=$log
ok 'what policy allows'	eventually hears "$out" /open/x
ok 'a publisher at the hub is told no'	expect_status 77 fedx-probe -r hub pub /secret/x y
pub /secret/x y
pub /open/last y
ok 'what it denies ends at the hub'	eventually grep -q '^/open/last' "$out"
is "$(grep -c secret "$out")" 0 'and reaches nobody'
refused() { fedx-probe -r hub -j top | head -n 1 | sed 's/.*"events_refused":\([0-9]*\).*/\1/'; }
ok 'it is counted'	test "$(refused)" -gt 0
for node in $a $b $hub; do ok 'a node ends well' stop "$node"; done
done_testing
