#!/bin/sh
# policy-caching.t - how often fedx-route is asked: by what the hook had read, counted at the node, and no stranger changes it for others.
. "${0%/*}/../lib/tap.sh"
command -v fates >/dev/null || skip_all 'fates is not built'
cd "$FEDX_RUN" || exit 1
FEDX_LUA=${FEDX_LUA:-$FEDX_SRC/lua}; export FEDX_LUA

node() { fedx-probe -q call fedx "$@" </dev/null; }
is_up() { node policy 2>/dev/null | grep -q '"state":"up"'; }
counter() { node policy | sed -n "s/.*\"$1\":\([0-9]*\).*/\1/p"; }
policy() {	# policy <POLICY.LUA: in force, with nothing decided yet
	cat >conf/policy.lua
	ok 'a policy' eval 'node reload | tail -n 1 | grep -q "\"what\":\"apply\",\"done\":true"'
}
# many COUNT TO METHOD [AT-ONCE]: so many requests, one first, then so many at a time (50), the `to` of each made by that expression of $i; each gets one answer
cat >many.pl <<'END'
use strict; use warnings; use IO::Socket::UNIX;
my ($count, $to, $method, $at_once) = @ARGV;
my $s = IO::Socket::UNIX->new(Peer => "$ENV{FEDX_RUN}/node.sock") or die;
my $made = eval "sub { my \$i = shift; $to }" or die;
sub bytes { my $n = shift; my $b = ''; while (length $b < $n) { sysread $s, $b, $n - length $b, length $b or die "closed\n" } $b }
for (my $i = 1; $i <= $count; ) {
	my ($out, %open) = ('');
	for (1 .. ($i == 1 ? 1 : $at_once // 50)) {
		last if $i > $count;
		my ($t, $subject) = ($made->($i), "s/$method");
		$out .= pack('CCCCnCCnnnnNNQ>', 0xf3, 1, 0x40, 1, 0, 16, 0, 0, length $t, length $subject, 0, 0, 0, $i) . $t . $subject;
		$open{$i++} = 1;
	}
	syswrite $s, $out;
	while (%open) {
		my ($m, $v, $kind, $type, $flags, $hops, $origin, $from, $t, $subject, $meta, $n, $ms, $id) =
		    unpack 'CCCCnCCnnnnNNQ>', bytes(32);
		bytes($origin + $from + $t + $subject + $meta + $n);
		$kind == 0x80 or next;
		delete $open{$id} or die "request $id was answered twice\n";
	}
}
END
many() { perl many.pl "$@"; }
costs() {	# costs FROM TO DESCRIPTION COMMAND...: so many questions
	costs_min=$1 costs_max=$2 costs_what=$3
	shift 3
	before=$(counter asks) seen=$(($(counter allowed) + $(counter denied)))
	"$@" || not_ok "$*"
	asked=$(($(counter asks) - $(counter background) - before + background)) decided=$(($(counter allowed) + $(counter denied) - seen))
	test "$asked" -ge "$costs_min" && test "$asked" -le "$costs_max"
	is "$?" 0 "$costs_what: $asked questions for $decided messages"
}

mkdir conf
: >conf/policy.lua
start fedx-hub -l 127.0.0.1:0 -i hub -C home -c conf --set policy.audit=0
hub=$pid
ok 'the hub is ready' wait_ready "$log"
ok 'and its policy' eventually is_up
background=0
costs 0 0 'a policy without a hook' many 2000 '"a$i\@home.net"' m
is "$decided" 0 'which decides nothing'

policy <<'END'
function route(msg, env) if msg.to_domain == "bad.net" then return fedx.deny("bad") end end
END
background=$(counter background)
costs 1 1 'to_domain only' many 10000 '"a$i\@home.net"' m
is "$decided" 10000 'all of them were decided'
costs 1 1 'another domain' many 1000 '"a$i\@bad.net"' m
costs 0 0 'the first one again' many 1000 '"b$i\@home.net"' m
costs 7 7 'seven domains' many 700 '"a$i\@d" . $i % 7 . ".net"' m 1

policy <<'END'
function route(msg, env) return fedx.allow() end
END
background=$(counter background)
costs 1 1 'a policy that reads nothing' many 10000 '"a$i\@d$i.net"' 'm'
policy <<'END'
function route(msg, env) if msg:under("to", "*@bad.net") or msg:starts("method", "x") then return fedx.deny("bad") end end
END
background=$(counter background)
costs 1 1 'tests, and not values' many 5000 '"a$i\@d$i.net"' m
costs 1 1 'the other result of one of them' many 500 '"a$i\@bad.net"' m
policy <<'END'
function route(msg, env) if msg.service == "s" and msg.peer.role == "leaf" then return fedx.deny("bad") end end
END
background=$(counter background)
costs 1 1 'a service, and the peer' many 1000 '"a$i\@d$i.net"' m
policy <<'END'
function route(msg, env) if env:now() % 2 == 7 then return fedx.deny("never") end end
END
background=$(counter background)
for_seconds() {	# of messages, without an end
	until_s=$(($(date +%s) + $1))
	while test "$(date +%s)" -lt "$until_s"
	do many 500 '"a$i\@d$i.net"' m 1
	done
}
costs 3 8 'one that reads the clock, for four to five seconds: about one a second' for_seconds 4
ok '... and decides thousands by it' test "$decided" -ge 2000
policy <<'END'
function route(msg, env) if env:clock().hour == 99 then return fedx.deny("never") end end
END
background=$(counter background)
costs 1 2 'one that reads the minute' many 3000 '"a$i\@d$i.net"' m 1
policy <<'END'
function route(msg, env) if env:random(100) == 101 then return fedx.deny("never") end end
END
background=$(counter background)
costs 300 300 'chance is asked for each message' many 300 '"x\@y.net"' m
policy <<'END'
function route(msg, env) if env:knows("service", "newcomer") then return fedx.deny("it is there") end end
END
background=$(counter background)
costs 1 1 'a look-up' many 1000 '"a$i\@d$i.net"' m
start fedx-probe serve newcomer -- cat
came() { fedx-probe -q -H services | grep -q '^newcomer'; }
ok 'what was looked up changes' eventually came
denied=$(counter denied)
costs 1 1 'and is asked about again, once' many 1000 '"a$i\@d$i.net"' m
is "$(($(counter denied) - denied))" 1000 '... with the other verdict'
pid=$(counter pid)
kill -9 "$pid"
is_another() { test "$(counter pid)" != "$pid" && is_up; }
ok 'fedx-route is killed, and another one is there' eventually is_another
costs 0 0 'with the same policy: nothing is asked' many 1000 '"a$i\@d$i.net"' m
policy <<'END'
function route(msg, env) if not env:knows("service", "newcomer") or env:count("newcomer") ~= 1 then return fedx.deny("it is not there") end end
END
background=$(counter background) denied=$(counter denied)
costs 1 1 'another policy, of one that has come later' many 1000 '"a$i\@d$i.net"' m
is "$(counter denied)" "$denied" '... knows the names that were there before it'
policy <<'END'
function route(msg, env)
	for i = 1, 5 do env:knows("service", "s" .. i) end
end
END
background=$(counter background)
costs 100 100 'five look-ups are not kept' many 100 '"x\@y.net"' m
policy <<'END'
function route(msg, env) error("always") end
END
background=$(counter background)
costs 1 3 'an error is kept for a second, and no longer' many 3000 '"a$i\@d$i.net"' m 1
is "$decided" 3000 'all of them denied'

# --- a stranger with as many targets as there are ---

policy <<'END'
function route(msg, env) if msg.to == "nobody@home.net" then return fedx.deny("nobody") end end
END
start fates serve "$FEDX_RUN" quiet "$FEDX_RUN/serve"
serves() { fedx-probe -q -H services | grep -q '^quiet'; }
ok 'a service' eventually serves
: >call
start fates call "$FEDX_RUN" quiet 0 1 "$FEDX_RUN/call" --pace 5
caller=$pid
answered() { test "$(grep -c ^answer call)" -ge "$1"; }
ok 'somebody calls it all the time' eventually answered 20
flood() { many 20000 '"a$i\@d$i.net"' m; }
hits() { node flows | sed -n 's/.*"when":{"to":""},.*"hits":\([0-9]*\),.*/\1/p'; }
before=$(hits) answers=$(grep -c ^answer call)
ok 'another one says 20000 different names' flood
ok 'and has been refused those that were too many' test "$(counter too_many)" -gt 0
ok 'the first one is still answered' eventually answered $((answers + 40))
stop "$caller"
is "$(grep -v -e ^sent -e ^answer call)" '' '... each time'
is "$(node flows | grep -c '"when":{"to":""}')" 1 'by the verdict that it had'
ok '... which never was asked for again' test "$(hits)" -ge $((before + 40))
ok 'and the other holds an eighth of the table at most' test "$(counter flows)" -le $((65536 / 8 + 16))
ok 'the hub ends well' stop "$hub"
done_testing
