#!/bin/sh
# probe-progress.t - a call that takes long says how far it is: to a person, and to nobody else.
. "${0%/*}/../lib/tap.sh"
command -v script >/dev/null && test "$(script -qec 'echo yes' /dev/null </dev/null | tr -d '\r')" = yes ||
	skip_all 'no script that makes a terminal of its own'
cd "$FEDX_RUN" || exit 1

start fedx-hub -i here.test -l 127.0.0.1:0
hub=$pid
ok 'the node is ready' wait_ready "$log"
start fedx-probe serve slow -P 4 -- sh -c 'sleep 0.1; cat'
attached() { fedx-probe -H services | grep -q '^slow	'; }
ok 'a service is there' eventually attached

seq 1 24 >numbers
call='fedx-probe call -P 2 slow m - <numbers >answers'
seen=$(script -qec "$call" /dev/null </dev/null | tr '\r' '\n')
like "$seen" '^[0-9]+ sent, [1-9][0-9]* answered, 0 failed' 'on a terminal it counts'
ok '... more than once' test "$(printf '%s\n' "$seen" | grep -c answered)" -ge 2
ok '... beside the answers, which are whole' cmp numbers answers
is "$(script -qec "${call%% call*} -q call${call#* call}" /dev/null </dev/null)" '' '-q: it does not'
is "$(sh -c "$call" 2>&1)" '' 'nor when nobody sees it'
ok 'the node ends well' stop "$hub"
done_testing
