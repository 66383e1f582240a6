# clusters.sh - of run.sh: what a border costs: the same echo on one hub, over a link within
# the cluster, over one to another cluster, over two (mpreg.md 13.2, check 47).
# shellcheck shell=sh disable=SC2154	# what it uses is run.sh's

rounds=${BENCH_ROUNDS-5}
cluster_hub() {	# cluster_hub NAME CLUSTER [PEER...]: sets $at and $last
	name=$1 cluster=$2
	shift 2
	for peer
	do
		set -- "$@" --peer "fedx://$peer"
		shift
	done
	run "$bin/fedx-hub" --no-autostart -C "$cluster" -i "$name" -r "$dir/$name" -l 127.0.0.1:0 \
		--set federation.mode=permissive_bridging --set federation.require_mutual_authentication=no \
		--set federation.transit=on --set federation.requests_per_minute=1048576 "$@"
	last=${pids##* }
	await grep -q "event=ready listen=.* node=$name " "$dir/log"
	at=$(sed -n "s/.*event=ready listen=\([^ ]*\) node=$name .*/\1/p" "$dir/log" | tail -n 1)
	run "$load" serve "$dir/$name/node.sock" "at-$name"
}
cluster_hub g1 gamma
g1=$last
cluster_hub f1 beta "$at"
f1=$last f1_at=$at
cluster_hub e2 alpha
e2=$last
cluster_hub e1 alpha "$at" "$f1_at"
e1=$last
for one in e1 e2 f1 g1
do await "$bin/fedx-probe" -q -r "$dir/e1" ping "at-$one"
done
: >"$dir/borders"
headline way in_flight req_s p50_us p95_us p99_us >&2
for flight in 1 50
do
	round=0
	while test "$round" -lt "$rounds"	# in turn, so that all of them have the same neighbours on the machine
	do
		round=$((round + 1))
		for way in e1:local e2:link f1:border g1:two_borders
		do
			"$load" call "$dir/e1/node.sock" "at-${way%:*}" "$flight" 256 "${BENCH_BORDER_SECONDS-1}" |
				sed "s/\"v\":1,/&\"bench\":\"borders\",\"way\":\"${way#*:}\",/" >>"$dir/borders"
		done
	done
	for way in local link border two_borders
	do
		set -- req_s p50_us p95_us p99_us
		line=
		for key
		do
			line="$line,\"$key\":$(grep "\"way\":\"$way\",\"in_flight\":$flight," "$dir/borders" |
				sed -n "s/.*\"$key\":\([0-9]*\).*/\1/p" | sort -n | awk '{ v[NR] = $1 } END { print v[int((NR + 1) / 2)] + 0 }')"
		done
		printf '{"v":1,"bench":"borders","way":"%s","in_flight":%d%s}\n' "$way" "$flight" "$line" >"$dir/border"
		as_table way in_flight req_s p50_us p95_us p99_us <"$dir/border"
	done
done
before=$(ticks "$e1" "$f1")
sleep 5
awk -v n=$(($(ticks "$e1" "$f1") - before)) -v hz="$hz" 'BEGIN {
	printf "{\"v\":1,\"bench\":\"idle_border\",\"cpu\":\"%.2f%%\"}\n", n / hz / 5 * 100 }' >"$dir/border"
headline bench cpu >&2
as_table bench cpu <"$dir/border"
kill "$e1" "$e2" "$f1" "$g1"
