#!/bin/sh
# faults-clock.t - the wall clock steps a day: links, requests and deadlines do not care; tokens and the log do.
. "${0%/*}/../lib/tap.sh"
. "${0%/*}/../lib/fates.sh"
. "${0%/*}/../lib/nodes.sh"

command -v faketime >/dev/null || skip_all 'no faketime here'
! grep -q fsanitize "$FEDX_BUILD/config.mk" || skip_all 'a sanitizer wants to be the first that is preloaded'
faked=$(faketime -f +0 env | sed -n 's/^LD_PRELOAD=//p')
cd "$FEDX_RUN" || exit 1
umask 077
clock=$FEDX_RUN/clock
# under: its wall clock is off by what $clock says, read at each look
under="env LD_PRELOAD=$faked FAKETIME_TIMESTAMP_FILE=$clock FAKETIME_NO_CACHE=1 DONT_FAKE_MONOTONIC=1"
step() { echo "$1" >"$clock.new" && mv "$clock.new" "$clock"; }
day() { perl -MPOSIX=strftime -e 'print strftime "%Y-%m-%d", gmtime(time + $ARGV[0] * 86400)' -- "$1"; }
sees() {	# sees PID LOG DAYS: it writes that day
	kill -HUP "$1"
	grep -q "^time=$(day "$3")T[0-9:.]*Z .*event=reloaded" "$2"
}
step +0d
start $under fedx-hub -l 127.0.0.1:0 -r "$FEDX_RUN/try"
wait_ready "$log"
step +1d
eventually sees "$pid" "$log" 1 || skip_all 'faketime does not step the clock of who runs'
stop "$pid"
step +0d

# --- under load ---

nodes
begin clock 32 --body-every 9 --timeout 3000
serve --delay 3
# a service that answers when it is told to, one that never does
start fedx-probe -r b serve late -- sh -c ': >late-begun; until test -e late-go; do sleep 0.05; done; echo late'
start fedx-probe -r b serve never -- sleep 600
known() { test "$(fedx-probe -r h -H services | cut -f 1 | sort | tr '\n' ' ')" = 'late never run '; }
ok 'services are known' eventually known
more 'at peace'
for to in +1d -1d +0d
do
	rm -f late-begun late-go
	start fedx-probe -r h -q call -t 60 late m x
	late=$pid late_log=$log
	ok "$to: a request waits for its answer" eventually test -e late-begun
	start fedx-probe -r h -q call -t 1 never m x
	never=$pid
	ok 'the clock steps' step "$to"
	more '... and it goes on'
	ok '... the deadline that is over is' expect_status 75 ended "$never"
	: >late-go
	ok '... the one that is not is not' ended "$late"
	is "$(cat "$late_log")" late '... and has its answer'
	ok '... the log has the new time' eventually sees "$hub" "$hub_log" "${to%d}"
done
is "$(grep -Ec 'half-open|link_down|now=BACKOFF' "$hub_log" "$a_log" "$b_log" | tr '\n' ' ')" \
	"$hub_log:0 $a_log:0 $b_log:0 " 'no link was lost'
finish 'the wall clock steps'

# --- what is good until a time of day ---

ok 'fedx-probe keygen token' fedx-probe keygen token guest.test -d keys --cluster test --expires 1h
start $under fedx-hub -l 127.0.0.1:0 -i door.test -C test -r door --token-file keys/tokens $quick
door_log=$log
door=$(ready_at "$log")
guest() {
	start $under fedx-leaf -u "fedx://$door" -i guest.test -C test -r guest --token-file keys/guest.test.token $quick
	guest=$pid guest_log=$log
}
guest
ok 'a token of an hour opens' eventually grep -q now=UP "$guest_log"
step +1d
guest_is_up() { is_up guest; }
ok 'a day later, who is in is in' guest_is_up
ok '... it leaves' stop "$guest"
guest
ok '... and is not let in again' eventually grep -q 'now=REFUSED .*has expired' "$guest_log"
step +0d
ok 'the clock steps back, and it is' eventually guest_is_up
step -1d
ok '... a day before it was made it is good as well' stop "$guest"
guest
ok '... as it says only until when' eventually grep -q now=UP "$guest_log"
ok 'it leaves' stop "$guest"

# --- a hub whose clock is a day behind when it comes back ---

step +0d
dial_at=127.0.0.1:$(free_port) dial_mid=127.0.0.1:$(free_port)
first() {
	start $under fedx-hub -l "$dial_at" -i first.test -C test -r first --no-autostart $quick
	first=$pid
	wait_ready "$log"
}
first
start $under fedx-hub -l "$dial_mid" -i middle.test -C test -r middle --no-autostart --peer "fedx://$dial_at" $quick
start $under fedx-hub -l 127.0.0.1:0 -i last.test -C test -r last --no-autostart --peer "fedx://$dial_mid" $quick
wait_ready "$log"
start sh -c 'exec fedx-probe -r last sub /tick'
ticks=$log
ticks() { fedx-probe -r first -q pub /tick "$1"; grep -q "$1\$" "$ticks"; }
ok 'an event crosses three hubs' eventually ticks before
ok 'the first is killed' killed "$first"
step -1d
first
ok '... and its events cross again, from a day before' eventually ticks after
done_testing
