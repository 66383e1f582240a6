#!/bin/sh
# tour.t - what the tour and the README tell to type works, and prints what they say.
. "${0%/*}/../lib/tap.sh"
command -v openssl >/dev/null || skip_all 'the openssl command is not installed'

# One shell runs all blocks of a page one after another, as a reader does.  Only the port
# and the directory differ from what is written.  Its processes end with it.
page=$FEDX_SRC/share/doc/tour.md
port=$(free_port)
mkdir "$FEDX_RUN/tour" "$FEDX_RUN/want" "$FEDX_RUN/got"
awk -v want="$FEDX_RUN/want/" '
	/^```sh$/	{ n++; printf "exec >../got/%d 2>&1\n", n; kind = "sh"; next }
	/^```text$/	{ kind = "text"; next }
	/^```/		{ kind = ""; next }
	kind == "sh"	{ print }
	kind == "text"	{ print > (want n) }' "$page" | sed "s/7342/$port/g" >"$FEDX_RUN/tour.sh"
blocks=$(grep -c '^exec >' "$FEDX_RUN/tour.sh")

tour() { cd "$FEDX_RUN/tour" && exec perl -e 'setpgrp; alarm shift; exec @ARGV' "$((tap_bound * 6))" sh ../tour.sh; }
# numbers differ from run to run, and so does the order of links; a message on standard error
# may come before or after what is beside it on standard output
shape() { sed -e "s/$port/7342/g" -e 's/sha256:[0-9a-f]*/sha256:X/g' -e 's/[0-9][0-9.]*/N/g' "$1" | sort; }
prints() { shape "$FEDX_RUN/want/$1" >"$FEDX_RUN/a"; shape "$FEDX_RUN/got/$1" | diff "$FEDX_RUN/a" -; }
title() { awk -v n="$1" '/^## / { t = substr($0, 4) } /^```sh$/ && ++k == n { print t }' "$page"; }

start tour
tourist=$pid
ended "$tourist" || true
n=0
while test "$n" -lt "$blocks"
do
	n=$((n + 1))
	: >>"$FEDX_RUN/got/$n"
	ok "tour: $(title "$n")" prints "$n"
done
ok 'the tour has not lost its blocks' test "$blocks" -ge 11
ok 'it leaves no node behind' not fedx-probe -r "$FEDX_RUN/tour/hub" ping
done_testing
