#!/bin/sh
# bad-frames.t - what a link or a client may not say costs it something, and nobody else.
. "${0%/*}/../lib/tap.sh"
cd "$FEDX_RUN" || exit 1

works() { test "$(fedx-probe call echo m 'still here')" = 'still here'; }
play() { liar "$at" <script; }
lied() { play && works; }
lies() {	# lies DESCRIPTION <SCRIPT: it goes as written, and an honest caller is served after it
	cat >script
	ok "$1" lied
}
told() { grep -Eqs -e "$1" "$2"; }

start fedx-hub -l 127.0.0.1:0 -i n1 -C home
hub=$pid hub_log=$log
ok 'the hub is ready' wait_ready "$log"
net=$(ready_at "$log") bus=$FEDX_RUN/node.sock
start fedx-probe serve echo -- cat
ok 'a service is there' eventually works

frames() {	# frames FIRST-LINE...: for each of some connections
	while read -r name patch error why
	do
		printf '%s\n' "$@" | sed "s/X/$name/g"
		printf '%s -> PING id=5 %s\n%s <- ERROR error=%s text=%s\n%s <- CLOSED\n' \
			"$name" "$patch" "$name" "$error" "$why" "$name"
	done <<'END'
a at=0:f2 malformed wrong magic byte: not a fedx envelope
b at=1:02 malformed unknown envelope version: want 1
c at=8:1001 too_large a name of the envelope is over 4096 bytes
d at=14:4001 too_large the meta of the envelope is over 16384 bytes
e at=16:00100001 too_large the payload of the envelope is over the limit
END
	printf '%s\n' "$@" | sed 's/X/f/g'
	printf '%s\n' 'f -> PING at=16:00001000' 'f -> close'
	printf '%s\n' "$@" | sed 's/X/g/g'
}
at=$net
{ frames 'X -> hello node=X' 'X <- WELCOME'; echo 'g <- END'; echo 'g <- SILENCE'; } >script
ok 'a node: wrong magic, version and lengths end the connection, saying why' lied
at=$bus
{ frames 'X -> PING id=1' 'X <- PONG id=1'; echo 'g <- SILENCE'; } >script
ok 'a client: wrong magic, version and lengths end the connection, saying why' lied
at=$net

lies 'unknown parts of the meta: critical refuses, the rest is left out or passed on' <<'END'
s -> hello node=s
s <- WELCOME
s -> ANNOUNCE service=look path=s
s <- END
s <- SILENCE
a -> hello node=a
a <- WELCOME
a -> REQUEST id=1 subject=look/m origin=a path=a meta=8fff0000
a <- REPLY id=1 error=unsupported fate=not_delivered text=a critical part of the meta is not known here
a -> REQUEST id=2 subject=look/m origin=a path=a meta=8f
a <- REPLY id=2 error=malformed fate=not_delivered text=the meta is not a run of TLVs
a -> REQUEST id=3 subject=look/m origin=a path=a meta=00550001aa40550001bb
s <- REQUEST with=0x4055 without=0x0055 path=a,n1 origin=a
s -> REPLY id=last
a <- REPLY id=3
END
lies 'kinds that are unknown, or of the wrong side, are refused and end nothing' <<'END'
a -> hello node=a
a <- WELCOME
a <- END
a -> 0x3f id=3
a <- ERROR id=3 error=scope text=a node may not say this
a -> 0x7f id=4 path=a origin=a
a <- REPLY id=4 error=unsupported fate=not_delivered
a -> 0xbf id=5
a -> 0xff subject=x
a <- SILENCE
a -> ATTACH service=mine id=6
a <- ERROR error=scope text=a node may not say this
a -> DONE id=7
a <- ERROR error=scope
a -> BUNDLE id=8
a <- REPLY id=8 error=scope fate=not_delivered
a <- SILENCE
END
at=$bus
lies 'a client cannot speak as a node' <<'END'
a -> ANNOUNCE service=mine path=a
a <- ERROR error=scope text=a client may not say this
a -> WITHDRAW service=echo path=a
a <- ERROR error=scope
a -> GOODBYE
a <- SILENCE
a -> 0x3f id=3
a <- ERROR id=3 error=scope
a -> 0x7f id=4
a <- REPLY id=4 error=scope fate=not_delivered
a -> 0xbf id=5
a <- ERROR error=scope
a -> 0xff subject=x
a <- ERROR error=scope
a -> END
a -> DIGEST body=00
a <- SILENCE
a -> hello node=a
a <- WELCOME node=n1
a -> welcome node=a
a <- ERROR error=malformed text=WELCOME came twice
a <- CLOSED
END
lies 'nor claim an origin, an address, a path, hops or an identity' <<'END'
s -> ATTACH service=look id=1
s <- DONE id=1
a -> REQUEST id=1 subject=look/m origin=else from=bob@else path=else,n9 hops=0 meta=40040004726f6f7440060006020000000161
s <- REQUEST origin=n1 from= path= without=0x4004
s -> REPLY id=last
a <- REPLY id=1
a -> ATTACH endpoint=bob@n1 id=2
a <- DONE id=2
a -> REQUEST id=3 subject=look/m from=eve@n1
s <- REQUEST origin=n1 from=bob@n1
s -> REPLY id=last meta=40040004726f6f74
a <- REPLY id=3 without=0x4004
END
at=$net

