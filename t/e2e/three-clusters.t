#!/bin/sh
# three-clusters.t - the example of three clusters shows what it says, step by step, and leaves nothing (mpreg 44).
. "${0%/*}/../lib/tap.sh"

example=$FEDX_SRC/share/examples/three-clusters/run.sh
TMPDIR=$FEDX_RUN/t		# all that it makes is below
export TMPDIR
mkdir "$TMPDIR"

# every process of the example has its directory in its environment
processes() {
	perl -e 'for (glob "/proc/[0-9]*") {
		open my $f, "<", "$_/environ" or next; local $/; my $e = <$f> // "";
		next unless $e =~ m{FEDX_RUN=\Q$ARGV[0]\E/};
		open my $c, "<", "$_/cmdline" or next; print "$_ ", <$c> =~ tr/\0/ /r, "\n" }' "$TMPDIR"
}
is_clean() {	# is_clean PID: nothing of the example that had it is left
	processes | grep . && return 1
	find "$TMPDIR" -mindepth 1 | grep . && return 1
	! ip netns list 2>/dev/null | grep "^fx$1-"
}
run() {	# run HOW: to its end
	log=$FEDX_RUN/three-$1.log
	FEDX_DEMO=$1 sh "$example" >"$log" 2>&1 </dev/null &
	pid=$!
	wait "$pid"
}
# shows STEP REGEX: what it printed in that step has such a line
shows() {
	awk -v step="$1" '/^[0-9]+\. / { on = $1 == step "." } on' "$log" | grep -Eq -e "$2"
}

ways=loopback
if test "$(id -u)" -eq 0 && command -v ip >/dev/null && ip netns add "fxt$$" 2>/dev/null && ip netns del "fxt$$"
then ways='loopback namespaces'
fi
for way in $ways
do
	run "$way"
	is $? 0 "$way: the example succeeds"
	ok "$way: 1. hubs of a cluster have routes to each other" shows 1 '^ +beta2 +beta2 +best +beta2 +beta +10000 +3$'
	ok "$way: 2. strict clusters refuse each other" shows 2 'refused +2106 the far side refused: 2101 cluster "alpha" refused: cluster "beta" runs in strict_isolation'
	ok "$way: 2. ... and no name has crossed" shows 2 "no_route: nobody announces service 'stock' \(not delivered\)"
	ok "$way: 3. a bridge is what both have set" shows 3 'bridges = \{ "alpha as trade" \}'
	ok "$way: 3. ... one function crosses it" shows 3 '^ +count: 17 lamps$'
	ok "$way: 3. ... another one does not" shows 3 'denied: 2112 function "stock/order" is not open to cluster "alpha" \(not delivered\)'
	ok "$way: 3. ... and other names are not told" shows 3 "no_route: nobody announces service 'payroll'"
	ok "$way: 3. ... nor is anything to a third cluster" shows 3 '2102 cluster "gamma" refused'
	ok "$way: 4. a bridge may name its nodes" shows 4 '2105 node "gamma2" of cluster "gamma" refused: bridge "research" lists other nodes'
	ok "$way: 4. ... and those come in" shows 4 '^ +count: 17 lamps$'
	ok "$way: 5. clusters do not meet through a third" shows 5 "no_route: nobody announces service 'assay'"
	ok "$way: 5. ... unless all of them say so" shows 5 '^ +gold$'
	ok "$way: 6. explain goes up to the border" shows 6 '^ +alpha[12] +end +unknown +- +the next node is of another cluster$'
	ok "$way: 6. ... and from it" shows 6 '^ +depot +end +delivered'
	ok "$way: 6. ... and says what another cluster may not ask for" shows 6 'denied at beta1: 2112 function'
	ok "$way: 6. equal routes are kept" shows 6 '^ +stock +beta2 +(beta1|alpha2) +equal '
	ok "$way: 7. when a border is lost, the other one serves" shows 7 '^ +3 +alpha2 +hub$'
	ok "$way: 7. ... and who has only one is apart" shows 7 "no_route: nobody announces service 'stock'"
	ok "$way: 8. a bridge that is withdrawn is closed" shows 8 'links: 0 checked, 1 closed'
	ok "$way: 8. ... and nothing crosses any more" shows 8 "no_route: nobody announces service 'stock'"
	ok "$way: 8. ... by the rule that says so" shows 8 'refused +2106 the far side refused: 2102 cluster "alpha" refused'
	ok "$way: 8. ... the others go on" shows 8 '^ +order: 17 lamps$'
	ok "$way: plain text, as nobody sees colours in a file" not grep -q "$(printf '\033')" "$log"
	ok "$way: nothing is left" is_clean "$pid"
done

log=$FEDX_RUN/three-TERM.log
FEDX_DEMO=${ways##* } sh "$example" >"$log" 2>&1 </dev/null &
pid=$!
ok 'TERM in step 3' eventually shows 3 .
ok '... when there is something to clean' not is_clean "$pid"
kill "$pid"
wait "$pid"
is $? 143 '... ends it with the status of the signal'
ok '... and nothing is left' is_clean "$pid"
done_testing
