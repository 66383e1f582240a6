#!/bin/sh
# lines.t - scripts on the bus: full clients, whatever they say.
. "${0%/*}/../lib/tap.sh"

at=$FEDX_RUN/node.sock
talk() { perl "$FEDX_SRC/t/lib/talk.pl" "$at"; }
goes() {	# goes DESCRIPTION <SCRIPT
	cat >"$FEDX_RUN/script"
	ok "$1" play
}
play() { talk <"$FEDX_RUN/script"; }

start fedx-hub -l 127.0.0.1:0 -i n1 -C c1 -r "$FEDX_RUN"
hub=$pid
wait_ready "$log" || { not_ok 'the hub is ready'; done_testing; }

goes 'a malformed line is answered, and the session goes on' <<'END'
a -> {"type":"ping"}
a <- {"type":"pong"}
a -> hello
a <- {"type":"error","error":{"name":"malformed","code":16,"text":...,"fate":"not_delivered","retry":false}}
a -> {"type":"request","id":1,"service":"x"}
a <- {"type":"reply","id":1,"error":{"name":"malformed","code":16,"text":...,"fate":"not_delivered","retry":false}}
a -> {"type":"ping"}
a <- {"type":"pong"}
END

goes 'requests of several callers meet at one service, answered in another order' <<'END'
s -> {"type":"attach","id":1,"service":"echo"}
s <- {"type":"attached","id":1}
a -> {"type":"request","id":5,"service":"echo","method":"m","payload":"one"}
s <- {"type":"request","id":1,"service":"echo","method":"m","origin":"n1","timeout_ms":60000,"payload":"one"}
b -> {"type":"request","id":5,"service":"echo","method":"m","payload":"two"}
s <- {"type":"request","id":2,"service":"echo","method":"m","origin":"n1","timeout_ms":60000,"payload":"two"}
s -> {"type":"reply","id":2,"payload":"2"}
b <- {"type":"reply","id":5,"payload":"2"}
s -> {"type":"reply","id":1,"payload":"1"}
a <- {"type":"reply","id":5,"payload":"1"}
END

goes 'one connection may be caller and service' <<'END'
a -> {"type":"attach","service":"self"}
a <- {"type":"attached"}
a -> {"type":"request","id":1,"service":"self","method":"m","json":1}
a <- {"type":"request","id":1,"service":"self","method":"m","origin":"n1","timeout_ms":60000,"json":1}
a -> {"type":"reply","id":1,"json":2}
a <- {"type":"reply","id":1,"json":2}
END

goes 'a service that leaves ends its requests with an error' <<'END'
s -> {"type":"attach","id":1,"service":"gone"}
s <- {"type":"attached","id":1}
a -> {"type":"request","id":1,"service":"gone","method":"m"}
s <- {"type":"request","id":1,"service":"gone","method":"m","origin":"n1","timeout_ms":60000,"payload":""}
s -> {"type":"detach","id":2,"service":"gone"}
s <- {"type":"detached","id":2}
b -> {"type":"request","id":1,"service":"gone","method":"m"}
b <- {"type":"reply","id":1,"error":{"name":"no_route","code":1,"text":...,"fate":"not_delivered","retry":true}}
s -> {"type":"reply","id":1,"payload":"still answered"}
a <- {"type":"reply","id":1,"payload":"still answered"}
END

goes 'a deadline ends the request at both ends' <<'END'
s -> {"type":"attach","id":1,"service":"late"}
s <- {"type":"attached","id":1}
a -> {"type":"request","id":1,"service":"late","method":"m","timeout_ms":50}
s <- {"type":"request","id":1,"service":"late","method":"m","origin":"n1","timeout_ms":50,"payload":""}
s <- {"type":"cancel","id":1}
a <- {"type":"reply","id":1,"error":{"name":"timeout","code":9,"text":...,"fate":"may_have_run","retry":true}}
s -> {"type":"reply","id":1,"payload":"too late"}
s <- SILENCE
a <- SILENCE
END

goes 'a character cut between two parts arrives whole' <<'END'
s -> {"type":"attach","id":1,"service":"cut"}
s <- {"type":"attached","id":1}
a -> {"type":"request","id":1,"service":"cut","method":"m","payload":"\u20ac","more":true}
s <- {"type":"request","id":1,"service":"cut","method":"m","origin":"n1","timeout_ms":60000,"payload":"\u20ac","more":true}
a -> {"type":"part","id":1,"base64":"4oI=","more":true}
s <- {"type":"part","id":1,"base64":"4oI=","more":true}
a -> {"type":"part","id":1,"payload":"\ud83d\ude00"}
s <- {"type":"part","id":1,"payload":"\ud83d\ude00"}
s -> {"type":"reply","id":1,"error":{"name":"denied"}}
a <- {"type":"reply","id":1,"error":{"name":"denied","code":3,"text":"policy does not allow this","fate":"may_have_run","retry":false}}
END

