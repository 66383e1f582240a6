#!/bin/sh
# bad-peer.t - who is not what it claims to be is told why, and hurts nobody else.
. "${0%/*}/../lib/tap.sh"
cd "$FEDX_RUN" || exit 1

works() { test "$(fedx-probe call echo m 'still here')" = 'still here'; }
play() { liar "$at" <script; }
lies() {	# lies DESCRIPTION <SCRIPT: it goes as written, and an honest caller is served after it
	cat >script
	ok "$1" lied
}
lied() { play && works; }
told() { grep -Eqs -e "$1" "$2"; }	# REGEX LOG
logs() { ok "$1" eventually told "$2" "$3"; }

hub() {	# hub NAME [OPTION...]: another one, in a directory of its own
	hub_name=$1
	shift
	start fedx-hub -l 127.0.0.1:0 -i "$hub_name" -C home -r "$FEDX_RUN/$hub_name" "$@"
	hub=$pid hub_log=$log
	wait_ready "$log"
	at=$(ready_at "$log")
}
leaf() {	# leaf NAME URL [OPTION...]: one that tries again soon
	leaf_name=$1 leaf_url=$2
	shift 2
	start fedx-leaf -u "$leaf_url" -i "$leaf_name" -r "$FEDX_RUN/$leaf_name" --set link.backoff=20ms \
		--set link.backoff_max=50ms --set link.refused=50ms --set link.refused_max=50ms "$@"
	leaf=$pid leaf_log=$log
}

start fedx-hub -l 127.0.0.1:0 -i n1 -C home
hub=$pid hub_log=$log
ok 'the hub is ready' wait_ready "$log"
at=$(ready_at "$log")
start fedx-probe serve echo -- cat
ok 'a service is there' eventually works

# --- what is said before, instead of, and after HELLO ---

lies 'a request before HELLO is refused' <<'END'
a -> REQUEST id=1 subject=echo/m origin=a path=a
a <- ERROR error=unauthenticated text=2104 frame
a <- CLOSED
END
lies 'HELLO twice ends the link' <<'END'
a -> hello node=twice
a <- WELCOME node=n1
a -> hello node=other
a <- ERROR error=malformed text=HELLO came twice
a <- CLOSED
END
lies 'a huge HELLO is refused' <<'END'
a -> hello node=huge pad=60000
a <- ERROR error=too_large text=over
a <- CLOSED
END
lies 'a HELLO that is no run of fields is refused' <<'END'
a -> HELLO body=800100
a <- ERROR error=malformed text=a field passes the end of the hello
a <- CLOSED
b -> HELLO body=ffff0000
b <- ERROR error=malformed text=unknown critical field 0xffff
b <- CLOSED
c -> hello node=Not..valid
c <- ERROR error=malformed text=is no node id
d -> hello role=leaf
d <- ERROR error=malformed text=a node must say its id
e -> hello node=x role=9
e <- ERROR error=malformed text=unknown role 9
f -> hello node=x versions=2
f <- ERROR error=unsupported text=version 1 of the protocol only
END
lies 'who says WELCOME to a hub is refused' <<'END'
a -> welcome node=me
a <- ERROR error=unauthenticated text=2104 frame
b -> hello node=w
b <- WELCOME
b -> welcome node=me
b <- ERROR error=malformed text=WELCOME came twice
b <- CLOSED
END
lies 'the hub does not take its own node id from another' <<'END'
a -> hello node=n1
a <- ERROR error=node_id_in_use text=the hub's own node id
a <- CLOSED
END
lies 'bytes of no protocol end the connection' <<'END'
a -> text SSH-2.0-OpenSSH_9.2\r\n
a <- CLOSED
b -> raw 0000000000
b <- CLOSED
END
logs 'and are noted' 'turned_away.*its first bytes are of no protocol' "$hub_log"
lies 'TLS to a port without it ends the connection' <<'END'
a -> raw 16030100c8010000c40303
a <- CLOSED
END
logs 'and is noted' 'turned_away.*it speaks TLS and this port has no certificate' "$hub_log"

# --- two with one node id, nobody proven ---

lies 'a second node with an id that is connected is refused' <<'END'
a -> hello node=same instance=1
a <- WELCOME
b -> hello node=same instance=2
b <- ERROR error=node_id_in_use text=a node with this id is connected: start with another -i
b <- CLOSED
a <- END
a <- SILENCE
END
lies 'the same one may come again while the hub has not noticed its loss' <<'END'
a -> hello node=same instance=1
a <- WELCOME
b -> hello node=same instance=1
b <- WELCOME
a <- ERROR error=node_id_in_use text=replaced by a newer connection
a <- CLOSED
b <- END
b <- SILENCE
END

# --- late ---

