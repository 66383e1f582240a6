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
	rows fabric/gate.h GATE_COUNTERS | awk -F '\t' '{ printf ".It Cm fedx_policy_%s_total\n%s\n", $1, $2 }'
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
id		the id of this node, as --id says it
cluster		its cluster, as --cluster says it
listen		addresses where links and clients are accepted, a list, as --listen says them; one with options is a table: { "0.0.0.0:8443", tls = "proxy", trust_proxy = { "192.0.2.7" } }
uplink		URLs of the hub, a list, as --uplink says them, those by SRV records too (fedxs+srv://example.net); each dial takes the next one
peers		URLs of other hubs, a list, as --peer says them: each is dialled, and stays linked; hubs only
rundir		the run directory, as --rundir says it
token_file		a hub: the file of those who may join, by token or certificate; a leaf: the file with the token to show
psk_file		a hub: the file of shared keys of those who may join; a leaf: the file with its own
blocked_file		a file of hashes of tokens, keys and certificates that are refused whatever else lets them in
roster_file		a hub's: whom it has invited and who has joined, a file that it writes itself
joined_file		a leaf's: the key that it has joined with, a file that it writes itself
tls.cert		certificate chain in PEM
tls.key		its key in PEM, a file that others cannot read
tls.ca		certificates in PEM that sign the one of the hub
tls.client_ca		a hub: certificates in PEM that sign those of nodes that join by certificate; which nodes those are, token_file says
insecure	no	open without TLS, tokens and keys, for demonstrations
daemon	no	go to the background once ready, and log to syslog
pidfile		a file for the process id
user		the user to become once ports are bound
autostart	yes	start a fedx-route if there is a policy and none runs
request.timeout	1m	how long a request waits for its answer when the caller does not say
request.timeout_max	10m	the longest wait that a caller may ask for
request.in_flight	16384	requests that one link or client may have open; over it they end with overloaded
request.balance	least_inflight	which of several instances of a service gets a request: least_inflight or round_robin; instances at this node come first
request.waiting	4096	requests that may wait for a free instance of one service when all are at their max_concurrency
request.waiting_bytes	16M	what those may hold
limits.buffers	256M	bytes of all bodies and requests that wait; over it the conversation that holds the most is ended
limits.services	256	services that one link or client may offer
limits.endpoints	4096	endpoints that one link or client may claim, and as many paths
limits.patterns	1000	patterns of events that one link or client may want; over it a subscription ends with overloaded
limits.routes	10000	routes and names that one neighbouring hub may tell of; over it they are refused with overloaded
announce.tags		words on the route to this hub, for the hooks import and export of other hubs, 255 bytes at most
routes.lifetime	10m	how long others believe in a route to this node that it does not say again; it does so after a third
routes.hold_down	2s	how long a route over two or more nodes that was lost is not used when it is back
routes.flap_threshold	5	losses within routes.flap_window after which others come first for that long; 0: never
routes.flap_window	1m	see routes.flap_threshold
link.ping	10s	a link on which one side was silent for this long is pinged
link.dead	30s	a link from which no byte came for this long is closed; at least two pings
link.handshake	10s	time for TLS, the WebSocket upgrade and HELLO, and for dialling
link.handshakes	1024	connections from the network that may be in their handshake; over it the oldest goes
link.per_address	256	connections that one source address may hold; loopback addresses are not counted
link.bus_clients	256	connections that the bus may hold
link.backoff	500ms	the wait before the first new dial, doubled each time; the real wait is random, from 0 to this
link.backoff_max	30s	where that doubling ends
link.steady	10s	an uplink that was up for this long starts with link.backoff again
link.refused	1m	the wait after a refusal (a wrong token, another cluster, a node id in use), doubled each time; the real wait is half of it or more
link.refused_max	15m	where that doubling ends
link.come_back	1s	when a node that goes away asks others to return, the first of them; who finds nobody then waits as long again, or up to twice that, doubled each time
link.come_back_rate	4000	how many of them it asks to come a second, so that they do not come at once
link.elsewhere		the URL of a hub to which a node that goes away sends others meanwhile; who has it among its uplinks dials it next
link.queue	4M	bytes that may wait to be written to one link or client
link.payload	1M	payload of one envelope
link.digest	1m	how often an uplink is asked whether both sides know the same names
policy.wait	1s	how long a message waits for the verdict of a policy; then it is denied with policy_unavailable
policy.pick_wait	50ms	how long a request waits for a pick of balance; then least_inflight chooses
policy.flows	65536	verdicts that are kept
policy.audit	1000	of so many messages that a kept verdict decided one is asked about again, to find hooks that answer by what they do not read; 0: none
federation.mode	strict_isolation	which other clusters may be linked: none (strict_isolation), those of the lists (explicit_bridging), or any (permissive_bridging)
federation.allowed_foreign_cluster_ids		explicit_bridging: clusters that may be linked
federation.blocked_foreign_cluster_ids		clusters that may not, whatever else is set
federation.bridges		explicit_bridging: clusters that may be linked, and by which of their nodes: "CLUSTER [NODE...] [as NAME]"
federation.allowed_functions		what other clusters may use and offer here, each SERVICE or SERVICE/METHOD; none: all
federation.blocked_functions		what they may not, also if it is allowed
federation.transit		which clusters may send through this one to which others, each "FROM TO"; true: any
federation.require_mutual_authentication	yes	both ends of a link between clusters must prove their cluster: who dials by a token, who is dialled by its certificate
federation.require_encrypted_connections	off_host	a link between clusters must be in TLS: yes, no, or off_host, which lets those within one host be without
federation.links_per_minute	10	new links of one other cluster in a minute
federation.requests_per_minute	100	requests of one other cluster in a minute
drain.wait	10s	how long a drain waits for requests in flight
dns.servers		name servers instead of those of the system, like 192.0.2.53,[2001:db8::53]:5353
proxy		the HTTP proxy by which hubs are dialled (CONNECT), like http://gate.example.net:3128; it resolves their names; loopback addresses are never dialled by it
proxy_file		a file with the URL of the proxy in its one line, which others cannot read: http://USER:PASSWORD@HOST:PORT
no_proxy		hosts that are dialled without a proxy, with commas between: domains with all below them, addresses, networks like 10.0.0.0/8; *: all
tls.pin		what is trusted instead of a CA, whatever name the certificate carries: sha256: and 64 hex digits, the hash of the hub's certificate in DER, or key:sha256: and that of its public key; up to 8 of them with blanks between
tls.session_file		a file for TLS sessions, so that handshakes are short after a restart; written within 10s, encrypted by the private key of tls.key, else by the token, and good for an hour
uplink.token_file		what a hub shows to its uplink and its peers: a file with one token, as a leaf's --token-file
uplink.psk_file		what a hub proves to its uplink and its peers: a file with one shared key, as a leaf's --psk-file
log.level	info	how much is logged: error, warning, info or debug
log.format	logfmt	logfmt or json
END
}

