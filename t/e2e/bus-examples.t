#!/bin/sh
# bus-examples.t - every message and every script in fedx-bus(7) does what the page says.
. "${0%/*}/../lib/tap.sh"

page=$FEDX_SRC/share/man/fedx-bus.7
talk() { perl "$FEDX_SRC/t/lib/talk.pl" "$FEDX_RUN/node.sock"; }
play() { talk <"$1"; }
call() {	# call SERVICE METHOD PAYLOAD WANTED-MEMBERS
	printf 'caller -> {"type":"request","id":1,"service":"%s","method":"%s","payload":"%s"}\n' "$1" "$2" "$3"
	printf 'caller <- {"type":"reply","id":1,%s}\n' "$4"
}
answers() { call "$@" | talk; }

start fedx-hub -l 127.0.0.1:0 -i site-b -C home -r "$FEDX_RUN"
hub=$pid
wait_ready "$log" || { not_ok 'the hub is ready'; done_testing; }

# each literal block with arrows is one conversation
awk -v dir="$FEDX_RUN" '
	/^\.Bd -literal/ { n++; next }
	/^(service|caller) (->|<-) / { gsub(/\\e/, "\\"); print > (dir "/block" n) }
	/^\.S[hs] / { sub(/^\.S[hs] /, ""); title = $0 }
	/^#!/ { script = dir "/script" ++s; print title > (script ".of") }
	/^\.Ed/ { script = "" }
	script { gsub(/\\e/, "\\"); print > script }' "$page"
blocks=0
for block in "$FEDX_RUN"/block*
do
	ok "a conversation of $(wc -l <"$block" | tr -d ' ') lines, from $(sed 1q "$block" | cut -c 1-60)" play "$block"
	blocks=$((blocks + 1))
done
ok 'no example was overlooked' test "$blocks" -eq 14

for script in "$FEDX_RUN"/script?
do
	first=$(sed 1q "$script")
	program=${first##*[/ ]}
	chmod +x "$script"
	command -v "$program" >/dev/null || { skip "no $program"; continue; }
	case $program in
	python3)
		start "$script"
		ok 'ten lines of Python are a service' eventually answers wc count 'a line of text' '"payload":"4"' ;;
	perl)
		start "$script"
		ok 'ten lines of Perl are a service' eventually answers reverse x 'abc' '"payload":"cba"' ;;
	sh)
		command -v socat >/dev/null || { skip 'no socat'; continue; }
		start socat UNIX-CONNECT:"$FEDX_RUN"/node.sock EXEC:"$script"
		ok 'ten lines of shell are a service' eventually answers clock now '' '"payload":...' ;;
	*)
		not_ok "a script for $program" ;;
	esac
done
ok 'the hub ends well' stop "$hub"
done_testing
