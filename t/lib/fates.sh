# fates.sh - load with ids on both sides, and its judgement; for tests, after tap.sh.
# shellcheck shell=sh
#
#	begin ROUND IN-FLIGHT OPTION...		the caller, on the node in $FEDX_RUN/a
#	serve OPTION...				the service, on the node in $FEDX_RUN/b
#	more 'it goes on'			that many more requests are answered
#	finish 'the round'			the load ends, and is judged
#	metric a in_flight			what the node in $FEDX_RUN/a counts; is_up a: its uplink is
#
# finish judges all that the promises say of requests: each ends once, and truly, and in order;
# every node of $counted (names of directories in $FEDX_RUN, "a" first) has counted each end, the
# node of the caller just those that it was told, if it has lived all the time; no node and no
# fedx-route of one has ever had more memory than $most_kb.

counted='' most_kb=65536

metric() {	# metric NODE NAME, without fedx_
	perl -MIO::Socket::UNIX -e 'my $s = IO::Socket::UNIX->new(Peer => "$ARGV[0]/node.sock") or exit 1;
		print $s "GET /metrics HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n"; $s->flush;
		while (<$s>) { /^fedx_$ARGV[1] (\d+)/ and print "$1\n" }' "$FEDX_RUN/$1" "$2"
}
is_up() { test "$(metric "$1" uplink_up)" = 1; }

serve() {
	start fates serve "$FEDX_RUN/b" run "$FEDX_RUN/$round.serve" "$@"
	service=$pid
}
begin() {
	round=$1 inflight=$2; shift 2
	: >"$FEDX_RUN/$round.serve"
	: >"$FEDX_RUN/$round.call"
	at_begin=$(account 2>/dev/null | head -n 1)
	start fates call "$FEDX_RUN/a" run 0 "$inflight" "$FEDX_RUN/$round.call" --pace 1 --idempotent-every 7 "$@"
	caller=$pid
}
count() { grep -c "^$1" "$FEDX_RUN/$round.call"; }
at_least() { test "$(count answer)" -ge "$1"; }
more() { ok "$1" eventually at_least $(($(count answer) + 60)); }
ends() { stop "$caller" && stop "$service"; }
judged() { fates judge "$FEDX_RUN/$round.call" -- "$FEDX_RUN/$round.serve"; }
account() (	# of the nodes in $counted
	cd "$FEDX_RUN" || exit 1
	# shellcheck disable=SC2086	# words
	perl "$FEDX_SRC/t/lib/account.pl" ${counted:-a}
)
# agrees: the node of the caller has counted, since the round began, what the caller was told
agrees() {
	# shellcheck disable=SC2046	# words
	set -- $at_begin $(account | head -n 1)
	test "$#" -eq 10 || { echo "the node of the caller did not tell, at the begin or now: $*"; return 1; }
	test "$2" = "$7" || return 0		# it is another process now
	echo "it took $(($8 - $3)), answered $(($9 - $4)), ended otherwise $((${10} - $5))"
	test "$(($8 - $3)) $(($9 - $4)) $((${10} - $5))" = \
		"$(count sent) $(count answer) $(($(count not_delivered) + $(count may_have_run)))"
}
peak() { sed -n -e 's/^Name:[^a-z]*//p' -e 's/^VmHWM:[^0-9]*\([0-9]*\).*/\1/p' "/proc/$1/status"; }
within() { echo "$*"; test "$#" -eq 3 && test "$3" -le "$most_kb"; }	# within NODE NAME KB
bounded() {	# every node of $counted, and its children
	! grep -q fsanitize "$FEDX_BUILD/config.mk" || return 0	# its memory is another
	for node in $counted
	do
		read -r of <"$FEDX_RUN/$node/node.lock" || return
		# shellcheck disable=SC2046	# words
		within "$node" $(peak "$of") || return
		for child in $(cat "/proc/$of/task/$of/children")
		do
			has=$(peak "$child" 2>/dev/null)
			# shellcheck disable=SC2086	# words
			test "${has%%[0-9]*}" = "$has" || within "$node" $has || return	# else it has ended by now
		done
	done
}
finish() {
	ok "$1: every request ends" ends
	ok "$1: and as the promise says" judged
	sed 's/^/# /' "$FEDX_RUN/ok.out"
	test -z "$counted" || {
		ok "$1: every node counts every end" eventually account
		ok "$1: the caller's, those that the caller has" agrees
		ok "$1: within their bounds of memory" bounded
		sed 's/^/# /' "$FEDX_RUN/ok.out"
	}
	awk '$3 && $1 != "sent" { n[$1 " " $3]++ } END { for (k in n) print "#   " k, n[k] }' "$FEDX_RUN/$round.call" | sort
}
killed() { kill -9 "$1"; ended "$1"; test $? -eq 137; }
others() { test $(($(count not_delivered) + $(count may_have_run))) -gt 0; }
