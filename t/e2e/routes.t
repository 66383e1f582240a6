#!/bin/sh
# routes.t - a ring of four hubs with a leaf each: everybody reaches everybody, whatever is killed in whatever
# order; mpreg.md 14, 15, 25, 29, 30.
. "${0%/*}/../lib/tap.sh"
cd "$FEDX_RUN" || exit 1
hubs='a b c d'
quick='--set link.backoff=50ms --set link.backoff_max=300ms --set link.come_back=50ms --no-autostart'
for one in $hubs
do
	mkdir -m 700 "$one" "leaf_$one"
	eval "at_$one=127.0.0.1:$(free_port)"
done
next() { case $1 in a) echo b ;; b) echo c ;; c) echo d ;; d) echo a ;; esac; }
at() { eval "echo \$at_$1"; }
# shellcheck disable=SC2086	# words
hub() {
	start fedx-hub -l "$(at "$1")" -i "$1.test" -C test -r "$FEDX_RUN/$1" --peer "fedx://$(at "$(next "$1")")" $quick
	eval "hub_$1=\$pid"
}
# shellcheck disable=SC2086	# words
leaf() {
	start fedx-leaf -u "fedx://$(at "$1")" -i "leaf-$1.test" -r "$FEDX_RUN/leaf_$1" $quick
	eval "leaf_$1=\$pid"
	wait_ready "$log"
}
serve() { start fedx-probe -r "leaf_$1" serve "where-$1" -- echo "$1"; }
kills() { eval "kill -KILL \$$1"; eval "ended \$$1"; test $? = 137; }
says() { test "$(fedx-probe -r "$1" -q call "where-$2" x '' </dev/null)" = "$2"; }
routes() { fedx-probe -r "$1" -H routes "$2" 2>/dev/null; }
all_say() {	# each leaf and each hub asks for each service
	for from in $hubs
	do
		for to in $hubs
		do
			if ! says "leaf_$from" "$to" || ! says "$from" "$to"
			then
				echo "$from does not reach $to"
				return 1
			fi
		done
	done
}
digests_agree() { ! grep -q event=digest_mismatch ./*.log; }

for one in $hubs; do hub "$one"; leaf "$one"; serve "$one"; done
ok 'mpreg 14: everybody reaches everybody' eventually all_say
like "$(routes a c.test | cut -f 4,5 | sort)" '^b\.test	(best|equal)
d\.test	(best|equal)$' 'the hub across is reached both ways alike'
# of two ways alike b takes the one by a, so c hears of it
knows_both() {
	test "$(routes c where-d | cut -f 3-6 | sort)" = "d.test	b.test	other	b.test a.test d.test
d.test	d.test	best	d.test"
}
ok 'the neighbour is reached directly; the long way is known and not used' eventually knows_both
like "$(routes c where-d | grep b.test)" 'score 30000 is more than 10000' '... and says why'
is "$(fedx-probe -r leaf_a -H trace where-c | cut -f 2,3 | sed 's/[bd]\.test/between/')" "leaf-a.test	leaf
a.test	hub
between	hub
c.test	hub
leaf-c.test	leaf" 'mpreg 15: a call over two hubs between, hop by hop'
ok 'a node is reached by its id' fedx-probe -r leaf_a -q ping leaf-c.test
ok '... and the hub' fedx-probe -r leaf_a -q ping c.test
like "$(fedx-probe -r a -H services | cut -f 1,3 | sort -u)" 'where-c	c\.test' 'a service is listed with the hub that holds it'
ok 'nobody knows a name that nobody holds' expect_status 1 fedx-probe -r leaf_a -q call nobody x ''
ok '... nor routes to it' expect_status 1 fedx-probe -r a -q routes nobody

# --- one way is cut: the other is used, and nothing of the old one stays ---

kills hub_b
uses_d() { test "$(routes a where-c | cut -f 4,5)" = 'd.test	best'; }
used() { routes "$1" "$2" | grep -E '	(best|equal)	'; }
no_b() { not used a b.test; }
ok 'mpreg 29: a hub is killed: the other way is used' eventually says leaf_a c
ok '... only that one' eventually uses_d
ok 'mpreg 30: no route to it is left' eventually no_b
no_b_at_d() { not used d b.test; }
ok '... not even where it is not a neighbour' eventually no_b_at_d
ok 'what only it held ends at once, and not by a time-out' expect_status 1 fedx-probe -r leaf_a -q call where-b x ''
hub b
ok 'it is there again' eventually all_say

# --- a link is drained: others take over before it goes ---

start fedx-probe -r leaf_b serve slow -- sh -c 'echo begun >begun; until test -e go; do sleep 0.05; done; echo done'
ok 'a service that takes its time' eventually used a slow
fedx-probe -r a -q call -t 20 slow x '' </dev/null >slow &
slow=$!
ok '... is at work' eventually test -e begun
fedx-probe -r a -q link drain b.test >/dev/null
detour() { test "$(routes "$1" "$2" | grep best | cut -f 4)" = d.test; }
turns() { test "$(routes b a.test | grep best | cut -f 4)" = c.test; }
ok 'its link is drained: who drains it takes the other way' eventually detour a b.test
ok '... and so does the other side' eventually turns
ok 'calls go on' says leaf_a b
ok '... both ways' says leaf_b a
touch go
ok 'the call that was under way' wait "$slow"
is "$(cat slow)" 'done' '... has its answer by the link that it came by'
ok 'then the link is gone' eventually sh -c 'fedx-probe -r a -H peers | grep -q paused'
fedx-probe -r a -q link resume b.test >/dev/null
straight() { test "$(routes a b.test | grep best | cut -f 4)" = b.test; }
ok 'resumed, it is used again' eventually straight

# --- any, in any order ---

for order in 'a b c d' 'd c b a' 'a c b d' 'b d a c'
do
	for one in $order; do kills "hub_$one"; done
	for one in $order; do hub "$one"; done
	ok "all are killed and started again, $order: everybody reaches everybody" eventually all_say
done
for one in $hubs
do
	kills "hub_$one"; kills "leaf_$one"
	leaf "$one"; hub "$one"; serve "$one"
	ok "$one and its leaf are killed and started again" eventually all_say
done
ok 'the two ends of each link know the same' digests_agree
for one in $hubs
do
	eval "stop \$hub_$one"
	is $? 0 "$one ends well"
done 2>/dev/null
done_testing