# key, type, least, most, NOW or RESTART: what settings.h says
settings_rows() {
	rows node/settings.h SETTINGS | awk -F '\t' -v OFS='\t' '{ gsub(/"/, "", $1); print $1, $2, $4, $5, $6 }' |
		sed "s/FLOWS_MAX/$(sed -n 's/.*FLOWS_MAX = \([0-9]*\).*/\1/p' "$src/fabric/flow.h")/"
}

settings() {
	{ settings_text; echo; settings_rows; } | awk -F '\t' '
		function number(c) {	# 86400000u, 1u << 20, 1<<16
			if (c ~ /[A-Z]/) { print "mktables.sh: what number is " c "?" >"/dev/stderr"; exit 1 }
			gsub(/[u ]/, "", c)
			if (match(c, /<</))
				return substr(c, 1, RSTART - 1) * 2 ^ substr(c, RSTART + 2)
			return c + 0
		}
		function whole(n, unit) { return n > 0 && n % unit == 0 }
		function duration(ms) {
			if (whole(ms, 3600000)) return ms / 3600000 "h"
			if (whole(ms, 60000)) return ms / 60000 "m"
			if (whole(ms, 1000)) return ms / 1000 "s"
			return ms "ms"
		}
		function size(n) {
			if (whole(n, 1048576)) return n / 1048576 "M"
			if (whole(n, 1024)) return n / 1024 "k"
			return n ""
		}
		function kind(type, least, most) {
			least = number(least); most = number(most)
			if (type == "DURATION") return "time from " duration(least) " to " duration(most)
			if (type == "SIZE") return "size from " size(least) " to " size(most)
			if (type == "COUNT") return "number from " least " to " most
			if (type == "LIST") return "list of texts"
			if (type == "YESNO") return "yes or no"
			if (type == "TEXT") return "text"
			return "word"
		}
		NF == 0 { types = 1; next }
		!types { order[++n] = $1; preset[$1] = $2; text[$1] = $3; next }
		{ is[$1] = kind($2, $3, $4); reload[$1] = $5 == "NOW" ? "yes" : "restart" }
		END {
			print ".Bl -tag -width Ds"
			for (i = 1; i <= n; i++) {
				k = order[i]
				gsub(/-/, "\\-", text[k])
				printf ".It Cm %s\n%s.\n.br\n%s; default: %s; reload: %s\n", k, text[k], is[k],
					preset[k] == "" ? "none" : preset[k], reload[k]
			}
			print ".El"
		}'
}

