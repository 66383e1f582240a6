#!/bin/sh
# narrow.t - a link that takes long for what it carries one way is not taken for dead by who hears nothing meanwhile.
. "${0%/*}/../lib/tap.sh"
. "${0%/*}/../lib/fates.sh"
. "${0%/*}/../lib/nodes.sh"
cd "$FEDX_RUN" || exit 1
umask 077

# seconds long, in a system whose buffers hold less
perl -e 'print "x" x 900_000' >body
for scheme in fedx ws
do
	ok "$scheme: the hub is ready" hub
	start perl "$FEDX_SRC/t/lib/late.pl" "$at" 0 0 200000
	dial=$scheme://$(ready_at "$log")
	ok "$scheme: a leaf, by a narrow way" leaf a
	ok "$scheme: ... is up" eventually is_up a
	mkdir "$scheme"
	start fedx-probe -r h serve size -- wc -c
	ok "$scheme: the service is seen" eventually sh -c 'fedx-probe -r h services | grep -q "^size"'
	is "$(fedx-probe -r a call -t 60 size count - <body | tr -d ' ')" 900000 "$scheme: a large body arrives"
	ok "$scheme: no link is taken for dead" lacks 'half-open|event=link_down' cat "$hub_log" "$a_log"
	for one in "$a" "$hub"
	do ok "$scheme: it ends well" stop "$one"
	done
done
done_testing