# --- where a message comes from ---

lies 'a node cannot speak for others' <<'END'
s -> hello node=s
s <- WELCOME
s -> ANNOUNCE service=look path=s
s -> ANNOUNCE endpoint=bob@s path=s
s <- END
s <- SILENCE
a -> hello node=a
a <- WELCOME
a -> REQUEST id=1 subject=look/m origin=s path=a
a <- REPLY id=1 error=malformed fate=not_delivered text=the path does not start at the origin and end at the sender
a -> REQUEST id=2 subject=look/m origin=a
a <- REPLY id=2 error=malformed text=the path does not start
a -> REQUEST id=3 subject=look/m origin=s path=s,a
a <- REPLY id=3 error=scope text=a leaf sends only what entered the fabric at itself
a -> REQUEST id=4 subject=look/m origin=a path=a,s
a <- REPLY id=4 error=malformed
a -> REQUEST id=5 subject=look/m origin=a path=a from=bob@s
a <- REPLY id=5 error=scope fate=not_delivered text=the sender does not hold the address in `from`
a -> REQUEST id=6 subject=look/m origin=a path=a hops=0
a <- REPLY id=6 error=hop_limit fate=not_delivered text=no hops are left
a -> REQUEST id=7 subject=look/m origin=a path=a,n1,a
a <- REPLY id=7 error=loop fate=not_delivered text=this node is in the path already
a -> REQUEST id=8 subject=look/m origin=a path=a meta=40040004726f6f74
s <- REQUEST origin=a path=a,n1 without=0x4004
s -> REPLY id=last
a <- REPLY id=8
END
lies 'requests that make no sense are answered' <<'END'
a -> hello node=a
a <- WELCOME
a -> REQUEST id=1 origin=a path=a
a <- REPLY id=1 error=malformed fate=not_delivered text=SERVICE/METHOD
a -> REQUEST id=2 subject=/m origin=a path=a
a <- REPLY id=2 error=malformed fate=not_delivered
a -> REQUEST id=3 subject=noslash origin=a path=a
a <- REPLY id=3 error=malformed
a -> REQUEST id=4 to=nobody@nowhere origin=a path=a
a <- REPLY id=4 error=no_route fate=not_delivered text=nobody announces endpoint 'nobody@nowhere'
a -> REQUEST id=5 to=nonode origin=a path=a
a <- REPLY id=5 error=no_route fate=not_delivered
a -> REQUEST id=6 subject=fedx/nonsense origin=a path=a
a <- REPLY id=6 flags=error
END

# --- conversations ---

