#!/bin/sh
# faults-net.t - networks that forget, lose, reset, flap and part: each fate stays true, and all come back.
. "${0%/*}/../lib/tap.sh"
. "${0%/*}/../lib/fates.sh"
. "${0%/*}/../lib/net.sh"

net
mkdir -m 700 "$FEDX_RUN/conf"
printf 'function route(msg)\n\tif msg.service == "never" then return fedx.deny "no" end\nend\n' >"$FEDX_RUN/conf/policy.lua"
h1() { hub h1 -c "$FEDX_RUN/conf" --peer "$(url h2)" "$@"; }
h2() { hub h2 -c "$FEDX_RUN/conf" --peer "$(url h1)"; }
b() { leaf b -u "$(url h2)"; }
h1 && h2 && leaf a -u "$(url h1)" && b || { not_ok 'the nodes are ready'; done_testing; }
counted='a b h1 h2' most_kb=16384

# numbered events, from the leaf behind the NAT to the other, all the time
start sh -c 'exec fedx-probe -r "$FEDX_RUN/b" sub /tick'
ticks=$log
mkfifo "$FEDX_RUN/numbers"
start sh -c 'i=1; while echo $i; do i=$((i + 1)); sleep 0.01; done >"$FEDX_RUN/numbers"'
counting=$pid
start sh -c 'exec fedx-probe -r "$FEDX_RUN/a" -q pub /tick - <"$FEDX_RUN/numbers"'
ticking=$pid
ticked() { test "$(wc -l <"$ticks")" -gt $((ticks_before + 10)); }
rising() { awk '$2 <= last { print last, "then", $2; wrong = 1 } { last = $2 } END { exit wrong || !last }' "$ticks"; }
events() {
	ticks_before=$(wc -l <"$ticks")
	ok 'events go on' eventually ticked
	ok '... in order, each once' rising
}
events

round() { begin "$1" 32 --body-every 9 --timeout 3000; serve --delay 3; more "$1: at peace"; note a b h1 h2; }
# finds NODE... - REGULAR-EXPRESSION: each says so
finds() {
	found=$1; shift
	for name in "$@"
	do ok "... $name finds it out" eventually said "$name" "$found"
	done
}
dead='half-open' up='now=UP|event=link_up'

# --- between the leaf and its hub ---

round forgets
ok 'the NAT forgets every connection' nat_forgets
finds "$dead" a
ok '... so does its hub, by itself or when the leaf is back' eventually said h1 'event=link_down subject=a.test'
ok '... and the leaf comes back' eventually said a "$up"
more 'and it goes on'
ok '... no reset has told it' not said a 'reset by peer'
finish 'a NAT that forgets'
events

packets_of() { echo "ip $(test "$way" = input && echo s || echo d)addr $(address "$1")"; }	# on that way
for way in input output
do
	round "leaf-$way"
	ok "no packet of the $way of the hub arrives" hurt h1 $way "$(packets_of nat)" drop
	finds "$dead" a h1
	ok 'healed' mend h1
	ok '... the leaf comes back' eventually said a "$up"
	more 'and it goes on'
	finish "the leaf and the hub, parted in one direction ($way)"
done

round reset
for again in 1 2 3
do
	note a h1
	ok "a box between resets what goes through ($again)" hurt nat forward 'tcp dport 7000' 'reject with tcp reset'
	ok '... the leaf hears of it' eventually said a 'now=BACKOFF'
	ok '... it goes away' mend nat
	ok '... and the leaf comes back' eventually said a "$up"
	more 'and it goes on'
done
finish 'reset in mid-stream'

round flaps
flap() {
	for again in 1 2 3 4 5 6 7 8 9 10
	do
		hurt nat forward 'tcp dport 7000' 'reject with tcp reset' && eventually not is_up a &&
		mend nat && eventually is_up a || return
	done
}
for ten in 1 2 3 4 5 6 7 8 9 10
do ok "the link is lost and comes back, 10 times ($ten)" flap
done
more 'and it goes on'
finish 'a link that flaps 100 times'
events

