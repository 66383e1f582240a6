#!/bin/sh
# demo.t - the demonstration shows what it says, says so when it does not, and leaves nothing.
. "${0%/*}/../lib/tap.sh"
command -v openssl >/dev/null || skip_all 'the openssl command is not installed'

demo=$FEDX_SRC/share/examples/demo.sh
TMPDIR=$FEDX_RUN/t		# all that it makes is below
export TMPDIR
mkdir "$TMPDIR"

namespaces() { ip netns list 2>/dev/null | grep -c "^fx$1-"; }
# every process of a demonstration has its temporary directory in its environment
processes() {
	perl -e 'for (glob "/proc/[0-9]*") {
		open my $f, "<", "$_/environ" or next; local $/; my $e = <$f> // "";
		next unless $e =~ m{FEDX_RUN=\Q$ARGV[0]\E/};
		open my $c, "<", "$_/cmdline" or next; print "$_ ", <$c> =~ tr/\0/ /r, "\n" }' "$TMPDIR"
}
is_clean() {	# is_clean PID: nothing of the demonstration that had it is left
	processes | grep . && return 1
	find "$TMPDIR" -mindepth 1 | grep . && return 1
	test "$(namespaces "$1")" -eq 0
}
demonstrate() {	# demonstrate HOW: to its end
	log=$FEDX_RUN/demo-$1.log
	FEDX_DEMO=$1 sh "$demo" >"$log" 2>&1 </dev/null &
	pid=$!
	wait "$pid"
}
shows() { grep -Eq -e "$1" "$log"; }

ways=loopback
if test "$(id -u)" -eq 0 && command -v ip >/dev/null && command -v nft >/dev/null &&
	ip netns add "fxt$$" 2>/dev/null && ip netns del "fxt$$"
then ways='loopback namespaces'
fi
for way in $ways
do
	demonstrate "$way"
	is $? 0 "$way: the demonstration succeeds"
	ok "$way: it says where it runs" shows "$(test "$way" = loopback && echo 'On loopback' || echo 'real NAT')"
	ok "$way: the pipeline has its ten lines" shows '^ +src/[a-z]+/[a-z_]+\.[ch] +[0-9]+ +[0-9]+ +[0-9]+ +[0-9]+$'
	ok "$way: the disks of the other site" shows '[0-9]% +/'
	ok "$way: the way there" shows '^ +3 +site-b +leaf'
	ok "$way: the call in flight has its fate" shows 'link_down: .*\(may have run\)'
	ok "$way: the call without a hub has another" shows 'link_down: .*\(not delivered\)'
	ok "$way: the leaves come back" shows 'site-b was without a hub for [0-9]+\.[0-9] s'
	ok "$way: the denial of site-a" shows 'denied: policy does not allow this .*: site A is closed today'
	ok "$way: and the line that decided" shows '^ +.* policy\.lua(:| +)3 '
	ok "$way: plain text, as nobody sees colours in a file" not shows "$(printf '\033')"
	ok "$way: nothing is left" is_clean "$pid"
	test "$way" = loopback || ok "$way: the hub sees the router" shows '^ +site-a +leaf +up +198\.18\.0\.11:'
done

for signal in INT TERM HUP
do
	log=$FEDX_RUN/demo-$signal.log
	# a background job of sh ignores INT, one of nohup HUP, and sh cannot undo that
	FEDX_DEMO=${ways##* } perl -e '$SIG{$_} = "DEFAULT" for qw(HUP INT TERM); exec @ARGV' sh "$demo" >"$log" 2>&1 </dev/null &
	pid=$!
	eventually shows '^5\. ' || not_ok "$signal: it does not come to step 5"
	ok "$signal: there is something to clean" not is_clean "$pid"
	kill -"$signal" "$pid"
	wait "$pid"
	like $? '^(129|130|143)$' "$signal: it ends with the status of the signal"
	ok "$signal: nothing is left" is_clean "$pid"
done

FEDX_DEMO=${ways##* } sh "$demo" 2>&1 </dev/null | head -n 12 >"$FEDX_RUN/head.log"
ok 'a reader that leaves early' test "$(wc -l <"$FEDX_RUN/head.log")" -eq 12
ok 'leaves nothing behind either' eventually is_clean ''

# a program that does not do its part
mkdir "$FEDX_RUN/bin"
for program in fedx-hub fedx-route fedx-probe
do ln -s "$FEDX_BIN/$program" "$FEDX_RUN/bin"
done
printf '#!/bin/sh\nexit 3\n' >"$FEDX_RUN/bin/fedx-leaf"
chmod +x "$FEDX_RUN/bin/fedx-leaf"
log=$FEDX_RUN/demo-broken.log
broken() {
	FEDX_TEST_SLOW=1 FEDX_BIN=$FEDX_RUN/bin FEDX_DEMO=loopback sh "$demo" >"$log" 2>&1 </dev/null &
	pid=$!
	wait "$pid"
}
ok 'a leaf that does not run is noticed' expect_status 1 broken
ok 'and named' shows '^demo: step 2 .* did not show what it says: site-a does not reach the hub'
ok 'nothing is left of that' is_clean "$pid"
rm "$FEDX_RUN/bin/fedx-leaf"
PATH=/usr/bin:/bin
ok 'a program that is missing is noticed' test "$(command -v fedx-leaf; broken; echo $?)" = 69
ok 'and named, too' shows 'fedx-leaf is not in PATH'
done_testing
