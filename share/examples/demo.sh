#!/bin/sh
# demo.sh - two sites behind NAT, a hub between them, and a shell pipeline across.
#
# Run by bin/quickstart; by hand: FEDX_BIN=DIRECTORY-OF-THE-PROGRAMS sh share/examples/demo.sh
# FEDX_DEMO=loopback keeps off network namespaces, FEDX_DEMO=namespaces insists on them.
#
# Every command that it shows is the very text that it runs.  It checks what each step
# claims, and whatever way it ends, nothing that it started is left.
here=$(cd "$(dirname "$0")" && pwd) || exit 1
root=${here%/*/*} stage=demo
. "$here/stage.sh"

is_gone() { ! kill -0 "$1"; }
no_policy_runs() { test ! -S "$dir/hub/route.sock"; }
at_the_end() { eventually no_policy_runs; }	# the hub has told it to end

# ---- the network: an exchange ("wan") with the hub and two NAT routers, a site behind each

namespace() {
	ip netns add "$net-$1" || return
	namespaces="$namespaces $net-$1"
	ip -n "$net-$1" link set lo up
}
to_wan() {	# to_wan WHO ADDRESS
	ip link add wan netns "$net-$1" type veth peer name "to-$1" netns "$net-wan" &&
	ip -n "$net-wan" link set "to-$1" master exchange up &&
	ip -n "$net-$1" addr add "$2/24" dev wan && ip -n "$net-$1" link set wan up
}
site() {	# site NAME ROUTER NUMBER
	namespace "$1" && namespace "$2" && to_wan "$2" "198.18.0.1$3" &&
	ip link add lan netns "$net-$1" type veth peer name lan netns "$net-$2" &&
	ip -n "$net-$2" addr add "100.64.$3.1/24" dev lan && ip -n "$net-$2" link set lan up &&
	ip -n "$net-$1" addr add "100.64.$3.2/24" dev lan && ip -n "$net-$1" link set lan up &&
	ip -n "$net-$1" route add default via "100.64.$3.1" &&
	ip netns exec "$net-$2" sh -c 'echo 1 >/proc/sys/net/ipv4/ip_forward' &&
	ip netns exec "$net-$2" nft -f - <<-'END'
		table ip nat {
			chain post {
				type nat hook postrouting priority 100;
				oifname "wan" masquerade
			}
		}
		table inet f {
			chain forw {
				type filter hook forward priority 0; policy drop;
				ct state established,related accept
				iifname "lan" oifname "wan" accept
			}
		}
	END
}
build_network() {
	net=fx$$
	namespace wan && namespace hub &&
	ip -n "$net-wan" link add exchange type bridge && ip -n "$net-wan" link set exchange up &&
	to_wan hub 198.18.0.9 && site site-a router-a 1 && site site-b router-b 2
}
choose_network() {
	why=''
	if test "${FEDX_DEMO-}" = loopback
	then why='FEDX_DEMO says so'
	elif test "$(id -u)" -ne 0
	then why='network namespaces need root'
	elif ! command -v ip >/dev/null || ! command -v nft >/dev/null
	then why='network namespaces with NAT need ip (iproute2) and nft (nftables)'
	elif build_network >network.out 2>&1
	then address=198.18.0.9 port=7342; return
	else why="no network namespaces with NAT here: $(sed 1q network.out)"
	fi
	test "${FEDX_DEMO-}" != namespaces || die "$why"
	drop_network
	net='' address=127.0.0.1 port=0
}

# ---- questions

is_ready() { grep -q event=ready "$1.log"; }
sees_uplink() { quietly "$1" 'fedx-probe -H links' | grep -q '	uplink	up	'; }
answers() { quietly site-a "fedx-probe -q ping $1"; }
start_hub() {
	begin hub "$1" "fedx-hub -i hub -C demo -c conf -l $address:$port \\
       --tls-cert keys/hub.pem --tls-key keys/hub.key --token-file keys/tokens"
	hub=$pid
	eventually is_ready "$1" || die 'the hub is not ready'
}
start_leaf() {
	begin "$1" "$1" "fedx-leaf -i $1 -C demo -u fedxs://$address:$port \\
       --tls-ca keys/ca.pem --token-file keys/$1.token"
	echo "$pid" >"$1.pid"
}
# seconds between the last link_down and the link_up behind it, by the log of a leaf
away() {
	awk '/event=link_(down|up)/ {
		split($1, t, /[T:Z]/); s = t[2] * 3600 + t[3] * 60 + t[4]
		if (/link_down/) { down = s; up = "" } else up = s }
		END { if (up == "") exit 1; printf "%.1f s", up < down ? up + 86400 - down : up - down }' "$1.log"
}

# ---- the demonstration

for program in fedx-hub fedx-leaf fedx-route fedx-probe openssl
do command -v "$program" >/dev/null || { echo "demo: $program is not in PATH or FEDX_BIN (${FEDX_BIN-unset})" >&2; exit 69; }
done
test -d "$root/src" || { echo "demo: it works on fedx's own sources, and $root has no src" >&2; exit 66; }
base=${TMPDIR:-/tmp}
test ${#base} -le 50 || base=/tmp	# paths of sockets are short
dir=$(mktemp -d "$base/fedx-demo.XXXXXX") && cd "$dir" || exit 73
mkdir hub site-a site-b conf && echo '-- everything is allowed' >conf/policy.lua && ln -s "$here"/*.sh . || exit 73
for folder in "$root"/src/*/	# copies, for somebody may be at work there
do mkdir -p "src/$(basename "$folder")" && cp "$folder"*.[ch] "src/$(basename "$folder")" || exit 73
done

title='the network'
choose_network
printf '%sfedx: programs at one site, called from another%s\n' "$bold" "$plain"
if test -n "$net"
then
	say "In network namespaces, with real NAT: site-a (100.64.1.2) and site-b (100.64.2.2), each"
	say "behind a router of its own, and a hub at $address that can reach neither of them."
else
	say "On loopback ($why)."
	say 'Three nodes on this machine: a hub, and the leaves site-a and site-b that dial it.'
fi
say 'Each prompt names the place; FEDX_RUN is the run directory of the node there.'

step 'Keys and tokens' 'A CA, the certificate of the hub and a token a site, made now and for this run.'
on hub "fedx-probe keygen hub hub.example -d keys --ip $address >made" || die 'no certificate'
# shellcheck disable=SC2016	# for the shell that runs it
on hub 'for s in site-a site-b; do fedx-probe keygen token $s --cluster demo -d keys; done >>made' ||
	die 'no tokens'
on hub 'cut -c 1-50 keys/tokens' || die 'no list of tokens'
test "$(grep -c '^leaf site-[ab] demo sha256:' keys/tokens)" -eq 2 || die 'two tokens are not in keys/tokens'

step 'A hub and two leaves' 'The leaves dial out by TLS, know the hub by its certificate and show their tokens.'
start_hub hub
if test "$port" = 0
then port=$(sed -n '/event=ready/s/.*listen=[^ ]*:\([0-9]*\).*/\1/p' hub.log)
fi
start_leaf site-a
start_leaf site-b
for one in site-a site-b
do eventually sees_uplink "$one" || die "$one does not reach the hub"
done
on hub 'fedx-probe links | grep -v client | cut -f 1-4,14' || die 'the hub lists no links'
test "$(grep -c '^site-[ab]	leaf	up	.*	ECDHE-' out)" -eq 2 || die 'two leaves over TLS are not listed'
if test -n "$net"
then
	grep -q '^site-a	leaf	up	198\.18\.0\.11:' out || die 'site-a is not behind its router'
	say 'The hub sees the routers, and has no way to what is behind them:'
	on hub 'ip route get 100.64.2.2' && die 'the hub can reach site-b'
	test -s err || die 'ip says nothing'
fi

step 'Nothing listens at the sites' 'A leaf opens no port: these lists of listening sockets are empty.'
for one in site-a site-b
do
	leaf=$(cat "$one.pid")
	if test -n "$net" && command -v ss >/dev/null
	then list='ss -Hltun'
	elif test -n "$net" && command -v netstat >/dev/null
	then list='netstat -ltun | grep -v -e "^Active" -e "^Proto"'
	elif command -v ss >/dev/null
	then list="ss -Hltunp | grep pid=$leaf,"
	elif command -v lsof >/dev/null
	then list="lsof -nP -a -p $leaf -iTCP -sTCP:LISTEN"
	else say 'skipped: neither ss nor lsof is here'; break
	fi
	on "$one" "$list"
	test ! -s out || die "something listens at $one"
done

step 'Programs of site-b become services' 'Any program that reads stdin and writes stdout will do; these are two scripts.'
begin site-b textstat "fedx-probe serve textstat -P 8 --methods 'lines words bytes longest file' -- sh textstat.sh"
begin site-b disk "fedx-probe serve disk --methods 'report folders' -- sh disk.sh"
for one in textstat disk
do eventually answers "$one" || die "site-a does not find $one"
done
on hub 'fedx-probe services | cut -f 1,3,5,8' || die 'the hub lists no services'
grep -q '^textstat	site-b	' out || die 'textstat is not listed at site-b'

step 'A pipeline from site-a' 'Each source file of fedx goes through textstat at site-b, 16 in flight; the ten longest:'
on site-a 'sh aslines.sh src/*/*.[ch] |
       fedx-probe call -P 16 textstat file - >stats && sort -k 2,2nr stats | head' || die 'a call failed'
test "$(wc -l <out)" -eq 10 || die 'there are not ten lines'
wc -lc src/*/*.[ch] | awk '$3 != "total" { print $3, $1, $2 }' >want
awk '{ print $1, $2, $4 }' stats >got
cmp -s want got || die 'the statistics differ from those of wc here'
awk '{ f++; l += $2; w += $3; b += $4 } END {
	printf "   name, lines, words, bytes, longest line; in all %d files, %d lines, %d words, %d bytes;\n", f, l, w, b
	print "   in the order they were sent, and equal to what wc says of them here." }' stats

step 'A report from site-b' 'A program that answers with a table: the disks of that machine.'
on site-a 'fedx-probe call disk report' || die 'no report'
grep -q 'mounted on' out || die 'the report has no head'
test "$(wc -l <out)" -ge 2 || die 'the report is empty'

step 'The way there' 'Every node on the way, and how long the answer took from it, in microseconds.'
on site-a 'fedx-probe trace textstat' || die 'no trace'
test "$(awk -F '\t' 'NR > 1 { printf "%s ", $2 }' out)" = 'site-a hub site-b ' || die 'the hops are not site-a, hub, site-b'

step 'The hub is killed' 'A call in flight ends with its fate: it may have run.  One made now: it was not delivered.'
begin site-b nap "fedx-probe serve nap -- sh -c 'echo \$\$ >began; sleep 60'"
eventually answers nap || die 'site-a does not find nap'
begin site-a call 'fedx-probe call nap now'
call=$pid
eventually test -s began || die 'the call does not arrive'
policy=$(quietly hub 'fedx-probe -H policy' | awk '$1 == "pid" { print $2 }')
prompt hub "kill -9 $hub $policy"
kill -9 "$hub" ${policy:+"$policy"}
ended "$hub"
ended "$call"
status=$?
columns <call.log
say "exit status $status: try again, if twice does no harm"
grep -q 'may have run' call.log || die 'the call in flight has another fate'
test "$status" -eq 75 || die "its status is $status, not 75"
on site-a 'echo "a line of text" | fedx-probe call textstat words -'
say "exit status $status: try again, it never ran"
grep -q 'not delivered' err || die 'the call without a hub has another fate'
test "$status" -eq 75 || die "its status is $status, not 75"

step 'The hub is back' 'The leaves find it by themselves, and so do their services.'
start_hub hub-again
for one in site-a site-b
do eventually sees_uplink "$one" || die "$one does not come back"
done
eventually answers textstat || die 'textstat does not come back'
for one in site-a site-b
do say "$one was without a hub for $(away "$one"), the restart included" || die "the log of $one does not say so"
done
on site-a 'echo "a line of text" | fedx-probe call textstat words -' || die 'a call fails'
test "$(cat out)" = 4 || die 'four words are not four'
on hub 'fedx-probe links | grep -v client | cut -f 1-8' || die 'the hub lists no links'
test "$(grep -c '^site-[ab]	leaf	up	' out)" -eq 2 || die 'two leaves are not listed'

step 'A policy' 'The hub gets a rule against site-a.  A reload checks and takes it, and cuts no link.'
on hub "cat >conf/policy.lua <<'END'
     function route(msg)
         if msg:is(\"peer_node\", \"site-a\") then
             return fedx.deny(\"site A is closed today\")
         end
     end
END" || die 'no policy'
on hub 'fedx-probe reload' || die 'the policy is refused'
on site-a 'echo "a line of text" | fedx-probe call textstat words -'
say "exit status $status: denied"
test "$status" -eq 77 || die "the status is $status, not 77"
decision=$(sed -n 's/.*(decision \([^)]*\)).*/\1/p' err)
test -n "$decision" || die 'the denial has no number'
say 'Site A has a number.  The owner of the hub looks it up: the file and the line that decided.'
on hub "fedx-probe explain --decision $decision | cut -f 3-" || die 'nobody knows the decision'
grep -q 'policy\.lua.3' out || die 'the line is not 3 of policy.lua'
say 'What would happen to another message, without sending it:'
on hub 'fedx-probe explain site-a disk --method report | cut -f 1-3,6-8'
grep -q 'policy\.lua:3' out || die 'the rule is not for disk'
on hub 'fedx-probe undo' || die 'it cannot be undone'
on site-a 'echo "a line of text" | fedx-probe call textstat words -' || die 'a call fails'
test "$(cat out)" = 4 || die 'four words are not four'

step 'The end' 'Everything is asked to end, and does: no process and no namespace of this run is left.'
stop_all || die "a program ended with status $ending"
eventually is_gone "$(cat began)" || die 'the program behind nap is left'
eventually no_policy_runs || die 'the process with the policy is left'
drop_network
test -z "$net" || ! ip netns list | grep "^$net-" || die 'a namespace is left'
printf '\n%sdemo: all %d steps showed what they say%s\n' "$bold" "$steps" "$plain"