# the names of ASK_FIELDS, in its order, a name a line
field_names() {
	sed -n '/^#define ASK_FIELDS(X)/,/[^\\]$/p' "$src/wire/ask.h" | grep -v '^#define' | tr ')' '\n' |
		sed -n 's/.*X(\([a-z0-9_]*\)$/\1/p'
}
# field, an example, what it is; field_names has their order, and a test holds one to the other
fields_text() { cat <<'END'
kind	request	what kind of message it is
type	text	what its payload is said to be: bytes, text, json, msgpack, clasp
from	alice@site-a	the first endpoint that the caller claimed; a caller may have none
from_domain	site-a	what stands behind the @ of from
to	lamp@site-b	an endpoint, a path or a node; nil for a request to a service
to_domain	site-b	what stands behind the @ of to; of a node, all of it; nil for a path
subject	wc/count	SERVICE/METHOD; of a message to an endpoint or a path, its method alone
service	wc	the part of subject before the first slash; nil for a message to an endpoint or a path, whose subject is a method
method	count	the part behind it; nil if it is empty, as when one asks whether a service is there
path1	a	of a path like /a/b/c, that an event is on or a request goes to, the first segment
path2	b	the second
path3	c	the third
origin	site-a	the node where the message entered the fabric
version	>=1.2	which versions of the service the caller takes
idempotent	yes	the caller says that running it twice does no harm; else nil
oneway	yes	nobody waits for an answer; else nil
peer	leaf	the role of the peer: client, guest (a client without a credential), leaf, hub or uplink; in Lua it is the peer itself, see below
peer_node	site-a	the node id of the peer, if it is a node
peer_cluster	home	the cluster of the peer
peer_address	192.0.2.7	where its connection comes from, without the port; unix on the bus
peer_from	alice@site-a	the first endpoint that a client claimed
peer_tags	staff night	the words that admit gave it, with a space between
peer_admin	yes	the peer is an admin of this node; else nil
END
}
ask() {
	echo '.Bl -column "peer_address" "alice@site-a" "what it is"'
	echo '.It Em field Ta Em "for example" Ta Em what'
	{ fields_text; echo; field_names; } | awk -F '\t' '
		NF == 0 { names = 1; next }
		!names { example[$1] = $2; text[$1] = $3; next }
		{ printf ".It Cm %s Ta %s Ta %s\n", $1, example[$1], text[$1] }'
	echo .El
}