main=$at
hub slow --set link.handshake=400ms
cat >script <<'END'
a <- CLOSED
END
ok 'who says nothing at all is turned away' play
logs 'and that is noted' 'turned_away.*it said nothing that we understand in time' "$hub_log"
cat >script <<'END'
a -> raw f301
a <- ERROR error=timeout text=the handshake took too long
a <- CLOSED
END
ok 'who begins HELLO and does not end it is told' play
cat >script <<'END'
a -> text GET /healthz HTTP/1.1\r\n
a <- CLOSED
END
ok 'who begins an HTTP request and does not end it is turned away' play
ok 'that hub ends well' stop "$hub"

# --- tokens ---

sum() { printf %s "$1" | { sha256sum 2>/dev/null || sha256; } | cut -d' ' -f1; }
cat >tokens <<END
leaf site-a home sha256:$(sum exact)
leaf *.many home sha256:$(sum pattern)
leaf old home sha256:$(sum old) 2020-01-01T00:00:00Z
hub peer home sha256:$(sum hubs)
leaf abroad far sha256:$(sum abroad)
client * home sha256:$(sum client)
END
chmod 600 tokens
hub n2 --token-file tokens
plays() {
	cat >script
	ok "$1" play
}
plays 'a token is asked for, known, in time, for this role and node' <<'END'
a -> hello node=site-a
a <- ERROR error=unauthenticated text=this hub wants a token: give the leaf --token-file
a <- CLOSED
b -> hello node=site-a token=wrong
b <- ERROR error=unauthenticated text=the token is not known to this hub
b <- CLOSED
c -> hello node=old token=old
c <- ERROR error=unauthenticated text=the token has expired
d -> hello node=peer token=hubs
d <- ERROR error=denied text=the token is for another role
e -> hello node=site-b token=exact
e <- ERROR error=denied text=the token is for another node id
f -> hello node=x.few token=pattern
f <- ERROR error=denied text=the token is for another node id
g -> hello node=site-a token=exact role=client
g <- ERROR error=denied text=the token is for another role
h -> hello node=site-a token=exact
h <- WELCOME node=n2
END
ok 'no token stands in the log' not told 'exact|pattern|hubs' "$hub_log"
plays 'a pattern does not let a second node take an id over' <<'END'
a -> hello node=x.many token=pattern instance=1
a <- WELCOME
b -> hello node=x.many token=pattern instance=2
b <- ERROR error=node_id_in_use text=use a token or a key that names exactly this node
b <- CLOSED
a <- END
a <- SILENCE
END
plays 'a token that names the node does' <<'END'
a -> hello node=site-a token=exact instance=1
a <- WELCOME
b -> hello node=site-a token=exact instance=2
b <- WELCOME
a <- ERROR error=node_id_in_use text=replaced by a newer connection of this node id
a <- CLOSED
b <- END
b <- SILENCE
END
plays 'a cluster is stayed out of unless both sides want it' <<'END'
a -> hello node=site-a token=exact cluster=far
a <- ERROR error=cluster_isolated text=belongs to cluster 'home', not 'far': start with -C home
a <- CLOSED
b -> hello node=abroad token=abroad cluster=far
b <- ERROR error=cluster_isolated text=this hub is of cluster 'home' and you are of 'far'
b <- CLOSED
END
logs "the hub says which of its settings would allow it" \
	"link_refused.*cluster_isolated.*'abroad' is of cluster 'far', we are of 'home'.*tokens or keys cluster home" "$hub_log"

echo wrong >token; chmod 600 token
leaf site-a "fedx://$at" --token-file token
logs 'a real leaf says why it was refused, and that it waits' \
	'now=REFUSED why="the token is not known to this hub; next dial in' "$leaf_log"
ok '... is not ready meanwhile, but up' eventually fedx-probe -r "$FEDX_RUN/site-a" ping -c 1
ok '... and ends well' stop "$leaf"
leaf other "fedx://$main" -C elsewhere
logs 'a leaf of another cluster says what would allow it' \
	"now=REFUSED why=\"this hub is of cluster 'home' and you are of 'elsewhere'.*start with -C home" "$leaf_log"
ok '... and ends well' stop "$leaf"
echo exact >token
leaf afar fedx://192.0.2.1:1 --token-file token
logs 'a token does not leave the machine without TLS' 'a token is not shown without TLS: use fedxs://' "$leaf_log"
ok '... and the leaf ends well' stop "$leaf"
ok 'the hub with tokens ends well' stop "$hub"

# --- a hub that is none ---

