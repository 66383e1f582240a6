#!/bin/sh
# run.sh - make bench: finding a flow; what policy costs; what routes cost and how fast they
# heal; events a second; what a border between clusters costs; many leaves; requests a second and
# latency, leaf-hub-leaf and on one hub.
#
# Real daemons on loopback, the load generator of load.c as clients on their bus
# sockets, closed loop.  JSON lines on stdout (one a case), a table on stderr.
# BENCH_SECONDS (3) a case; BENCH_BYTES ("16 256 4096"); BENCH_FLIGHT ("1 50 1000");
# BENCH_PARTS ("flow policy routes events clusters crowd links"); BENCH_ROUNDS (5) with and without policy, in turn;
# BENCH_FLOWS (65536) for the reload.
# Ratios are only worth something within one run on a quiet machine.
set -u
bin=${FEDX_BIN:?}
load=${FEDX_BUILD:?}/t/bench/load.bench
dir=$(mktemp -d "${TMPDIR:-/tmp}/fxb.XXXXXX") || exit 1
pids=
finish() {
	for p in $pids; do kill "$p" 2>/dev/null; done
	wait
	rm -rf "$dir"
}
trap finish 0
trap 'exit 1' 1 2 15

await() {	# await COMMAND...: for 10 s at most
	n=0
	until "$@" >/dev/null 2>&1; do
		n=$((n + 1))
		test "$n" -lt 200 || { echo "bench: $* never held" >&2; exit 1; }
		sleep 0.05
	done
}
run() { "$@" 2>>"$dir/log" & pids="$pids $!"; }

hz=$(getconf CLK_TCK)
ticks() {	# of CPU, user and system, of the processes given
	for p; do cat "/proc/$p/stat" 2>/dev/null; done | awk '{ n += $14 + $15 } END { print n + 0 }'
}

as_table() {	# as_table KEY...: of JSON lines, to stderr
	tee "$dir/lines"
	sed 's/[{}"]//g' "$dir/lines" | awk -F, -v OFS='\t' -v keys="$*" '{
		for (i = 1; i <= NF; i++) { split($i, kv, ":"); v[kv[1]] = kv[2] }
		n = split(keys, key, " ")
		for (i = 1; i <= n; i++) printf "%s%s", v[key[i]], i < n ? OFS : "\n"
	}' >&2
}
is_up() { "$bin/fedx-probe" -q -r "$1" call fedx policy </dev/null | grep -q '"state":"up"'; }
route_of() { "$bin/fedx-probe" -q -r "$1" call fedx policy </dev/null | sed -n 's/.*"pid":\([0-9]*\).*/\1/p'; }
ends() { kill "$1" && wait "$1" 2>/dev/null; }
headline() { printf '%s' "$1"; shift; printf '\t%s' "$@"; echo; }
wants() { case " ${BENCH_PARTS-flow policy routes events clusters crowd links} " in *" $1 "*) ;; *) return 1 ;; esac; }

if wants flow
then
	headline flows masks hit_ns none_ns memory_ns >&2
	"${FEDX_BUILD:?}/t/bench/flow.bench" >"$dir/flow" || exit 1
	as_table flows masks hit_ns none_ns memory_ns <"$dir/flow"
fi
if wants policy
then . "${0%/*}/policy.sh"
fi
if wants routes
then . "${0%/*}/routes.sh"
fi
if wants events
then . "${0%/*}/events.sh"
fi
if wants clusters
then . "${0%/*}/clusters.sh"
fi
if wants crowd
then . "${0%/*}/crowd.sh"
fi
wants links || exit 0

run "$bin/fedx-hub" -i hub -r "$dir/h" -l 127.0.0.1:0
hub=$!
await grep -q 'event=ready.*listen' "$dir/log"
at=$(sed -n 's/.*event=ready listen=\([^ ]*\).*/\1/p' "$dir/log" | tail -n 1)
run "$bin/fedx-leaf" -i a -r "$dir/a" -u "fedx://$at"
a=$!
run "$bin/fedx-leaf" -i b -r "$dir/b" -u "fedx://$at"
b=$!
await "$bin/fedx-probe" -r "$dir/a" ping b
run "$load" serve "$dir/b/node.sock" far
run "$load" serve "$dir/h/node.sock" near
await "$bin/fedx-probe" -r "$dir/a" ping far
await "$bin/fedx-probe" -r "$dir/h" ping near

printf 'topology\tbytes\tin_flight\treq_s\tp50_us\tp99_us\tcpu_us_req\n' >&2
one() {	# one TOPOLOGY SERVICE SOCKET PROCESS...
	topology=$1 service=$2 socket=$3
	shift 3
	for bytes in ${BENCH_BYTES-16 256 4096}; do
		for flight in ${BENCH_FLIGHT-1 50 1000}; do
			before=$(ticks "$@")
			line=$("$load" call "$socket" "$service" "$flight" "$bytes" "${BENCH_SECONDS-3}") ||
				{ echo "bench: $topology failed: $line" >&2; exit 1; }
			after=$(ticks "$@")
			printf '%s\n' "$line" | awk -v t="$topology" -v ticks=$((after - before)) -v hz="$hz" \
				-v s="${BENCH_SECONDS-3}" '{
				n = $0; sub(/.*"req_s":/, "", n); sub(/,.*/, "", n)
				cpu = ticks / hz * 1e6 / (n * s)
				sub(/^\{"v":1,/, "{\"v\":1,\"topology\":\"" t "\",")
				sub(/\}$/, sprintf(",\"cpu_us_req\":%.2f}", cpu))
				print
			}' | as_table topology bytes in_flight req_s p50_us p99_us cpu_us_req
		done
	done
}
one leaf-hub-leaf far "$dir/a/node.sock" "$hub" "$a" "$b"
one hub near "$dir/h/node.sock" "$hub"
