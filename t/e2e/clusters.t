#!/bin/sh
# clusters.t - hubs of two clusters: what t/data/clusters.txt says comes of each pair of settings, whoever dials (mpreg 2, 3, 4, 49, 52).
. "${0%/*}/../lib/tap.sh"
cd "$FEDX_RUN" || exit 1
mkdir -m 700 a b

told() { grep -Eq -e "$1" "$2"; }
quick='--set link.backoff=20ms --set link.backoff_max=50ms --set link.refused=50ms --set link.refused_max=100ms'
open='--set federation.require_mutual_authentication=no'

# settings_of CLUSTER WORD...: sets $cluster and $options
settings_of() {
	cluster=$1 options=$open
	shift
	for word
	do
		case $word in
		same)		cluster=alpha ;;
		strict|bridge:*) ;;
		explicit)	options="$options --set federation.mode=explicit_bridging" ;;
		permissive)	options="$options --set federation.mode=permissive_bridging" ;;
		allow:*)	options="$options --set federation.allowed_foreign_cluster_ids=${word#*:}" ;;
		block:*)	options="$options --set federation.blocked_foreign_cluster_ids=${word#*:}" ;;
		*)		return 1 ;;
		esac
	done
}


# hub DIR NODE CLUSTER OPTION...
# shellcheck disable=SC2086
hub() {
	hub_dir=$1 hub_node=$2 hub_cluster=$3; shift 3
	start fedx-hub -l 127.0.0.1:0 -i "$hub_node" -C "$hub_cluster" -r "$hub_dir" $quick "$@"
	eval "$hub_dir=\$pid ${hub_dir}_log=\$log"
	wait_ready "$log"
}

# bridges WORD...: the words that have blanks in their setting, as arguments of their own
bridges() {
	for word
	do
		case $word in
		bridge:*) echo "${word#*:}" | tr , ' ' ;;
		esac
	done
}

# both SIDE WORDS DIALS: starts the hub of one side; DIALS is where it dials, or nothing
# shellcheck disable=SC2086
side() {
	case $1 in a) settings_of alpha $2 ;; b) settings_of beta $2 ;; esac || return
	set -- "$1" "$3" "$(bridges $2)"
	case $1 in a) node=a.alpha ;; b) node=b.beta ;; esac
	side_dials=$2 side_dir=$1
	bridge_list=$3
	set -- $options
	test -z "$side_dials" || set -- "$@" -u "fedx://$side_dials"
	while read -r bridge
	do test -z "$bridge" || set -- "$@" --set "federation.bridges=$bridge"
	done <<END
$bridge_list
END
	hub "$side_dir" "$node" "$cluster" "$@"
}

is_up() { fedx-probe -r a -H links | grep -q '^b\.beta	.*	up	' && fedx-probe -r b -H links | grep -q '^a\.alpha	.*	up	'; }
is_apart() { ! fedx-probe -r a -H links | grep '^b\.beta	' | grep -q '	up	'; }
knows() { fedx-probe -r "$1" -H services | grep -q "^$2[[:space:]]"; }

key_of() {
	case $1 in
	2101) echo federation.mode ;;
	2102) echo federation.allowed_foreign_cluster_ids ;;
	2103) echo federation.blocked_foreign_cluster_ids ;;
	2105) echo federation.bridges ;;
	esac
}
explains() {	# explains DIR CODE: of a service that nobody holds
	case $1 in a) as=a.alpha ;; b) as=b.beta ;; esac
	fedx-probe -r "$1" -q -H explain --as "$as" somebody@site nothing 2>/dev/null | grep -q "	link	.*$2 "
}

# comes_of WHAT OUTCOME DIR: of the two hubs that are there; the one in DIR dials
comes_of() {
	what=$1
	case $2 in
	up*)
		ok "$what: the link is up at both" eventually is_up
		for warns in a:alpha b:beta
		do
			eval "warns_log=\$${warns%%:*}_log"
			case "$2 " in
			*" ${warns#*:} "*) ok "$what: with a warning at ${warns#*:}" eventually told 'level=warning .*event=clusters_met' "$warns_log" ;;
			*) ok "$what: without a warning at ${warns#*:}" not told 'level=warning .*event=clusters_met' "$warns_log" ;;
			esac
		done ;;
	*)
		who=${2% *} code=${2#* }
		# shellcheck disable=SC2154
		case $who in alpha) near=$a_log far=$b_log ;; beta) near=$b_log far=$a_log ;; *) not_ok "no outcome: $2"; return ;; esac
		ok "$what: $who refuses with $code" eventually told "event=link_refused .*why=\"$code " "$near"
		ok "$what: mpreg 52: and names the setting" told "event=link_refused .*setting=$(key_of "$code")" "$near"
		ok "$what: mpreg 52: explain says so where it is dialled" eventually explains "$3" "$code"
		ok "$what: and the other one has it as 2106" eventually told "why=\"2106 the far side refused: $code " "$far"
		ok "$what: there is no link" is_apart
		ok "$what: which no side says it had" not told 'event=(link_up|clusters_met)' "$a_log"
		ok "$what: no name has crossed" eval 'not knows a of-beta && not knows b of-alpha' ;;
	esac
}

# pair WHAT ALPHA BETA OUTCOME WHO-DIALS
pair() {
	case $5 in
	beta)	side a "$2" ''; side b "$3" "$(ready_at "$a_log")" ;;
	alpha)	side b "$3" ''; side a "$2" "$(ready_at "$b_log")" ;;
	esac
	case $5 in alpha) dials=a ;; beta) dials=b ;; esac
	comes_of "$1, $5 dials" "$4" "$dials"
	stop "$a"; stop "$b"
}

trim() { echo "$1" | sed 's/^ *//; s/ *$//; s/  */ /g'; }
rows=0
while IFS=';' read -r alpha beta beta_dials alpha_dials <&3
do
	case $alpha in '#'*|'') continue ;; esac
	alpha=$(trim "$alpha") beta=$(trim "$beta")
	pair "mpreg 2: [$alpha] and [$beta]" "$alpha" "$beta" "$(trim "$beta_dials")" beta
	pair "mpreg 2: [$alpha] and [$beta]" "$alpha" "$beta" "$(trim "$alpha_dials")" alpha
	rows=$((rows + 1))
done 3<"$FEDX_SRC/t/data/clusters.txt"
ok 'mpreg 49: there are rows' test "$rows" -ge 20
done_testing
