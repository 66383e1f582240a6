#!/bin/sh
# tour.t - what the tour and the README tell to type works, and prints what they say.
. "${0%/*}/../lib/tap.sh"
command -v openssl >/dev/null || skip_all 'the openssl command is not installed'

. "${0%/*}/../lib/page.sh"
page_run "$FEDX_SRC/share/doc/tour.md" tour
ok 'the tour has not lost its blocks' test "$blocks" -ge 11
ok 'it leaves no node behind' not fedx-probe -r "$FEDX_RUN/tour/tour/hub" ping

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
page_travel "$FEDX_RUN/ten" ../ten.sh
is "$(grep -c fedx- "$FEDX_RUN/ten.sh")" 8 'README: eight of the ten lines run'
said=$(cat "$log")
like "$said" '^1	site-b	-	wc	1	' 'README: ping finds the service'
is "$(printf '%s\n' "$said" | sed -n '/^1	site-b/,/^hop/p' | grep -c '^[0-9]*$')" 3 'README: three longest lines'
like "$said" '^3	site-b	leaf	' 'README: trace ends at the other site'
is "$(printf '%s\n' "$said" | grep -c '^site-[ab]	leaf	up	')" 2 'README: two leaves are up'
ok 'README: and all of it ends' not fedx-probe -r "$FEDX_RUN/ten/hub" ping
done_testing
