# nodes.sh - a hub, the leaves a and b, and faults of the system below them; for tests, after
# tap.sh and fates.sh.
# shellcheck shell=sh
#
#	nodes				all three, which come back fast
#	hub [OPTION...]; leaf NAME [OPTION...]; again hub|a|b
#	from_start CALL:HOW; hub	the next to start has them from its first call on
#	under=''			the next has not
#	inject PID CALL:HOW		strace -e inject=CALL:HOW, from now on
#	heal				no longer, once it has happened as often as its when= says
#	gone PID			it has ended
#	fell PID			it ends, killed by a call of its own
# Sets $hub $a $b, $hub_log $a_log $b_log; $at is the hub's address, $dial where leaves dial.

quick='--set link.backoff=20ms --set link.backoff_max=100ms --set link.refused=50ms
	--set link.ping=200ms --set link.dead=1s --set link.handshake=1s
	--set link.come_back=20ms --set drain.wait=2s'
at=127.0.0.1:$(free_port) dial='' under='' tracer=''
counted='a b h'
mkdir -m 700 "$FEDX_RUN/h" "$FEDX_RUN/a" "$FEDX_RUN/b"

# shellcheck disable=SC2086,SC2034,SC2120
hub() {
	start $under fedx-hub -l "$at" -i hub.test -C test -r "$FEDX_RUN/h" $quick "$@"
	hub=$pid hub_log=$log
	wait_ready "$log"
}
# shellcheck disable=SC2086
leaf() {
	leaf=$1; shift
	start $under fedx-leaf -u "${dial:-fedx://$at}" -i "$leaf.test" -C test -r "$FEDX_RUN/$leaf" $quick "$@"
	eval "$leaf=\$pid ${leaf}_log=\$log"
	wait_ready "$log"
}
again() { case $1 in hub) hub ;; *) leaf "$1" ;; esac; }
nodes() { hub && leaf a && leaf b || { not_ok 'the nodes are ready'; done_testing; }; }

gone() { ! grep -qs '^State:[[:space:]]*[^Z[:space:]]' "/proc/$1/status"; }
fell() { eventually gone "$1"; expect_status 137 ended "$1"; }
from_start() {	# its pid is the program's; no sanitizer can look for leaks of who is traced
	under="strace -D -qq -o /dev/null -E ASAN_OPTIONS=$ASAN_OPTIONS:detect_leaks=0 -e trace=${1%%:*} -e inject=$1"
}
can_trace() { strace -qq -o /dev/null -e inject=getpid:error=EPERM true 2>/dev/null; }
traced() { grep -qs '^TracerPid:[[:space:]]*[1-9]' "/proc/$1/status"; }
inject() {
	start strace -qq -o "$FEDX_RUN/injected" -p "$1" -e "trace=${2%%:*}" -e "inject=$2"
	tracer=$pid how=${2#*:}
	eventually traced "$1"
}
often() (	# of when=FIRST, FIRST..LAST, FIRST..LAST+STEP; without it nobody can wait for the last
	case $1 in *when=*) ;; *) echo 0; return ;; esac
	when=${1##*when=} step=1
	case $when in *+*) step=${when#*+} when=${when%+*} ;; esac
	echo $(((${when#*..} - ${when%..*}) / step + 1))
)
happened() { test "$(grep -c INJECTED "$FEDX_RUN/injected")" -ge "$(often "$how")"; }
# A call that strace leaves in the middle of a fault ends with ENOSYS, which no system gives.
heal() {
	eventually happened || not_ok "$how happens $(often "$how") times"
	kill -INT "$tracer"
	ended "$tracer" || :
}
