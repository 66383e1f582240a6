#!/bin/sh
# routes-far.t - what ends far away is known at once; who is refused or left alone stays calm (mpreg 30, 46, 53).
. "${0%/*}/../lib/tap.sh"
cd "$FEDX_RUN" || exit 1

quick='--set link.backoff=50ms --set link.backoff_max=300ms --set link.come_back=50ms --no-autostart'
# shellcheck disable=SC2086	# words
hub() {	# hub NAME [OPTION...]: sets NAME, NAME_log, NAME_at
	hub_name=$1
	shift
	mkdir -m 700 "$hub_name"
	start fedx-hub -l 127.0.0.1:0 -i "$hub_name.test" -r "$hub_name" $quick "$@"
	eval "$hub_name=\$pid ${hub_name}_log=\$log"
	eval "${hub_name}_at=$(ready_at "$log")"
}
routes() { fedx-probe -r a -H routes "$1" 2>/dev/null | grep -c best; }
reaches() { test "$(fedx-probe -r a -q call far x hello </dev/null)" = hello; }

# --- 30: a - b - c - d, no pings worth the name: what is seen is told ---

far='-C test --set link.ping=10m --set link.dead=50m --set link.digest=1h'
# shellcheck disable=SC2086,SC2154	# words; set by hub
{
	hub d $far; hub c $far --peer "fedx://$d_at"; hub b $far --peer "fedx://$c_at"; hub a $far --peer "fedx://$b_at"
}
for way in KILL TERM
do
	if test $way = TERM
	then
		# shellcheck disable=SC2086,SC2154
		start fedx-hub -l "$d_at" -i d.test -r d $quick $far
		d=$pid
		wait_ready "$log"
	fi
	start fedx-probe -r d serve far -- cat
	ok "$way: a service three hubs away is called" eventually reaches
	kill -$way "$d"
	# shellcheck disable=SC2154
	ended "$d" 2>/dev/null
	gone() { test "$(routes d.test)" = 0; }
	seen=$(date +%s)
	ok "mpreg 30: $way: the withdrawal is seen three hubs away" eventually gone
	ok 'mpreg 30: ... within a second or two, and there were no pings' test $(($(date +%s) - seen)) -le $((2 * FEDX_TEST_SLOW))
	seen=$(date +%s)
	fedx-probe -r a -q call -t 60 far x '' </dev/null 2>why
	is $? 1 'mpreg 30: ... a call is a clean no'
	like "$(cat why)" 'no_route|not_found' 'mpreg 30: ... by name'
	ok 'mpreg 30: ... at once' test $(($(date +%s) - seen)) -le $((2 * FEDX_TEST_SLOW))
done
# shellcheck disable=SC2154
for one in "$a" "$b" "$c"
do ok 'a hub ends well' stop "$one"
done

# --- 53: refused again and again ---

hub s -C alpha
# shellcheck disable=SC2154
hub r -C beta --set link.refused=20ms --set link.refused_max=20ms --peer "fedx://$s_at"
dialled() {	# how often, by the lines and what they say of more
	awk '/event=uplink .*now=REFUSED/ { n++ } /of=uplink/ { sub(/.*times=/, ""); n += $1 } END { print n + 0 }' "$1"
}
lines() { grep -c -e 'event=link_refused' -e 'of=link_refused' "$1"; }
sleep 3	# time in which it dials about a hundred times: nothing else is to happen
stop "$r"
stop "$s"
# shellcheck disable=SC2154
ok "mpreg 53: it dialled $(dialled "$r_log") times, which is often" test "$(dialled "$r_log")" -ge 20
# shellcheck disable=SC2154
ok 'mpreg 53: ... and the log has at most 6 lines of it' test "$(lines "$s_log")" -le 6
# shellcheck disable=SC2154
ok 'mpreg 53: ... nor more at the other side' test "$(lines "$r_log")" -le 6

# --- 48: a code that no other test produces ---

hub t -C alpha --set federation.mode=permissive_bridging --set federation.require_mutual_authentication=no \
	--set federation.require_encrypted_connections=yes
cat >script <<'END'
x -> hello node=b.beta role=hub cluster=beta instance=1
x <- ERROR error=cluster_isolated text=2109 link to cluster "beta" is not encrypted and require_encrypted_connections is on
x <- CLOSED
END
# shellcheck disable=SC2154
ok 'mpreg 48: 2109' liar "$t_at" <script
# shellcheck disable=SC2154
ok '... and the hub ends well' stop "$t"

# --- 46: twenty leave at once ---

hub m -C test
n=0
while test $n -lt 20
do
	n=$((n + 1))
	mkdir -m 700 "n$n"
	# shellcheck disable=SC2154
	if test $((n % 2)) = 0
	then start fedx-leaf -u "fedx://$m_at" -i "n$n.test" -C test -r "n$n" --no-autostart
	else start fedx-hub -l 127.0.0.1:0 -i "n$n.test" -C test -r "n$n" --no-autostart --peer "fedx://$m_at"
	fi
	test $n = 1 && first=$(ready_at "$log")
	all="$all $pid"
done
up() { test "$(fedx-probe -r m -H links | grep -v '	client	' | grep -c '	up	')" = "$1"; }
ok 'mpreg 46: ten leaves and ten hubs' eventually up 20
quick=--no-autostart
hub k -C test --peer "fedx://$first"
ok 'mpreg 46: ... and one that dials one of them' eventually sh -c "fedx-probe -r k -H links | grep -q 'n1.test.*	up	'"
# shellcheck disable=SC2154
before=$(grep -c 'event=uplink' "$k_log")
for one in $all; do kill "$one"; done
bad=0
for one in $all; do ended "$one" || bad=$((bad + 1)); done 2>/dev/null
is $bad 0 'mpreg 46: all leave, and end well'
ok 'mpreg 46: ... none is left' eventually up 0
sleep 2	# in which nobody is to dial much
# shellcheck disable=SC2154
is "$(grep -c 'event=uplink' "$m_log")" 0 'mpreg 46: who was dialled dials nobody'
more=$(($(grep -c 'event=uplink' "$k_log") - before))
ok "mpreg 46: who dialled is calm: $more lines of it" test "$more" -le 4
# shellcheck disable=SC2154
for one in "$m" "$k"; do ok 'ends well' stop "$one"; done
done_testing
