# page.sh - run what a page of share/doc tells to type, and compare what it prints.
# shellcheck shell=sh
#
#	. "${0%/*}/../lib/tap.sh"; . "${0%/*}/../lib/page.sh"
#	page_run "$FEDX_SRC/share/doc/tour.md" tour		# a test for each block; sets blocks
#
# One shell runs all blocks of a page one after another, as a reader does: those marked
# `sh`, each with the block marked `text` behind it as what it prints.  Only the port
# (7342) and the directory differ from what is written.  Its processes end with it.

# sh, in a process group of its own and with a bound
page_reader() { cd "$1" && exec perl -e 'setpgrp; alarm shift; exec @ARGV' "$((tap_bound * 6))" sh "$2"; }
page_travel() {	# page_travel DIRECTORY SCRIPT
	start page_reader "$@"
	ended "$pid" 70		# its alarm comes first
	kill -- "-$pid" 2>/dev/null	# of one that broke off, what it left running
}
# in tables, numbers differ from run to run, and so does the order of links; a message on
# standard error may come before or after what is beside it on standard output
page_shape() {
	sed -e "s/$port/7342/g" -e 's/sha256:[0-9a-f]*/sha256:X/g' -e 's/decision [0-9a-f]*-[0-9]*/decision X/g' \
		-e 's/generation [0-9]*/generation N/' -e '/	/s/[0-9][0-9.]*/N/g' "$1" | sort
}
page_prints() { page_shape "$at/want/$1" >"$at/a"; page_shape "$at/got/$1" | diff "$at/a" -; }

page_run() {	# page_run PAGE NAME
	at=$FEDX_RUN/$2 port=$(free_port)
	mkdir "$at" "$at/want" "$at/got" "$at/$2"
	awk -v want="$at/want/" '
		/^```sh$/	{ n++; printf "exec >../got/%d 2>&1\n", n; kind = "sh"; next }
		/^```text$/	{ kind = "text"; next }
		/^```/		{ kind = ""; next }
		kind == "sh"	{ print }
		kind == "text"	{ print > (want n) }' "$1" | sed "s/7342/$port/g" >"$at/script"
	blocks=$(grep -c '^exec >' "$at/script")
	page_travel "$at/$2" ../script
	n=0
	while test "$n" -lt "$blocks"
	do
		n=$((n + 1))
		: >>"$at/got/$n"
		: >>"$at/want/$n"
		ok "$2: $(awk -v n="$n" '/^## / { t = substr($0, 4) } /^```sh$/ && ++k == n { print t }' "$1")" page_prints "$n"
	done
}
