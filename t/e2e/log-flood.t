#!/bin/sh
# log-flood.t - strangers who come again and again, each time from another port, fill no log.
. "${0%/*}/../lib/tap.sh"
cd "$FEDX_RUN" || exit 1

start fedx-hub -l 127.0.0.1:0 -i hub.test -C test
hub=$pid hub_log=$log
ok 'the hub is ready' wait_ready "$hub_log"
at=$(ready_at "$hub_log")
knock() {	# knock N TEXT: N connections that say it and wait for the end
	perl -MIO::Socket::INET -e 'for (1 .. shift) {
		my $s = IO::Socket::INET->new($ARGV[0]) or die; syswrite $s, $ARGV[1]; shutdown $s, 1; 1 while sysread $s, my $b, 4096;
	}' "$1" "$at" "$2"
}
lines() { wc -l <"$hub_log"; }

before=$(lines)
ok 'two hundred send what no protocol begins with' knock 200 '???'
ok 'two hundred greet with nonsense' knock 200 '{"type":"hello","node":"Not A Node"}
'
ok 'two hundred do not greet' knock 200 '{"type":"ping"}
'
ok 'ten lines of a kind are written, no more' test $(($(lines) - before)) -le 60
start fedx-probe serve echo -- cat
ok 'the hub serves' eventually fedx-probe -q ping -c 1 echo
ok 'it ends well' stop "$hub"
like "$(cat "$hub_log")" 'event=repeated of=turned_away.*times=190' 'what was not written is counted'
done_testing
