#!/bin/sh
# join-kill.t - killed at each step of an invitation, of joining and of a revocation, or without room on the disk: nothing is half done.
. "${0%/*}/../lib/tap.sh"
. "${0%/*}/../lib/nodes.sh"
command -v strace >/dev/null && can_trace || skip_all 'strace cannot inject signals here'
command -v openssl >/dev/null || skip_all 'the openssl command is not installed'
cd "$FEDX_RUN" || exit 1
umask 077
mkdir run
fedx-probe keygen hub hub.test -d d --ip 127.0.0.1 >/dev/null

# shellcheck disable=SC2086
hub() {
	start $under fedx-hub -l "$at" -i hub.test -C lab -r h --no-autostart $quick \
		--tls-cert d/hub.pem --tls-key d/hub.key --roster-file roster
	hub=$pid hub_log=$log
	under=''
	wait_ready "$log"
}
# shellcheck disable=SC2086
leaf() {
	start $under fedx-leaf -r run -c "$folder" --no-autostart $quick "$@"
	leaf=$pid leaf_log=$log
	under=''
}
gone() { ! kill -0 "$1" 2>/dev/null || grep -q '^State:[[:space:]]*Z' "/proc/$1/status"; }
is_up() { grep -q 'now=UP' "$leaf_log"; }
up_or_gone() { is_up || gone "$hub"; }
states() { fedx-probe -r h -H members | grep "^$1	" | cut -f 2 | tr '\n' ' '; }
n=0
next() { n=$((n + 1)) folder=site$n name=n$n.lab; mkdir "$folder"; }
# it is in, by one key, and starts without the code
whole() {
	ok "$1: it joins" eventually is_up
	stop "$leaf"
	leaf
	ok '... starts without the code' eventually is_up
	is "$(states "$name")" 'joined ' '... and the hub knows it once'
	stop "$leaf"
	ok '... and nothing is left on the way' not sh -c "ls $folder/joined.new* roster.tmp 2>/dev/null | grep ."
}

# --- the hub, while a leaf joins ---

hub
for step in openat:1 write:1 write:2 fsync:1 rename:1 fsync:2 sendto:1 sendto:2 sendto:3 sendto:4 sendto:5
do
	next
	code=$(fedx-probe -r h -q invite "$name")
	inject "$hub" "${step%:*}:signal=KILL:when=${step#*:}"
	leaf --join "$code"
	eventually up_or_gone
	if gone "$hub"
	then ended "$hub"
	else stop "$hub"
	fi
	hub
	whole "the hub is killed at $step"
done

# --- the leaf ---

for step in fsync:1 rename:1 fsync:2 sendto:1 sendto:2 sendto:3 rename:2 fsync:3 sendto:4
do
	next
	code=$(fedx-probe -r h -q invite "$name")
	from_start "${step%:*}:signal=KILL:when=${step#*:}"
	leaf --join "$code"
	killed=$leaf
	up_and_kept() { test -f "$folder/joined" && is_up; }
	either() { gone "$killed" || up_and_kept; }
	eventually either
	if gone "$killed"
	then ended "$killed"
	else stop "$killed"
	fi
	leaf --join "$code"
	whole "the leaf is killed at $step"
done

# --- by hand ---

for step in fsync:1 rename:1 fsync:2 sendto:1
do
	next
	inject "$hub" "${step%:*}:signal=KILL:when=${step#*:}"
	fedx-probe -r h -q invite "$name" >code 2>/dev/null
	eventually gone "$hub"
	ended "$hub"
	hub
	is "$(states "$name")" "$(grep -q "^invited leaf $name " roster && echo 'invited ')" "an invitation that is killed at $step is there or is not"
	fedx-probe -r h -q revoke "$name" >/dev/null 2>&1
	code=$(fedx-probe -r h -q invite "$name")
	leaf --join "$code"
	eventually is_up
	inject "$hub" "${step%:*}:signal=KILL:when=${step#*:}"
	fedx-probe -r h -q revoke "$name" >/dev/null 2>said
	eventually gone "$hub"
	ended "$hub"
	stop "$leaf"
	hub
	case $step in
	rename:1|fsync:1) is "$(states "$name")" 'joined ' "a revocation that is killed at $step has not been" ;;
	*) is "$(states "$name")" 'revoked ' "... at $step has been" ;;
	esac
done

# --- an error behind the end of a revocation ---

next
code=$(fedx-probe -r h -q invite "$name")
leaf --join "$code"
eventually is_up
inject "$hub" fsync:error=EIO:when=2
fedx-probe -r h -q revoke "$name" >said 2>&1
is $? 2 'a revocation that may not outlive a power cut has failed'
like "$(cat said)" 'cannot write .roster' '... and says why'
ok '... but who it is for is cut off' eventually grep -q 'event=peer_error.*the key was revoked' "$leaf_log"
heal
ok '... and it may be said again' fedx-probe -r h -q revoke "$name"
ok '... as often as one wants' fedx-probe -r h -q revoke "$name"
is "$(states "$name")" 'revoked ' '... and is good'
stop "$leaf"

# --- no room ---

next
inject "$hub" fsync:error=ENOSPC
fedx-probe -r h -q invite "$name" >said 2>&1
is $? 2 'without room nobody is invited'
like "$(cat said)" 'cannot write .roster.tmp.: No space left on device' '... and it says why'
heal
is "$(states "$name")" '' '... nor is anything half done'
code=$(fedx-probe -r h -q invite "$name")
inject "$hub" fsync:error=ENOSPC
leaf --join "$code"
told() { grep -q 'the hub cannot keep the new key now, and the code stays good: try again' "$leaf_log"; }
ok 'without room nobody joins, and is told to try again' eventually told
ok '... the hub says why' grep -q 'cannot write .roster.tmp.: No space left' "$hub_log"
heal
whole 'with room'

# --- refused, at each step ---

for one in openat:error=EACCES openat:error=EMFILE write:error=EIO fsync:error=EIO rename:error=EIO
do
	next
	inject "$hub" "$one"
	fedx-probe -r h -q invite "$name" >said 2>&1
	is $? 2 "$one: nobody is invited"
	like "$(cat said)" "cannot write .*roster|cannot read .*roster|cannot open .*roster" '... and it says why'
	heal
	is "$(states "$name")" '' '... nor is anything half done'
	next
	code=$(fedx-probe -r h -q invite "$name")
	from_start "$one:when=1..9"
	case $one in openat*|write*) under="$under -P $folder/joined.new.tmp -P $PWD/$folder/joined.new.tmp" ;; esac
	leaf --join "$code"
	ok "$one: a leaf that cannot keep its key ends" eventually gone "$leaf"
	like "$(cat "$leaf_log")" "cannot write .*joined" '... and says why'
	stop "$leaf" || :
	leaf --join "$code"
	whole 'the next time'
done
ok 'the hub has ended well' stop "$hub"
done_testing
