#!/bin/sh
# clusters-reload.t - what is refused before clusters decide, settings that cannot be, proof by keys, and a reload (mpreg 5, 6, 10, 11, 12, 13).
. "${0%/*}/../lib/tap.sh"
cd "$FEDX_RUN" || exit 1
mkdir -m 700 a b conf

told() { grep -Eq -e "$1" "$2"; }
quick='--set link.backoff=20ms --set link.backoff_max=50ms --set link.refused=20ms --set link.refused_max=20ms'
is_up() { fedx-probe -r a -H links | grep -q '^b\.beta	.*	up	'; }

# hub DIR NODE CLUSTER OPTION...
# shellcheck disable=SC2086
hub() {
	hub_dir=$1 hub_node=$2 hub_cluster=$3; shift 3
	start fedx-hub -l 127.0.0.1:0 -i "$hub_node" -C "$hub_cluster" -r "$hub_dir" $quick "$@"
	eval "$hub_dir=\$pid ${hub_dir}_log=\$log"
	wait_ready "$log"
}

# --- settings that cannot be ---

# refused PATTERN DESCRIPTION <FEDX.LUA
refused() {
	cat >conf/fedx.lua
	fedx-hub -t -c conf >out 2>&1
	is "$?" 78 "mpreg 11: $2"
	like "$(cat out)" "$1" '... with file, line, setting and what it may be'
}
refused 'fedx.lua:1: cluster cannot be empty' 'an empty cluster' <<'END'
cluster = ""
END
refused "fedx.lua:3: federation.bridges: .*cannot join a cluster to itself.*'alpha'" 'a bridge to itself' <<'END'
cluster = "alpha"
federation = { mode = "explicit_bridging",
	bridges = { "beta", "alpha n1" } }
END
refused "fedx.lua:2: federation.blocked_foreign_cluster_ids: 'alpha' is our own cluster id: want ids of others" 'the own id blocked' <<'END'
cluster = "alpha"
federation = { blocked_foreign_cluster_ids = { "beta", "alpha" } }
END
refused "fedx.lua:2: federation.mode cannot be 'open'; its values begin with 'strict_isolation', 'explicit_bridging', 'permissive_bridging'" 'an unknown mode' <<'END'
cluster = "alpha"
federation = { mode = "open" }
END
refused "fedx.lua:1: unknown setting 'federation.alowed_foreign_cluster_ids'; did you mean 'federation.allowed_foreign_cluster_ids'" 'an unknown setting' <<'END'
federation = { alowed_foreign_cluster_ids = { "beta" } }
END

# --- before admission ---

echo 'cluster = "alpha"' >conf/fedx.lua
hub a a.alpha alpha -c "$PWD/conf"
ok 'a hub with nothing but its cluster is ready' wait_ready "$a_log"
start fedx-probe -r a serve f -- sh -c 'echo run >>runs; cat'
ok 'and has a service' eventually fedx-probe -r a -q ping -c 1 f
before() {	# before NUMBER KIND REST...
	before_n=$1 before_kind=$2; shift 2
	cat >script <<END
x -> $before_kind $*
x <- ERROR error=unauthenticated text=2104 frame "$before_kind" before admission; send hello first
x <- CLOSED
END
	ok "mpreg $before_n: a $before_kind before HELLO is refused" liar "$(ready_at "$a_log")" <script
}
before 5 REQUEST id=1 to=a.alpha subject=f/m origin=b.beta path=b.beta payload=x
before 6 ANNOUNCE
before 6 GOODBYE
ok 'mpreg 5: the function was not run' not test -e runs
ok 'mpreg 6: nothing was stored' eval '! fedx-probe -r a -H services | grep -q "^g	"'

# --- a reload ---

hub b b.beta beta --set federation.mode=explicit_bridging --set federation.allowed_foreign_cluster_ids=alpha \
	--set federation.require_mutual_authentication=no -u "fedx://$(ready_at "$a_log")"
ok 'mpreg 10: strict isolation is what one gets without a federation section' eventually told 'why="2106 the far side refused: 2101 ' "$b_log"
cat >conf/fedx.lua <<'END'
cluster = "alpha"
federation = { mode = "explicit_bridging", allowed_foreign_cluster_ids = { "beta" },
	require_mutual_authentication = false }
END
kill -HUP "$a"
ok 'mpreg 12: allowed by a reload, the link comes up' eventually is_up
start fedx-probe -r b serve slow -- sh -c 'echo run >>slow-runs; exec sleep 60'
ok 'mpreg 12: a service over there is known' eventually fedx-probe -r a -q ping -c 1 slow
fedx-probe -r a call slow go </dev/null >called 2>&1 & call=$!
ok 'mpreg 12: and runs' eventually test -s slow-runs
sed 's/"beta"/"gamma"/' conf/fedx.lua >new && cp new conf/fedx.lua
reloads() { fedx-probe -r a -q call fedx reload </dev/null >reloaded; }
ok 'mpreg 12: another reload, once that one is through' eventually reloads
like "$(tail -n 1 reloaded)" '"done":true.*"links_closed":1.*federation.allowed_foreign_cluster_ids' \
	'mpreg 12: taken off the list again, the reload closes it'
ok 'mpreg 12: with the code' eventually told 'event=link_refused .*why="2102 cluster .*"beta.*hint=' "$a_log"
ok 'mpreg 12: which the other side has' eventually told 'why="2106 the far side refused: 2102 ' "$b_log"
ok 'mpreg 12: it is down' eventually not is_up
wait "$call"
like "$(cat called)" '2204 link to "b.beta" closed while the call was in progress; it may have run' \
	'mpreg 12: the call that ran ends with 2204, at once'
