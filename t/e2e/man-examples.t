#!/bin/sh
# man-examples.t - the examples of the manual pages work as they are printed, ports and hosts apart.
. "${0%/*}/../lib/tap.sh"

man=$FEDX_SRC/share/man
command -v openssl >/dev/null || skip_all 'the openssl command is not installed'
cd "$FEDX_RUN" || exit 1
plain=$(free_port) secure=$(free_port) one=$(free_port) two=$(free_port) three=$(free_port)

# examples PAGE: its lines after a dollar sign, one a line, as the shell would get them
examples() {
	awk '/^\.Sh / { on = $2 == "EXAMPLES" }
		/^\.Bd / { block = 1 }
		/^\.Ed/ { block = 0 }
		on && (sub(/^\.Dl \$ /, "") || (block && sub(/^\$ /, ""))) {
			gsub(/\\\(dq/, "\"")
			gsub(/\\e/, "\\")
			gsub(/\\\(en|\\-/, "-")
			print
		}' "$1"
}
# here: the network of the examples is loopback, and no port is ours for sure
here() {
	sed "s/-l :7342/-l 127.0.0.1:$secure/g
		s/127\\.0\\.0\\.1:7341/127.0.0.1:$plain/g
		s/:7351/:$one/g
		s/:7352/:$two/g
		s/:7353/:$three/g
		s|/var/log/messages|messages|
		s/| grep error$/| grep -m 1 error/
		s/reserve\\.example\\.net/localhost/g
		s|://hub\\.example\\.net:7342|://localhost:$secure|g
		s|://hub\\.example\\.net|://localhost:$secure|g
		s/keygen hub hub\\.example\\.net/& --dns localhost/"
}
quietly() { eval "$example" </dev/null; }
run() {	# run PAGE: each of its examples, in this shell and directory, as a reader types them
	page=$1 count=0
	examples "$man/$page" | here >"$page.examples"
	while IFS= read -r example <&3
	do
		count=$((count + 1))
		case $example in
		curl*) command -v curl >/dev/null || { skip 'curl is not installed'; continue; } ;;
		esac
		case $example in
		*'&')
			eval "$example" >"$page.$count.log" 2>&1 </dev/null 3<&-
			tap_pids="$! $tap_pids"
			case $example in
			fedx-hub*|fedx-leaf*) ok "$page: $example" wait_ready "$page.$count.log" ;;
			*) ok "$page: $example" kill -0 "$!" ;;
			esac ;;
		*'grep -m 1 error'|*watch*)	# without an end, or waiting for something
			{ until eval "$example"; do sleep 0.1; done >"$page.$count.out"; echo ended >"$page.$count.end"; } \
				2>"$page.$count.log" </dev/null 3<&- &
			tap_pids="$! $tap_pids"
			ok "$page: $example" eventually something_is_said "$page.$count.out"
			case $example in
			*'| head'*) ok 'and it ends with 0' eventually test -s "$page.$count.end" ;;
			esac ;;
		*keygen*) ok "$page: $example" quietly ;;
		*) ok "$page: $example" eventually quietly ;;	# what was started may still be on its way
		esac
	done 3<"$page.examples"
	ok "$page has examples" test "$count" -ge "$2"
}

something_is_said() {	# something_is_said FILE: a program comes and goes at the node, until it is told there
	perl -MIO::Socket::UNIX -e 'my $s = IO::Socket::UNIX->new(shift) or exit 1;
		syswrite $s, "{\"type\":\"attach\",\"service\":\"passer-by\"}\n"; <$s>' "$FEDX_RUN/node.sock"
	test -s "$1"
}

# the names of all metrics, as a node has them and as the page has them
metrics() {
	perl -MIO::Socket::INET -e 'my $s = IO::Socket::INET->new(shift) or exit 1;
		print $s "GET /metrics HTTP/1.1\r\nHost: x\r\n\r\n"; while (<$s>) { print "$1\n" if /^# TYPE (\w+)/ }' \
		"$1" | LC_ALL=C sort
}

# the leaf of fedx-protocol(7), written from the page alone
start fedx-hub -r own -i hub -l 127.0.0.1:0
at=$(ready_at "$log")
is "$(metrics "$at")" "$(sed -n 's/^\.It Cm \(fedx_[a-z_]*\)$/\1/p' "$man/fedx-hub.8" | LC_ALL=C sort)" \
	'fedx-hub.8 has the metrics that a hub gives'
awk '/^#!/ { on = 1 } /^\.Ed/ { on = 0 } on { gsub(/\\e/, "\\"); print }' "$man/fedx-protocol.7" >leaf.pl
start perl leaf.pl "$at" site-x
says_hello() { test "$(fedx-probe -r own call hello x world)" = 'hello world, here is site-x'; }
ok 'fedx-protocol.7: the leaf in Perl joins and serves' eventually says_hello
ok 'fedx-protocol.7: under its id' sh -c 'fedx-probe -r own -H links | grep -q "^site-x	leaf	up"'

run fedx-hub.8 9
run fedx-leaf.8 6
run fedx-routing.7 6

# those of fedx-probe(1) name no run directory, and read files of their reader's
if test -f "$man/fedx-probe.1"
then
	all=$FEDX_RUN FEDX_RUN=$FEDX_RUN/site-a
	printf 'one two\nthree\n' >lines
	echo 'an error of old' >messages
	run fedx-probe.1 1
	FEDX_RUN=$all
fi
done_testing