lies 'answers that nobody asked for go nowhere' <<'END'
s -> hello node=s
s <- WELCOME
s -> ANNOUNCE service=mine path=s
s <- END
c -> hello node=c
c <- WELCOME
c <- END
t -> hello node=t
t <- WELCOME
t <- END
t -> 100 REPLY id=%d payload=forged
t -> PART id=1 size=10
t -> PART id=1 size=10 flags=onward
t -> CREDIT id=1 body=00010000
t -> CREDIT id=1 body=00010000 flags=onward
t -> CANCEL id=1 flags=onward
t -> CANCEL id=1
c -> REQUEST id=1 subject=mine/m origin=c path=c
s <- REQUEST
t -> REPLY id=s.last payload=forged
t -> PART id=s.last flags=more size=10
t -> CANCEL id=s.last flags=onward
t <- SILENCE
c <- SILENCE
s -> REPLY id=last payload=true
c <- REPLY id=1 text=true
s -> REPLY id=last payload=again
s -> PART id=last size=10
c <- SILENCE
END
lies 'a part that was not announced ends its request only' <<'END'
s -> hello node=s
s <- WELCOME
s -> ANNOUNCE service=mine path=s
s <- END
c -> hello node=c
c <- WELCOME
c <- END
c -> REQUEST id=1 subject=mine/m origin=c path=c
c -> PART id=1 flags=onward,more size=10
s <- REQUEST
s <- CANCEL id=last
c <- REPLY id=1 error=malformed fate=may_have_run text=a part came where none was announced
c -> REQUEST id=2 subject=mine/m origin=c path=c
s <- REQUEST
s -> PART id=last size=10 flags=more
s <- CANCEL id=last
c <- REPLY id=2 error=malformed fate=may_have_run text=a part came where none was announced
c <- SILENCE
s <- SILENCE
END
lies 'a part without an end ends at the deadline' <<'END'
s -> hello node=s
s <- WELCOME
s -> ANNOUNCE service=mine path=s
s <- END
c -> hello node=c
c <- WELCOME
c <- END
c -> REQUEST id=1 subject=mine/m origin=c path=c flags=more deadline=300
c -> PART id=1 flags=onward,more size=100
s <- REQUEST flags=more
s <- PART size=100
s <- CANCEL id=last
c <- REPLY id=1 error=timeout fate=may_have_run
c -> PART id=1 flags=onward size=100
c <- SILENCE
s <- SILENCE
END
lies 'a part over 64 KiB is too large, both ways' <<'END'
s -> hello node=s
s <- WELCOME
s -> ANNOUNCE service=mine path=s
s <- END
c -> hello node=c
c <- WELCOME
c <- END
c -> REQUEST id=1 subject=mine/m origin=c path=c flags=more
c -> PART id=1 flags=onward,more size=65537
s <- REQUEST
s <- CANCEL id=last
c <- REPLY id=1 error=too_large fate=may_have_run text=a part is over 65536 bytes
c -> REQUEST id=2 subject=mine/m origin=c path=c
s <- REQUEST
s -> REPLY id=last flags=more payload=first
s -> PART id=last flags=more size=65537
s <- CANCEL id=last
c <- REPLY id=2
c <- REPLY id=2 error=too_large fate=may_have_run
c <- SILENCE
END
lies 'who sends more than its credit loses that conversation, both ways' <<'END'
s -> hello node=s
s <- WELCOME
s -> ANNOUNCE service=mine path=s
s <- END
c -> hello node=c
c <- WELCOME
c <- END
c -> REQUEST id=1 subject=mine/m origin=c path=c flags=more
c -> 5 PART id=1 flags=onward,more size=65536
s <- REQUEST
s <- CANCEL id=last
c <- REPLY id=1 error=overloaded fate=may_have_run text=more than its credit
c -> REQUEST id=2 subject=mine/m origin=c path=c
s <- REQUEST
s -> REPLY id=last flags=more payload=first
s -> 5 PART id=last flags=more size=65536
s <- CANCEL id=last
c <- REPLY id=2
c <- REPLY id=2 error=overloaded fate=may_have_run text=more than its credit
c <- SILENCE
s <- SILENCE
END
lies 'credit that is no number, or too much of it, buys nothing' <<'END'
s -> hello node=s
s <- WELCOME
s -> ANNOUNCE service=mine path=s
s <- END
c -> hello node=c
c <- WELCOME
c <- END
c -> REQUEST id=1 subject=mine/m origin=c path=c
s <- REQUEST
c -> CREDIT id=1 flags=onward body=ff
c -> CREDIT id=1 flags=onward
s -> REPLY id=last flags=more payload=first
s -> 5 PART id=last flags=more size=65536
s <- CANCEL id=last
c <- REPLY id=1
c <- REPLY id=1 error=overloaded
c -> REQUEST id=2 subject=mine/m origin=c path=c
s <- REQUEST
c -> 3 CREDIT id=2 flags=onward body=ffffffff
s <- CREDIT id=last
s -> REPLY id=last
c <- REPLY id=2
END
lies 'an id in use twice ends the link that said it, and only that' <<'END'
s -> hello node=s
s <- WELCOME
s -> ANNOUNCE service=mine path=s
s <- END
c -> hello node=c
c <- WELCOME
c -> REQUEST id=7 subject=mine/m origin=c path=c
s <- REQUEST
c -> REQUEST id=7 subject=mine/m origin=c path=c
c <- ERROR error=malformed text=the id is that of a request in flight, or of a subscription
c <- CLOSED
s <- CANCEL id=last
s <- SILENCE
END

# --- announcements ---

