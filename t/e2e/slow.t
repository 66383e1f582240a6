#!/bin/sh
# slow.t - who does not read misses events, or is cut, while a hundred who read get everything.
. "${0%/*}/../lib/tap.sh"
cd "$FEDX_RUN" || exit 1

mkdir -m 700 hub
start fedx-hub -i hub.test -r hub -l 127.0.0.1:0 --set log.level=debug --set link.payload=64k --set link.queue=512k
hub=$pid hub_log=$log
ok 'a hub is ready' wait_ready "$hub_log"
counted() { fedx-probe -r hub -j top | head -n 1 | sed "s/.*\"$1\":\([0-9]*\).*/\1/"; }
says() { grep -q "$1" "$2"; }

# first this, while the log does not count such lines only
start perl "$FEDX_SRC/t/lib/slow.pl" answers hub/node.sock
ok 'who asks and reads no answer is cut' eventually says '^cut$' "$log"
ok 'for that, as the log says' says 'event=link_down.*does not read' "$hub_log"
ok 'the others go on' fedx-probe -q -r hub ping hub.test

ok 'a hundred read, and one does not' perl "$FEDX_SRC/t/lib/slow.pl" events hub/node.sock 100 20
is "$(head -n 1 ok.out)" '100 heard all of 2000' 'each of the others gets every event, once and in order'
is "$(tail -n 1 ok.out)" 'the slow one heard some of them, in order' 'it gets what its queue held, and hears again once it reads'
ok 'what it missed is counted' test "$(counted events_lost)" -gt 0
ok 'the hub ends well' stop "$hub"
done_testing
