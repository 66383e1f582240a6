# stage.sh - what the demonstrations share: they show the commands that they run, check
# what each shows, and leave nothing behind.
# shellcheck shell=sh
#
#	root=DIRECTORY stage=NAME
#	. stage.sh		# ROOT/bin, unless FEDX_BIN says where the programs are
#	dir=$(mktemp -d ...) && cd "$dir"
set -u
LC_ALL=C; export LC_ALL
umask 077

PATH=${FEDX_BIN:-$root/bin}:$PATH; export PATH
FEDX_LUA=${FEDX_LUA:-$root/lua}; export FEDX_LUA
unset FEDX_HUB FEDX_CONF FEDX_TOKEN_FILE FEDX_RUN
patience=$((15 * ${FEDX_TEST_SLOW:-1}))		# seconds; what comes, comes much sooner

at_the_end() { :; }	# what else is to be waited for, while the programs end

bold='' dim='' red='' plain=''
if test -t 1 && test -z "${NO_COLOR-}" && test "${TERM:-dumb}" != dumb
then bold=$(printf '\033[1m') dim=$(printf '\033[36m') red=$(printf '\033[31m') plain=$(printf '\033[0m')
fi
dir='' net='' namespaces='' pids='' steps=0

# ---- what is told

step() {	# step TITLE WHAT-IT-SHOWS
	steps=$((steps + 1))
	title=$1
	printf '\n%s%d. %s%s\n   %s\n' "$bold" "$steps" "$1" "$plain" "$2"
}
say() { printf '   %s\n' "$1"; }
die() {
	printf '\n%s%s: step %d (%s) did not show what it says: %s%s\n' "$red" "$stage" "$steps" "${title-}" "$1" "$plain" >&2
	for file in "$dir"/*.log
	do
		test -s "$file" || continue
		printf '%s\n' "--- the end of ${file##*/}:" >&2
		tail -n 8 "$file" >&2
	done
	exit 1
}
# lines with tabs become columns; all is set off from the text around it
columns() {
	awk -F '\t' '
		{ n[NR] = NF; for (i = 1; i <= NF; i++) {
			cell[NR, i] = $i; if (NF > 1 && length($i) > wide[i]) wide[i] = length($i) } }
		END { for (r = 1; r <= NR; r++) {
			line = "     "
			for (i = 1; i <= n[r]; i++)
				line = line (i == n[r] ? cell[r, i] : sprintf("%-" wide[i] "s  ", cell[r, i]))
			print line } }'
}
prompt() {	# prompt NODE COMMAND: as somebody there would type it
	printf '   %s%s$ %s%s\n' "$dim" "$1" "$2" "$plain"
}

# ---- what is run: FEDX_RUN is the run directory of the node

# on NODE COMMAND: shows it, runs it; its output is in $dir/out and $dir/err, its status in $status
on() {
	prompt "$1" "$2"
	quietly "$1" "$2" >out 2>err
	status=$?
	columns <out
	columns <err
	return "$status"
}
quietly() {
	if test -n "$net"
	then FEDX_RUN=$dir/$1 ip netns exec "$net-$1" sh -c "$2"
	else FEDX_RUN=$dir/$1 sh -c "$2"
	fi
}
# begin NODE LOG COMMAND: shows it, starts it; its process is $pid
begin() {
	prompt "$1" "$3 &"
	if test -n "$net"
	then FEDX_RUN=$dir/$1 ip netns exec "$net-$1" sh -c "exec $3" >"$2.log" 2>&1 </dev/null &
	else FEDX_RUN=$dir/$1 sh -c "exec $3" >"$2.log" 2>&1 </dev/null &
	fi
	pid=$!
	pids="$pid $pids"
}
eventually() {	# eventually COMMAND...: it succeeds within our patience
	until=$(($(date +%s) + patience))
	until "$@" >/dev/null 2>&1
	do
		test "$(date +%s)" -lt "$until" || return 1
		sleep 0.05
	done
}

# ended PID: waits for it, with patience; its status
ended() {
	# shellcheck disable=SC2016	# for the shell that runs it
	sh -c 'left=$2
		trap "kill \$nap; exit" TERM
		while test "$left" -gt 0
		do
			sleep 0.1 & nap=$!
			wait "$nap"
			kill -0 "$1" || exit 0
			left=$((left - 1))
		done
		kill -9 "$1"' watchdog "$1" "$((patience * 10))" >/dev/null 2>&1 </dev/null &
	dog=$!
	{ wait "$1"; } 2>/dev/null
	ending=$?
	{ kill "$dog"; wait "$dog"; } 2>/dev/null
	others=''
	for one in $pids
	do test "$one" = "$1" || others="$others $one"
	done
	pids=$others
	return "$ending"
}
stop_all() {
	for one in $pids
	do kill "$one"
	done 2>/dev/null
	for one in $pids
	do ended "$one" || return
	done
}
drop_network() {
	for one in $namespaces
	do
		for stray in $(ip netns pids "$one")
		do kill -9 "$stray"
		done
		ip netns del "$one"
	done 2>/dev/null
	namespaces=''
}
leave() {
	status=$?
	# bash runs our traps also in a child that is killed before it became its program
	test "$(exec sh -c 'echo "$PPID"')" = $$ || return
	trap - EXIT
	trap '' HUP INT PIPE TERM
	patience=3
	until stop_all
	do :
	done
	at_the_end
	drop_network
	test -z "$dir" || { cd / && rm -rf "$dir"; }
	exit "$status"
}
trap leave EXIT
trap 'exit 129' HUP
trap 'exit 130' INT
trap 'exit 141' PIPE
trap 'exit 143' TERM