lies 'a malformed announcement costs that announcement, never its neighbours' <<'END'
s -> hello node=s
s <- WELCOME
s <- END
s -> ANNOUNCE service=one path=s
s -> ANNOUNCE body=80010003
s <- ERROR error=malformed
s -> ANNOUNCE service=two path=s
s -> ANNOUNCE service=Bad%Name path=s
s <- ERROR error=malformed
s -> ANNOUNCE service=three path=else
s <- ERROR error=malformed text=the path of 'three' does not end at its sender
s -> ANNOUNCE service=four path=s,n1,s
s -> ANNOUNCE service=five path=s hops=0
s -> ANNOUNCE endpoint=noat path=s
s <- ERROR error=malformed
s -> WITHDRAW service=never path=s
s -> ANNOUNCE service=six path=s
s <- SILENCE
c -> hello node=c
c <- WELCOME
c -> REQUEST id=1 subject=one/m origin=c path=c
s <- REQUEST subject=one/m
c -> REQUEST id=2 subject=two/m origin=c path=c
s <- REQUEST subject=two/m
c -> REQUEST id=3 subject=three/m origin=c path=c
c <- REPLY id=3 error=no_route
c -> REQUEST id=4 subject=four/m origin=c path=c
c <- REPLY id=4 error=no_route
c -> REQUEST id=5 subject=five/m origin=c path=c
c <- REPLY id=5 error=no_route
c -> REQUEST id=6 subject=six/m origin=c path=c
s <- REQUEST subject=six/m
END
lies 'what another holds cannot be claimed or withdrawn' <<'END'
s -> hello node=s
s <- WELCOME
s <- END
s -> ANNOUNCE endpoint=bob@s path=s
s <- SILENCE
a -> hello node=a
a <- WELCOME
a <- END
a -> ANNOUNCE endpoint=bob@s path=a
a <- ERROR error=route_conflict text=is already held by 's'
a -> ANNOUNCE node=s path=a
a <- ERROR error=scope text=a leaf announces only what is attached to itself
a -> ANNOUNCE node=n1 path=a
a <- ERROR error=scope
a -> ANNOUNCE service=fedx path=a
a <- ERROR
a -> WITHDRAW endpoint=bob@s path=a
a -> WITHDRAW node=s path=a
a -> WITHDRAW node=a path=a
a <- SILENCE
a -> REQUEST id=1 to=bob@s subject=m origin=a path=a
s <- REQUEST
s -> REPLY id=last
a <- REPLY id=1
s -> REQUEST id=2 to=a subject=fedx/ping origin=s path=s
a <- REQUEST
END
services() { fedx-probe -H services | wc -l | tr -d ' '; }
{
	cat <<'END'
a -> hello node=a
a <- WELCOME
a <- END
a -> 10000 ANNOUNCE service=s%d path=a
a -> PING id=5
a <- ERROR error=overloaded text=one link may hold 256 claims
a <- PONG id=5
a -> REQUEST id=1 subject=s256/m origin=a path=a
a <- REPLY id=1 error=no_route
b -> hello node=b
b <- WELCOME
b -> REQUEST id=1 subject=s256/m origin=b path=b
a <- REQUEST
b -> REQUEST id=2 subject=s257/m origin=b path=b
b <- REPLY id=2 error=no_route
b -> ANNOUNCE service=other path=b
b <- SILENCE
END
} >script
ok '10000 announcements are 256, and the neighbour can still announce' lied
is "$(services)" 1 '... and they are gone with their link'
ok 'the log is not full of it' test "$(grep -c announcement_refused "$hub_log")" -lt 200
lies 'nonsense about what was announced is put right or ignored' <<'END'
a -> hello node=a
a <- WELCOME
a <- END
a -> ANNOUNCE service=one path=a
a -> END
a -> 10 END
a -> DIGEST
a -> DIGEST body=ffff
a <- SILENCE
a -> DIGEST body=000000630000000000000001
a <- DIGEST flags=error
a -> ANNOUNCE service=two path=a
a -> END
a <- SILENCE
b -> hello node=b
b <- WELCOME
b -> REQUEST id=1 subject=two/m origin=b path=b
a <- REQUEST
b -> REQUEST id=2 subject=one/m origin=b path=b
b <- REPLY id=2 error=no_route
a -> DIGEST body=ffffffffffffffffffffffff flags=error
a -> GOODBYE
a <- CLOSED
b <- REPLY id=1 error=link_down fate=may_have_run
END

# --- a hub that lies to its leaf ---

