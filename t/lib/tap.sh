# tap.sh - Test Anything Protocol for shell tests, and the care of what they start.
# shellcheck shell=sh
#
#	. "${0%/*}/../lib/tap.sh"
#	start fedx-hub -l 127.0.0.1:0; hub=$!		# its output goes to $log
#	ok 'the hub is ready'		wait_ready "$log"
#	at=$(ready_at "$log")				# HOST:PORT of its ready line
#	ok 'a bad option is refused'	expect_status 64 fedx-probe --nonsense
#	ok 'nothing is attached'	not fedx-probe services -q
#	is "$(fedx-probe version)" 'fedx 0.1.0' 'the version'
#	ok 'it drains'			stop "$hub"	# TERM; the status is the program's
#	done_testing
#
# FEDX_RUN is a private directory, short enough for socket paths; it goes at the end,
# and so does every process that start made, by its pid.  ok runs its command in this
# shell, so functions that set variables work; what it prints is shown if it fails.
# FEDX_TEST_SLOW multiplies every bound.

FEDX_SRC=${FEDX_SRC:-$(cd "${0%/*}/../.." && pwd)}
FEDX_BUILD=${FEDX_BUILD:-$FEDX_SRC}
FEDX_BIN=${FEDX_BIN:-$FEDX_BUILD/bin}
FEDX_TEST_SLOW=${FEDX_TEST_SLOW:-1}
PATH=$FEDX_BIN:$FEDX_BUILD/t/lib:$PATH
FEDX_LUA=${FEDX_LUA:-$FEDX_SRC/lua}
export FEDX_SRC FEDX_BUILD FEDX_BIN FEDX_LUA FEDX_TEST_SLOW PATH
LC_ALL=C; export LC_ALL
# A sanitizer's finding is status 99, which is no failure that a test may have asked for.
ASAN_OPTIONS=${ASAN_OPTIONS:-detect_leaks=1:strict_string_checks=1:exitcode=99}
UBSAN_OPTIONS=${UBSAN_OPTIONS:-print_stacktrace=1:exitcode=99}
export ASAN_OPTIONS UBSAN_OPTIONS
unset FEDX_HUB FEDX_CONF FEDX_TOKEN_FILE

tap_count=0 tap_failed=0 tap_done='' tap_pids='' tap_bound=$((10 * FEDX_TEST_SLOW))

tap_base=${TMPDIR:-/tmp}
test ${#tap_base} -le 40 || tap_base=/tmp
FEDX_RUN=$(mktemp -d "$tap_base/fx.XXXXXX") || { echo 'Bail out! no temporary directory'; exit 1; }
export FEDX_RUN
chmod 700 "$FEDX_RUN"

tap_note() { sed 's/^/#   /' >&2; }	# prove keeps what goes to standard output

tap_tails() {	# the last lines of every log, for whoever reads the failure
	for tap_file in "$FEDX_RUN"/*.log
	do
		test -s "$tap_file" || continue
		echo "# the end of ${tap_file##*/}:" >&2
		tail -n 25 "$tap_file" | tap_note
	done
}

tap_leave() {
	tap_status=$?
	# bash runs this in a subshell that is killed before it can drop the trap
	test "$(exec sh -c 'echo "$PPID"')" = $$ || return
	trap - 0
	trap '' 1 2 15
	for tap_pid in $tap_pids
	do kill "$tap_pid" "-$tap_pid" 2>/dev/null	# and who is in a group of its own
	done
	for tap_pid in $tap_pids
	do tap_reap "$tap_pid" 3
	done
	for tap_pid in $(tap_left)	# which it has left behind
	do kill -KILL "$tap_pid" 2>/dev/null
	done
	if test "$tap_failed" -gt 0 || test -z "$tap_done"
	then tap_tails
	fi
	rm -rf "$FEDX_RUN"
	test -n "$tap_done" || test "$tap_status" -ne 0 || tap_status=1
	exit "$tap_status"
}
trap tap_leave 0
trap 'exit 129' 1
trap 'exit 130' 2
trap 'exit 143' 15

# tap_reap PID SECONDS: wait for it, and kill it when it outstays; its status
tap_reap() {
	(
		trap - 0 1 2 15
		tap_left=$(($2 * FEDX_TEST_SLOW * 10))
		while test "$tap_left" -gt 0
		do
			sleep 0.1
			kill -0 "$1" 2>/dev/null || exit 0
			tap_left=$((tap_left - 1))
		done
		kill -KILL "$1"
	) >/dev/null 2>&1 </dev/null &
	tap_dog=$!
	{ wait "$1"; } 2>/dev/null
	tap_reaped=$?
	{ kill "$tap_dog"; wait "$tap_dog"; } 2>/dev/null
	return "$tap_reaped"
}

# pass DESCRIPTION, not_ok DESCRIPTION: one line of TAP
pass() {
	tap_count=$((tap_count + 1))
	printf 'ok %d - %s\n' "$tap_count" "$1"
}
not_ok() {
	tap_count=$((tap_count + 1)) tap_failed=$((tap_failed + 1))
	printf 'not ok %d - %s\n' "$tap_count" "$1"
	return 1
}

# ok DESCRIPTION COMMAND...: the command succeeds
ok() {
	tap_what=$1
	shift
	if "$@" >"$FEDX_RUN/ok.out" 2>&1
	then pass "$tap_what"
	else
		tap_status=$?
		not_ok "$tap_what"
		printf '#   test %d, %s: status %d of: %s\n' "$tap_count" "${0##*/}" "$tap_status" "$*" >&2
		tail -n 25 "$FEDX_RUN/ok.out" | tap_note
		return 1
	fi
}

