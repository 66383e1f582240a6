#!/bin/sh
# faults-start.t - what the system refuses a program at its start, or fedx-probe at any time: it goes on, or says why not in a line.
. "${0%/*}/../lib/tap.sh"
. "${0%/*}/../lib/fates.sh"
. "${0%/*}/../lib/nodes.sh"
command -v strace >/dev/null && can_trace || skip_all 'strace cannot inject errors here'
command -v openssl >/dev/null || skip_all 'the openssl command is not installed'
cd "$FEDX_RUN" || exit 1
umask 077

# sentence STATUS FILE: one of ours, and its reason
sentence() { test "$1" -ge 1 && test "$1" -le 78 && grep -Eq '^fedx-[a-z]+: [^ ]+ [^ ]+|level=error .*why=|"error":"[^ ]+ [^ ]+' "$2"; }
# refused INJECTION [PATH]: who is started next has it from its first call on, with that file only
refused() { from_start "$1"; under="$under${2:+ -P $2}"; }
# starts PROGRAM ARGUMENT...: it is ready and ends well, or says why not
starts() {
	start $under "$@"
	eventually answers
	if gone "$pid"
	then ended "$pid"; sentence $? "$log" || { cat "$log"; false; }
	else stop "$pid"
	fi
}
answers() { grep -Eq 'event=(ready|policy_loaded)' "$log" || gone "$pid"; }
never() { starts "$@" && ! grep -q event=ready "$log"; }

# --- files that a start reads and writes ---

mkdir conf x
printf 'function route(msg)\n\tif msg.service == "never" then return fedx.deny "no" end\nend\n' >conf/policy.lua
printf 'listen = { "127.0.0.1:0" }\n' >conf/fedx.lua
fedx-probe keygen hub hub.test -d keys --ip 127.0.0.1 >/dev/null
fedx-probe keygen token a.test -d keys --cluster test >/dev/null
try_hub() {
	"$1" fedx-hub -i hub.test -C test -r x -c conf --no-autostart --token-file keys/tokens -p x/pid \
		--tls-cert keys/hub.pem --tls-key keys/hub.key --set tls.session_file=x/sessions
}
try_leaf() {
	"$1" fedx-leaf -i a.test -C test -r x --tls-ca keys/ca.pem -u "fedxs://$at" --token-file keys/a.test.token \
		--set link.backoff=20ms --set tls.session_file=x/sessions
}
try_route() { "$1" fedx-route -r x -c conf; }
for error in EMFILE EIO EACCES
do
	for file in keys/tokens keys/hub.pem keys/hub.key x/node.lock x/pid
	do
		refused "openat,open:error=$error" "$file"
		ok "fedx-hub, and $error of $file" try_hub never
		like "$(cat "$log")" "$file|${file##*/}" '... it names the file'
	done
	for file in keys/ca.pem keys/a.test.token x/node.lock
	do
		refused "openat,open:error=$error" "$file"
		ok "fedx-leaf, and $error of $file" try_leaf never
		like "$(cat "$log")" "$file|${file##*/}" '... it names the file'
	done
	refused "openat,open:error=$error" x/route.lock
	ok "fedx-route, and $error of its lock" try_route never
	test "$error" != EMFILE || test "${FEDX_FAULTS-}" = all || continue
	for file in conf/policy.lua x/policy.new
	do
		refused "openat,open:error=$error" "$file"
		ok "fedx-route, and $error of $file" try_route starts
	done
done
for error in ENOSPC EIO
do
	refused "write:error=$error:when=1"
	ok "fedx-hub, and $error of its first write" try_hub starts
	refused "write:error=$error:when=1"
	ok "fedx-leaf, and $error of its first write" try_leaf starts
	for n in 3 4 5
	do
		refused "write:error=$error:when=$n"
		ok "fedx-route, and $error of write $n" try_route starts
	done
	refused "rename:error=$error"
	ok "fedx-route, and $error of a rename" try_route starts
	refused "rename:error=$error"
	ok "fedx-hub, and $error of a rename" try_hub starts
done

# --- system calls of a start ---

some='socket:error=EMFILE:when=1 socket:error=EMFILE:when=2 bind:error=EADDRINUSE:when=1 bind:error=EACCES:when=1
	listen:error=EADDRINUSE:when=1 epoll_create1:error=EMFILE:when=1 epoll_ctl:error=ENOMEM:when=1 pipe2:error=EMFILE:when=1
	fcntl:error=EINVAL:when=1 getrandom:error=EINTR:when=1 clone,fork,vfork:error=EAGAIN:when=1 mkdir:error=ENOSPC:when=1'