ok 'mpreg 53: one line a minute for each peer and reason' test "$(grep -c 'link_refused.*why="2102' "$a_log")" -eq 1
stop "$a"; stop "$b"

# --- what crosses between two WELCOMEs, and after a GOODBYE ---

hub a a.alpha alpha --set federation.mode=permissive_bridging --set federation.require_mutual_authentication=no \
	--set federation.links_per_minute=3
start fedx-probe -r a serve f -- cat
ok 'a hub that lets others in has a service' eventually fedx-probe -r a -q ping -c 1 f
at=$(ready_at "$a_log")
cat >script <<'END'
x -> hello node=b.beta role=hub cluster=beta instance=1
x <- WELCOME node=a.alpha
x -> welcome node=b.beta cluster=beta instance=1
x <- ANNOUNCE
END
ok 'mpreg 2: what there is to tell follows the second WELCOME' liar "$at" <script
cat >script <<'END'
x -> hello node=b2.beta role=hub cluster=beta instance=2
x <- WELCOME
x -> REQUEST id=1 to=a.alpha subject=f/m origin=b2.beta path=b2.beta payload=x
x <- ERROR error=unauthenticated text=2104 frame "REQUEST" before admission
x <- CLOSED
END
ok 'mpreg 2, 5: nothing crosses before it, and a request instead of it is refused' liar "$at" <script
cat >script <<'END'
x -> hello node=b3.gamma role=hub cluster=gamma instance=3
x <- WELCOME
x -> welcome node=b3.gamma cluster=gamma instance=3
x <- ANNOUNCE
x -> GOODBYE
x <- CLOSED
y -> hello node=b3.gamma role=hub cluster=gamma instance=3
y <- ERROR error=busy text=2107 node "b3.gamma" said goodbye 0 s ago
y <- CLOSED
z -> hello node=b3.gamma role=hub cluster=gamma instance=4
z <- WELCOME
END
ok 'mpreg 46: who said GOODBYE may not return at once, but a new run of it may' liar "$at" <script
cat >script <<'END'
x -> hello node=b.delta role=hub cluster=delta instance=5
x <- WELCOME
y -> hello node=b.delta role=hub cluster=delta instance=6
y <- WELCOME
z -> hello node=b.delta role=hub cluster=delta instance=7
z <- WELCOME
u -> hello node=b.delta role=hub cluster=delta instance=8
u <- ERROR error=busy text=2108 cluster "delta" is over 3 per minute
u <- CLOSED
END
ok 'mpreg 2: more links in a minute than are allowed' liar "$at" <script
cat >script <<'END'
x -> hello node=leaf.beta role=leaf cluster=beta
x <- ERROR error=cluster_isolated text=clusters share nothing
x <- CLOSED
END
ok 'a leaf of another cluster is refused even so' liar "$at" <script
stop "$a"

# --- both dial ---

a_at=127.0.0.1:$(free_port) b_at=127.0.0.1:$(free_port)
let='--set federation.mode=explicit_bridging --set federation.require_mutual_authentication=no'
count() { test "$(fedx-probe -r "$1" -H links | grep -c '	hub	up	')" -eq 1; }
# shellcheck disable=SC2086
{
	hub a a.alpha alpha $let --set federation.allowed_foreign_cluster_ids=beta -l "$a_at" --peer "fedx://$b_at"
	hub b b.beta beta $let --set federation.allowed_foreign_cluster_ids=alpha -l "$b_at" --peer "fedx://$a_at"
}
ok 'two hubs of two clusters that dial each other are linked' eventually is_up
ok 'by one link, at one' eventually count a
ok 'and at the other' eventually count b
stop "$a"; stop "$b"

# --- keys ---

command -v openssl >/dev/null || { done_testing; }
fedx-probe keygen hub a.alpha -d d --ip 127.0.0.1 >/dev/null 2>&1
fedx-probe keygen token b.beta -d d --role hub --cluster beta >/dev/null 2>&1
fedx-probe keygen token b.other -d d --role hub --cluster beta >/dev/null 2>&1
chmod 600 d/tokens
keys='--set federation.mode=explicit_bridging'
# shellcheck disable=SC2086
{
	hub a a.alpha alpha $keys --set federation.allowed_foreign_cluster_ids=beta \
		--tls-cert d/hub.pem --tls-key d/hub.key --token-file d/tokens
	# dialler NODE CLUSTER TOKEN
	dialler() {
		hub b "$1" "$2" $keys --set federation.allowed_foreign_cluster_ids=alpha --tls-ca d/ca.pem \
			--set uplink.token_file="$3" -u "fedxs://$(ready_at "$a_log")${4-#alpha}"
	}
	dialler b.beta beta d/b.beta.token
	ok 'mpreg 13: both proven, the link is up' eventually is_up
	ok 'mpreg 13: and needs no other setting' told 'event=clusters_met .*by="allow list"' "$a_log"
	stop "$b"
	dialler b.beta alpha d/b.beta.token
	ok "mpreg 13: a token of another cluster proves no claim to be of ours" eventually told 'why="2106 the far side refused: 2110 node ..b.beta.. did not prove that it belongs to cluster ..alpha' "$b_log"
	stop "$b"
	echo nonsense >none; chmod 600 none
	dialler b.beta alpha none
	ok 'mpreg 13: nor does none' eventually told 'why="2106 the far side refused: 2110 ' "$b_log"
	stop "$b"
	dialler b.beta beta d/b.other.token
	ok 'mpreg 13: nor the token of another node' eventually told 'why="2106 the far side refused: 2110 node ..b.beta.. did not prove that it belongs to cluster ..beta' "$b_log"
}
stop "$b"; stop "$a"
done_testing
