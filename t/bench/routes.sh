# routes.sh - of run.sh: routes between hubs: 100 000 of them in one process; a ring of 8
# hubs that loses one; a neighbour whose routes change a thousand times a second.
# BENCH_LOSSES (20) of hubs; BENCH_CHANGES (1000) a second, BENCH_ROUNDS (5) with and without; BENCH_NAMES (100000).
change=${FEDX_BUILD:?}/t/bench/change.bench

headline origins load_ms bytes_route bytes_second_way send_ms sent move_ms move_sent drop_ms change_us flip_us \
	changes_cpu >&2
"${FEDX_BUILD:?}/t/bench/routes.bench" "${BENCH_NAMES-100000}" >"$dir/many" || exit 1
as_table origins load_ms bytes_route bytes_second_way send_ms sent move_ms move_sent drop_ms change_us flip_us \
	changes_cpu <"$dir/many"

probe() { r=$1; shift; "$bin/fedx-probe" -q -r "$dir/$r" "$@" </dev/null; }
route_hub() {	# route_hub NAME ADDRESS [PEER...]: sets $last
	name=$1 at=$2
	shift 2
	for peer
	do
		set -- "$@" --peer "fedx://$peer"
		shift
	done
	run "$bin/fedx-hub" --no-autostart -C ring -i "$name" -r "$dir/$name" -l "$at" \
		--set link.backoff=20ms --set link.backoff_max=50ms "$@"
	last=${pids##* }
}
address_of() { sed -n "s/.*event=ready listen=\([^ ]*\) node=$1 .*/\1/p" "$dir/log" | tail -n 1; }
is_ready() { test -n "$(address_of "$1")"; }

# A ring of eight, the service at r0; r4 asks.  Who is next to r0 on the way is killed.
# Each time in a new ring: routes that were lost before are not believed at once.
ring_open() {
	: >"$dir/log"
	i=0
	while test "$i" -lt 8
	do
		case $i in
		0) set -- ;;
		7) set -- "$at" "$at0" ;;
		*) set -- "$at" ;;
		esac
		route_hub "r$i" 127.0.0.1:0 "$@"
		await is_ready "r$i"
		at=$(address_of "r$i")
		test "$i" -gt 0 || at0=$at
		eval "pid$i=\$last"
		i=$((i + 1))
	done
	run "$load" serve "$dir/r0/node.sock" ringed
	await both_ways
}
both_ways() {	# from r4 to r0, and the service is known on both
	test "$(probe r4 -j routes ringed | grep -cE '"state":"(best|equal|other)".*"length":4')" = 2
}
next_to_r0() { probe r4 -j routes r0 | sed -n 's/.*"state":"best","path":"\(r[0-9] \)*r\([17]\) r0".*/\2/p'; }
headline lost healed_us first_us failed answered >&2
round=0
while test "$round" -lt "${BENCH_LOSSES-20}"
do
	ring_open
	k=$(next_to_r0)
	eval "victim=\$pid$k"
	line=$("$change" heal "$dir/r4/node.sock" ringed "$victim") || exit 1
	printf '%s\n' "$line" | sed "s/\"v\":1,/&\"bench\":\"ring\",\"lost\":\"r$k\",/" |
		as_table lost healed_us first_us failed answered
	cat "$dir/lines" >>"$dir/ring"
	for i in 0 1 2 3 4 5 6 7
	do test "$i" = "$k" || eval "ends \$pid$i"
	done
	round=$((round + 1))
done
printf '{"v":1,"bench":"ring_heals","hubs":8,"rounds":%d,"p50_us":%d,"max_us":%d}\n' "$round" \
	"$(figure healed_us <"$dir/ring" | median_of 0.5)" "$(figure healed_us <"$dir/ring" | median_of 1)" >"$dir/healed"
headline rounds p50_us max_us >&2
as_table rounds p50_us max_us <"$dir/healed"

# Three in a row: the names of the first change, clients of the one in the middle ask each other.
route_hub c0 127.0.0.1:0
await is_ready c0
first=$last at0=$(address_of c0)
route_hub c1 127.0.0.1:0 "$at0"
await is_ready c1
middle=$last at1=$(address_of c1)
route_hub c2 127.0.0.1:0 "$at1"
await is_ready c2
end=$last
run "$load" serve "$dir/c1/node.sock" near
await probe c1 ping near
await probe c2 ping near
rate=${BENCH_CHANGES-1000} seconds=${BENCH_SECONDS-3}
churning() {	# churning SECONDS: in the background; sets $churn
	"$change" churn "$dir/c0/node.sock" "$rate" "$1" >"$dir/churned" & churn=$!
}
before=$(ticks "$middle")
churning "$seconds"
wait "$churn" || { echo 'bench: not all changes were taken' >&2; exit 1; }
after=$(ticks "$middle")
awk -v ticks=$((after - before)) -v hz="$hz" -v s="$seconds" -v rate="$rate" 'BEGIN {
	printf "{\"v\":1,\"bench\":\"changes\",\"changes_s\":%d,\"cpu\":\"%.1f%%\"}\n", rate, ticks / hz / s * 100
}' >"$dir/changes"
headline changes_s cpu >&2
as_table changes_s cpu <"$dir/changes"
asked() {	# asked CHANGES IN_FLIGHT
	line=$("$load" call "$dir/c1/node.sock" near "$2" 256 "$seconds") || exit 1
	printf '%s\n' "$line" | sed "s/\"v\":1,/&\"bench\":\"changes\",\"changes_s\":$1,/" |
		as_table changes_s in_flight req_s p50_us p99_us p999_us
	cat "$dir/lines" >>"$dir/asked"
}
headline changes_s in_flight req_s p50_us p99_us p999_us >&2
for flight in ${BENCH_FLIGHT-1 50 1000}
do
	round=0
	while test "$round" -lt "${BENCH_ROUNDS-5}"
	do
		asked 0 "$flight"
		churning $((seconds + 1))
		asked "$rate" "$flight"
		wait "$churn"
		round=$((round + 1))
	done
done
p99_of() { grep "\"changes_s\":$1,\"in_flight\":$2," "$dir/asked" | figure p99_us | median_of 0.5; }
headline in_flight p99_us_quiet p99_us_changes >&2
for flight in ${BENCH_FLIGHT-1 50 1000}
do
	printf '{"v":1,"bench":"changes_p99","in_flight":%d,"p99_us_quiet":%d,"p99_us_changes":%d}\n' "$flight" \
		"$(p99_of 0 "$flight")" "$(p99_of "$rate" "$flight")" >"$dir/p99"
	as_table in_flight p99_us_quiet p99_us_changes <"$dir/p99"
done
ends "$end"
ends "$middle"
ends "$first"
