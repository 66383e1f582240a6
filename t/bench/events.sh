# events.sh - for run.sh: events a second from one publisher, leaf to leaf, and to many at one hub.
# shellcheck shell=sh disable=SC2154	# what it uses is run.sh's

run "$bin/fedx-hub" -i ehub -r "$dir/eh" -l 127.0.0.1:0 --set link.bus_clients=2000
ehub=$!
await grep -q 'event=ready.*listen' "$dir/log"
eat=$(sed -n 's/.*event=ready listen=\([^ ]*\).*/\1/p' "$dir/log" | tail -n 1)
run "$bin/fedx-leaf" -i ea -r "$dir/ea" -u "fedx://$eat"
ea=$!
run "$bin/fedx-leaf" -i eb -r "$dir/eb" -u "fedx://$eat"
eb=$!
await "$bin/fedx-probe" -r "$dir/ea" ping eb

headline topology subscribers bytes events_s deliveries_s lost cpu_us_delivery >&2
cpu() {	# cpu TICKS: of $dir/events, with what each delivery took of the nodes
	awk -v ticks="$1" -v hz="$hz" -v s="${BENCH_SECONDS-3}" '{
		n = $0; sub(/.*"deliveries_s":/, "", n); sub(/,.*/, "", n)
		sub(/\}$/, sprintf(",\"cpu_us_delivery\":%.2f}", ticks / hz * 1e6 / (n * s)))
		print
	}' "$dir/events"
}
measure() {	# measure PROGRAM SHOW TOPOLOGY FROM TO SUBSCRIBERS PROCESS...: a size at a time, to SHOW's stdin
	program=$1 show=$2 topology=$3 from=$4 to=$5 count=$6
	shift 6
	for bytes in ${BENCH_BYTES-16 256 4096}
	do
		before=$(ticks "$@")
		"$program" publish "$from" "$to" "$count" "$bytes" "${BENCH_SECONDS-3}" >"$dir/events" ||
			{ echo "bench: ${program##*/} publish, $topology, failed" >&2; exit 1; }
		cpu $(($(ticks "$@") - before)) | "$show"
	done
}
show_ours() {
	sed "s/^{\"v\":1,/{\"v\":1,\"topology\":\"$topology\",/" |
		as_table topology subscribers bytes events_s deliveries_s lost cpu_us_delivery
	cat "$dir/lines" >>"$dir/ours"
}
events() { measure "$load" show_ours "$@"; }
events leaf-hub-leaf "$dir/ea/node.sock" "$dir/eb/node.sock" 1 "$ehub" "$ea" "$eb"
events hub "$dir/eh/node.sock" "$dir/eh/node.sock" 1 "$ehub"
events hub "$dir/eh/node.sock" "$dir/eh/node.sock" 100 "$ehub"
events hub "$dir/eh/node.sock" "$dir/eh/node.sock" 1000 "$ehub"
kill "$ehub" "$ea" "$eb"

# The same with nats-server, which a user may have: a hub and two leaf nodes, or one server.
if ! command -v nats-server >/dev/null
then
	echo 'events: no nats-server here, nothing to compare with' >&2
	return 0
fi
nats_leaves=$(free_port)
nats() {	# nats NAME PORT LINE: a server with that line in its configuration
	printf 'listen: 127.0.0.1:%s\nserver_name: %s\nwrite_deadline: "60s"\n%s\n' "$2" "$1" "$3" >"$dir/nats.$1"
	run nats-server -c "$dir/nats.$1" -l "$dir/nats.$1.log"
	await grep -q 'Server is ready' "$dir/nats.$1.log"
}
nats_hub=$(free_port)
nats hub "$nats_hub" "leafnodes { listen: 127.0.0.1:$nats_leaves }"
nhub=${pids##* }
nats_a=$(free_port)
nats a "$nats_a" "leafnodes { remotes: [ { url: nats-leaf://127.0.0.1:$nats_leaves } ] }"
na=${pids##* }
nats_b=$(free_port)
nats b "$nats_b" "leafnodes { remotes: [ { url: nats-leaf://127.0.0.1:$nats_leaves } ] }"
nb=${pids##* }
show_ratio() {
	ours=$(sed -n "/\"topology\":\"$topology\",\"subscribers\":$count,\"bytes\":$bytes,/s/.*\"deliveries_s\":\([0-9]*\).*/\1/p" \
		"$dir/ours")
	awk -v t="$topology" -v ours="$ours" '{
		n = $0; sub(/.*"deliveries_s":/, "", n); sub(/,.*/, "", n)
		sub(/^\{"v":1,/, "{\"v\":1,\"topology\":\"nats-server " t "\",")
		sub(/\}$/, sprintf(",\"fedx_times\":\"%.2f\"}", ours / n))
		print
	}' | as_table topology subscribers bytes events_s deliveries_s lost cpu_us_delivery fedx_times
}
ratio() { measure "${FEDX_BUILD:?}/t/bench/nats.bench" show_ratio "$@"; }
headline topology subscribers bytes events_s deliveries_s lost cpu_us_delivery fedx_times >&2
ratio leaf-hub-leaf "$nats_a" "$nats_b" 1 "$nhub" "$na" "$nb"
ratio hub "$nats_hub" "$nats_hub" 1 "$nhub"
ratio hub "$nats_hub" "$nats_hub" 100 "$nhub"
ratio hub "$nats_hub" "$nats_hub" 1000 "$nhub"
kill "$nhub" "$na" "$nb"