# name in the source, the header that has it, unit, what it bounds
bounds_text() { cat <<'END'
SANDBOX_MEMORY	policy/sandbox.h	bytes	memory of one loaded policy, its lists included
SANDBOX_STRING	policy/sandbox.h	bytes	one string
SANDBOX_RESULTS	policy/sandbox.h		values from one table.unpack, string.byte or utf8.codepoint
BUDGET_LOAD	policy/sandbox.h	instructions	loading a policy and what it requires
BUDGET_CALL	policy/sandbox.h	instructions	one call of a hook
BUDGET_TEST	policy/sandbox.h	instructions	one file of tests
TIME_CALL_MS	policy/sandbox.h	ms	one call of a hook, however few its instructions
TIME_LOAD_MS	policy/sandbox.h	ms	loading a policy; one file of tests
BUNDLE_FILE_MAX	policy/bundle.h	bytes	a file of Lua
BUNDLE_LIST_MAX	policy/bundle.h	bytes	a list
BUNDLE_MAX	policy/bundle.h	bytes	all files of a policy
TESTS_MAX	wire/ask.h		tests that a verdict remembers; beyond, the field counts as read
LOOKUPS_MAX	wire/ask.h		look-ups of env in one call; beyond, the verdict is not kept
SCOPES_MAX	wire/ask.h		scopes of one admit
MASKS_MAX	fabric/flow.h		different sets of fields and tests; verdicts beyond are not kept
WAIT_MAX	fabric/gate.h	messages	of one link or client that wait for a verdict
WAIT_BYTES	fabric/gate.h	bytes	that these may have
ASKS_A_SECOND	fabric/gate.h	questions	a second of one link or client; beyond, overloaded
RULINGS_ASKED	fabric/gate.h	questions	at once of one neighbour about routes
REASK_MS	fabric/gate.h	ms	after a reload, until verdicts of the policy before are gone
DECISIONS_MAX	node/decided.h	denials	that a node remembers for explain
END
}
bounds() {
	echo '.Bl -column "50000000 instructions" "what it bounds"'
	bounds_text | while IFS='	' read -r name file unit what
	do
		case $unit in		# read takes two tabs as one
		'') ;;
		bytes|instructions|messages|questions|ms|denials) ;;
		*) what=$unit unit='' ;;
		esac
		value=$(sed -n "s/.*[^A-Z_]$name = \([^,}]*\).*/\1/p; s/^$name = \([^,}]*\).*/\1/p" "$src/$file" | sed 1q)
		test -n "$value" || { echo "mktables.sh: there is no $name in $file" >&2; return 1; }
		value=$(($(printf '%s' "$value" | sed 's|/\*.*||')))
		case $unit in
		bytes)
			if test $((value % 1048576)) -eq 0
			then value=$((value / 1048576)) unit=MiB
			elif test $((value % 1024)) -eq 0
			then value=$((value / 1024)) unit=KiB
			fi ;;
		esac
		printf '.It %s Ta %s\n' "$value${unit:+ $unit}" "$what"
	done
	echo .El
}

# each policy of share/examples, with its first line, which says what it is for
cookbook() {
	echo '.Bl -tag -width Ds'
	for policy in "$man"/../examples/policies/*/policy.lua
	do
		name=${policy%/policy.lua}
		printf '.It Pa %s\n' "${name##*/}"
		sed -n '1s/^-- //p' "$policy"
	done
	echo .El
}

# name in the source, what it means; fabric/cluster.h has the numbers and the settings
codes_text() { cat <<'END'
STRICT	its cluster is another one, and the mode is strict_isolation
NOT_ALLOWED	its cluster is not in the allow list, and there is no bridge for it
BLOCKED	its cluster is in the block list, which wins over all
NOT_ADMITTED	something was said before HELLO
NODE_NOT_ALLOWED	there are bridges for its cluster, and none lists its node
REMOTE_REFUSED	the other side refused; its own code and sentence follow
DEPARTED	it said goodbye less than 5 s ago, and is the same run of its program
RATE	its cluster has opened too many links, or sent too many requests, in this minute
NEEDS_TLS	the link is not in TLS
IDENTITY	it has not proven that it is of its cluster
SOURCE_NOT_ALLOWED	a route or a message comes through the neighbour from a cluster that is not accepted here, or that may not pass
FUNCTION_NOT_ALLOWED	the service or method is not open between clusters
LINK_DOWN	the link closed while it had a request to answer, or to carry
MALFORMED	what it gives as its cluster is no cluster id
END
}
codes() {
	echo '.Bl -tag -width 2101'
	{ codes_text; echo; rows fabric/cluster.h FED_CODES; } | awk -F '\t' '
		NF == 0 { rows = 1; next }
		!rows { text[$1] = $2; next }
		{ gsub(/"/, "", $3); printf ".It %s\n%s%s.\n", $2, toupper(substr(text[$1], 1, 1)), substr(text[$1], 2); if ($3) printf ".br\n.Cm %s\n", $3 }'
	echo .El
}

table() {
	case $1 in
	ask|bounds|codes|cookbook|errors|kinds|flags|metrics|settings) "$1" ;;
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
fields)
	fields_text ;;
''|-*)
	echo 'usage: mktables.sh TABLE | -w | -c | keys | fields' >&2
	exit 64 ;;
*)
	table "$1" ;;
esac
