#!/bin/sh
# run.sh - three clusters that stay apart, and what they share when both sides say so.
#
# By hand: FEDX_BIN=DIRECTORY-OF-THE-PROGRAMS sh share/examples/three-clusters/run.sh
# FEDX_DEMO=loopback keeps off network namespaces, FEDX_DEMO=namespaces insists on them.
#
# Every command that it shows is the very text that it runs.  It checks what each step
# claims, and whatever way it ends, nothing that it started is left.
examples=$(cd "$(dirname "$0")/.." && pwd) || exit 1
root=${examples%/*/*} stage=three-clusters
. "$examples/stage.sh"

# ---- the network: each node in a namespace of its own, on one exchange

place() {	# place NODE NUMBER
	ip netns add "$net-$1" || return
	namespaces="$namespaces $net-$1"
	ip -n "$net-$1" link set lo up &&
	ip link add wan netns "$net-$1" type veth peer name "to-$1" netns "$net-wan" &&
	ip -n "$net-wan" link set "to-$1" master exchange up &&
	ip -n "$net-$1" addr add "198.18.0.$2/24" dev wan && ip -n "$net-$1" link set wan up
}
build_network() {
	net=fx$$
	ip netns add "$net-wan" || return
	namespaces="$net-wan"
	ip -n "$net-wan" link add exchange type bridge && ip -n "$net-wan" link set exchange up &&
	place alpha1 11 && place alpha2 12 && place shop 13 && place beta1 21 && place beta2 22 && place depot 23 &&
	place gamma1 31 && place gamma2 32 && place lab 33
}
choose_network() {
	why=''
	if test "${FEDX_DEMO-}" = loopback
	then why='FEDX_DEMO says so'
	elif test "$(id -u)" -ne 0
	then why='network namespaces need root'
	elif ! command -v ip >/dev/null
	then why='network namespaces need ip (iproute2)'
	elif build_network >network.out 2>&1
	then return
	else why="no network namespaces here: $(sed 1q network.out)"
	fi
	test "${FEDX_DEMO-}" != namespaces || die "$why"
	drop_network
	net=''
}

# ---- nodes

is_ready() { grep -q event=ready "$1.log"; }
at() { cat "$1.at"; }	# where a hub listens
hub() {	# hub NODE [PEER...]
	name=$1 cluster=${1%?}
	shift
	listen=127.0.0.1:0 also=''
	test -z "$net" || { listen=0.0.0.0:7342 also=' --insecure'; }
	test ! -f "$name.at" || test -n "$net" || listen=$(at "$name")	# it has been there before
	for peer
	do also="$also --peer fedx://$(at "$peer")"
	done
	begin "$name" "$name" "fedx-hub -c conf/$name -i $name -C $cluster -l $listen$also"
	echo "$pid" >"$name.pid"
	eventually is_ready "$name" || die "$name is not ready"
	if test -n "$net"
	then echo "$(ip -n "$net-$name" -4 -o addr show dev wan | sed 's/.*inet \([0-9.]*\).*/\1/'):7342"
	else sed -n '/event=ready/s/.*listen=\([^ ]*\).*/\1/p' "$name.log"
	fi >"$name.at"
}
leaf() {	# leaf NODE CLUSTER HUB...
	name=$1 cluster=$2
	shift 2
	also=''
	test -z "$net" || also=' --insecure'
	for up
	do also="$also -u fedx://$(at "$up")"
	done
	begin "$name" "$name" "fedx-leaf -i $name -C $cluster$also"
	eventually sees "$name" uplink || die "$name does not reach its hub"
}
# settings NODE: standard input becomes its fedx.lua, in a federation table
settings() {
	{
		echo 'federation = {'
		echo '  require_mutual_authentication = false, require_encrypted_connections = "no",'
		sed 's/^/  /'
		echo '}'
	} >"conf/$1/fedx.lua"
}
change() {	# change NODE SED-SCRIPT: of its settings; a | is a new line
	sed "$2" "conf/$1/fedx.lua" | tr '|' '\n' >new && cat new >"conf/$1/fedx.lua"
}
reload() {	# reload NODE...
	for one
	do on "$one" 'fedx-probe -q reload >report' || die "$one does not take its settings"
	done
}
dial() {	# dial NODE PEER: at once, not when the wait after the refusal is over
	on "$1" "fedx-probe -H link retry fedx://$(at "$2") | cut -f 2,3" || die "$1 does not dial $2"
}

# ---- questions

sees() { quietly "$1" 'fedx-probe -H links' | grep -q "	$2	up	"; }
peers() { quietly "$1" 'fedx-probe -H peers' | grep -q "^$2	.*	up	"; }
is_refused() { quietly "$1" 'fedx-probe -H peers' | grep "	fedx://$(at "$2")	" | grep -q "	refused	.*$3"; }
answers() { quietly "$1" "fedx-probe -q ping $2"; }
is_silent() { ! answers "$1" "$2"; }
routes() { quietly "$1" "fedx-probe -H routes $2" | grep -c -e '	best	' -e '	equal	'; }
has_routes() { test "$(routes "$1" "$2")" -eq "$3"; }
on_the_way() { test "$(awk -F '\t' 'NR > 1 { printf "%s ", $2 }' out)" = "$1 "; }

