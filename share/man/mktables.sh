#!/bin/sh
# mktables.sh - the tables of the manual pages, made from the source.
#
#	share/man/mktables.sh errors	print one table
#	share/man/mktables.sh -w	put every table into the pages
#	share/man/mktables.sh -c	say which pages are out of date; status 1 if any is
#
# In a page a table stands between the comments `table NAME` and `end of table`.
LC_ALL=C; export LC_ALL
man=$(cd "${0%/*}" && pwd) || exit 1
src=$man/../../src

# rows FILE LIST: the X(...) rows of a macro list, a row a line, the arguments separated
# by tabs, then the comment that stands behind the row or alone before it
rows() {
	awk -v list="$2" '
		!on && $0 ~ "^#define " list "\\(X\\)" { on = 1; next }
		!on { next }
		{
			line = $0
			more = sub(/[ \t]*\\$/, "", line)
			gsub(/[ \t]+/, " ", line)
			sub(/^ /, "", line)
			if (open || line ~ /^\/\*/) {
				sub(/^\/?\* ?/, "", line)
				open = !sub(/ ?\*\//, "", line)
				waits = waits (waits ? " " : "") line
			} else if (match(line, /^X\(.*\)/)) {
				row = substr(line, 3, RLENGTH - 3)
				rest = substr(line, RLENGTH + 1)
				if (match(line, /\) ?\/\*/)) {
					row = substr(line, 3, RSTART - 3)
					rest = substr(line, RSTART + 1)
				}
				gsub(/^ ?\/\* ?| ?\*\/$/, "", rest)
				out = cell = ""
				quoted = 0
				for (i = 1; i <= length(row); i++) {
					c = substr(row, i, 1)
					if (c == "\"")
						quoted = !quoted
					else if (c == "," && !quoted) {
						out = out cell "\t"
						cell = ""
					} else if (c != " " || quoted || cell ~ /\|/ || substr(row, i + 1, 1) == "|")
						cell = cell c
				}
				print out cell "\t" (rest ? rest : waits)
				waits = ""
			}
			if (!more)
				exit
		}' "$src/$1"
}

errors() {
	echo '.Bl -tag -width Ds'
	rows base/errors.h ERRORS | awk -F '\t' '$1 !~ /,/ {
		printf ".It %s Cm %s\n%s.\n.br\nHTTP %s, JSON-RPC %s, exit status %s; %s\n", $2, $1, $7, $3, $4, $5,
			$6 == "true" ? "may succeed later." : "will not succeed as it is."
	}'
	echo .El
}

kinds() {
	echo '.Bl -column -compact "number" "PRESENCE_QUERY" "conversation" "link, client, new"'
	echo '.It Em number Ta Em name Ta Em conversation Ta Em said by'
	rows wire/kinds.h KINDS | awk -F '\t' 'function by(who) {
			gsub(/ /, "", who)
			if (who == "0") return "node only"
			gsub(/BY_/, "", who)
			gsub(/\|/, ", ", who)
			return tolower(who)
		}
		$2 ~ /^0x/ { printf ".It %s Ta Cm %s Ta %s Ta %s\n", $2, $1, $3, by($4) }'
	echo .El
}

tlvs() {	# tlvs LIST
	echo '.Bl -tag -width "0x4000 traceparent" -compact'
	rows wire/meta.h "$1" | awk -F '\t' '{ printf ".It %s Cm %s\n%s\n", $2, $1, $3 }'
	echo .El
}

fields() {	# fields FILE
	echo '.Bl -column -compact "0x8000" "max_concurrency" "text"'
	rows "$1" FIELDS | awk -F '\t' '{ printf ".It %s Ta Cm %s Ta %s\n", $2, $1, $3 }'
	echo .El
}

