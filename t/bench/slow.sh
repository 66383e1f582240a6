# slow.sh - of run.sh: does one subscriber that does not read delay the events of a hundred that do?
# BENCH_EVENTS (1000) a second of 1 KiB, with and without it in turn, BENCH_ROUNDS (5) times.
# shellcheck shell=sh disable=SC2154	# what it uses is run.sh's

run "$bin/fedx-hub" -i shub -r "$dir/sh" -l 127.0.0.1:0
shub=${pids##* }
await "$bin/fedx-probe" -r "$dir/sh" ping shub
: >"$dir/slow"
headline subscribers slow rate p50_us p99_us p999_us lost >&2
round=0
while test "$round" -lt "${BENCH_ROUNDS-5}"
do
	round=$((round + 1))
	for slow in 0 1
	do
		# it holds 4 MiB, and the kernel a little: so long that most of the time it is full
		"${FEDX_BUILD:?}/t/bench/fanout.bench" "$dir/sh/node.sock" 100 "$slow" 1024 "${BENCH_EVENTS-1000}" \
			$((${BENCH_SECONDS-3} * 3 + 6)) >"$dir/fanout" || exit 1
		as_table subscribers slow rate p50_us p99_us p999_us lost <"$dir/fanout"
		cat "$dir/fanout" >>"$dir/slow"
	done
done
p99_with() { grep "\"slow\":$1," "$dir/slow" | figure p99_us | median_of 0.5; }
printf '{"v":1,"bench":"slow_p99","p99_us_without":%d,"p99_us_with":%d}\n' "$(p99_with 0)" "$(p99_with 1)" >"$dir/fanout"
headline p99_us_without p99_us_with >&2
as_table p99_us_without p99_us_with <"$dir/fanout"
ends "$shub"
