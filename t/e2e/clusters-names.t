#!/bin/sh
# clusters-names.t - who answers to a name: mpreg.md 16, 20.
. "${0%/*}/../lib/tap.sh"
cd "$FEDX_RUN" || exit 1
mkdir -m 700 a a2 b

hub() {	# hub DIR NODE CLUSTER [OPTION...]
	dir=$1 node=$2 cluster=$3
	shift 3
	start fedx-hub -l 127.0.0.1:0 -i "$node" -C "$cluster" -r "$dir" --no-autostart "$@"
	wait_ready "$log"
}
hub a a.alpha alpha
at=$(ready_at "$log")
hub a2 a2.alpha alpha --peer "fedx://$at"
hub b b.beta beta --peer "fedx://$at"
b_log=$log
start fedx-probe -r a serve f -- echo alpha
start fedx-probe -r b serve f -- echo beta
says() { test "$(fedx-probe -r "$1" -q call f m x)" = "$2"; }
refused() { grep -q 'why="2106 the far side refused: 2101 ' "$b_log"; }
ok 'two clusters that are not linked' eventually refused
ok 'mpreg 16: the same name in both: one has its own' eventually says a alpha
ok 'mpreg 16: and the other has its own' eventually says b beta
ok 'another hub of the first one has that, too' eventually says a2 alpha

start fedx-probe -r a serve printer@alpha.test -- echo first
prints() { test "$(fedx-probe -r "$1" -q call printer@alpha.test m x)" = first; }
ok 'an address is claimed' eventually prints a
ok '... and known at the other hub' eventually prints a2
ok 'mpreg 20: a second claim of it, at the other hub, is refused' \
	eventually sh -c 'fedx-probe -r a2 serve printer@alpha.test -- echo second 2>said; grep -q route_conflict said'
like "$(cat said)" "printer@alpha\.test.*a\.alpha" '... naming the address, and who holds it'
ok 'mpreg 20: the first stays callable' prints a
ok '... from everywhere' prints a2
done_testing