hub_lies() {	# hub_lies DESCRIPTION STATUS CALL-ARGUMENTS... <SCRIPT: CALL is made at the leaf meanwhile
	cat >hub.script
	lies_what=$1 lies_status=$2
	shift 2
	rm -f hub.port
	start sh -c 'exec liar -L hub.port <hub.script'
	liar=$pid liar_log=$log
	await test -s hub.port
	read -r port <hub.port
	mkdir -p l1; chmod 700 l1
	start fedx-leaf -u "fedx://127.0.0.1:$port" -i l1 -r "$FEDX_RUN/l1" --set link.backoff=20ms --set link.backoff_max=50ms
	leaf=$pid leaf_log=$log
	wait_ready "$log"
	start fedx-probe -r "$FEDX_RUN/l1" serve echo -- cat
	server=$pid
	await told 'now=UP' "$leaf_log"
	await serves_local
	if test "$lies_status" != -
	then ok "$lies_what: the caller is told" expect_status "$lies_status" fedx-probe -r "$FEDX_RUN/l1" call "$@"
	fi
	ok "$lies_what" ended "$liar" || tap_note <"$liar_log"
	ok '... the leaf serves its own' local_works
	stop "$server"
	ok '... and ends well' stop "$leaf"
}
serves_local() { fedx-probe -r "$FEDX_RUN/l1" -H services | grep -q '^echo'; }
local_works() { test "$(fedx-probe -r "$FEDX_RUN/l1" call echo m local)" = local; }

hub_lies 'a hub may not say everything' - <<'END'
h <- HELLO
h -> welcome node=h cluster=home
h <- DIGEST
h <- ANNOUNCE
h -> ANNOUNCE service=x path=h
h -> ATTACH service=x
h <- ERROR error=scope
h -> REPLY id=4711 payload=forged
h -> 10 PART id=%d size=10 flags=more
h -> CREDIT id=1 body=00000001
h -> CANCEL id=1
h -> DIGEST body=00
h <- SILENCE
h -> REQUEST id=1 subject=echo/m origin=far path=far,h payload=true
h <- REPLY id=1 text=true
h -> REQUEST id=2 subject=echo/m origin=far path=far,else
h <- REPLY id=2 error=malformed fate=not_delivered
h -> REQUEST id=3 subject=echo/m origin=l1 path=l1,h
h <- REPLY id=3 error=loop fate=not_delivered
h -> REQUEST id=4 subject=unknown/m origin=far path=far,h
h <- REPLY id=4 error=no_route fate=not_delivered
h -> REQUEST id=5 subject=echo/m origin=far path=far,h hops=0
h <- REPLY id=5 error=hop_limit
h -> REQUEST id=6 subject=echo/m origin=far path=far,h meta=80aa0000
h <- REPLY id=6 error=unsupported
h -> 0x7f id=7
h <- REPLY id=7 error=unsupported
h <- SILENCE
END
hub_lies 'HELLO from a hub that had welcomed us' - <<'END'
h <- HELLO
h -> welcome node=h cluster=home
h <- DIGEST
h -> hello node=h role=hub
h <- ERROR error=malformed text=HELLO came twice
h <- CLOSED
i <- HELLO
i -> welcome node=h cluster=home
i <- DIGEST
i -> PING at=0:00
i <- ERROR error=malformed
i <- CLOSED
j <- HELLO
j -> welcome node=h cluster=home
j <- DIGEST
j -> PING id=5
j <- PONG id=5
END
hub_lies 'an answer with a part that is too large' 65 far m x <<'END'
h <- HELLO
h -> welcome node=h cluster=home
h <- DIGEST
h <- REQUEST subject=far/m origin=l1 path=l1
h -> REPLY id=last flags=more payload=begin
h -> PART id=last flags=more size=65537
h <- CANCEL id=last
h <- SILENCE
END
hub_lies 'an error of the future' 70 far m x <<'END'
h <- HELLO
h -> welcome node=h cluster=home
h <- DIGEST
h <- REQUEST subject=far/m
h -> REPLY id=last flags=error,last meta=40090003ffff00
h <- SILENCE
END
hub_lies 'an answer, then another, then parts of it' 0 far m x <<'END'
h <- HELLO
h -> welcome node=h cluster=home
h <- DIGEST
h <- REQUEST subject=far/m
h -> REPLY id=last payload=one
h -> REPLY id=last payload=two
h -> PART id=last payload=three
h <- SILENCE
END
hub_lies 'a hub that goes away in the middle of an answer' 75 far m x <<'END'
h <- HELLO
h -> welcome node=h cluster=home
h <- DIGEST
h <- REQUEST subject=far/m
h -> REPLY id=last flags=more payload=begin
h -> close
i <- HELLO
i -> welcome node=h cluster=home
i <- DIGEST
i -> PING id=5
i <- PONG id=5
END

ok 'after all this the hub still serves' works
ok 'and ends well' stop "$hub"
done_testing
