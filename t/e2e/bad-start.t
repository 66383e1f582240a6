#!/bin/sh
# bad-start.t - what cannot work is refused at the start, with the reason and what to do.
. "${0%/*}/../lib/tap.sh"
cd "$FEDX_RUN" || exit 1

# refused DESCRIPTION STATUS REGEX COMMAND...: it ends with that status and says so in one message
refused() {
	refused_what=$1 refused_status=$2 refused_text=$3
	shift 3
	ok "$refused_what" expect_status "$refused_status" bounded "$@"
	like "$(cat said)" "$refused_text" "... and says so"
}
bounded() {	# a daemon that starts after all must not hold up the test
	"$@" >said 2>&1 </dev/null &
	tap_reap $! 10
}
answers() { fedx-probe -r "$1" ping -c 1; }

# the one that must go on working through all of this
start fedx-hub -l 127.0.0.1:0 -i good -r "$FEDX_RUN"
good=$pid
ok 'a good hub starts' wait_ready "$log"
at=$(ready_at "$log")

refused 'an unknown option' 64 "fedx-hub: unknown option --nonsense" fedx-hub --nonsense
like "$(cat said)" "Try 'fedx-hub --help'" '... with a hint'
refused 'an unknown letter' 64 'fedx-leaf: unknown option -Q' fedx-leaf -Q
refused 'an option without its value' 64 'wants a value: --listen' fedx-hub --listen
refused 'a value for a flag' 64 'takes no value: --insecure=yes' fedx-hub --insecure=yes
refused 'an argument that nobody asked for' 64 'unexpected argument more' fedx-hub -l 127.0.0.1:0 more
refused 'a setting without =' 64 "'link.ping' is no KEY=VALUE" fedx-hub --set link.ping
refused 'an unknown setting' 78 "unknown setting 'link.pnig'; did you mean 'link.ping'\\?" \
	fedx-hub --set link.pnig=1s
refused 'a setting far from any' 78 "unknown setting 'x'; -t lists all settings" fedx-hub --set x=1
refused 'a time that is none' 78 "link.ping cannot be 'soon': want a time like 10, 500ms or 2m" \
	fedx-hub --set link.ping=soon
refused 'a value out of bounds' 78 "link.handshakes cannot be '0': want 1 to 65536" \
	fedx-hub --set link.handshakes=0
refused 'settings that contradict each other' 78 'link.dead is under two pings of 10000 ms' \
	fedx-hub --set link.dead=15s
refused 'a node id that is none' 78 "'Not An Id' is no node id" fedx-hub -i 'Not An Id'
refused 'an address that is none' 78 '--listen 127.0.0.1' fedx-hub -l 127.0.0.1
refused 'a URL of an unknown scheme' 78 '--uplink gopher://x' fedx-leaf -u gopher://x
refused 'a leaf without a hub' 78 'a leaf needs a hub: give --uplink URL' fedx-leaf
ok 'a hub says its version' bounded fedx-hub -V
like "$(cat said)" '^fedx-hub [0-9]+\.[0-9]+\.[0-9]+$' '... as the first line'
ok 'a leaf explains itself' bounded fedx-leaf -h
like "$(cat said)" '^usage: fedx-leaf -u URL' '... with its usage'

refused 'a port in use' 69 "cannot listen on $at: another program listens there" fedx-hub -l "$at" -r "$FEDX_RUN/second"
refused 'an address of another machine' 69 '192\.0\.2\.1' \
	fedx-hub -l 192.0.2.1:0 --insecure -r "$FEDX_RUN/second"
refused 'a second data plane in one directory' 78 \
	"$FEDX_RUN is in use by process $good: stop it, or .* -r" fedx-hub -l 127.0.0.1:0 -r "$FEDX_RUN"
refused 'also if it is a leaf' 78 "in use by process $good" \
	fedx-leaf -u "fedx://$at" -r "$FEDX_RUN"
ok 'the first one is not harmed' answers "$FEDX_RUN"

