#!/bin/sh
# probe-serve.t - a command as a service: its streams, its end, its limits, its node.
. "${0%/*}/../lib/tap.sh"

tab=$(printf '\t')
known() { fedx-probe -H services | grep -q "^$1$tab"; }
serve() { start fedx-probe serve "$@"; server=$pid server_log=$log; eventually known "$1"; }
hub() { start fedx-hub -i here.test -l 127.0.0.1:0; hub=$pid; wait_ready "$log"; }

ok 'the node is ready'	hub

ok 'a command that is not there'	expect_status 66 fedx-probe serve x -- /nonexistent/command
like "$(fedx-probe serve x -- no-such-command 2>&1)" 'no-such-command' 'is named'
ok 'a directory is no command'	expect_status 66 fedx-probe serve x -- /tmp
ok 'a bad name is refused'	expect_status 64 fedx-probe serve 'a b' -- cat
ok 'a bad version is refused'	expect_status 64 fedx-probe serve a --version 'x y' -- cat

serve told --methods 'who tell' --tags 'a b' --weight 7 -P 3 --version 1.0.0 -- \
	sh -c 'echo "$FEDX_SERVICE $FEDX_METHOD $FEDX_ORIGIN"'
is "$(fedx-probe call told who)" 'told who here.test' 'service, method and origin are in the environment'
ok 'a method that was not announced'	expect_status 1 fedx-probe call told other
like "$(fedx-probe -j services)" '"methods":\["who","tell"\],"tags":\["a","b"\],"weight":7,"max_concurrency":3' 'what it announces'

# how a command ends
serve ends -- sh -c 'read -r how; case $how in three) echo why >&2; exit 3;; sig) kill -9 $$;; half) echo half; exit 1;; esac; echo fine'
is "$(fedx-probe call ends m well)" fine 'status 0 is an answer'
like "$(fedx-probe call ends m three 2>&1)" 'service_failed: exited with status 3: why' 'status 3, and its last line'
like "$(fedx-probe call ends m sig 2>&1)" 'was killed by signal 9' 'a signal'
ok 'both are status 2'	expect_status 2 fedx-probe call ends m sig
is "$(fedx-probe call ends m half 2>/dev/null)" half 'what it had printed is not lost'
like "$(cat "$server_log")" '^why$' 'its standard error is ours'

# no more at a time than announced, and all get their turn
serve one -P 1 -- sh -c 'test ! -e "$FEDX_RUN/busy" && : >"$FEDX_RUN/busy" && cat && rm "$FEDX_RUN/busy"'
alone() { seq 60 | fedx-probe call -P 20 one m - | cmp - "$FEDX_RUN/sixty"; }
seq 60 >"$FEDX_RUN/sixty"
ok '60 requests against concurrency 1'	alone

# giving up
serve slow -- sh -c 'echo $$ >"$FEDX_RUN/slow.pid"; exec sleep 600'
ok 'a deadline passes'		expect_status 75 fedx-probe call -t 0.3 slow m
gone() { ! kill -0 "$(cat "$FEDX_RUN/slow.pid")" 2>/dev/null; }
ok 'and its process is ended'	eventually gone
serve stubborn -- sh -c 'trap "" TERM; echo $$ >"$FEDX_RUN/slow.pid"; while :; do sleep 1; done'
ok 'one that ignores SIGTERM'	expect_status 75 fedx-probe call -t 0.3 stubborn m
ok 'is killed'			eventually gone

# a coprocess
cat >"$FEDX_RUN/co.sh" <<'END'
while IFS= read -r line
do
	id=${line#*\"id\":} id=${id%%,*}
	case $line in
	*garbage*) echo 'this is no JSON';;
	*die*) exit 7;;
	*fail*) printf '{"id":%s,"error":"no such word"}\n' "$id";;
	*json*) printf '{"id":%s,"payload":{"n":1}}\n' "$id";;
	*foreign*) printf '{"id":99999,"payload":"x"}\n';;
	*mute*) ;;
	*) printf '{"id":%s,"payload":"%s"}\n' "$id" "$$";;
	esac
done
END
serve co --coprocess -P 4 -- sh "$FEDX_RUN/co.sh"
again() { fedx-probe call co m hello >"$FEDX_RUN/out" 2>/dev/null; }
a=$(fedx-probe call co m hello) b=$(fedx-probe call co m hello)
is "$a" "$b" 'a coprocess: the same process answers'
like "$a" '^[0-9]+$' 'with what it says'
is "$(fedx-probe call co m json)" '{"n":1}' 'also JSON'
like "$(fedx-probe call co m fail 2>&1)" 'service_failed: no such word' 'also an error'
is "$(seq 200 | fedx-probe call -P 8 co m - | sort -u)" "$a" '200 requests, 8 at a time'
like "$(fedx-probe call co m garbage 2>&1)" 'service_failed: .*no JSON.*may have run' 'garbage ends it'
ok 'it starts again'	eventually again
not_same() { test "$(cat "$FEDX_RUN/out")" != "$a"; }
ok 'as another process'	not_same
like "$(fedx-probe call co m foreign 2>&1)" 'service_failed' 'an id that was never asked ends it'
ok 'it starts again'	eventually again
like "$(fedx-probe call co m die 2>&1)" 'exited with status 7' 'so does its exit'
ok 'it starts again'	eventually again
ok 'one that never answers'	expect_status 75 fedx-probe call -t 0.3 co m mute
ok 'still serves others'	again

# the node goes and comes back
ok 'the node stops'	stop "$hub"
ok 'and starts'		hub
back() { test "$(fedx-probe call ends m well 2>/dev/null)" = fine; }
ok 'services come back by themselves'	eventually back

# SIGTERM: what runs may end
serve last -- sh -c 'echo begun >"$FEDX_RUN/begun"; cat "$FEDX_RUN/gate"; echo done'
mkfifo "$FEDX_RUN/gate"
start fedx-probe call last m
caller=$pid caller_log=$log
ok 'a request is running'	eventually test -e "$FEDX_RUN/begun"
kill -TERM "$server"
unknown() { not known last; }
ok 'SIGTERM: the service leaves at once'	eventually unknown
: >"$FEDX_RUN/gate"
ended "$caller"
is $? 0 'the request still ends'
is "$(cat "$caller_log")" 'done' 'with its answer'
ended "$server"
is $? 0 'and the service exits with 0'
done_testing
