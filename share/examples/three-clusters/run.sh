#!/bin/sh
# run.sh - three clusters that stay apart, and what they share when both sides say so.
#
# By hand: FEDX_BIN=DIRECTORY-OF-THE-PROGRAMS sh share/examples/three-clusters/run.sh
# FEDX_DEMO=loopback keeps off network namespaces, FEDX_DEMO=namespaces insists on them.
#
# Every command that it shows is the very text that it runs.  It checks what each step
# claims, and whatever way it ends, nothing that it started is left.
set -u
LC_ALL=C; export LC_ALL
umask 077

root=$(cd "$(dirname "$0")/../../.." && pwd) || exit 1
PATH=${FEDX_BIN:-$root/bin}:$PATH; export PATH
unset FEDX_HUB FEDX_CONF FEDX_TOKEN_FILE FEDX_RUN
patience=$((15 * ${FEDX_TEST_SLOW:-1}))		# seconds; what comes, comes much sooner

bold='' dim='' red='' plain=''
if test -t 1 && test -z "${NO_COLOR-}" && test "${TERM:-dumb}" != dumb
then bold=$(printf '\033[1m') dim=$(printf '\033[36m') red=$(printf '\033[31m') plain=$(printf '\033[0m')
fi
dir='' net='' namespaces='' pids='' steps=0

# ---- what is told

step() {	# step TITLE WHAT-IT-SHOWS
	steps=$((steps + 1))
	title=$1
	printf '\n%s%d. %s%s\n   %s\n' "$bold" "$steps" "$1" "$plain" "$2"
}
say() { printf '   %s\n' "$1"; }
die() {
	printf '\n%sthree-clusters: step %d (%s) did not show what it says: %s%s\n' "$red" "$steps" "${title-}" "$1" "$plain" >&2
	for file in "$dir"/*.log
	do
		test -s "$file" || continue
		printf '%s\n' "--- the end of ${file##*/}:" >&2
		tail -n 8 "$file" >&2
	done
	exit 1
}
# lines with tabs become columns; all is set off from the text around it
columns() {
	awk -F '\t' '
		{ n[NR] = NF; for (i = 1; i <= NF; i++) {
			cell[NR, i] = $i; if (NF > 1 && length($i) > wide[i]) wide[i] = length($i) } }
		END { for (r = 1; r <= NR; r++) {
			line = "     "
			for (i = 1; i <= n[r]; i++)
				line = line (i == n[r] ? cell[r, i] : sprintf("%-" wide[i] "s  ", cell[r, i]))
			print line } }'
}
prompt() {	# prompt NODE COMMAND: as somebody there would type it
	printf '   %s%s$ %s%s\n' "$dim" "$1" "$2" "$plain"
}

# ---- what is run: FEDX_RUN is the run directory of the node

# on NODE COMMAND: shows it, runs it; its output is in $dir/out and $dir/err, its status in $status
on() {
	prompt "$1" "$2"
	quietly "$1" "$2" >out 2>err
	status=$?
	columns <out
	columns <err
	return "$status"
}
quietly() {
	if test -n "$net"
	then FEDX_RUN=$dir/$1 ip netns exec "$net-$1" sh -c "$2"
	else FEDX_RUN=$dir/$1 sh -c "$2"
	fi
}
# begin NODE LOG COMMAND: shows it, starts it; its process is $pid
begin() {
	prompt "$1" "$3 &"
	if test -n "$net"
	then FEDX_RUN=$dir/$1 ip netns exec "$net-$1" sh -c "exec $3" >"$2.log" 2>&1 </dev/null &
	else FEDX_RUN=$dir/$1 sh -c "exec $3" >"$2.log" 2>&1 </dev/null &
	fi
	pid=$!
	pids="$pid $pids"
}
eventually() {	# eventually COMMAND...: it succeeds within our patience
	until=$(($(date +%s) + patience))
	until "$@" >/dev/null 2>&1
	do
		test "$(date +%s)" -lt "$until" || return 1
		sleep 0.05
	done
}

# ended PID: waits for it, with patience; its status
ended() {
	# shellcheck disable=SC2016	# for the shell that runs it
	sh -c 'left=$2
		while test "$left" -gt 0
		do
			sleep 0.1
			kill -0 "$1" || exit 0
			left=$((left - 1))
		done
		kill -9 "$1"' watchdog "$1" "$((patience * 10))" >/dev/null 2>&1 </dev/null &
	dog=$!
	{ wait "$1"; } 2>/dev/null
	ending=$?
	{ kill "$dog"; wait "$dog"; } 2>/dev/null
	others=''
	for one in $pids
	do test "$one" = "$1" || others="$others $one"
	done
	pids=$others
	return "$ending"
}
stop_all() {
	for one in $pids
	do kill "$one"
	done 2>/dev/null
	for one in $pids
	do ended "$one" || return
	done
}
drop_network() {
	for one in $namespaces
	do
		for stray in $(ip netns pids "$one")
		do kill -9 "$stray"
		done
		ip netns del "$one"
	done 2>/dev/null
	namespaces=''
}
leave() {
	status=$?
	# bash runs our traps also in a child that is killed before it became its program
	test "$(exec sh -c 'echo "$PPID"')" = $$ || return
	trap - EXIT
	trap '' HUP INT PIPE TERM
	patience=3
	until stop_all
	do :
	done
	drop_network
	test -z "$dir" || { cd / && rm -rf "$dir"; }
	exit "$status"
}
trap leave EXIT
trap 'exit 129' HUP
trap 'exit 130' INT
trap 'exit 141' PIPE
trap 'exit 143' TERM

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
on beta1 'fedx-probe routes | cut -f 3-7,9,10' || die 'beta1 lists no routes'
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
on alpha1 'fedx-probe routes stock | cut -f 1,3-7,9'
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
