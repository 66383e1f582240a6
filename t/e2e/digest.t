#!/bin/sh
# digest.t - what a hub knows is compared, not trusted: a lost announcement is told again.
. "${0%/*}/../lib/tap.sh"
cd "$FEDX_RUN" || exit 1
mkdir -m 700 h a

start fedx-hub -l 127.0.0.1:0 -i hub.test -C test -r h
hub=$pid hub_log=$log
start perl "$FEDX_SRC/t/lib/lossy.pl" "$(ready_at "$log")" lose
lossy_log=$log
start fedx-leaf -u "fedx://$(ready_at "$log")" -i a.test -C test -r a --set link.digest=100ms
leaf=$pid
ok 'the leaf is linked' eventually grep -q 'link_up subject=a.test' "$hub_log"
lists() { fedx-probe -r h -H services | grep -q "^$1[[:space:]]"; }
mismatches() { grep -c 'digest_mismatch\|of=digest_mismatch' "$hub_log"; }
serve() { start fedx-probe -r a serve "$1" --version "${2:-1.0}" -- cat; service=$pid; }
lost() { test "$(grep -c "lost $1" "$lossy_log")" -ge "$2"; }

serve kept
kept=$service
ok 'a service is known' eventually lists kept
is "$(mismatches)" 0 'and the digests agree'

echo 10 >lose
serve hidden
ok 'the announcement of another is lost' eventually lost 10 1
ok 'the next digest finds out, and all is told again' eventually lists hidden
ok 'which is counted' test "$(mismatches)" -gt 0
ok 'the first is there still' lists kept
is "$(fedx-probe -r h -q call hidden m found)" 'found' 'and it can be called'

echo 11 >lose
stop "$service"
ok 'a withdrawal is lost' eventually lost 11 1
ok 'the next digest finds that too' eventually not lists hidden
ok 'and nothing else went' lists kept
is "$(fedx-probe -r h -q call kept m still)" 'still' 'it can be called'
ok 'nobody is there: a clean no' expect_status 1 fedx-probe -r h -q call hidden m x

# nothing but the digest itself is lost: no harm, and the next one agrees
echo 12 12 12 >lose
ok 'digests are lost' eventually lost 12 3
serve late
ok 'names are told all the same' eventually lists late
before=$(mismatches)
serve last
ok 'and so they are after it' eventually lists last
is "$(mismatches)" "$before" 'without another mismatch'
is "$(grep -c 'link_up subject=a.test' "$hub_log")" 1 'one link from first to last'
stop "$kept"
ok 'the leaf ends well' stop "$leaf"
ok 'and the hub' stop "$hub"
done_testing