# --- run directories ---

mkdir -m 777 open; chmod 777 open
refused 'a directory that others may write' 78 'open is open to others \(mode 0777\): chmod 700' \
	fedx-hub -r "$FEDX_RUN/open"
mkdir -m 700 real; ln -s real link
refused 'a symbolic link' 78 'link is a symbolic link' fedx-hub -r "$FEDX_RUN/link"
: >file
refused 'a file' 78 'file is no directory' fedx-hub -r "$FEDX_RUN/file"
refused 'a place that is not there' 73 'cannot make the run directory .*/no/where' \
	fedx-hub -r "$FEDX_RUN/no/where"
long=$FEDX_RUN/$(printf '%0110d' 0)
refused 'a path too long for a socket' 78 'is too long for a socket: its path may have [0-9]+ bytes' \
	fedx-hub -r "$long"
if test "$(id -u)" -eq 0
then
	mkdir -m 700 theirs; chown 12345 theirs
	refused 'a directory of another user' 78 'theirs belongs to uid 12345, not to us \(0\)' \
		fedx-hub -r "$FEDX_RUN/theirs"
else skip 'only root can give a directory away'
fi
ln -s "$FEDX_RUN/file" real/node.lock
refused 'a lock that is a symbolic link' 73 'cannot open .*real/node.lock' fedx-hub -r "$FEDX_RUN/real"
rm real/node.lock
: >real/node.sock
refused 'a file where the socket must be' 73 'node.sock' fedx-hub -r "$FEDX_RUN/real"
rm -f real/node.sock

# one that was killed leaves its socket and lock behind: the next one takes over
start fedx-hub -r "$FEDX_RUN/real"
wait_ready "$log"
{ kill -KILL "$pid"; ended "$pid"; } 2>/dev/null
start fedx-hub -r "$FEDX_RUN/real"
ok 'what a killed one left is taken over' wait_ready "$log"
ok '... and works' answers "$FEDX_RUN/real"
ok '... and ends well' stop "$pid"
ok '... leaving nothing' not test -e "$FEDX_RUN/real/node.sock"

# --- open to the network ---

token=fx_$(printf '%064d' 7)
hash=$(printf %s "$token" | sha256sum | cut -d' ' -f1)
printf 'leaf * good sha256:%s\n' "$hash" >tokens
printf '%s\n' "$token" >token
chmod 600 tokens token
refused 'the network without TLS' 78 '0\.0\.0\.0:0 is open to the network: give --tls-cert and --tls-key' \
	fedx-hub -l 0.0.0.0:0 --token-file tokens -r "$FEDX_RUN/real"
refused 'IPv6 too' 78 'is open to the network' fedx-hub -l '[::]:0' -r "$FEDX_RUN/real"
refused 'a certificate without its key' 78 '--tls-cert and --tls-key belong together' \
	fedx-hub -l 127.0.0.1:0 --tls-cert x.pem
start fedx-hub -l 0.0.0.0:0 --insecure -r "$FEDX_RUN/real"
ok 'unless it is asked for' wait_ready "$log"
like "$(cat "$log")" 'insecure.*anyone who reaches this may join' '... with a warning'
ok '... and ends well' stop "$pid"

# --- credentials ---

refused 'a token file that is not there' 66 'no.such' fedx-hub -l 127.0.0.1:0 --token-file no.such -r real
printf 'leaf x good sha256:%s\nleaf y good sha256:12\n' "$hash" >garbage
chmod 600 garbage
refused 'a line that is no token' 78 'garbage:2: want cert, or sha256:.* and 64 hex digits' \
	fedx-hub -l 127.0.0.1:0 --token-file garbage -r real
printf 'king * good sha256:%s\n' "$hash" >garbage
refused 'an unknown role' 78 "garbage:1: unknown role 'king': want leaf, hub or client" \
	fedx-hub -l 127.0.0.1:0 --token-file garbage -r real
