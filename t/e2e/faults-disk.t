#!/bin/sh
# faults-disk.t - a full disk: what cannot be written is said, at start by the status, and traffic goes on.
#
# Root alone can mount; its mounts are seen by this test and end with it.
test -n "${FEDX_OWN_MOUNTS-}" || ! unshare -m true 2>/dev/null || exec env FEDX_OWN_MOUNTS=1 unshare -m sh "$0"
. "${0%/*}/../lib/tap.sh"
. "${0%/*}/../lib/fates.sh"
. "${0%/*}/../lib/nodes.sh"
test -n "${FEDX_OWN_MOUNTS-}" || skip_all 'only root can mount a small disk'
umask 077
cd "$FEDX_RUN" || exit 1
mkdir small conf
mount -t tmpfs -o size=64k,mode=700 none small 2>/dev/null || skip_all 'no tmpfs can be mounted here'
# shellcheck disable=SC2154	# set by tap.sh
tap_leave_disk() { umount -l "$FEDX_RUN/small"; tap_leave; }
trap tap_leave_disk 0

fill() { dd if=/dev/zero of=small/filling bs=4096 count=64 2>/dev/null; test -s small/filling; }
empty() { rm -f small/filling; }
says() { grep -Eq -e "$1" "$2"; }
refused() {	# refused STATUS SENTENCE COMMAND...
	want=$1 sentence=$2; shift 2
	expect_status "$want" "$@" 2>err.txt && says "$sentence" err.txt
}
printf 'function route(msg)\n\tif msg.service == "never" then return fedx.deny "no" end\nend\n' >conf/policy.lua

ok 'a disk is full' fill
ok 'a pid file that cannot be written is status 73' refused 73 'cannot write the pid file small/pid: No space' \
	timeout 10 fedx-hub -l 127.0.0.1:0 -r "$FEDX_RUN/h" -i hub.test -C test -p small/pid
ok 'a run directory there, too' refused 73 'No space' \
	timeout 10 fedx-hub -l 127.0.0.1:0 -r "$FEDX_RUN/small/run" -i hub.test -C test
ok 'keys are not half written' not timeout 20 fedx-probe keygen hub hub.test -d small/keys
ok '... no key of them is there' not test -s small/keys/hub.key
empty

# a hub whose run directory is there, with policy.good
mkdir -m 700 small/h
ok 'fedx-probe keygen' fedx-probe keygen hub hub.test -d keys --ip 127.0.0.1
# shellcheck disable=SC2086
start fedx-hub -l "$at" -i hub.test -C test -r "$FEDX_RUN/small/h" -c conf \
	--tls-cert keys/hub.pem --tls-key keys/hub.key --insecure $quick
hub=$pid hub_log=$log
ok 'a hub is ready' wait_ready "$hub_log"
ok '... with its policy' eventually test -s small/h/policy.good
dial=fedxs://$at
leaf a --tls-ca keys/ca.pem
leaf b --tls-ca keys/ca.pem
counted='a b small/h'
begin disk 32 --timeout 3000
serve --delay 3
more 'at peace'
fill
good=$(cksum small/h/policy.good)
printf -- '-- another\n' >>conf/policy.lua
ok 'a reload on a full disk passes' timeout 20 fedx-probe -r "$FEDX_RUN/small/h" -q reload
ok '... and the log says what is not kept' eventually says 'event=not_kept .*No space' "$hub_log"
more '... and it goes on'
is "$(cksum small/h/policy.good)" "$good" 'the good policy that is kept is whole'
ok 'the leaf of the caller is killed' killed "$a"
leaf a --tls-ca keys/ca.pem
more 'who is new gets in'
empty
ok 'with room, a reload passes' eventually timeout 20 fedx-probe -r "$FEDX_RUN/small/h" -q reload
finish 'a full disk'

# --- the log itself, sessions, tokens ---

fedx-probe keygen token a.test -d keys --cluster test >/dev/null
fedx-probe keygen token b.test -d keys --cluster test >/dev/null
cp keys/tokens small/tokens
stop "$a"; stop "$b"
ok 'the hub ends well' stop "$hub"
begin_hub() {	# its log, its sessions and its tokens are on the small disk
	# shellcheck disable=SC2016,SC2086
	start sh -c 'exec "$@" >>small/log 2>&1' sh fedx-hub -l "$at" -i hub.test -C test -r "$FEDX_RUN/small/h" -c conf \
		--tls-cert keys/hub.pem --tls-key keys/hub.key --token-file small/tokens --set tls.session_file=small/sessions $quick
	hub=$pid
	eventually grep -q event=ready small/log
}
ok 'a hub that logs to the disk' begin_hub
for n in a b
do leaf $n --tls-ca keys/ca.pem --token-file keys/$n.test.token
done
begin log 32 --timeout 3000
serve --delay 3
more 'at peace'
: >small/tokens
fill
logged=$(wc -c <small/log)
ok 'a token file is cut by the full disk' not cp keys/tokens small/tokens
ok '... a reload with what is left of it ends, and says so' expect_status 78 timeout 20 fedx-probe -r "$FEDX_RUN/small/h" -q reload
ok 'the leaf of the caller is killed' killed "$a"
leaf a --tls-ca keys/ca.pem --token-file keys/a.test.token
more 'those whose tokens were taken before get in'
ok '... nothing could be logged' test "$(wc -c <small/log)" -le $(((logged + 4095) / 4096 * 4096))
empty
cp keys/tokens small/tokens
ok 'with room, a reload passes' eventually timeout 20 fedx-probe -r "$FEDX_RUN/small/h" -q reload
ok '... and the log goes on' eventually says 'event=reloaded' small/log
finish 'no room for log and tokens'
fill
ok 'the hub ends well, without room for its sessions' stop "$hub"
ok '... of which none are half written' not test -e small/sessions.new
empty
ok 'and starts again' begin_hub
ok '... its leaves are back' eventually is_up a
ok 'and ends, with room' stop "$hub"
ok '... and keeps them' test -s small/sessions
done_testing
