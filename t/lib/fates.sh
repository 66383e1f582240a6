# fates.sh - load with ids on both sides, and its judgement; for tests, after tap.sh.
# shellcheck shell=sh
#
#	begin ROUND IN-FLIGHT OPTION...		the caller, on the node in $FEDX_RUN/a
#	serve OPTION...				the service, on the node in $FEDX_RUN/b
#	more 'it goes on'			that many more requests are answered
#	finish 'the round'			the load ends, and is judged

serve() {
	start fates serve "$FEDX_RUN/b" run "$FEDX_RUN/$round.serve" "$@"
	service=$pid
}
begin() {
	round=$1 inflight=$2; shift 2
	: >"$FEDX_RUN/$round.serve"
	: >"$FEDX_RUN/$round.call"
	start fates call "$FEDX_RUN/a" run 0 "$inflight" "$FEDX_RUN/$round.call" --pace 1 --idempotent-every 7 "$@"
	caller=$pid
}
count() { grep -c "^$1" "$FEDX_RUN/$round.call"; }
at_least() { test "$(count answer)" -ge "$1"; }
more() { ok "$1" eventually at_least $(($(count answer) + 60)); }
ends() { stop "$caller" && stop "$service"; }
judged() { fates judge "$FEDX_RUN/$round.call" -- "$FEDX_RUN/$round.serve"; }
finish() {
	ok "$1: every request ends" ends
	ok "$1: and as the promise says" judged
	sed 's/^/# /' "$FEDX_RUN/ok.out"
	awk '$3 && $1 != "sent" { n[$1 " " $3]++ } END { for (k in n) print "#   " k, n[k] }' "$FEDX_RUN/$round.call" | sort
}
killed() { kill -9 "$1"; ended "$1"; test $? -eq 137; }
others() { test $(($(count not_delivered) + $(count may_have_run))) -gt 0; }