test "${FEDX_FAULTS-}" != all || for n in 1 2 3 4 5 6
do some="$some socket:error=ENFILE:when=$n setsockopt:error=ENOMEM:when=$n epoll_ctl:error=ENOSPC:when=$n
	pipe2:error=ENFILE:when=$n fcntl:error=EIO:when=$n"
done
for one in $some
do
	for who in hub leaf route
	do
		# the first that fedx-route watches is the signals of libev, which asserts that it can
		test "$who $one" != 'route epoll_ctl:error=ENOMEM:when=1' || continue
		refused "$one"
		ok "fedx-$who, and $one" "try_$who" starts
	done
done

# --- killed while it writes: the next start finds what is whole, or nothing ---

door_at=127.0.0.1:$(free_port)
door() {
	start $under fedx-hub -l "$door_at" -i hub.test -C test -r x --no-autostart --token-file keys/tokens -p x/pid \
		--tls-cert keys/hub.pem --tls-key keys/hub.key --set tls.session_file=x/sessions $quick
	door=$pid door_log=$log
	eventually answers
}
under='' dial=fedxs://$door_at
leaf a --tls-ca keys/ca.pem --token-file keys/a.test.token --set tls.session_file=a/sessions
for one in write:when=1 write:when=2 rename:when=1 openat,open:when=12 unlink,unlinkat:when=1
do
	rm -f x/sessions
	refused "${one%%:*}:signal=KILL:${one#*:}"
	door
	gone "$door" || eventually is_up a
	kill "$door" 2>/dev/null
	ended "$door"
	is $? 137 "killed at $one"
	under=''
	ok '... it starts again' door
	ok '... and is there' not gone "$door"
	is "$(cat x/pid)" "$door" '... its pid file is right'
	ok '... and its leaf is back' eventually is_up a
	ok '... it ends well' stop "$door"
	ok '... no word of sessions that are damaged, or cannot be kept' not grep tls_sessions "$door_log"
done
stop "$a"
dial=''

# --- fedx-probe ---

under=''
nodes
start fedx-probe -r b serve echo -- cat
known() { fedx-probe -r a -q ping -c 1 echo; }
ok 'a service is there' eventually known
verb() {	# verb INJECTION VERB...: the output is in said, the sentence in why
	inject=$1; shift
	printf 'one\ntwo\n' | timeout 20 strace -qq -o /dev/null -E "ASAN_OPTIONS=$ASAN_OPTIONS:detect_leaks=0" \
		-e "trace=${inject%%:*}" -e "inject=$inject" fedx-probe "$@" >said 2>why
}
says() { verb "$@"; status=$?; test $status -eq 0 || sentence $status why || { echo "status $status"; cat why; false; }; }
while read -r words
do
	for one in recvfrom:error=EINTR:when=1+2 sendto:error=EINTR:when=1+2 recvfrom:error=EAGAIN:when=1+2 \
		poll,ppoll:error=EINTR:when=1+2
	do
		# shellcheck disable=SC2086
		ok "fedx-probe $words, and $one: it does not mind" verb "$one" $words
	done
	for one in socket:error=EMFILE connect:error=ECONNREFUSED connect:error=EACCES connect:error=EAGAIN sendto:error=ENOBUFS \
		recvfrom:error=ECONNRESET recvfrom:error=EIO:when=2 write:error=ENOSPC:when=1 write:error=EIO:when=1 \
		write:error=EINTR:when=1
	do
		# shellcheck disable=SC2086
		ok "fedx-probe $words, and $one: it goes on, or says why not" says "$one" $words
	done
done <<'END'
-r a call echo m x
-r a call -P 4 echo m -
-r a call -0 echo m
-r a pub /path text
-r a pub /path -
-r a ping -c 1 echo
-r h links
-r h -j services
-r a trace echo
-r h explain a.test echo
END
for one in connect:error=EACCES socket:error=EMFILE recvfrom:error=EIO:when=1
do
	ok "fedx-probe call, and $one: it does not say that all is well" not verb "$one" -r a call echo m x
	ok '... but why' test -s why
done
for n in 1 2 3 4
do ok "fedx-probe keygen, and ENOSPC of write $n" says "write:error=ENOSPC:when=$n" keygen token "n$n.test" -d "keys-$n"
done
done_testing
