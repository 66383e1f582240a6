#!/bin/sh
# unix-link.t - two nodes of one host may be linked by a UNIX socket.
. "${0%/*}/../lib/tap.sh"
cd "$FEDX_RUN" || exit 1
mkdir -m 700 h a

start fedx-hub -l 127.0.0.1:0 -i hub.test -C test -r h
hub=$pid
wait_ready "$log"
start fedx-leaf -u "unix:$FEDX_RUN/h/node.sock" -i a.test -C test -r a --set link.backoff=50ms --set link.backoff_max=100ms
leaf=$pid leaf_log=$log
ok 'the leaf is up' eventually grep -q 'now=UP' "$leaf_log"
like "$(fedx-probe -r h -H links)" 'leaf.*a\.test|a\.test.*leaf' 'the hub knows it as a leaf'

start fedx-probe -r a serve echo -- cat
ok 'a name of the leaf is known at the hub' eventually fedx-probe -r h -q ping -c 1 echo
is "$(fedx-probe -r h call echo m down)" 'down' 'requests go down'
start fedx-probe -r h serve reverse -- rev
ok 'a name of the hub is known at the leaf' eventually fedx-probe -r a -q ping -c 1 reverse
is "$(fedx-probe -r a call reverse m pu)" 'up' 'and up'
head -c 5000000 /dev/zero | tr '\0' x >body
there_and_back() { fedx-probe -r h -q call -0 echo m <body >out && cmp out body; }
ok 'and long bodies' there_and_back

kill -9 "$hub"
ended "$hub"
ok 'the leaf notices that the hub is gone' eventually grep -q 'now=BACKOFF' "$leaf_log"
start fedx-hub -l 127.0.0.1:0 -i hub.test -C test -r h
hub=$pid
ok 'and finds the next one' eventually fedx-probe -r h -q ping -c 1 echo

# a node that came over the bus is a node, no longer a client of our own user
says() { liar "$FEDX_RUN/h/node.sock" <script; }
cat >script <<'END'
a -> hello node=b.test role=leaf
a <- WELCOME node=hub.test
a -> REQUEST id=1 to=hub.test subject=fedx/ping origin=b.test path=b.test
a <- REPLY id=1
a -> REQUEST id=2 to=hub.test subject=fedx/drain origin=b.test path=b.test
a <- REPLY id=2 error=denied fate=not_delivered
a -> REQUEST id=3 subject=echo/m origin=else path=else,b.test payload=not mine
a <- REPLY id=3 error=scope fate=not_delivered
a -> hello node=b.test role=leaf
a <- CLOSED
END
ok 'with the rights of a node' says
cat >script <<'END'
a -> hello node=x role=client
a <- WELCOME node=hub.test
a -> REQUEST id=1 to=hub.test subject=fedx/links
a <- REPLY id=1
END
ok 'a program that only greets stays a client' says
cat >script <<'END'
a -> hello node=a.test role=leaf
a <- ERROR error=node_id_in_use
a <- CLOSED
END
ok 'the id of a node that is linked is not to be had' says

# whoever may not use the run directory may not use the link
start fedx-leaf -u "unix:$FEDX_RUN/none/node.sock" -i b.test -C test -r b
ok 'no socket there: it is said, and tried again' eventually grep -q 'now=BACKOFF why=.*none/node.sock' "$log"
ok 'the leaf ends well' stop "$leaf"
ok 'and the hub' stop "$hub"
done_testing
