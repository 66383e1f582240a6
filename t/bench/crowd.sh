# crowd.sh - of run.sh: what many links cost a hub that is idle, and how soon all leaves can be
# called again after it was killed and away for a second.
# BENCH_LINKS ("1000 5000 10000") leaves, simulated by one process; BENCH_CROWD ("plain tls resumed") ways
# to link: tls with full handshakes, resumed with sessions that the hub had written to its file; BENCH_POLICY (yes): the hub has a small policy, and so a fedx-route, which is asked about each
# leaf and each call; no: it has none; BENCH_HUB: options for the hub (--set link.handshakes=20000).  Each process needs as many descriptors (ulimit -n).
# shellcheck shell=sh disable=SC2154,SC2034,SC2086	# what it uses is run.sh's

crowd=${FEDX_BUILD:?}/t/bench/crowd.bench

rss_kib() {	# of the processes given, together
	for p
	do
		if test -r "/proc/$p/status"
		then sed -n 's/^VmRSS:[^0-9]*\([0-9]*\).*/\1/p' "/proc/$p/status"
		else ps -o rss= -p "$p"
		fi
	done | awk '{ n += $1 } END { print n + 0 }'
}
crowd_hub() {	# crowd_hub [ADDRESS]: sets $last and $at
	: >"$dir/log"
	run "$bin/fedx-hub" -i hub.crowd -C crowd -r "$dir/crowd" -c "$dir/crowd.conf" -l "${1:-127.0.0.1:0}" \
		--token-file "$dir/keys/tokens" --set link.per_address=1048576 $tls_hub ${BENCH_HUB-}
	last=${pids##* }
	await grep -q 'event=ready.*listen' "$dir/log"
	at=$(sed -n 's/.*event=ready listen=\([^ ]*\).*/\1/p' "$dir/log" | tail -n 1)
}
crowd_start() {	# crowd_start LEAVES [OPTION...]: sets $leaves
	: >"$dir/rounds"
	n=$1
	shift
	"$crowd" "$n" "$at" --token "$dir/keys/all.crowd.token" $tls_leaf "$@" >"$dir/rounds" 2>>"$dir/log" &
	leaves=$!
	pids="$pids $leaves"
}
round_ends() {	# round_ends NUMBER: the line of that round, for two minutes at most
	n=0
	until test "$(wc -l <"$dir/rounds")" -ge "$1"
	do
		n=$((n + 1))
		if test "$n" -ge 1200 || ! kill -0 "$leaves" 2>/dev/null
		then
			echo "bench: a crowd of $links ($way) was not up in time" >&2
			tail -n 3 "$dir/log" >&2
			return 1
		fi
		sleep 0.1
	done
}
killed() { { kill -KILL "$@" && wait "$1"; } 2>/dev/null; }
sessions_kept() { test -n "$(find "$dir/sessions" -newer "$dir/known")"; }
route_is_up() {
	"$bin/fedx-probe" -q -r "$dir/crowd" ping hub.crowd || return
	test "${BENCH_POLICY-yes}" = no && return
	is_up "$dir/crowd" && route=$(route_of "$dir/crowd") && test -n "$route"
}
measured() { awk "$@" </dev/null >"$dir/measured"; }

idle_links() {
	route=
	crowd_hub
	await route_is_up
	before=$(rss_kib "$last")
	crowd_start "$links"
	if round_ends 1
	then
		measured -v n="$links" -v way="$way" -v before="$before" -v hub="$(rss_kib "$last")" \
			-v both="$(rss_kib "$last" $route)" -v most="$idle_most" 'BEGIN {
			each = (hub - before) * 1024 / n
			printf "{\"v\":1,\"bench\":\"idle_links\",\"way\":\"%s\",\"links\":%d,\"bytes_link\":%d,\"most\":%d,", way, n, each, most
			printf "\"of_most\":\"%.2f\",\"hub_mib\":\"%.1f\",\"both_mib\":\"%.1f\"}\n", each / most, hub / 1024, both / 1024 }'
		as_table bench way links bytes_link most of_most hub_mib both_mib <"$dir/measured"
	fi
	ends "$leaves"
	ends "$last"
}