# no_hub DESCRIPTION SCHEME WHY <SCRIPT: the leaf says WHY, tries again, and b is a good hub
no_hub() {
	no_hub_n=$((${no_hub_n-0} + 1))
	{
		cat
		echo 'b <- HELLO node=seeker'
		echo 'b -> welcome node=found cluster=home'
		echo 'b <- DIGEST'
		echo 'b <- SILENCE'
	} >"lies.$no_hub_n"
	start sh -c 'exec liar -L "$0" <"$1"' "port.$no_hub_n" "lies.$no_hub_n"
	liar=$pid liar_log=$log
	await test -s "port.$no_hub_n"
	read -r port <"port.$no_hub_n"
	leaf seeker "$2://127.0.0.1:$port" --set link.handshake=500ms
	wait_ready "$leaf_log"
	ok "$1: the leaf tries again, and comes up" ended "$liar" || tap_note <"$liar_log"
	logs '... it had said why' "$3" "$leaf_log"
	ok '... it serves its own programs' fedx-probe -r "$FEDX_RUN/seeker" ping -c 1
	ok '... it ends well' stop "$leaf"
}
no_hub 'a web server' fedx 'why="wrong magic byte: not a fedx envelope; next dial in' <<'END'
a -> text HTTP/1.1 400 Bad Request\r\nConnection: close\r\n\r\n
a <- CLOSED
END
no_hub 'silence' fedx 'why="the handshake took too long; next dial in' <<'END'
a <- HELLO
a <- CLOSED
END
no_hub 'one that hangs up' fedx 'why="closed by the other side' <<'END'
a <- HELLO
a -> close
END
no_hub 'noise' fedx 'why="wrong magic byte' <<'END'
a -> raw 00f301deadbeef00f301deadbeef00f301deadbeef00f301deadbeef00f301deadbeef
a <- CLOSED
END
no_hub 'one that speaks our envelopes but no WELCOME' fedx \
	'did not answer HELLO with WELCOME: is it a fedx hub' <<'END'
a <- HELLO
a -> PONG id=1
a <- ERROR error=unauthenticated
a <- CLOSED
END
no_hub 'one that says HELLO itself' fedx 'did not answer HELLO with WELCOME' <<'END'
a <- HELLO
a -> hello node=leaf-too
a <- ERROR
a <- CLOSED
END
no_hub 'one of the future' fedx 'the hub does not speak version 1' <<'END'
a <- HELLO
a -> welcome node=future versions=7
a <- ERROR error=unsupported
a <- CLOSED
END
no_hub 'a WELCOME cut short' fedx 'a field passes the end of the hello' <<'END'
a <- HELLO
a -> WELCOME body=8001ffff61
a <- ERROR error=malformed
a <- CLOSED
END
no_hub 'a hub with our own node id' fedx 'the hub has our own node id: start with another -i' <<'END'
a <- HELLO
a -> welcome node=seeker
a <- ERROR error=node_id_in_use
a <- CLOSED
END
no_hub 'a leaf that listens' fedx 'who welcomes us is no hub' <<'END'
a <- HELLO
a -> welcome node=leaf-too role=leaf
a <- ERROR error=unsupported
a <- CLOSED
END

# over WebSocket and TLS the liar only has to fail: it cannot be the good hub after it
not_that() {	# DESCRIPTION URL-SCHEME WHY OPTION... <SCRIPT
	not_what=$1 not_scheme=$2 not_why=$3
	shift 3
	cat >"lies.$not_scheme"
	rm -f "port.$not_scheme"
	start sh -c 'exec liar -L "$0" <"$1"' "port.$not_scheme" "lies.$not_scheme"
	liar=$pid
	await test -s "port.$not_scheme"
	read -r port <"port.$not_scheme"
	leaf seeker "$not_scheme://127.0.0.1:$port" --set link.handshake=500ms "$@"
	logs "$not_what: the leaf says why" "$not_why.*next dial in" "$leaf_log"
	ok '... and ends well' stop "$leaf"
}
not_that 'a web server without WebSocket' ws 'does not speak WebSocket with fedx.v1: ' <<'END'
a -> text HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n
a <- CLOSED
END
not_that 'a silent one for WebSocket' ws 'no answer to the WebSocket handshake in time' <<'END'
a <- CLOSED
b <- CLOSED
END
not_that 'one that upgrades to something else' ws 'does not speak WebSocket with fedx.v1: ' <<'END'
a -> text HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Accept: bm9uc2Vuc2U=\r\n\r\n
a <- CLOSED
END
not_that 'no TLS where TLS is wanted' fedxs 'TLS|tls' --insecure <<'END'
a -> text HTTP/1.1 400 Bad Request\r\n\r\n
a <- CLOSED
END
not_that 'a TLS handshake that breaks off' wss 'TLS|tls' --insecure <<'END'
a -> raw 160303ffff0000
a <- CLOSED
END

at=$main
ok 'after all this the hub still serves' works
done_testing
