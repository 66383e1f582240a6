#!/bin/sh
# faults-calls.t - what the system refuses, interrupts or cuts short costs no request its true end.
. "${0%/*}/../lib/tap.sh"
. "${0%/*}/../lib/fates.sh"
. "${0%/*}/../lib/nodes.sh"
command -v strace >/dev/null && can_trace || skip_all 'strace cannot inject errors here'

some='hub.recvfrom:error=EINTR:when=1..90+3 hub.sendto:error=EAGAIN:when=1..90+3 hub.sendto:error=ENOBUFS:when=2..92+3
	hub.epoll_wait,epoll_pwait:error=EINTR:when=1..60+2 hub.recvfrom:error=ECONNRESET:when=40
	b.sendto:error=EPIPE:when=30 b.recvfrom:error=ENOMEM:when=30'
test "${FEDX_FAULTS-}" != all || some="$some hub.recvfrom:error=EAGAIN:when=1..60+2 hub.sendto:error=EINTR:when=1..60+2
	hub.sendto:error=ECONNRESET:when=20 hub.sendto:error=ENOMEM:when=21 b.recvfrom:error=EIO:when=31
	b.recvfrom:error=EINTR:when=1..60+2 b.sendto:error=ENOBUFS:when=1..60+2 a.sendto:error=EAGAIN:when=1..60+2
	a.recvfrom:error=ECONNRESET:when=33 a.epoll_wait,epoll_pwait:error=EINTR:when=1..60+2"
nodes
begin calls 32 --body-every 9 --timeout 3000
serve --delay 3
more 'at peace'
for one in $some
do
	eval "pid=\$${one%%.*}"
	ok "$one" inject "$pid" "${one#*.}"
	heal
	more '... it goes on'
done

# who comes new meets them too: the leaf of the caller comes back through each
hups=0
reloads() { test "$(grep -c event=reloaded "$hub_log")" -ge "$hups"; }
hup() { hups=$((hups + 1)) && kill -HUP "$hub"; }
new='hub.accept4,accept:error=EMFILE:when=1..2 hub.accept4,accept:error=ECONNABORTED:when=1
	hub.epoll_ctl:error=ENOMEM:when=1..2 hub.fcntl:error=ENOMEM:when=1'
for one in $new
do
	ok "$one" inject "$hub" "${one#*.}"
	ok '... the leaf of the caller is killed' killed "$a"
	leaf a
	heal
	more '... it heals'
	hup
	ok '... and hears signals' eventually reloads
done
for one in connect:error=ENETUNREACH:when=1 connect:error=EADDRNOTAVAIL:when=1 socket:error=EMFILE:when=2 \
	epoll_ctl:error=ENOSPC:when=4
do
	ok "$one: the leaf of the caller is stopped" stop "$a"
	from_start "$one"
	leaf a || :
	under=''
	more '... it heals'
done
finish 'system calls that fail'

# no descriptors: those who are in are served, the others wait
begin descriptors 32
serve --delay 3
more 'at peace'
open_now=$(ls "/proc/$hub/fd" | wc -l)
prlimit --pid "$hub" --nofile="$open_now:" || skip 'prlimit cannot set a limit here'
cat >"$FEDX_RUN/hold.pl" <<'PERL'
use IO::Socket::INET;
my @held = map { IO::Socket::INET->new($ARGV[1]) } 1 .. $ARGV[0];
sleep 600;
PERL
start perl "$FEDX_RUN/hold.pl" 20 "$at"
holder=$pid
ok 'no descriptor is left: the hub pauses' eventually grep -q event=accept_paused "$hub_log"
more 'who is in is served'
hup
ok 'a reload that needs none passes' eventually reloads
more 'and goes on being served'
prlimit --pid "$hub" --nofile=1024:
kill "$holder"
ok 'the leaf of the caller is killed' killed "$a"
leaf a
more 'and gets in again'
finish 'no descriptors'
done_testing