flags() {
	echo '.Bl -tag -width "0x0000 idempotent" -compact'
	awk '/^enum \{.*flags/ { on = 1; next } on && /^\}/ { exit }
		on && match($0, /FLAG_[A-Z]+/) {
			name = tolower(substr($0, RSTART + 5, RLENGTH - 5))
			match($0, /0x[0-9a-f]+/)
			number = substr($0, RSTART, RLENGTH)
			text = "see the kinds that use it"
			if (match($0, /\/\*.*\*\//))
				text = substr($0, RSTART + 3, RLENGTH - 6)
			printf ".It %s Cm %s\n%s\n", number, name, text
		}' "$src/wire/envelope.h"
	echo .El
}

metrics() {
	echo '.Bl -tag -width Ds -compact'
	rows fabric/fabric.h FABRIC_COUNTERS | awk -F '\t' '{ printf ".It Cm fedx_%s_total\n%s\n", $1, $2 }'
	# metric(b, "name", "type", "help" and the heads that are written out
	tr '\n' ' ' <"$src/node/monitor.c" | sed 's/metric(b, "/\
&/g; s/# HELP fedx_[a-z]/\
&/g' | sed -n 's/^metric(b, "\([^"]*\)", "[^"]*",[ 	]*"\([^"]*\)".*/.It Cm fedx_\1\
\2/p; s/^# HELP \(fedx_[a-z_]*\) \([^\\]*\)\\n.*/.It Cm \1\
\2/p'
	echo
	echo .El
}

# key, default, what it is; a test holds keys and defaults to settings.h and -t
settings_text() { cat <<'END'
request.timeout	1m	how long a request waits for its answer when the caller does not say
request.timeout_max	10m	the longest wait that a caller may ask for
request.in_flight	16384	requests that one link or client may have open; over it they end with overloaded
request.balance	least_inflight	which of several instances of a service gets a request: least_inflight or round_robin; instances at this node come first
request.waiting	4096	requests that may wait for a free instance of one service when all are at their max_concurrency
request.waiting_bytes	16M	what those may hold
limits.buffers	256M	bytes of all bodies and requests that wait; over it the conversation that holds the most is ended
limits.services	256	services that one link or client may offer
limits.endpoints	4096	endpoints that one link or client may claim
link.ping	10s	a link that was silent for this long is pinged
link.dead	30s	a link from which no byte came for this long is closed; at least two pings
link.handshake	10s	time for TLS, the WebSocket upgrade and HELLO, and for dialling
link.handshakes	1024	connections that may be in their handshake; over it the oldest goes
link.per_address	256	connections that one source address may hold; loopback addresses are not counted
link.bus_clients	256	connections that the bus may hold
link.backoff	500ms	the wait before the first new dial, doubled each time; the real wait is random, from 0 to this
link.backoff_max	30s	where that doubling ends
link.steady	10s	an uplink that was up for this long starts with link.backoff again
link.refused	1m	the wait after a refusal (a wrong token, another cluster, a node id in use), doubled each time; the real wait is half of it or more
link.refused_max	15m	where that doubling ends
link.come_back	1s	when a node that goes away asks others to return
link.queue	4M	bytes that may wait to be written to one link or client
link.payload	1M	payload of one envelope
link.digest	1m	how often an uplink is asked whether both sides know the same names
drain.wait	10s	how long a drain waits for requests in flight
dns.servers		name servers instead of those of the system, like 192.0.2.53,[2001:db8::53]:5353
tls.pin		sha256: and 64 hex digits, the hash of the hub's certificate in DER: what is trusted instead of a CA
uplink.token_file		what a hub with an uplink shows there: a file with one token, as a leaf's --token-file
log.level	info	how much is logged: error, warning, info or debug
log.format	logfmt	logfmt or json
END
}

settings() {
	echo '.Bl -tag -width Ds'
	settings_text | awk -F '\t' '{
		text = $3
		gsub(/--token-file/, "\\-\\-token\\-file", text)
		printf ".It Cm %s\n%s.\n.br\ndefault: %s; reload: restart\n", $1, text, $2 == "" ? "none" : $2
	}'
	echo .El
}

table() {
	case $1 in
	errors|kinds|flags|metrics|settings) "$1" ;;
	metas) tlvs METAS ;;
	metas-later) tlvs METAS_LATER ;;
	hello) fields wire/hello.c ;;
	announcement) fields wire/announce.c ;;
	*) echo "mktables.sh: there is no table '$1'" >&2; return 64 ;;
	esac
}

fill() {	# fill PAGE: with its tables made anew, on stdout
	while IFS= read -r line
	do
		case $line in
		'.\" table '*)
			printf '%s\n' "$line"
			table "${line#'.\" table '}" || exit
			while IFS= read -r line && test "$line" != '.\" end of table'
			do :
			done ;;
		esac
		printf '%s\n' "$line"
	done <"$1"
}

case ${1-} in
-w|-c)
	old=0
	new=$(mktemp) || exit 1
	trap 'rm -f "$new"' 0
	for page in "$man"/*.[1-9]
	do
		grep -q '^\.\\" table ' "$page" || continue
		fill "$page" >"$new" || exit
		cmp -s "$new" "$page" && continue
		if test "$1" = -w
		then cat "$new" >"$page"
		else
			echo "${page##*/} is not what the source says: run share/man/mktables.sh -w"
			diff "$page" "$new"
			old=1
		fi
	done
	exit "$old" ;;
keys)
	settings_text ;;
''|-*)
	echo 'usage: mktables.sh TABLE | -w | -c | keys' >&2
	exit 64 ;;
*)
	table "$1" ;;
esac