figure_of() { sed -n "$1s/.*\"$2\":\([0-9]*\).*/\1/p" "$dir/rounds"; }
leaves_back() {
	route=
	crowd_hub
	await route_is_up
	crowd_start "$links" --call "$dir/crowd/node.sock"
	if round_ends 1
	then
		: >"$dir/known"
		test "$way" != resumed || await sessions_kept
		killed "$last" $route	# or the next hub takes over the fedx-route, and its memory
		sleep 1
		crowd_hub "$at"
		round_ends 2 || { ends "$leaves"; ends "$last"; return 0; }
		await route_is_up
		measured -v n="$links" -v way="$way" -v cpu="$(ticks "$last" $route)" -v hz="$hz" \
			-v both="$(rss_kib "$last" $route)" -v half="$(figure_of 2 half_ms)" \
			-v all="$(figure_of 2 callable_ms)" -v most="$(back_most)" -v redials="$(figure_of 2 redials)" \
			-v resumed="$(figure_of 2 resumed)" \
			-v again="$(figure_of 2 again)" -v failed="$(figure_of 2 failed)" \
			-v lost="$(figure_of 2 lost)" -v twice="$(figure_of 2 twice)" -v crowd="$(figure_of 2 crowd_ms)" 'BEGIN {
			printf "{\"v\":1,\"bench\":\"leaves_back\",\"way\":\"%s\",\"links\":%d,\"half_ms\":%d,\"callable_ms\":%d,", way, n, half, all
			printf "\"most_ms\":%d,\"of_most\":\"%.2f\",\"cpu_ms\":%d,\"crowd_ms\":%d,\"both_mib\":\"%.1f\",\"of_60_mib\":\"%.2f\",",
				most, all / most, cpu / hz * 1000, crowd, both / 1024, both / 1024 / 60
			printf "\"redials\":%d,\"resumed\":%d,\"again\":%d,\"failed\":%d,\"lost\":%d,\"twice\":%d}\n", redials, resumed, again, failed, lost, twice }'
		as_table bench way links half_ms callable_ms most_ms of_most cpu_ms crowd_ms both_mib of_60_mib redials resumed again failed lost \
			twice <"$dir/measured"
	fi
	ends "$leaves"
	ends "$last"
	rm -f "$dir/sessions"
}
back_most() {	# ms, for so many: 1000 in 1 s, 5000 in 2 s, 10 000 in 4 s; resumed sessions may take twice
	# that, and full handshakes, of which nothing was promised, are held against it too
	if test "$links" -le 1000; then most=1000
	elif test "$links" -le 5000; then most=2000
	else most=$((links * 4 / 10))
	fi
	test "$way" = plain || most=$((most * 2))
	echo "$most"
}

"$bin/fedx-probe" keygen hub hub.crowd -d "$dir/keys" --ip 127.0.0.1 >/dev/null &&
	"$bin/fedx-probe" keygen token all.crowd -d "$dir/keys" >/dev/null ||
	{ echo 'bench: no keys for the crowd' >&2; return 1; }
sed 's/all\.crowd/*.crowd/' "$dir/keys/tokens" >"$dir/keys/of_all" && mv "$dir/keys/of_all" "$dir/keys/tokens"

mkdir "$dir/crowd.conf"
test "${BENCH_POLICY-yes}" = no || cat >"$dir/crowd.conf/policy.lua" <<'END'
local ok = fedx.allow{ name = "all" }
function route(msg, env) return ok end
END

crowds() {	# crowds MEASURE: an idle link is the same after a resumed handshake
	for way in ${BENCH_CROWD-plain tls resumed}
	do
		case $way in
		plain)	idle_most=1024 tls_hub='' tls_leaf='' ;;
		tls|resumed)
			idle_most=14336 tls_leaf=--tls
			tls_hub="--tls-cert $dir/keys/hub.pem --tls-key $dir/keys/hub.key"
			test "$way" = tls || tls_leaf=--resume tls_hub="$tls_hub --set tls.session_file=$dir/sessions" ;;
		*)	echo "bench: crowd: no way '$way': plain, tls, resumed" >&2; continue ;;
		esac
		test "$1 $way" != 'idle_links resumed' || continue
		for links in ${BENCH_LINKS-1000 5000 10000}
		do
			"$1"
		done
	done
}
headline bench way links bytes_link most of_most hub_mib both_mib >&2
crowds idle_links
headline bench way links half_ms callable_ms most_ms of_most cpu_ms crowd_ms both_mib of_60_mib redials resumed again failed lost twice >&2
crowds leaves_back
