# policy.sh - of run.sh: what policy costs: asked alone, asked by each request, by none
# because its verdict is known, on a reload, and for a pick of each request.
# Hubs of their own, each with a fedx-route; nothing else runs then.
storm=${FEDX_BUILD:?}/t/bench/storm.bench

decides() {	# decides DIRECTORY: the policy is on stdin; several fields, so that flows are many
	mkdir -p "$1" && cat >"$1/policy.lua"
}
policy_hub() {	# policy_hub NAME [OPTION...]
	name=$1
	shift
	run "$bin/fedx-hub" -i "$name" -r "$dir/$name" -l 127.0.0.1:0 "$@"
	last=${pids##* }
	await "$bin/fedx-probe" -r "$dir/$name" ping "$name"
}

headline policy us a_second >&2
"${FEDX_BUILD:?}/t/bench/policy.bench" >"$dir/asked" || exit 1
as_table policy us a_second <"$dir/asked"

# each request is a new question
decides "$dir/each.conf" <<'END'
local ok = fedx.allow{ name = "all" }
function route(msg, env)
	if msg.service == "storm" and msg.method ~= "never" then return ok end
	return fedx.deny("no")
end
END
policy_hub each -c "$dir/each.conf"
await is_up "$dir/each"
headline clients in_flight upcalls_s failed >&2
"$storm" upcalls "$dir/each/node.sock" 128 4 "${BENCH_SECONDS-3}" >"$dir/upcalls" || cat "$dir/upcalls" >&2
as_table clients in_flight upcalls_s failed <"$dir/upcalls"

# a reload while all flows live
headline flows settled_ms before_p50_us before_p999_us before_max_us during_p50_us during_p999_us during_max_us \
	after_max_us failed >&2
for round in a b c
do
	echo "-- $round" >>"$dir/each.conf/policy.lua"
	"$storm" reload "$dir/each/node.sock" 128 "${BENCH_FLOWS-65536}" 1000 "${BENCH_SECONDS-3}" >"$dir/reload" || cat "$dir/reload" >&2
	as_table flows settled_ms before_p50_us before_p999_us before_max_us during_p50_us during_p999_us \
		during_max_us after_max_us failed <"$dir/reload"
done
ends "$last"

# with a verdict that is known, and without policy: in turn, so that noise is seen
compared() {	# compared CASE SOCKET SERVICE IN_FLIGHT PROCESS...
	what=$1 socket=$2 service=$3 flight=$4
	shift 4
	before=$(ticks "$@")
	line=$("$load" call "$socket" "$service" "$flight" 16 "${BENCH_SECONDS-3}") ||
		{ echo "bench: $what failed: $line" >&2; exit 1; }
	after=$(ticks "$@")
	printf '%s\n' "$line" | awk -v w="$what" -v ticks=$((after - before)) -v hz="$hz" -v s="${BENCH_SECONDS-3}" '{
		n = $0; sub(/.*"req_s":/, "", n); sub(/,.*/, "", n)
		sub(/^\{"v":1,/, "{\"v\":1,\"bench\":\"policy\",\"policy\":\"" w "\",")
		sub(/\}$/, sprintf(",\"cpu_us_req\":%.3f}", ticks / hz * 1e6 / (n * s)))
		print
	}' | as_table policy in_flight req_s p50_us p99_us cpu_us_req
	cat "$dir/lines" >>"$dir/compared"
}
decides "$dir/with.conf" <<'END'
local ok = fedx.allow{ name = "all" }
function route(msg, env)
	if msg.service == "secret" or msg.method == "never" then return fedx.deny("no") end
	return ok
end
END
policy_hub with -c "$dir/with.conf"
with=$last
await is_up "$dir/with"
policy_hub without
without=$last
for each in with without
do
	run "$load" serve "$dir/$each/node.sock" near
	await "$bin/fedx-probe" -r "$dir/$each" ping near
done
headline policy in_flight req_s p50_us p99_us cpu_us_req >&2
for flight in ${BENCH_FLIGHT-1 50 1000}
do
	round=0
	while test "$round" -lt "${BENCH_ROUNDS-5}"
	do
		compared none "$dir/without/node.sock" near "$flight" "$without"
		compared cached "$dir/with/node.sock" near "$flight" "$with" "$(route_of "$dir/with")"
		round=$((round + 1))
	done
done
# the median of each, and what policy costs
headline in_flight req_s_none req_s_cached cpu_us_none cpu_us_cached cpu_more >&2
sed 's/[{}"]//g' "$dir/compared" | awk -F, '{
		for (i = 1; i <= NF; i++) { split($i, kv, ":"); v[kv[1]] = kv[2] }
		print v["in_flight"], v["policy"], v["req_s"], v["cpu_us_req"]
	}' >"$dir/medians"
median() { sort -n | awk '{ v[NR] = $1 } END { print (v[int((NR + 1) / 2)] + v[int(NR / 2) + 1]) / 2 }'; }
of() { awk -v f="$1" -v p="$2" -v c="$3" '$1 == f && $2 == p { print $c }' "$dir/medians" | median; }
for flight in ${BENCH_FLIGHT-1 50 1000}
do
	echo "$flight $(of "$flight" none 3) $(of "$flight" cached 3) $(of "$flight" none 4) $(of "$flight" cached 4)"
done | awk '{
	printf "{\"v\":1,\"bench\":\"policy_cost\",\"in_flight\":%d,\"req_s_none\":%.0f,\"req_s_cached\":%.0f," \
	    "\"cpu_us_none\":%.3f,\"cpu_us_cached\":%.3f,\"cpu_more\":\"%+.1f%%\"}\n", $1, $2, $3, $4, $5, ($5 / $4 - 1) * 100
}' | as_table in_flight req_s_none req_s_cached cpu_us_none cpu_us_cached cpu_more

# Lua picks the instance of each request
decides "$dir/with.conf" <<'END'
function balance(service, instances, env)
	return fedx.pick(instances[1])
end
END
policy_hub pick -c "$dir/with.conf"
pick=$last
await is_up "$dir/pick"
run "$load" serve "$dir/pick/node.sock" near
await "$bin/fedx-probe" -r "$dir/pick" ping near
headline policy in_flight req_s p50_us p99_us cpu_us_req >&2
for flight in 1 50
do compared pick "$dir/pick/node.sock" near "$flight" "$pick" "$(route_of "$dir/pick")"
done
ends "$pick"
ends "$with"
ends "$without"