# not COMMAND...: it fails, with a status of its own, not by a signal or a sanitizer
not() {
	"$@"
	tap_status=$?
	test "$tap_status" -ne 0 && test "$tap_status" -ne 99 && test "$tap_status" -lt 126
}

# expect_status N COMMAND...: it ends with exactly this status; for ok, not and eventually
expect_status() {
	tap_want=$1
	shift
	"$@"
	tap_status=$?
	test "$tap_status" -eq "$tap_want" && return
	echo "status $tap_status, want $tap_want, of: $*" >&2
	return 1
}

# is GOT WANT DESCRIPTION; like GOT EXTENDED-REGULAR-EXPRESSION DESCRIPTION
is() {
	test "$1" = "$2" && { pass "$3"; return; }
	not_ok "$3"
	printf 'got:  %s\nwant: %s\n' "$1" "$2" | tap_note
	return 1
}
like() {
	printf '%s\n' "$1" | grep -Eq -e "$2" && { pass "$3"; return; }
	not_ok "$3"
	printf 'got:  %s\nwant: /%s/\n' "$1" "$2" | tap_note
	return 1
}

# eventually COMMAND...: it succeeds within the bound of ten seconds
eventually() {
	tap_until=$(($(date +%s) + tap_bound))
	until "$@"
	do
		test "$(date +%s)" -lt "$tap_until" || return 1
		sleep 0.05
	done
}

# await COMMAND...: eventually, or the test has failed
await() { eventually "$@" || not_ok "what is waited for comes: $*"; }

# lacks EXTENDED-REGULAR-EXPRESSION COMMAND...: it succeeds, and prints no such line
lacks() {
	tap_like=$1
	shift
	tap_out=$("$@") || return
	! printf '%s\n' "$tap_out" | grep -E -e "$tap_like"
}

# start COMMAND...: in the background; sets $! and pid, and log, where its output goes
start() {
	tap_name=${1##*/} tap_n=1
	log=$FEDX_RUN/$tap_name.log
	while test -e "$log"
	do tap_n=$((tap_n + 1)) log=$FEDX_RUN/$tap_name.$tap_n.log
	done
	: >"$log"
	"$@" >"$log" 2>&1 </dev/null &
	pid=$!
	tap_pids="$tap_pids $pid"
}

# stop PID: ask it to end, wait; the status is its own (137: it had to be killed)
stop() {
	kill "$1" 2>/dev/null
	ended "$1"
}

# ended PID [SECONDS]: wait until it ends by itself, killed at the bound; its status
ended() {
	tap_reap "$1" "${2:-10}"
	tap_status=$? tap_rest=''
	for tap_pid in $tap_pids
	do test "$tap_pid" = "$1" || tap_rest="$tap_rest $tap_pid"
	done
	tap_pids=$tap_rest
	return "$tap_status"
}

# wait_ready LOG: until a daemon says so there; ready_at LOG: prints its HOST:PORT
wait_ready() { eventually grep -q 'ready' "$1"; }
ready_at() {
	wait_ready "$1" || return
	sed -n '/ready/s/.*listen="\{0,1\}\([^" ]*\).*/\1/p' "$1" | sed 's|^[a-z]*://||' | tail -n 1
}

# free_port: one of loopback that nobody listens on; prefer port 0 and ready_at
free_port() {
	perl -MIO::Socket::INET -e 'print IO::Socket::INET->new(Listen => 1, LocalAddr => "127.0.0.1")->sockport'
}

# skip_all WHY: leave, before the first test; skip WHY: one test that cannot be asked here
skip_all() {
	printf '1..0 # SKIP %s\n' "$1"
	tap_done=yes
	exit 0
}
skip() {
	tap_count=$((tap_count + 1))
	printf 'ok %d # SKIP %s\n' "$tap_count" "$1"
}

# tap_ends PID: when asked to, if it still runs; nobody has crashed before
tap_ends() {
	if kill -0 "$1" 2>/dev/null
	then
		stop "$1"
		case $? in
		0|143)	;;	# 143: by the signal, like a program that does not care
		69)	;;	# the node of a fedx-probe went before it
		*)	not_ok "process $1 ends when asked to (status $tap_status)" ;;
		esac
	else
		ended "$1"
		case $? in
		129|130|137|141|143)	;;	# a signal of the test, or a reader that has gone
		99|12[89]|1[3-9]?|2??)	not_ok "process $1 has not crashed (status $tap_status)" ;;
		esac
	fi
}

# tap_left: who has our FEDX_RUN in its environment, where the system tells
tap_left() (
	tap_ours=FEDX_RUN=$FEDX_RUN
	unset FEDX_RUN
	grep -Fls "$tap_ours" /proc/[0-9]*/environ | sed 's|[^0-9]||g'
)
tap_nobody() { test -z "$(tap_left)"; }

# tap_end: all that was started has ended well, nobody else is left, no sanitizer had to say anything
tap_end() {
	for tap_each in $tap_pids
	do tap_ends "$tap_each"
	done
	eventually tap_nobody || {
		not_ok 'nobody is left'
		for tap_each in $(tap_left)
		do echo "#   $tap_each: $(tr '\0' ' ' <"/proc/$tap_each/cmdline")"
		done
	}
	! grep -q -e 'Sanitizer' -e 'runtime error:' "$FEDX_RUN"/*.log 2>/dev/null || not_ok 'no sanitizer reports'
}

done_testing() {
	tap_end
	printf '1..%d\n' "$tap_count"
	tap_done=yes
	test "$tap_failed" -eq 0
	exit
}
