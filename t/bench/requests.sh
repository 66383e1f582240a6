# requests.sh - of run.sh: requests a second, their latency and what they cost each daemon, leaf-hub-leaf
# and on one hub, beside nats-server, mosquitto and the bare relay where they are installed; then the ratios.
#
# BENCH_PEERS ("fedx fedx-tls nats nats-1 nats-tls mosquitto floor"): nats-1 has GOMAXPROCS=1;
# BENCH_CLIENTS ("tcp unix"); BENCH_PINS ("no yes"): all on one core, BENCH_CORE (0); BENCH_BYTES; BENCH_FLIGHT;
# BENCH_OPEN ("50 80"): of what the closed loop reached with 50 in flight, in percent;
# BENCH_SECONDS (3) a case; BENCH_REPEATS (1): all of it again, in turn; the ratios are of medians.
# shellcheck shell=sh disable=SC2154,SC2086	# what it uses is run.sh's; words

natsload=${FEDX_BUILD:?}/t/bench/nats.bench
mqttload=${FEDX_BUILD:?}/t/bench/mqtt.bench
floor=${FEDX_BUILD:?}/t/bench/floor.bench
: >"$dir/requests"

# --- a peer: its daemons, a service behind it, and how to call that ---
# NAME_peer sets $hub, $a and $b, process ids; NAME_serve begins a service, and sets $call.

pinned() { if test "$pin" = yes; then taskset -c "${BENCH_CORE-0}" "$@"; else "$@"; fi; }
daemon() {	# daemon COMMAND...: its log is $dir/daemon; sets $last
	: >"$dir/daemon"
	test "$pin" = no || set -- taskset -c "${BENCH_CORE-0}" "$@"
	"$@" >>"$dir/daemon" 2>&1 &
	last=$!		# of the daemon itself: taskset becomes it
	pids="$pids $last" began="$began $last"
}
ready_node() {	# sets $at, the port of what began last
	await grep -q 'event=ready.*listen' "$dir/daemon"
	at=$(sed -n 's/.*event=ready listen=[^ ]*:\([0-9]*\).*/\1/p' "$dir/daemon" | tail -n 1)
}

fedx_peer() {	# fedx_peer [tls]
	rm -rf "$dir/rh" "$dir/ra" "$dir/rb"
	up=fedx hub_tls='' leaf_tls=''
	if test "${1-}" = tls
	then up=fedxs hub_tls="--tls-cert $dir/rkeys/hub.pem --tls-key $dir/rkeys/hub.key" leaf_tls="--tls-ca $dir/rkeys/ca.pem"
	fi
	daemon "$bin/fedx-hub" -i rh -r "$dir/rh" -l 127.0.0.1:0 $hub_tls
	ready_node
	hub=$last hub_at=$at
	daemon "$bin/fedx-leaf" -i ra -r "$dir/ra" -u "$up://127.0.0.1:$hub_at" -l 127.0.0.1:0 $leaf_tls
	ready_node
	a=$last a_at=$at
	daemon "$bin/fedx-leaf" -i rb -r "$dir/rb" -u "$up://127.0.0.1:$hub_at" -l 127.0.0.1:0 $leaf_tls
	ready_node
	b=$last b_at=$at
	await "$bin/fedx-probe" -r "$dir/ra" ping rb
}
fedx_serve() {	# the service, for these clients and topology
	case $clients-$topology in
	tcp-hub)	to=$hub_at from=$hub_at r=rh ;;
	tcp-*)		to=$b_at from=$a_at r=ra ;;
	*-hub)		to=$dir/rh/node.sock from=$to r=rh ;;
	*)		to=$dir/rb/node.sock from=$dir/ra/node.sock r=ra ;;
	esac
	daemon "$load" serve "$to" "echo-$topology-$clients"
	await "$bin/fedx-probe" -r "$dir/$r" ping "echo-$topology-$clients"
	call="$load call $from echo-$topology-$clients"
}

nats_conf() {	# nats_conf NAME PORT LINE: a server with that in its configuration; sets $last
	printf 'listen: 127.0.0.1:%s\nserver_name: %s\n%s\n' "$2" "$1" "$3" >"$dir/$1.conf"
	rm -f "$dir/$1.log"
	daemon nats-server -c "$dir/$1.conf" -l "$dir/$1.log"
	await grep -q 'Server is ready' "$dir/$1.log"
}
nats_peer() {	# nats_peer [tls]
	leaf_at=$(free_port) hub_at=$(free_port) a_at=$(free_port) b_at=$(free_port) hub_tls='' leaf_tls=''
	if test "${1-}" = tls
	then
		hub_tls="tls { cert_file: \"$dir/rkeys/hub.pem\", key_file: \"$dir/rkeys/hub.key\" }"
		leaf_tls=", tls { ca_file: \"$dir/rkeys/ca.pem\" }"
	fi
	nats_conf nh "$hub_at" "leafnodes { listen: 127.0.0.1:$leaf_at, $hub_tls }"
	hub=$last
	nats_conf na "$a_at" "leafnodes { remotes: [ { url: nats-leaf://127.0.0.1:$leaf_at $leaf_tls } ] }"
	a=$last
	nats_conf nb "$b_at" "leafnodes { remotes: [ { url: nats-leaf://127.0.0.1:$leaf_at $leaf_tls } ] }"
	b=$last
}
nats_serve() {
	to=$b_at from=$a_at
	test "$topology" != hub || to=$hub_at from=$hub_at
	daemon "$natsload" serve "$to" "echo-$topology"
	call="$natsload call $from echo-$topology"
}