# ---- the scenario

for program in fedx-hub fedx-leaf fedx-probe
do command -v "$program" >/dev/null || { echo "three-clusters: $program is not in PATH or FEDX_BIN (${FEDX_BIN-unset})" >&2; exit 69; }
done
base=${TMPDIR:-/tmp}
test ${#base} -le 50 || base=/tmp	# paths of sockets are short
dir=$(mktemp -d "$base/fedx-3.XXXXXX") && cd "$dir" || exit 73
for one in alpha1 alpha2 shop beta1 beta2 depot gamma1 gamma2 lab
do mkdir -p "$one" "conf/$one" && : >"conf/$one/fedx.lua" || exit 73
done

title='the network'
choose_network
printf '%sfedx: three clusters, and what they share%s\n' "$bold" "$plain"
if test -n "$net"
then say 'In network namespaces, one for each node.'
else say "On loopback ($why)."
fi
cat <<'END'

     shop (leaf)       depot (leaf)       lab (leaf)
       |                 |                  |
     alpha1 --------- beta1 ------------ gamma1      the companies alpha, beta and gamma,
       |                 |                  |        each a cluster of two hubs;
     alpha2 --------- beta2 - - - - - -  gamma2      who is linked is up to both sides

   Each prompt names the node; FEDX_RUN is its run directory.
END

step 'Nine nodes' 'Hubs of one cluster are peers; alpha and gamma also dial the hubs of beta.'
hub beta1
hub beta2 beta1
hub alpha1 beta1
hub alpha2 alpha1 beta2
hub gamma1 beta1
hub gamma2 gamma1 beta2
leaf shop alpha alpha1 alpha2
leaf depot beta beta2 beta1
leaf lab gamma gamma1
# shellcheck disable=SC2016	# for the shell that runs it
begin depot stock "fedx-probe serve stock --methods 'count order' -- sh -c 'echo \"\$FEDX_METHOD: 17 lamps\"'"
begin depot payroll 'fedx-probe serve payroll -- cat'
begin lab assay 'fedx-probe serve assay -- cat'
for one in stock payroll
do eventually answers beta1 "$one" || die "beta1 does not find $one"
done
eventually answers gamma2 assay || die 'gamma2 does not find assay'
on beta1 'fedx-probe routes | cut -f 3-7,10,11' || die 'beta1 lists no routes'
grep -q '^beta2	beta2	best	beta2	beta	' out || die 'beta1 has no route to beta2'
on beta1 'fedx-probe call stock count' || die 'stock does not answer within beta'

step 'Apart by default' 'No settings: strict isolation. Both ends refuse, and say by which rule (2101).'
for one in alpha1:beta1 alpha2:beta2 gamma1:beta1 gamma2:beta2
do eventually is_refused "${one%:*}" "${one#*:}" 2101 || die "${one%:*} is not refused by ${one#*:}"
done
on alpha1 'fedx-probe -H peers | grep refused | cut -f 4,8' || die 'alpha1 has no refused peer'
on shop 'fedx-probe call stock count' && die 'the call is answered'
grep -q "^fedx-probe: no_route: nobody announces service 'stock' (not delivered)" err || die 'it fails in another way'

step 'A bridge for one function' 'beta opens stock/count to alpha, alpha opens itself to beta: a reload each.'
for one in beta1 beta2
do settings "$one" <<'END'
mode = "explicit_bridging",
bridges = { "alpha as trade" },
allowed_functions = { "stock/count" },
END
done
for one in alpha1 alpha2
do settings "$one" <<'END'
mode = "explicit_bridging",
bridges = { "beta as supplies" },
END
done
on beta1 'cat conf/beta1/fedx.lua'
reload beta1 beta2 alpha1 alpha2
dial alpha1 beta1
dial alpha2 beta2
eventually peers alpha1 beta1 && eventually peers alpha2 beta2 || die 'the bridges do not come up'
eventually peers alpha2 alpha1 || die 'alpha is not one'
eventually has_routes alpha1 stock 2 || die 'alpha1 has not two routes to stock'
on shop 'fedx-probe call stock count' || die 'the call fails'
test "$(cat out)" = 'count: 17 lamps' || die 'another answer'
say 'Another function of it is refused, and of payroll alpha has not even heard:'
on shop 'fedx-probe call stock order' && die 'an order is taken'
grep -q '^fedx-probe: denied: 2112 function "stock/order" is not open' err || die 'it fails in another way'
on shop 'fedx-probe call payroll list' && die 'the payroll is read'
grep -q '^fedx-probe: no_route' err || die 'it fails in another way'
say 'gamma is where it was, by another rule: beta has bridges now, and none to gamma.'
dial gamma1 beta1
eventually is_refused gamma1 beta1 2102 || die 'gamma is not refused'
on gamma1 'fedx-probe -H peers | grep refused | cut -f 4,8'

step 'A bridge for one hub' 'beta lets gamma in by gamma1 alone: gamma2 is refused (2105).'
for one in beta1 beta2
do settings "$one" <<'END'
mode = "explicit_bridging",
bridges = { "alpha as trade", "gamma gamma1 as research" },
allowed_functions = { "stock/count", "assay" },
END
done
for one in gamma1 gamma2
do settings "$one" <<'END'
mode = "explicit_bridging",
bridges = { "beta as deliveries" },
END
done
reload beta1 beta2 gamma2 gamma1
eventually peers gamma1 beta1 || die 'gamma1 does not meet beta1'
eventually is_refused gamma2 beta2 2105 || die 'gamma2 is not refused'
on gamma2 'fedx-probe -H peers | grep refused | cut -f 4,8'
eventually answers lab stock || die 'gamma does not find stock'
on lab 'fedx-probe call stock count' || die 'the call fails'

step 'No second door' 'alpha and gamma both know beta. That makes them no neighbours, unless all three say so.'
on shop 'fedx-probe call assay gold' && die 'the call is answered'
grep -q '^fedx-probe: no_route' err || die 'it fails in another way'
say 'beta lets them pass (transit), and each of the two opens itself to the other:'
for one in beta1 beta2
do change "$one" 's/^  bridges/  transit = { "alpha gamma", "gamma alpha" },|&/'
done
for one in alpha1 alpha2
do change "$one" 's/"beta as supplies"/&, "gamma"/'
done
for one in gamma1 gamma2
do change "$one" 's/"beta as deliveries"/&, "alpha"/'
done
on beta1 'grep -e bridges -e transit conf/beta1/fedx.lua'
reload alpha2 alpha1 gamma2 gamma1 beta1 beta2
eventually answers shop assay || die 'alpha does not find assay'
on shop 'fedx-probe call assay gold gold' || die 'the call fails'
on shop 'fedx-probe trace assay | cut -f 1-3'
on_the_way 'shop alpha1 beta1 gamma1 lab' || on_the_way 'shop alpha1 alpha2 beta2 beta1 gamma1 lab' || die 'that is not the way'

step 'Explained, on both sides of the bridge' 'Each company asks its own nodes: no settings of the other are told.'
on shop 'fedx-probe explain - stock/count | cut -f 1-4,7'
grep -q '^alpha[12]	end	unknown	-	the next node is of another cluster' out || die 'it does not end at the border'
on beta1 'fedx-probe explain --as alpha1 - stock/count | cut -f 1-4,7' || die 'beta1 cannot explain'
grep -q '^depot	end	delivered' out || die 'it would not be delivered'
on beta1 'fedx-probe explain --as alpha1 - payroll | cut -f 1-4,7'
grep -q '^fedx-probe: denied at beta1: 2112 function "payroll/" is not open' err || die 'payroll is not denied'
say 'Every way that alpha1 knows, and which is used:'
on alpha1 'fedx-probe routes stock | cut -f 1,3-7,10'
test "$(grep -c -e '	best	' -e '	equal	' out)" -eq 2 || die 'there are not two ways'

step 'A border hub is killed' 'Two borders: what went by beta1 goes by beta2. gamma had only one.'
prompt beta1 "kill -9 $(cat beta1.pid)"
kill -9 "$(cat beta1.pid)"
ended "$(cat beta1.pid)"
on shop 'fedx-probe call stock count' || die 'the call fails'
on shop 'fedx-probe trace stock | cut -f 1-3'
on_the_way 'shop alpha1 alpha2 beta2 depot' || die 'that is not the way'
on lab 'fedx-probe call stock count' && die 'gamma still finds stock'
say 'It is started again, and all is as it was:'
hub beta1
eventually has_routes alpha1 stock 2 || die 'the second route does not come back'
eventually answers lab stock || die 'gamma does not find stock again'
on shop 'fedx-probe call stock count' || die 'the call fails'

step 'The bridge is withdrawn' 'beta takes the bridge to alpha out of its settings. It holds at once.'
for one in beta1 beta2
do change "$one" 's/"alpha as trade", //'
done
for one in beta2 beta1
do
	on "$one" 'fedx-probe reload | grep links' || die "$one does not take its settings"
	grep -q ' 1 closed' out || die "$one has not closed its link"
done
eventually is_silent shop stock || die 'alpha still finds stock'
on shop 'fedx-probe call stock count' && die 'the call is answered'
grep -q '^fedx-probe: no_route' err || die 'it fails in another way'
eventually is_refused alpha1 beta1 2102 || die 'alpha1 is not refused'
on alpha1 'fedx-probe -H peers | grep refused | cut -f 4,8'
say 'Within beta, and to gamma, nothing has changed:'
eventually answers lab stock || die 'gamma does not find stock'
on beta1 'fedx-probe call stock order' || die 'stock does not answer within beta'
on lab 'fedx-probe call stock count' || die 'stock does not answer gamma'

step 'The end' 'Everything is asked to end, and does: no process and no namespace of this run is left.'
stop_all || die "a program ended with status $ending"
drop_network
test -z "$net" || ! ip netns list | grep "^$net-" || die 'a namespace is left'
printf '\n%sthree-clusters: all %d steps showed what they say%s\n' "$bold" "$steps" "$plain"