goes 'an endpoint belongs to one' <<'END'
a -> {"type":"attach","id":1,"endpoint":"bob@n1"}
a <- {"type":"attached","id":1}
b -> {"type":"attach","id":1,"endpoint":"bob@n1"}
b <- {"type":"error","id":1,"error":{"name":"route_conflict","code":6,"text":...,"fate":"not_delivered","retry":false}}
b -> {"type":"attach","id":2,"service":"fedx"}
b <- {"type":"error","id":2,"error":{"name":"malformed","code":16,"text":...,"fate":"not_delivered","retry":false}}
END

{
	printf 'a -> {"type":"request","id":1,"service":"big","method":"m","payload":"'
	head -c 1500000 /dev/zero | tr '\0' x
	printf '"}\na <- {"type":"error","error":{"name":"too_large","code":15,"text":...,"fate":...,"retry":false}}\na <- END\n'
} >"$FEDX_RUN/script"
ok 'a line over the limit is told so, and disconnected' play

{
	printf 's -> {"type":"attach","service":"big"}\ns <- {"type":"attached"}\n'
	printf 'a -> {"type":"request","id":1,"service":"big","method":"m","payload":"'
	head -c 900000 /dev/zero | tr '\0' x
	printf '"}\ns <- {"type":"request","id":1,"service":"big","method":"m","origin":"n1","timeout_ms":60000,"payload":...}\n'
	printf 's -> {"type":"reply","id":1,"payload":"'
	head -c 900000 /dev/zero | tr '\0' y
	printf '"}\na <- {"type":"reply","id":1,"payload":...}\n'
} >"$FEDX_RUN/script"
ok 'a payload of most of a megabyte goes in one message, both ways' play

{
	printf 's -> {"type":"attach","service":"flood"}\ns <- {"type":"attached"}\n'
	printf 'a -> {"type":"request","id":1,"service":"flood","method":"m","more":true}\n'
	printf 's <- {"type":"request","id":1,"service":"flood","method":"m","origin":"n1","timeout_ms":60000,"payload":"","more":true}\n'
	for i in 1 2 3 4 5 6 7 8
	do
		printf 'a -> {"type":"part","id":1,"more":true,"payload":"'
		head -c 65000 /dev/zero | tr '\0' x
		printf '"}\ns <- {"type":"part","id":1,"more":true,"payload":...}\n'
		test $((i % 2)) -eq 1 || printf 'a <- {"type":"credit","id":1,"for":"request","bytes":...}\n'
	done
} >"$FEDX_RUN/script"
ok 'a body larger than the window goes on with credit' play

goes 'a service of the node itself can be asked' <<'END'
a -> {"type":"request","id":1,"service":"fedx","method":"nosuch"}
a <- {"type":"reply","id":1,"error":...}
END

at=$(ready_at "$log")
goes 'the same over WebSocket, after hello' <<'END'
s -> {"type":"hello"}
s <- {"type":"welcome","node":"n1","cluster":"c1"}
s -> {"type":"attach","id":1,"service":"web"}
s <- {"type":"attached","id":1}
a -> {"type":"hello","cluster":"c1"}
a <- {"type":"welcome","node":"n1","cluster":"c1"}
a -> {"type":"request","id":1,"service":"web","method":"m","json":[1,
a <- {"type":"error","error":{"name":"malformed","code":16,"text":...,"fate":"not_delivered","retry":false}}
a -> {"type":"request","id":1,"service":"web","method":"m","json":{"a":1}}
s <- {"type":"request","id":1,"service":"web","method":"m","origin":"n1","timeout_ms":60000,"json":{"a":1}}
s -> {"type":"reply","id":1,"payload":"\u20ac"}
a <- {"type":"reply","id":1,"payload":"\u20ac"}
END

goes 'whoever comes over the network says hello first' <<'END'
a -> {"type":"attach","service":"web"}
a <- {"type":"error","error":{"name":"unauthenticated","code":4,"text":"2104 frame \"ATTACH\" before admission; send hello first","fate":...,"retry":false}}
a <- END
END

ok 'the hub ends well after all this' stop "$hub"
done_testing
