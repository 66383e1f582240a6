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

# sh, in a process group of its own and with a bound
tourist() { cd "$1" && exec perl -e 'setpgrp; alarm shift; exec @ARGV' "$((tap_bound * 6))" sh "$2"; }
travel() {
	start tourist "$@"
	wait "$pid"
	kill -- "-$pid" 2>/dev/null	# of one that broke off, what it left running
}
# in tables, numbers differ from run to run, and so does the order of links; a message on
# standard error may come before or after what is beside it on standard output
shape() { sed -e "s/$port/7342/g" -e 's/sha256:[0-9a-f]*/sha256:X/g' -e '/	/s/[0-9][0-9.]*/N/g' "$1" | sort; }
prints() { shape "$FEDX_RUN/want/$1" >"$FEDX_RUN/a"; shape "$FEDX_RUN/got/$1" | diff "$FEDX_RUN/a" -; }
title() { awk -v n="$1" '/^## / { t = substr($0, 4) } /^```sh$/ && ++k == n { print t }' "$page"; }

travel "$FEDX_RUN/tour" ../tour.sh
n=0
while test "$n" -lt "$blocks"
do
	n=$((n + 1))
	: >>"$FEDX_RUN/got/$n"
	ok "tour: $(title "$n")" prints "$n"
done
ok 'the tour has not lost its blocks' test "$blocks" -ge 11
ok 'it leaves no node behind' not fedx-probe -r "$FEDX_RUN/tour/hub" ping

# The ten lines of the README without the first two, which build.  Its sleeps wait here for
# what a reader waits for, since a second may be short on a busy machine, and the jobs that
# "kill %1" ends at a terminal have no numbers in a script.
port=$(free_port)
mkdir "$FEDX_RUN/ten"
{
	cat <<-'END'
		exec 2>ten.log
		pids='' sleeps=0
		trap 'kill $pids; wait' EXIT
		trap 'exit 1' ALRM
		settled() {
			test "$(grep -c event=link_up ten.log)" -eq 4 &&
				{ test "$sleeps" -eq 1 || grep -q 'event=attached subject=wc peer=site-b' ten.log; }
		}
		sleep() { sleeps=$((sleeps + 1)); until settled; do command sleep 0.1; done; }
	END
	sed -n '/^## A tour in ten lines/,/^`kill/s/^    //p' "$FEDX_SRC/README.md" | sed -e '1,2d' \
		-e "s/7341/$port/" -e "s|/tmp/fx-|$FEDX_RUN/ten/|g" -e "s|<README|<$FEDX_SRC/README|" \
		-e 's/& sleep/\& pids="$pids $!"; sleep/' -e 's/& *\(#.*\)*$/\& pids="$pids $!"/'
} >"$FEDX_RUN/ten.sh"
travel "$FEDX_RUN/ten" ../ten.sh
is "$(grep -c fedx- "$FEDX_RUN/ten.sh")" 8 'README: eight of the ten lines run'
said=$(cat "$log")
like "$said" '^1	site-b	-	wc	1	' 'README: ping finds the service'
is "$(printf '%s\n' "$said" | sed -n '/^1	site-b/,/^hop/p' | grep -c '^[0-9]*$')" 3 'README: three longest lines'
like "$said" '^3	site-b	leaf	' 'README: trace ends at the other site'
is "$(printf '%s\n' "$said" | grep -c '^site-[ab]	leaf	up	')" 2 'README: two leaves are up'
ok 'README: and all of it ends' not fedx-probe -r "$FEDX_RUN/ten/hub" ping
done_testing