printf 'leaf * good sha256:%s tomorrow\n' "$hash" >garbage
refused 'an expiry that is no time' 78 "garbage:1: 'tomorrow' is no time" \
	fedx-hub -l 127.0.0.1:0 --token-file garbage -r real
printf '# nobody\n\n' >garbage
refused 'a file without a token' 78 'garbage holds no line: nobody could join' \
	fedx-hub -l 127.0.0.1:0 --token-file garbage -r real
head -c 4096 /dev/urandom >garbage
refused 'noise' 78 'garbage:1: ' fedx-hub -l 127.0.0.1:0 --token-file garbage -r real
chmod 666 tokens
refused 'a token file that others may write' 78 'tokens may be written by others.*chmod go-w' \
	fedx-hub -l 127.0.0.1:0 --token-file tokens -r real
chmod 600 tokens
chmod 644 token
refused 'a token that others may read' 78 'token may be read by others: chmod 600' \
	fedx-leaf -u "fedx://$at" --token-file token -r real
printf 'two\nlines\n' >garbage
refused 'a token of two lines' 78 'must hold one line, the token' \
	fedx-leaf -u "fedx://$at" --token-file garbage -r real
refused 'TLS that could not be checked' 78 "the hub's certificate must be checked: give --tls-ca" \
	fedx-leaf -u "fedxs://$at" -r real

if command -v openssl >/dev/null && fedx-probe keygen hub hub.test -d d >said 2>&1
then
	refused 'a key that is not there' 66 'd/none.key' \
		fedx-hub -l 127.0.0.1:0 --tls-cert d/hub.pem --tls-key d/none.key -r real
	chmod 644 d/hub.key
	refused 'a key that others may read' 77 "d/hub.key' is open to others \\(mode 0644\\); run: chmod 600" \
		fedx-hub -l 127.0.0.1:0 --tls-cert d/hub.pem --tls-key d/hub.key -r real
	chmod 600 d/hub.key
	refused 'the key of another certificate' 78 'd/ca.key|does not belong|not the key' \
		fedx-hub -l 127.0.0.1:0 --tls-cert d/hub.pem --tls-key d/ca.key -r real
	refused 'a certificate that is none' 78 'garbage' \
		fedx-hub -l 127.0.0.1:0 --tls-cert garbage --tls-key d/hub.key -r real
	refused 'a key that is none' 78 'garbage' \
		fedx-hub -l 127.0.0.1:0 --tls-cert d/hub.pem --tls-key garbage -r real
	refused 'a CA that is none' 78 'garbage' fedx-leaf -u "fedxs://$at" --tls-ca garbage -r real
	refused 'a pin that is none' 78 'pin|sha256' \
		fedx-leaf -u "fedxs://$at" --set tls.pin=sha256:12 -r real
else skip 'openssl is not installed'
fi
refused 'name servers that are none' 78 'dns.servers|nonsense' \
	fedx-leaf -u "fedx://$at" --set dns.servers=nonsense -r real
refused 'a user that is not there' 78 "there is no user 'nobody-of-this-name'" \
	fedx-hub -l 127.0.0.1:0 -U nobody-of-this-name -r real

# --- --check says the same without starting anything ---

ok '--check finds nothing wrong' bounded fedx-hub -t -l 127.0.0.1:0 --set link.ping=500ms -r real
like "$(cat said)" '^link\.ping=500ms$' '... and prints what holds'
like "$(cat said)" '^request\.balance=least_inflight$' '... the defaults too'
ok '... and makes nothing' not test -e real/node.lock
refused '--check of what is open' 78 'is open to the network' fedx-hub -t -l 0.0.0.0:0
refused '--check of a leaf without a hub' 78 'a leaf needs a hub' fedx-leaf -t
refused '--check of a token file' 78 'garbage' fedx-hub -t -l 127.0.0.1:0 --token-file garbage -r real

ok 'after all this the first hub still answers' answers "$FEDX_RUN"
ok 'and ends well' stop "$good"
done_testing
