#!/bin/sh
# probe-watch.t - watch and top stream until somebody has seen enough.
. "${0%/*}/../lib/tap.sh"

start fedx-hub -i here.test -l 127.0.0.1:0
hub=$pid
ok 'the node is ready'	wait_ready "$log"

# a service that comes and goes until the watcher has seen it
stir() {
	fedx-probe -q serve stirred -- cat </dev/null &
	stirring=$!
	eventually sh -c 'fedx-probe -H services | grep -q stirred'
	kill "$stirring"; wait "$stirring"
}
until_seen() { stir; test -s "$1"; }

start fedx-probe watch
watch=$pid watch_log=$log
ok 'events appear as they happen'	eventually until_seen "$watch_log"
like "$(head -n 1 "$watch_log")" 'attached|withdrawn' 'with their name'
kill "$watch"; ended "$watch"

start fedx-probe -j watch
watch=$pid watch_log=$log
ok '-j: too'		eventually until_seen "$watch_log"
ok 'one object a line'	perl -MJSON::PP -ne '
	/\n\z/ or exit 0; my $o = decode_json($_); exit 1 unless $o->{v} == 1 && $o->{event} && $o->{time}' "$watch_log"
kill "$watch"; ended "$watch"

start fedx-probe watch
watch=$pid

# watch | head -1
{ sh -c 'fedx-probe watch; echo $? >"$FEDX_RUN/head.status"' | head -n 1 >"$FEDX_RUN/head.out"; } &
ok 'watch | head -1 shows one event'	eventually until_seen "$FEDX_RUN/head.out"
ended_head() { test -s "$FEDX_RUN/head.status"; }
ok 'and ends, though no event comes'	eventually ended_head
is "$(cat "$FEDX_RUN/head.status")" 0 'with status 0'
is "$(wc -l <"$FEDX_RUN/head.out" | tr -d ' ')" 1 'after that one line'

# a reader that leaves before any event
mkfifo "$FEDX_RUN/pipe"
sh -c 'fedx-probe watch >"$FEDX_RUN/pipe"; echo $? >"$FEDX_RUN/idle.status"' &
: <"$FEDX_RUN/pipe"
idle_ended() { test -s "$FEDX_RUN/idle.status"; }
ok 'a reader that is gone is noticed without an event'	eventually idle_ended
is "$(cat "$FEDX_RUN/idle.status")" 0 'status 0'

# top
fedx-probe top | head -n 3 >"$FEDX_RUN/top"
is "$(awk -F '\t' '{ print NF }' "$FEDX_RUN/top" | sort -u | wc -l | tr -d ' ')" 1 'top: a header and rows of as many fields'
like "$(head -n 1 "$FEDX_RUN/top")" 'requests' 'the header names counters'
fedx-probe -j top | head -n 2 >"$FEDX_RUN/top"
ok 'top -j: objects'	perl -MJSON::PP -ne 'decode_json($_)->{v} == 1 or exit 1' "$FEDX_RUN/top"

# the node goes
ok 'drain'		fedx-probe drain
ended "$hub"
is $? 0 'the node is gone'
ok 'watch ends with it, and says that there is no node'	expect_status 69 ended "$watch"
done_testing
