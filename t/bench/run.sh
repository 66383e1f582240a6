#!/bin/sh
# run.sh - make bench: finding a flow; what policy costs; what routes cost and how fast they
# heal; events a second, and beside who does not read them; what a border between clusters
# costs; many leaves; requests a second and latency, leaf-hub-leaf and on one hub.
#
# Real daemons on loopback, the load generators beside this as their clients.  JSON lines on
# stdout (one a case), a table on stderr.  What else each part can be told is in its file.
# BENCH_SECONDS (3) a case; BENCH_BYTES ("16 256 4096"); BENCH_FLIGHT ("1 50 1000");
# BENCH_PARTS ("flow policy routes events slow clusters crowd requests");
# BENCH_ROUNDS (5) with and without policy, in turn;
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

await() {	# await COMMAND...: for 30 s at most
	n=0
	until "$@" >/dev/null 2>&1; do
		n=$((n + 1))
		test "$n" -lt 600 || { echo "bench: $* never held" >&2; exit 1; }
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
median_of() {	# median_of SHARE: of numbers on stdin, the one below which SHARE (0 .. 1) of them lie
	sort -n | awk -v s="$1" '{ v[NR] = $1 } END { i = int(NR * s) + 1; if (i > NR) i = NR; print v[i] }'
}
figure() { sed -n "s/.*\"$1\":\([0-9.]*\).*/\1/p"; }
free_port() {
	perl -MIO::Socket::INET -e 'print IO::Socket::INET->new(Listen => 1, LocalAddr => "127.0.0.1")->sockport'
}
ends() { kill "$1" && wait "$1" 2>/dev/null; }
headline() { printf '%s' "$1"; shift; printf '\t%s' "$@"; echo; }
wants() { case " ${BENCH_PARTS-flow policy routes events slow clusters crowd requests} " in *" $1 "*) ;; *) return 1 ;; esac; }

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
if wants slow
then . "${0%/*}/slow.sh"
fi
if wants clusters
then . "${0%/*}/clusters.sh"
fi
if wants crowd
then . "${0%/*}/crowd.sh"
fi
if wants requests
then . "${0%/*}/requests.sh"
fi
