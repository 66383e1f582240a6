#!/bin/sh
# probe-call.t - fedx-probe call is a filter: lines in, answers out, in order, of any size.
. "${0%/*}/../lib/tap.sh"

tab=$(printf '\t')
known() { fedx-probe -H services | grep -q "^$1$tab"; }
serve() { start fedx-probe serve "$@"; eventually known "$1"; }

start fedx-hub -i here.test -l 127.0.0.1:0
ok 'the node is ready'		wait_ready "$log"
serve echo -P 8 -- cat
serve count -P 8 -- wc -c

is "$(fedx-probe call echo m hello)" hello 'a word and a newline'
is "$(fedx-probe call echo m | wc -c | tr -d ' ')" 1 'no word: an empty payload'
is "$(printf 'a\n\nb' | fedx-probe call echo m -; echo .)" "$(printf 'a\n\nb\n.')" 'lines, an empty one, and one without newline'
is "$(printf '' | fedx-probe call echo m - | wc -c | tr -d ' ')" 0 'no lines, no answers'
is "$(fedx-probe call count m hello | tr -d ' ')" 5 'an answer that ends in a newline gets no second one'
is "$(printf 'abc\n' | fedx-probe call count m - | tr -d ' ')" 3 'a line is sent without its newline'

seq 500 >"$FEDX_RUN/in"
in_order() { fedx-probe call -P 32 echo m - <"$FEDX_RUN/in" | cmp - "$FEDX_RUN/in"; }
all_there() { fedx-probe call --unordered -P 32 echo m - <"$FEDX_RUN/in" | sort -n | cmp - "$FEDX_RUN/in"; }
ok '500 lines, 32 in flight, in order'	in_order
ok 'unordered: none lost or doubled'	all_there

# answers come back in another order than the requests went
serve late -P 8 -- sh -c 'read -r s; sleep "0.$s"; echo "$s"'
is "$(printf '3\n1\n2\n' | fedx-probe call late m - | tr '\n' ' ')" '3 1 2 ' 'a slow first answer keeps its place'
is "$(printf '6\n1\n' | fedx-probe call --unordered late m - | tr '\n' ' ')" '1 6 ' 'unordered: it does not'

head -c 3000000 /dev/urandom >"$FEDX_RUN/big"
whole() { fedx-probe call -0 echo m <"$FEDX_RUN/big" | cmp - "$FEDX_RUN/big"; }
ok '-0: 3 MB there and back, byte for byte'	whole
is "$(printf 'x\n' | fedx-probe call -0 echo m; echo .)" "$(printf 'x\n.')" '-0: nothing is added'
is "$(fedx-probe call -0 echo m </dev/null | wc -c | tr -d ' ')" 0 '-0: empty stays empty'
awk 'BEGIN { for (i = 0; i < 200000; i++) printf "x"; print "" }' >"$FEDX_RUN/long"
long_line() { fedx-probe call echo m - <"$FEDX_RUN/long" | cmp - "$FEDX_RUN/long"; }
ok 'a line of 200 000 bytes'	long_line

# JSON
is "$(printf '1\n{"a": 2}\n' | fedx-probe call -J echo m - | tr '\n' ' ')" '1 {"a": 2} ' '-J: values pass as they are'
printf '1\n2\nno\n4\n' | fedx-probe call -J echo m - >"$FEDX_RUN/out" 2>"$FEDX_RUN/err"
is $? 65 '-J: a line that is no JSON is status 65'
is "$(tr '\n' ' ' <"$FEDX_RUN/out")" '1 2 ' 'what was sent before it is answered'
like "$(cat "$FEDX_RUN/err")" 'line 3: ' 'and the message names the line'
ok '-J checks a word too'	expect_status 65 fedx-probe call -J echo m '{"a":1,"a":2}'

# one of many fails
serve picky -P 4 -- sh -c 'read -r s; test "$s" != bad || { echo "no, never" >&2; exit 3; }; echo "$s"'
printf 'a\nbad\nc\n' | fedx-probe call picky m - >"$FEDX_RUN/out" 2>"$FEDX_RUN/err"
is $? 2 'one failure of many: its status'
is "$(tr '\n' ' ' <"$FEDX_RUN/out")" 'a c ' 'the others are answered'
like "$(cat "$FEDX_RUN/err")" 'line 2: service_failed: exited with status 3: no, never \(may have run\)' 'the message has line, status, last words and fate'

# streams
serve follow -- sh -c 'echo one; echo two; exec sleep 600'
first_two() { fedx-probe call follow m | head -n 2 | tr '\n' ' ' | grep -q '^one two $'; }
ok 'a stream comes line by line, before it ends'	first_two
serve flood -P 1 -- yes
is "$(fedx-probe call flood m | head -c 10 | wc -c | tr -d ' ')" 10 'an endless answer, cut by its reader'
free_again() { fedx-probe -j services | grep '"flood"' | grep -q '"in_flight":0'; }
ok 'and the service is told'	eventually free_again
serve first -- head -c 10
first_ten() { fedx-probe call -0 first m <"$FEDX_RUN/big" | cmp - "$FEDX_RUN/ten"; }
head -c 10 "$FEDX_RUN/big" >"$FEDX_RUN/ten"
ok 'a service that reads 10 bytes of 3 MB answers, and the call ends'	first_ten

# an endpoint, a version, a way
serve_endpoint() { start fedx-probe serve me@here.test -- sh -c 'echo "$FEDX_METHOD"'; eventually sh -c 'fedx-probe -H endpoints | grep -q me@here'; }
ok 'an endpoint attaches'	serve_endpoint
is "$(fedx-probe call me@here.test say/it x)" say/it 'a call to an address, the method whole'
serve aged --version 1.2.3 -- echo old
is "$(fedx-probe call --version '>=1.2' aged m)" old 'a version that fits'
ok 'a version that does not'	expect_status 1 fedx-probe call --version '>=2' aged m
like "$(fedx-probe call --trace echo m x 2>&1)" 'way: here.test [0-9]+ us' '--trace tells the way on stderr'
like "$(fedx-probe trace echo)" "1${tab}here.test${tab}hub" 'trace names the node of a service'

# the node dies with a call in flight
mkdir -m 700 "$FEDX_RUN/g"
start fedx-hub -i gone.test -l 127.0.0.1:0 -r "$FEDX_RUN/g"
hub=$pid
ok 'another node'	wait_ready "$log"
start fedx-probe -r "$FEDX_RUN/g" serve hang -- sleep 600
hang_known() { fedx-probe -r "$FEDX_RUN/g" -H services | grep -q hang; }
ok 'with a service that never answers'	eventually hang_known
start fedx-probe -r "$FEDX_RUN/g" call hang m
caller=$pid caller_log=$log
hang_called() { fedx-probe -r "$FEDX_RUN/g" -j services | grep -q '"in_flight":1'; }
ok 'and a call'		eventually hang_called
kill -9 "$hub"
ended "$caller"
is $? 75 'the node is killed: try again'
like "$(cat "$caller_log")" 'link_down.*may have run' 'and the fate is known'
done_testing
