#!/bin/sh
# reconnect.t - hubs come and go; leaves come back, and no call is left without an end.
. "${0%/*}/../lib/tap.sh"
cd "$FEDX_RUN" || exit 1

tab=$(printf '\t')
told() { grep -Eqs -e "$1" "$2"; }
logs() { ok "$1" eventually told "$2" "$3"; }
at=127.0.0.1:$(free_port) at2=127.0.0.1:$(free_port)
quick='--set link.ping=200ms --set link.dead=600ms'
hub() { # shellcheck disable=SC2086	# words
	start fedx-hub -l "$at" -i n1 -C home -r "$FEDX_RUN/n1" $quick; hub=$pid hub_log=$log; wait_ready "$log"; }
leaf() {	# leaf NAME [OPTION...]
	leaf_name=$1
	shift
	mkdir -p "$leaf_name"; chmod 700 "$leaf_name"
	# shellcheck disable=SC2086	# words
	start fedx-leaf -u "fedx://$at" -i "$leaf_name" -r "$FEDX_RUN/$leaf_name" $quick \
		--set link.backoff=300ms --set link.backoff_max=1s --set link.come_back=100ms "$@"
	leaf=$pid leaf_log=$log
}
call() { fedx-probe -r a call "$@"; }
works() { test "$(call -t 2 echo m across 2>/dev/null)" = across; }
knows() { fedx-probe -r "$1" -H services | grep -q "^$2$tab"; }
why() { told "$1" "$a_log" || fedx-probe -r a -j links | grep -q "$1"; }	# one of them only counts
begun() {	# begun: a call of a service that never answers is under way; waits until it is served
	rm -f hanging
	start fedx-probe -r a call hang m x
	caller=$pid caller_log=$log
	await test -e hanging
}

# --- before there is a hub ---

leaf a; a=$pid a_log=$leaf_log
leaf b; b=$pid b_log=$leaf_log
wait_ready "$a_log"; wait_ready "$b_log"
logs 'without a hub a leaf says so, and tries again' 'now=BACKOFF why="cannot connect to .*next dial in' "$a_log"
start fedx-probe -r b serve echo -- cat
start fedx-probe -r b serve hang -- sh -c ': >hanging; exec sleep 600'
start fedx-probe -r b serve slow -- sh -c ': >serving; sleep 1; echo done'
await knows b slow
ok 'a call that needs it was not delivered' expect_status 75 sh -c 'fedx-probe -r a call echo m x 2>said'
like "$(cat said)" 'link_down: the uplink is down.*\(not delivered\)' '... and says so'
mkdir -m 700 e		# more often than others, so that many dials take no time
start fedx-leaf -u "fedx://$at" -i e -r "$FEDX_RUN/e" --set link.backoff=1ms --set link.backoff_max=1ms
e=$pid e_log=$log
dials() { test "$(grep -c 'was=DIALLING now=BACKOFF' "$e_log")" -ge 10; }	# the rest is only counted
ok 'it redials for as long as it takes' eventually dials
hub
ok 'when the hub comes, so do they' eventually works
logs '... also the one that had dialled that often' 'subject=e ' "$hub_log"
ok '... which ends well' stop "$e"

# --- killed, with a call in flight ---

begun
kill -KILL "$hub"
ok 'the hub is killed: the call in flight ends' expect_status 75 ended "$caller"
like "$(cat "$caller_log")" 'link_down: .*\(may have run\)' '... and may have run'
ended "$hub"
logs 'the leaf says why' 'now=BACKOFF why="(closed by the other side|connection lost)' "$a_log"
ok 'a call without the hub' expect_status 75 sh -c 'fedx-probe -r a call echo m x 2>said'
like "$(cat said)" 'link_down: .*\(not delivered\)' '... was not delivered'
is "$(fedx-probe -r b call echo m local)" local 'local calls go on'
hub
ok 'it is started again: the leaves come back, calls work' eventually works

# --- killed in between: nothing lost in silence ---

seq 1 400 >numbers
start sh -c 'exec fedx-probe -r a call -P 8 slow m - <numbers >answers'
many=$pid
await test -e serving
kill -KILL "$hub"
ok 'of many calls in flight none waits for ever' not ended "$many"
ended "$hub"
hub
ok 'and then it works again' eventually works

# --- it goes by itself ---

rm -f serving
start fedx-probe -r a call slow m x
caller=$pid caller_log=$log
await test -e serving
ok 'asked to end, the hub does' stop "$hub"
ok 'the call in flight was finished first' ended "$caller"
is "$(cat "$caller_log")" 'done' '... with its answer'
ok 'the leaf knows why' eventually why 'the other side is going away; next dial in'
hub
ok 'they come back to the next one' eventually works

# --- half-open: there, and saying nothing ---

begun
kill -STOP "$hub"
ok 'the hub hangs: the call in flight ends' expect_status 75 ended "$caller"
like "$(cat "$caller_log")" 'link_down: .*\(may have run\)' '... and may have run'
ok 'the leaf says why' eventually why 'half-open: not a byte arrived'
kill -CONT "$hub"
ok 'it goes on: so do the calls' eventually works

begun
kill -STOP "$b"
ok 'the other leaf hangs: the call in flight ends' expect_status 75 ended "$caller"
like "$(cat "$caller_log")" 'link_down: .*\(may have run\)' '... and may have run'
gone() { not knows n1 echo; }
ok 'its services are gone with it' eventually gone
kill -CONT "$b"
ok 'it goes on: so do the calls' eventually works

# --- told to try now ---

mkdir -m 700 c
start fedx-leaf -u "fedx://$at2" -i c -r "$FEDX_RUN/c" --set link.backoff=1h --set link.backoff_max=1h
c=$pid c_log=$log
logs 'a leaf that waits for long' 'now=BACKOFF' "$c_log"
start fedx-hub -l "$at2" -i n2 -C home -r "$FEDX_RUN/n2"
hub2=$pid hub2_log=$log
wait_ready "$log"
kill -HUP "$c"
logs '... tries at once when told to' 'now=UP' "$c_log"
ok '... and ends well' stop "$c"

# --- several hubs ---

leaf d -u "fedx://$at2"; d=$pid d_log=$leaf_log
logs 'a leaf of two hubs takes the first' "link=fedx://$at was=GREETING now=UP" "$d_log"
start fedx-probe -r n2 serve other -- cat
await knows n2 other
{ kill -KILL "$hub"; ended "$hub"; } 2>/dev/null
logs 'when that is killed, the second' "link=fedx://$at2 was=GREETING now=UP" "$d_log"
is "$(fedx-probe -r d call other m here)" here '... and calls go there'
ok 'that hub ends' stop "$hub2"
hub
back() { test "$(grep -c "link=fedx://$at was=GREETING now=UP" "$d_log")" -ge 2; }
ok 'and when that ends, the first again' eventually back

for one in "$a" "$b" "$d" "$hub"
do ok 'all end well' stop "$one"
done
done_testing
