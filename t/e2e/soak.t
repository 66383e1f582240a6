#!/bin/sh
# soak.t - a site under load for a long time, with policy, TLS, and what comes and goes: memory and descriptors stay flat.
# FEDX_SOAK_SECONDS (20) of it; 36000 are ten hours.
. "${0%/*}/../lib/tap.sh"
. "${0%/*}/../lib/fates.sh"
command -v openssl >/dev/null || skip_all 'keys are made with openssl'
test -r /proc/self/status || skip_all 'there is no /proc to read memory and descriptors from'
cd "$FEDX_RUN" || exit 1
seconds=${FEDX_SOAK_SECONDS:-20}
mkdir -m 700 h a b c conf

{
	fedx-probe keygen hub hub.test -d keys --ip 127.0.0.1
	for leaf in a b c
	do fedx-probe keygen key "$leaf.test" -d keys --cluster test
	done
} >/dev/null
policy() { printf 'function route(msg) return fedx.allow{ name = "%s" } end\nfunction admit(peer) return fedx.allow() end\n' "$1"; }
policy first >conf/policy.lua
start fedx-hub -l 127.0.0.1:0 -i hub.test -C test -r h -c conf --no-autostart \
	--tls-cert keys/hub.pem --tls-key keys/hub.key --psk-file keys/keys
hub=$pid at=$(ready_at "$log")
start fedx-route -r h -c conf
route=$pid
leaf() {
	start fedx-leaf -u "fedxs://$at" --psk-file "keys/$1.test.psk" -i "$1.test" -C test -r "$FEDX_RUN/$1" --no-autostart \
		--set link.backoff=20ms --set link.backoff_max=100ms
	eval "$1=\$pid"
	wait_ready "$log"
}
leaf a
leaf b
round=soak
serve --delay 5 --bytes 10000
start fedx-probe -r b serve echo -- cat
start sh -c 'exec fedx-probe -r b sub "/soak/**" >events'
known() { fedx-probe -q -r a ping -c 1 run >/dev/null && fedx-probe -q -r a ping -c 1 echo >/dev/null; }
ok 'the services are there' eventually known
begin soak 32 --body-every 9 --bytes 10000
more 'requests are answered'

# sample: how much each holds by now, KiB and descriptors
sample() {
	for who in hub route a b
	do
		eval "of=\$$who"
		echo "$who $(awk '/^VmRSS/ { print $2 }' "/proc/$of/status") $(find "/proc/$of/fd" -type l 2>/dev/null | wc -l)"
	done >>samples
}
heard() { grep -qs "	$turn\$" events; }
event() { fedx-probe -q -r a pub /soak/turn "$turn"; heard; }
comes_and_goes() { fedx-probe -q -r "$1" call -t "$tap_bound" echo m 'once more' >/dev/null 2>&1; }
turn=0 bad=0 end=$(($(date +%s) + seconds))
while test "$(date +%s)" -lt "$end"
do
	turn=$((turn + 1))
	comes_and_goes a || bad=$((bad + 1))
	eventually event || bad=$((bad + 1))
	if test $((turn % 3)) = 0
	then	# another leaf, with the same name each time
		leaf c && eventually comes_and_goes c || bad=$((bad + 1))
		stop "$c" || bad=$((bad + 1))
	fi
	if test $((turn % 4)) = 0
	then
		policy "turn_$turn" >conf/policy.lua
		fedx-probe -q -r h reload >/dev/null || bad=$((bad + 1))
	fi
	sample
	rm -f "$FEDX_RUN"/*.[0-9]*.log	# of those that have come and gone
	sleep 0.3	# the pace of the load, not a wait
done
is "$bad" 0 "in $turn turns everything was answered"

# the second quarter against the last: medians, so that what is under way does not count
flat() {
	awk -v who="$1" -v field="$2" -v slack="$3" '
		$1 == who { v[n++] = $field }
		function median(from, to,  i, j, t) {
			for (i = from + 1; i < to; i++)
				for (j = i; j > from && v[j - 1] > v[j]; j--) { t = v[j]; v[j] = v[j - 1]; v[j - 1] = t }
			return v[int((from + to) / 2)]
		}
		END {
			was = median(int(n / 4), int(n / 2)); is = median(int(3 * n / 4), n)
			printf "# %s: %d, then %d\n", who, was, is
			exit !(n >= 8 && is <= was + was / 20 + slack)
		}' samples
}
# KiB; a short soak is still warming up, and buffers that a burst has had are kept for the next one
slack=256
test "$seconds" -ge 300 || slack=512
grows() { grep -q fsanitize "$FEDX_BUILD/config.mk"; }
for who in hub route a b
do
	if grows
	then skip "the memory of $who says nothing: a sanitizer keeps what was freed"
	else
		ok "the memory of $who is flat" flat "$who" 2 "$slack"
		cat "$FEDX_RUN/ok.out"
	fi
	ok '... and so are its descriptors' flat "$who" 3 2
	cat "$FEDX_RUN/ok.out"
done
finish 'the soak'
is "$(count may_have_run) $(count not_delivered)" '0 0' 'nothing was lost'
done_testing
