#!/bin/sh
# faults-kill.t - killed at each read, write, connect, accept and rename: the rest goes on, and it heals.
. "${0%/*}/../lib/tap.sh"
. "${0%/*}/../lib/fates.sh"
. "${0%/*}/../lib/nodes.sh"
command -v strace >/dev/null && can_trace || skip_all 'strace cannot inject signals here'

# dies WHO CALL N: started so that the Nth such call is its last
dies() {
	eval "pid=\$$1"
	killed "$pid"
	from_start "$2:signal=KILL:when=$3"
	again "$1" || :
	under=''
	eval "pid=\$$1"
	fell "$pid"
}
times='7 60'
test "${FEDX_FAULTS-}" != all || times='1 2 3 5 7 11 20 40 61 100 150'
nodes
begin kill 32 --body-every 9 --timeout 3000
serve --delay 5
more 'at peace'
for who in hub b a
do
	for call in sendto recvfrom
	do
		for n in $times
		do
			ok "$who is killed at $call $n" dies "$who" "$call" "$n"
			again "$who" || not_ok "$who starts again"
			more '... it heals'
		done
	done
	case $who in
	hub) first='accept4,accept bind listen' ;;
	*) first='connect bind' ;;
	esac
	for call in $first
	do
		ok "$who is killed at its first $call" dies "$who" "$call" 1
		again "$who" || not_ok "$who starts again"
		more '... it heals'
	done
done
finish 'killed'
done_testing