round loss
ok 'one packet in five is lost, each way' hurt nat forward 'numgen random mod 100 < 20' drop
more 'it goes on all the same'
ok 'healed' mend nat
more 'and it goes on'
finish 'packets lost'
events

if tc -n "$net-nat" qdisc add dev e0 root tbf rate 8mbit burst 16kb latency 50ms 2>/dev/null
then
	round narrow
	more 'through a link of 8 Mbit/s it goes on'
	tc -n "$net-nat" qdisc del dev e0 root
	more 'and through a wide one'
	finish 'a narrow link'
else
	skip 'this kernel has no tbf'
fi

# --- between the hubs ---

for way in input output
do
	round "hubs-$way"
	ok "no packet of the $way of a hub arrives" hurt h1 $way "$(packets_of h2)" drop
	finds "$dead" h1 h2
	ok 'the caller is told' eventually others
	ok 'healed' mend h1
	more 'and it goes on'
	finish "two hubs, parted in one direction ($way)"
done
events

round both-changed
start fedx-probe -r "$FEDX_RUN/h1" serve old-1 -- cat
old_1=$pid
start fedx-probe -r "$FEDX_RUN/h2" serve old-2 -- cat
old_2=$pid
names() { fedx-probe -r "$FEDX_RUN/$1" -H services | cut -f 1 | sort | tr '\n' ' '; }
know() { want=$1; shift; for name in "$@"; do test "$(names "$name")" = "$want" || return; done; }
ok 'names of both sides are known on both' eventually know 'old-1 old-2 run ' h1 h2
ok 'two hubs are parted' hurt h1 input "ip saddr $(address h2)" drop
finds "$dead" h1 h2
stop "$old_1" || :; stop "$old_2" || :
start fedx-probe -r "$FEDX_RUN/h1" serve new-1 -- cat
start fedx-probe -r "$FEDX_RUN/h2" serve new-2 -- cat
ok 'both sides change' eventually know 'new-1 ' h1
ok '... each its own way' eventually know 'new-2 run ' h2
ok 'healed' mend h1
ok 'both know the same names' eventually know 'new-1 new-2 run ' h1 h2
is "$(fedx-probe -r "$FEDX_RUN/h1" call new-2 m over)$(fedx-probe -r "$FEDX_RUN/h2" call new-1 m there)" overthere '... and reach them'
more 'and it goes on'
finish 'parted and changed on both sides'
events

hub h3 --no-autostart --peer "$(url h1)" --peer "$(url h2)"
counted='a b h1 h2 h3'
round ring
ok 'a third hub makes a ring' eventually know 'new-1 new-2 run ' h1 h2 h3
note h1 h2
ok 'one edge of it is down' hurt h1 input "ip saddr $(address h2)" drop
finds "$dead" h1 h2
more 'it goes on by the other two'
ok '... which the third has counted' test "$(metric h3 answers_total)" -gt 0
ok 'healed' mend h1
more 'and it goes on'
finish 'a ring with one edge down'
events
ok 'the third hub ends' stop "$h3"
counted='a b h1 h2'

# --- another hub in its place, another hub instead ---

round replaced
ok 'a hub is killed' killed "$h1"
h1 -i new.test
ok '... and another one answers at its address' eventually said a 'event=link_up subject=new.test'
more 'and it goes on'
ok '... nobody has a way to the old one' eventually lacks 'h1\.test' fedx-probe -r "$FEDX_RUN/h2" -H routes
finish 'a hub replaced at its address'
events

stop "$counting" || :
ok 'the ticks end' ended "$ticking"
ok 'the leaf ends' stop "$a"
leaf a -u "$(url h1)" -u "$(url h2)"
round elsewhere
note a
ok 'the hub of the leaf is unreachable' hurt h1 input "ip saddr $(address nat)" drop
ok '... the leaf goes to its other hub' eventually said a 'event=link_up subject=h2.test'
more 'and it goes on there'
ok '... the hub can be reached again' mend h1
finish 'another hub'
done_testing
