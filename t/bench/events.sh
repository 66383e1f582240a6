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

headline topology subscribers bytes events_s deliveries_s lost >&2
events() {	# events TOPOLOGY FROM TO SUBSCRIBERS
	for bytes in ${BENCH_BYTES-16 256 4096}
	do
		"$load" publish "$2" "$3" "$4" "$bytes" "${BENCH_SECONDS-3}" >"$dir/events" ||
			{ echo "bench: events $1 failed" >&2; exit 1; }
		sed "s/^{\"v\":1,/{\"v\":1,\"topology\":\"$1\",/" "$dir/events" |
			as_table topology subscribers bytes events_s deliveries_s lost
	done
}
events leaf-hub-leaf "$dir/ea/node.sock" "$dir/eb/node.sock" 1
events hub "$dir/eh/node.sock" "$dir/eh/node.sock" 1
events hub "$dir/eh/node.sock" "$dir/eh/node.sock" 100
events hub "$dir/eh/node.sock" "$dir/eh/node.sock" 1000
kill "$ehub" "$ea" "$eb"