mqtt_conf() {	# mqtt_conf NAME PORT [LINE...]
	name=$1
	printf '%s\n' "listener $2 127.0.0.1" 'allow_anonymous true' 'max_queued_messages 0' 'log_dest stderr' \
		'set_tcp_nodelay true' >"$dir/$name.conf"
	shift 2
	test $# = 0 || printf '%s\n' "$@" >>"$dir/$name.conf"
	daemon mosquitto -c "$dir/$name.conf"
	await grep -q 'running' "$dir/daemon"
}
mqtt_bridge() {	# mqtt_bridge NAME PORT IN OUT: topics from and to the hub
	mqtt_conf "$1" "$2" "connection $1" "address 127.0.0.1:$hub_at" 'cleansession true' 'bridge_attempt_unsubscribe false' \
		'try_private true' "topic $3 in 0" "topic $4 out 0"
}
mqtt_peer() {
	hub_at=$(free_port) a_at=$(free_port) b_at=$(free_port)
	mqtt_conf mh "$hub_at"
	hub=$last
	mqtt_bridge ma "$a_at" r q
	a=$last
	mqtt_bridge mb "$b_at" q r
	b=$last
}
mqtt_serve() {
	to=$b_at from=$a_at
	if test "$topology" = hub	# alone: bridges take all that is said on their topics
	then
		ends "$a"
		ends "$b"
		to=$hub_at from=$hub_at
	fi
	daemon "$mqttload" serve "$to"
	call="$mqttload call $from"
}

relay() {	# relay LISTEN [DIAL]; sets $last
	test "${1#/}" = "$1" || rm -f "$1"
	daemon "$floor" "$@"
	await grep -q 'floor: listens' "$dir/daemon"
}
floor_serve() {	# daemons of its own for each kind of client
	hub_at=$(free_port) to=$hub_at from=$hub_at
	if test "$clients" = unix && test "$topology" = hub
	then hub_at=$dir/floor.h to=$dir/floor.h from=$dir/floor.h
	fi
	relay "$hub_at"
	hub=$last
	if test "$topology" != hub
	then
		case $clients in
		tcp)	to=$(free_port) from=$(free_port) ;;
		*)	to=$dir/floor.b from=$dir/floor.a ;;
		esac
		relay "$to" "$hub_at"
		b=$last
		relay "$from" "$hub_at"
		a=$last
	fi
	daemon "$load" serve "$to" echo
	call="$load call $from echo"
}

# --- a case ---

answers() { $call 1 16 1 >/dev/null 2>&1; }
request_keys='peer topology clients pinned loop in_flight rate bytes req_s p50_us p99_us p999_us cpu_us_req cpu_us_hub cpu_us_a cpu_us_b'
of_each() {	# ticks of the hub, a and b; on one hub there are no others
	if test "$topology" = hub
	then echo "$(ticks "$hub") 0 0"
	else echo "$(ticks "$hub") $(ticks "$a") $(ticks "$b")"
	fi
}
one_case() {	# one_case LOOP FLIGHT-OR-@RATE BYTES
	was=$(of_each)
	line=$(pinned $call "$2" "$3" "${BENCH_SECONDS-3}") || {
		echo "bench: $peer $topology $clients $2 $3 failed: $line" >&2
		return 0
	}
	printf '%s %s %s\n' "$was" "$(of_each)" "$line" | awk -v peer="$peer" -v t="$topology" -v c="$clients" -v pin="$pin" \
		-v loop="$1" -v hz="$hz" -v s="${BENCH_SECONDS-3}" '{
		n = $7; sub(/.*"req_s":/, "", n); sub(/,.*/, "", n)
		us = 1e6 / hz / (n * s)
		sub(/^\{"v":1,/, "", $7); sub(/\}$/, "", $7)
		printf "{\"v\":1,\"bench\":\"requests\",\"peer\":\"%s\",\"topology\":\"%s\",\"clients\":\"%s\",\"pinned\":\"%s\",\"loop\":\"%s\",%s,",
			peer, t, c, pin, loop, $7
		printf "\"cpu_us_req\":%.2f,\"cpu_us_hub\":%.2f,\"cpu_us_a\":%.2f,\"cpu_us_b\":%.2f}\n",
			($4 + $5 + $6 - $1 - $2 - $3) * us, ($4 - $1) * us, ($5 - $2) * us, ($6 - $3) * us
	}' >"$dir/one"
	as_table $request_keys <"$dir/one"
	cat "$dir/one" >>"$dir/requests"
}
all_cases() {
	for bytes in ${BENCH_BYTES-16 256 4096}
	do
		peak=
		for flight in ${BENCH_FLIGHT-1 50 1000}
		do
			one_case closed "$flight" "$bytes"
			test "$flight" != 50 || peak=$(figure req_s <"$dir/one")
		done
		for share in ${BENCH_OPEN-50 80}
		do test -z "$peak" || one_case "open$share" "@$((peak * share / 100 + 1))" "$bytes"
		done
	done
}
peer_cases() {	# peer_cases SERVE "CLIENTS": what began goes
	for topology in leaf-hub-leaf hub
	do
		for clients in ${BENCH_CLIENTS-tcp unix}
		do
			case " $2 $topology " in
			*" tls hub "*)	continue ;;	# there is no uplink
			esac
			case " $2 " in
			*" $clients "*)	;;
			*)	continue ;;
			esac
			"$1"
			await answers
			all_cases
			ends "$last"	# the service
		done
	done
}
missing() { echo "bench: no $1 here, nothing to compare with" >&2; }
peer_ends() {
	for p in $began
	do ends "$p" 2>/dev/null
	done
}
peer_run() {
	began=
	case $peer in
	fedx)		fedx_peer; peer_cases fedx_serve 'tcp unix' ;;
	fedx-tls)	fedx_peer tls; peer_cases fedx_serve 'tcp tls' ;;
	nats*)
		command -v nats-server >/dev/null || { missing nats-server; return 0; }
		test "$peer" != nats-1 || { GOMAXPROCS=1; export GOMAXPROCS; }
		case $peer in
		nats-tls)	nats_peer tls; peer_cases nats_serve 'tcp tls' ;;
		*)		nats_peer; peer_cases nats_serve tcp ;;
		esac
		unset GOMAXPROCS ;;
	mosquitto)
		command -v mosquitto >/dev/null || { missing mosquitto; return 0; }
		mqtt_peer; peer_cases mqtt_serve tcp ;;
	floor)		peer_cases floor_serve 'tcp unix' ;;
	*)		echo "bench: no peer '$peer'" >&2 ;;
	esac
	peer_ends
}

