#!/bin/sh
# routes-soak.t - five hubs of three clusters, cut and restarted at random: in the end all is as if nothing had been (mpreg 45).
# FEDX_SOAK_SECONDS (20) of it, FEDX_SOAK_SEED (1).
. "${0%/*}/../lib/tap.sh"
cd "$FEDX_RUN" || exit 1

hubs='a1 a2 b1 b2 c1'
links='a1-a2 a1-b1 a2-b2 b1-b2 b2-c1 b1-c1'
quick='--set link.backoff=20ms --set link.backoff_max=100ms --set link.refused=1h --set link.come_back=20ms --no-autostart'
open='--set federation.mode=explicit_bridging --set federation.require_mutual_authentication=no --set federation.transit=on
	--set federation.links_per_minute=10000'
for one in $hubs
do
	mkdir -m 700 "$one"
	eval "at_$one=127.0.0.1:$(free_port)"
done
cluster_of() { case $1 in a*) echo alpha ;; b*) echo beta ;; c*) echo gamma ;; esac; }
at() { eval "echo \$at_$1"; }
# shellcheck disable=SC2086	# words
hub() {
	set -- "$1" $quick $open
	for one in alpha beta gamma
	do test "$one" = "$(cluster_of "$1")" || set -- "$@" --set "federation.allowed_foreign_cluster_ids=$one"
	done
	for one in $links
	do test "${one%-*}" != "$1" || set -- "$@" --peer "fedx://$(at "${one#*-}")"
	done
	hub_name=$1
	shift
	# shellcheck disable=SC2154	# pid, log: start
	start fedx-hub -l "$(at "$hub_name")" -i "$hub_name.test" -C "$(cluster_of "$hub_name")" -r "$hub_name" "$@"
	eval "hub_$hub_name=\$pid"
	wait_ready "$log"
	start fedx-probe -r "$hub_name" serve "where-$hub_name" -- echo "$hub_name"
}
seed=${FEDX_SOAK_SEED:-1}
dice() {	# dice N: sets $rolled, 0 .. N - 1
	seed=$(((seed * 1103515245 + 12345) % 2147483648))
	rolled=$((seed / 65536 % $1))
}
pick() { shift "$1"; echo "$1"; }
says() { test "$(fedx-probe -r "$1" -q call -t 5 "where-$2" x '' </dev/null)" = "$2"; }
all_say() {
	for from in $hubs
	do
		for to in $hubs
		do
			if ! says "$from" "$to"; then echo "$from does not reach $to"; return 1; fi
		done
	done
}
expected() {	# each hub has the four others, and one link for each of its peers
	for one in $hubs
	do
		test "$(fedx-probe -r "$one" -H routes | awk -F '\t' '$5 == "best" { print $3 }' | sort | tr '\n' ' ')" = \
			"$(echo "$hubs" | tr ' ' '\n' | grep -v "^$one\$" | sed 's/$/.test/' | tr '\n' ' ')" || return 1
		test "$(fedx-probe -r "$one" -H links | grep -c '	hub	up	')" = \
			"$(echo "$links" | tr ' ' '\n' | grep -c "$one")" || return 1
	done
}
descriptors() { for one in $hubs; do eval "find /proc/\$hub_$one/fd -type l 2>/dev/null"; done | wc -l; }
memory() { for one in $hubs; do eval "cat /proc/\$hub_$one/status"; done | awk '/VmRSS/ { n += $2 } END { print n }'; }
cut_link() {
	dice 6
	# shellcheck disable=SC2086	# words
	link=$(pick $((rolled + 1)) $links)
	fedx-probe -r "${link%-*}" -q link pause "${link#*-}.test" >/dev/null 2>&1
	dice 4
	sleep "0.$rolled"
	fedx-probe -r "${link%-*}" -q link resume "fedx://$(at "${link#*-}")" >/dev/null 2>&1
}
restart() {
	dice 5
	# shellcheck disable=SC2086	# words
	one_hub=$(pick $((rolled + 1)) $hubs)
	dice 2
	eval "victim=\$hub_$one_hub"
	test "$rolled" = 1 || kill -KILL "$victim"
	stop "$victim" 2>/dev/null
	hub "$one_hub"
}
storm() {	# storm SECONDS: cuts, and a restart for each sixth of them
	until=$(($(date +%s) + $1)) done=0
	while test "$(date +%s)" -lt "$until"
	do
		done=$((done + 1))
		cut_link
		test $((done % 6)) != 0 || restart
	done
}

for one in $hubs; do hub "$one"; done
ok 'five hubs of three clusters reach each other' eventually all_say
ok '... by the routes that are expected' eventually expected
seconds=${FEDX_SOAK_SECONDS:-20}
storm $((seconds / 4 + 1))
ok "mpreg 45: warmed up by $done cuts" eventually all_say
for one in $hubs; do eval "victim=\$hub_$one"; stop "$victim"; hub "$one"; done 2>/dev/null
ok '... all are there' eventually expected
ok '... and say so' eventually all_say
fds=$(descriptors) rss=$(memory)
until=$(($(date +%s) + seconds / 2)) done=0
while test "$(date +%s)" -lt "$until"; do cut_link; done=$((done + 1)); done
ok "mpreg 45: after another $done cuts all routes and links are those that are expected" eventually expected
ok '... and lead there' eventually all_say
flat() { test "$(descriptors)" -le $((fds + 2)); }
ok "... descriptors were $fds" eventually flat
if test -e /proc/self/status && ! grep -q __asan_init "$FEDX_BIN/fedx-hub"
then ok "... memory was $rss KiB, is $(memory)" test "$(memory)" -le $((rss + rss / 10))
else skip 'memory cannot be seen, or belongs to a sanitizer'
fi
storm $((seconds / 4))
ok "mpreg 45: after $done cuts and restarts they are, too" eventually expected
ok '... and lead there' eventually all_say
for one in $hubs
do
	eval "victim=\$hub_$one"
	ok "$one ends well" stop "$victim"
done
done_testing
