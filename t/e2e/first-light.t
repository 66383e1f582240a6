#!/bin/sh
# first-light.t - a program behind NAT is called through a hub by a shell pipeline.
. "${0%/*}/../lib/tap.sh"

start fedx-hub -i hub -r "$FEDX_RUN/h" -l 127.0.0.1:0
ok 'the hub is ready' wait_ready "$log"
at=$(ready_at "$log")
start fedx-leaf -i site-a -r "$FEDX_RUN/a" -u "fedx://$at"
start fedx-leaf -i site-b -r "$FEDX_RUN/b" -u "fedx://$at"
up() { fedx-probe -r "$FEDX_RUN/h" links | grep -q "$1.*up"; }
ok 'site A comes up' eventually up site-a
ok 'site B comes up' eventually up site-b

start fedx-probe -r "$FEDX_RUN/b" serve wc -- sh -c 'wc "-$FEDX_METHOD" | tr -d " "'
there() { fedx-probe -r "$FEDX_RUN/a" -q ping wc; }
ok 'the service is seen from the other site' eventually there

words() { printf 'one\ntwo words\nand three words\n' | fedx-probe -r "$FEDX_RUN/a" call wc w -; }
is "$(words | tr '\n' ' ')" '1 2 3 ' 'three lines in, three answers out, in order'
is "$(words | sort -rn | head -n 1)" 3 'it is a filter like any other'
is "$(fedx-probe -r "$FEDX_RUN/a" trace wc | tail -n +2 | cut -f2 | tr '\n' ' ')" \
	'site-a hub site-b ' 'a trace names every node on the way'
ok 'what nobody serves is a clean no' expect_status 1 fedx-probe -r "$FEDX_RUN/a" call nothing x
done_testing