"$bin/fedx-probe" keygen hub rh.test -d "$dir/rkeys" --ip 127.0.0.1 >/dev/null || echo 'bench: no keys, no TLS' >&2
headline $request_keys >&2
repeat=0
while test "$repeat" -lt "${BENCH_REPEATS-1}"
do
	repeat=$((repeat + 1))
	for pin in ${BENCH_PINS-no yes}
	do
		if test "$pin" = yes && ! command -v taskset >/dev/null
		then echo 'bench: no taskset here, nothing is pinned' >&2
		else
			for peer in ${BENCH_PEERS-fedx fedx-tls nats nats-1 nats-tls mosquitto floor}
			do peer_run
			done
		fi
	done
done

# --- what was promised, of medians over the repeats ---

median_case() {	# median_case PEER TOPOLOGY PINNED FLIGHT FIGURE: of 256 B by TCP, closed loop; nothing if it was not measured
	grep "\"peer\":\"$1\",\"topology\":\"$2\",\"clients\":\"tcp\",\"pinned\":\"$3\",\"loop\":\"closed\",\"in_flight\":$4,.*\"bytes\":256," \
		"$dir/requests" | figure "$5" | median_of 0.5
}
promise() {	# promise WHAT OURS THEIRS least|most BOUND
	test -n "$2" && test -n "$3" || { echo "bench: not measured: $1" >&2; return 0; }
	awk -v what="$1" -v ours="$2" -v theirs="$3" -v kind="$4" -v bound="$5" 'BEGIN {
		is = ours / theirs
		good = kind == "least" ? is >= bound : is <= bound
		printf "{\"v\":1,\"bench\":\"promise\",\"what\":\"%s\",\"is\":%.2f,\"%s\":%s,\"holds\":\"%s\"}\n", what, is, kind, bound, good ? "yes" : "no"
	}' </dev/null >"$dir/one"
	as_table what is least most holds <"$dir/one"
}
headline what is least most holds >&2
for flight in 50 1000
do promise "leaf-hub-leaf at $flight over nats-server" "$(median_case fedx leaf-hub-leaf no "$flight" req_s)" \
	"$(median_case nats leaf-hub-leaf no "$flight" req_s)" least 2.5
done
promise 'leaf-hub-leaf pinned at 50: CPU us a request' "$(median_case fedx leaf-hub-leaf yes 50 cpu_us_req)" 1 most 3.5
promise 'leaf-hub-leaf pinned at 1: p50 over nats-server' "$(median_case fedx leaf-hub-leaf yes 1 p50_us)" \
	"$(median_case nats leaf-hub-leaf yes 1 p50_us)" most 0.6
promise 'one hub at 50 over nats-server with GOMAXPROCS=1' "$(median_case fedx hub no 50 req_s)" \
	"$(median_case nats-1 hub no 50 req_s)" least 1.5
promise 'TLS uplinks at 50 over nats-server' "$(median_case fedx-tls leaf-hub-leaf no 50 req_s)" \
	"$(median_case nats-tls leaf-hub-leaf no 50 req_s)" least 2
