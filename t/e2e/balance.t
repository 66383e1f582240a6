#!/bin/sh
# balance.t - many instances in many places: each gets its share, none that is wrong, busy or gone.
. "${0%/*}/../lib/tap.sh"
cd "$FEDX_RUN" || exit 1
mkdir -m 700 h a b c d

nodes() {	# nodes SETTING: the hub and its leaves, with nothing attached
	start fedx-hub -l 127.0.0.1:0 -i hub.test -C test -r h --set "$1"
	hub=$pid hub_log=$log at=$(ready_at "$log")
	for n in a b c d
	do
		start fedx-leaf -u "fedx://$at" -i "$n.test" -C test -r $n
		eval "$n=\$pid"
	done
	for n in a b c d
	do eventually grep -q "link_up subject=$n.test" "$hub_log" || return 1
	done
}
# each says where it is; `hold` keeps it busy until there is a file `go`
serve() {	# serve NODE OPTION...
	n=$1; shift
	start fedx-probe -r "$n" serve who -P 8 "$@" -- \
	    sh -c 'read -r x; if test "$x" = hold; then touch held.'"$n"'; until test -e go; do sleep 0.1; done; fi; echo '"$n"
	eval "serve_$n=\$pid"
}
instances() { fedx-probe -r "$1" -H services | grep -c '^who'; }
has_instances() { test "$(instances h)" -eq "$1"; }
ask() {	# ask COUNT OPTION...: one after another, from leaf a; "N b M c ..." by name
	seq "$1" >lines; shift
	fedx-probe -r a -q call who m - -P 1 "$@" <lines >said || { echo "status $?"; return; }
	sort said | uniq -c | awk '{ printf "%s%s %s", sep, $1, $2; sep = ", " }'
}
killed() { kill -9 "$1"; ended "$1"; test $? -eq 137; }

ok 'a hub and four leaves' nodes request.balance=round_robin
for n in b c d
do serve $n
done
ok 'three instances' eventually has_instances 3
is "$(ask 30)" '10 b, 10 c, 10 d' 'round robin gives each its turn'
serve h
ok 'a fourth, at the hub itself' eventually has_instances 4
is "$(ask 8)" '8 h' 'is local there and comes first'
serve a
ok 'a fifth, at the caller' eventually fedx-probe -r a -q ping -c 1 who
is "$(ask 8)" '8 a' 'is local here and comes first'
ok 'it goes' stop "$serve_a"
is "$(ask 8)" '8 h' 'and the hub'\''s is next'
ok 'that one is killed' killed "$serve_h"
ok 'the hub knows' eventually has_instances 3
is "$(ask 9)" '3 b, 3 c, 3 d' 'and the others take their turns'
ok 'another is killed' killed "$serve_c"
ok 'the hub knows' eventually has_instances 2
is "$(ask 8)" '4 b, 4 d' 'no request is lost to it'
ok 'a leaf is killed' killed "$d"
ok 'its instance is gone with it' eventually has_instances 1
is "$(ask 8)" '8 b' 'one is left'
ok 'and the last one goes' stop "$serve_b"
ok 'nothing is left' eventually has_instances 0
ok 'which is a clean no' expect_status 1 fedx-probe -r a -q call who m x
stop "$serve_d"
for n in a b c hub
do eval "stop \$$n"
done

ok 'the same again' nodes request.balance=least_inflight
serve b --version 1.0.0
serve c --version 1.5.0
serve d --version 2.1.0
ok 'three versions' eventually has_instances 3
is "$(ask 4 --version '^1.2')" '4 c' 'a caller gets the one that fits'
is "$(ask 4 --version '>=2')" '4 d' 'and another caller another'
is "$(ask 4 --version '=1.0.0')" '4 b' 'exactly'
is "$(ask 6 --version '<2' | sed 's/[0-9]* //g')" 'b,c' 'two fit: both serve'
ok 'none fits: a clean no' expect_status 1 fedx-probe -r a -q call --version '>=3' who m x

start fedx-probe -r a call who m hold
holder=$pid held=$log
some_held() { ls held.? >/dev/null 2>&1; }
ok 'one is kept busy' eventually some_held
for n in held.?
do busy=${n#held.}
done
is "$(ask 12 | grep -c "$busy")" 0 "the least busy are asked: not $busy"
touch go
ok 'until it is free' ended "$holder"
is "$(cat "$held")" "$busy" 'with its own answer'
is "$(ask 12 | sed 's/[0-9]* //g')" 'b,c,d' 'then all are asked again'

ok 'the leaf of one is stopped' stop "$c"
ok 'its instance is withdrawn' eventually has_instances 2
is "$(ask 8 | sed 's/[0-9]* //g')" 'b,d' 'and not asked'
start fedx-leaf -u "fedx://$at" -i c.test -C test -r c
ok 'it comes back, and its service with it' eventually has_instances 3
is "$(ask 4 --version '^1.2')" '4 c' 'under its version'
done_testing
