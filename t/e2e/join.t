#!/bin/sh
# join.t - a leaf joins by a one-time code, has a key of its own from then on, and loses it when it is revoked.
. "${0%/*}/../lib/tap.sh"
command -v openssl >/dev/null || skip_all 'the openssl command is not installed'
cd "$FEDX_RUN" || exit 1
umask 077
mkdir h h2 run kitchen stolen other
quick='--set link.backoff=50ms --set link.backoff_max=100ms --set link.refused=100ms'
fedx-probe keygen hub hub.test -d d --ip 127.0.0.1 >/dev/null

open=$(free_port)
hub() {
	start fedx-hub -l "${at:-127.0.0.1:0}" -l "127.0.0.1:$open,tls=off" -i hub.test -C lab -r h --no-autostart \
		--tls-cert d/hub.pem --tls-key d/hub.key --roster-file roster
	hub=$pid hub_log=$log at=$(ready_at "$log")
}
# shellcheck disable=SC2086
leaf() {	# leaf FOLDER [OPTION...]: a leaf with nothing but its folder, and what else is said
	folder=$1; shift
	start fedx-leaf -r run -c "$folder" --no-autostart $quick "$@"
	leaf=$pid leaf_log=$log
}
invite() { code=$(fedx-probe -r h -q invite "$@"); }
says() { eventually grep -q -e "$1" "$leaf_log"; }
is_up() { says 'now=UP'; }
reached() { eventually fedx-probe -r h -q ping -c 1 "$1"; }
state() { fedx-probe -r h -H members | grep -c "^$1	$2	"; }
# refused WHAT PATTERN FOLDER OPTION...: it ends by itself, and says why
refused() {
	what=$1 want=$2; shift 2
	leaf "$@"
	ended "$leaf"
	is $? 77 "$what: it ends"
	like "$(cat "$leaf_log")" "event=join_refused.*$want" '... and says why'
	ok '... and never was up' not grep -q 'now=UP' "$leaf_log"
}

# --- the way it is meant ---

hub
ok 'a leaf is invited' invite kitchen.lab --scope '/kitchen/**' --scope oven
like "$code" '^fedx1-[0-9a-hjkmnp-tv-z]+$' 'by one word'
is "$(state kitchen.lab invited)" 1 'the invitation is listed'
leaf kitchen --join "$code"
ok 'that word is all that it needs' is_up
ok '... it is who it was invited as' reached kitchen.lab
ok '... and has a key of its own' grep -q ' leaf kitchen.lab lab key:[0-9a-f]\{64\}$' kitchen/joined
is "$(state kitchen.lab joined)" 1 '... which the hub knows'
ok '... and nothing is left of the way' not test -e kitchen/joined.new
first=$(cat kitchen/joined)
taken() { kill "$1" && ended "$1"; }
start fedx-probe -r run serve oven -- echo warm
oven=$pid
start fedx-probe -r run serve safe -- echo open
safe=$pid
warm() { test "$(fedx-probe -r h -q call oven m x </dev/null)" = warm; }
ok 'it offers what it was invited for' eventually warm
ok '... and nothing else' lacks safe fedx-probe -r h -H services
stop "$leaf"
taken "$oven"; taken "$safe"
leaf kitchen
ok 'it starts without the code from then on' is_up
ok '... as itself' reached kitchen.lab
stop "$leaf"
leaf kitchen --join "$code"
ok 'the same command starts it as well' is_up
is "$(cat kitchen/joined)" "$first" '... with the key that it has'
stop "$leaf"
stop "$hub"
hub
leaf kitchen
ok 'the hub has it in a file' is_up
stop "$leaf"

# --- a file that somebody else has written ---

leaf kitchen
is_up
start fedx-probe -r run serve safe -- echo open
safe=$pid
start fedx-probe -r run serve oven -- echo warm
oven=$pid
eventually warm
cp roster whole
sed 's/scope=oven/scope=safe/' whole >roster
ok 'a roster that is put back is read by a reload' fedx-probe -r h -q reload
open_safe() { test "$(fedx-probe -r h -q call safe m x </dev/null)" = open; }
ok '... which gives who is linked the scopes that it has there' eventually open_safe
ok '... and no others' lacks oven fedx-probe -r h -H services
printf '%s' "$(cat whole)" >roster
fedx-probe -r h -q reload >out 2>&1
like "$(cat out)" 'roster: the last line is not whole' 'one that is cut off is not taken'
ok '... and nobody is cut off with it' open_safe
grep -v kitchen.lab whole >roster
ok 'who is not in it' fedx-probe -r h -q reload
ok '... is cut off' says 'now=REFUSED why="the hub cannot prove that it has our key'
cat whole >roster
ok '... until it is again' fedx-probe -r h -q reload
ok '... and comes back' eventually warm
stop "$leaf"
taken "$oven"; taken "$safe"

# --- codes that are good for nothing ---

refused 'a code that was used' 'used, or was taken back: ask for another one' stolen --join "$code"
invite late.lab --expires 1s
expired() { test "$(state late.lab expired)" = 1; }
ok 'a code expires' eventually expired
refused '... and is refused' 'expired at 20.*the hub.s clock says 20.*ask for another' other --join "$code"
ok 'its name may be invited again' invite late.lab
ok '... which is taken back' fedx-probe -r h -q revoke late.lab
refused '... and is refused' 'used, or was taken back' other --join "$code"
rm -f other/joined.new

invite garage.lab
wrong() {	# wrong STATUS PATTERN OPTION...: refused at once, and nobody is dialled
	want=$1 text=$2; shift 2
	# shellcheck disable=SC2086
	fedx-leaf -r run $quick "$@" >out 2>&1 </dev/null
	is $? "$want" "$text: status"
	like "$(cat out)" "$text" '... and why'
}
wrong 65 'not whole, or has a slip in it: copy it again' -c other --join "${code%?}"
wrong 65 'begin with fedx1-' -c other --join garage
wrong 78 'redeemed over TLS alone, and .fedx://127.0.0.1:1. is without' -c other -u fedx://127.0.0.1:1 --insecure --join "$code"
wrong 78 'has joined fedxs://.* as .kitchen.lab., by another code' -c kitchen --join "$code"
wrong 78 'makes a key of the leaf.s own: leave --psk-file' -c other --psk-file x --join "$code"
wrong 73 'cannot keep a key of its own .joined_file says where else.: cannot write ./proc/joined.new' -c /proc --join "$code"
wrong 66 'no code came by standard input' -c other --join -
wrong 78 "for node 'garage.lab', not for 'x.lab'" -c other --id x.lab --join "$code"
fedx-leaf -t -c other --join "$code" >out 2>&1
ok 'a check of the settings makes no key' not test -e other/joined.new
ok 'nobody has used the code meanwhile' test "$(state garage.lab invited)" = 1

# --- from a file, from standard input, by WebSocket ---

echo "$code" >code
leaf other --join @code
ok 'a code comes from a file' is_up
stop "$leaf"
rm code
leaf other --join @code
ok '... which may be gone once it was used' is_up
stop "$leaf"
mkdir attic
invite attic.lab --url "wss://$at/"
ok 'a code may say how the hub is reached' test -n "$code"
echo "$code" >code
# shellcheck disable=SC2086,SC2016
start sh -c 'exec fedx-leaf "$@" <code' - -r run -c attic --no-autostart $quick --join -
leaf=$pid leaf_log=$log
ok '... and comes from standard input' is_up
ok '... and goes by WebSocket' grep -q 'wss://' attic/joined
stop "$leaf"

# --- from standard input that stays open ---

mkfifo silent
exec 3<>silent
mkdir porch
invite porch.lab
echo "$code" >&3
# shellcheck disable=SC2016,SC2086
porch() {
	start sh -c 'exec fedx-leaf "$@" <&3' - -r run -c porch --no-autostart $quick --join -
	leaf=$pid leaf_log=$log
}
taken_over() {
	fedx-probe -r run -q upgrade && leaf=$(cat run/node.lock) && tap_pids="$tap_pids $leaf"
}
stop "$hub"
porch
wait_ready "$leaf_log"
ok 'a leaf that has not joined yet is upgraded' taken_over
hub
ok '... with the code that has come' is_up
ok '... is upgraded with nothing more to come' taken_over
ok '... as itself' reached porch.lab
stopped() { kill "$leaf"; eventually not kill -0 "$leaf" 2>/dev/null; }
ok '... and ends well' stopped
porch
ok 'it starts by the same command' is_up
stop "$leaf"
exec 3<&-

# --- while a reload waits to be confirmed ---

mkdir cellar
invite cellar.lab
stop "$hub"
leaf cellar --join "$code"
wait_ready "$leaf_log"
ok 'settings are reloaded before the leaf has joined' fedx-probe -r run -q reload --confirm 60
hub
ok '... it joins' is_up
again() { test "$(grep -c 'now=UP' "$leaf_log")" -ge "$1"; }
stop "$hub"
hub
ok '... and comes again by its own key' eventually again 2
ok 'they are taken back' fedx-probe -r run -q undo
stop "$hub"
hub
ok '... and it has that key still' eventually again 3
stop "$leaf"
chmod 640 cellar/joined
mv cellar/joined cellar/joined.new
made=$(cat cellar/joined.new)
fedx-leaf -r run -c cellar --join "$code" >out 2>&1
is $? 78 'a key that it has made and that others may read'
like "$(cat out)" 'joined.new holds keys, and others.*chmod 600' '... is not used'
is "$(cat cellar/joined.new)" "$made" '... nor written over: the hub may know it'

# --- between and beside ---

invite shed.lab
mkdir shed
key=$(sed -n 's/^invited leaf shed.lab .*key:\([0-9a-f]*\).*/\1/p' roster)
cert=$(openssl x509 -in d/hub.pem -outform DER | openssl dgst -sha256 -r | cut -d ' ' -f 1)
mine=00112233445566778899aabbccddeeff00112233445566778899aabbccddeeff
theirs=ffeeddccbbaa99887766554433221100ffeeddccbbaa99887766554433221100
if command -v socat >/dev/null && socat -V | grep -q 'WITH_OPENSSL 1'
then
	fedx-probe keygen hub hub.test -d fake --ip 127.0.0.1 >/dev/null
	cat fake/hub.pem fake/hub.key >both.pem
	relay=$(free_port)
	start socat "OPENSSL-LISTEN:$relay,bind=127.0.0.1,reuseaddr,fork,cert=both.pem,verify=0" "OPENSSL:$at,verify=0"
	socat=$pid
	refused 'who stands between with another certificate learns no key' 'cannot prove that the code is its own' \
		shed -u "fedxs://127.0.0.1:$relay" --join "$code"
	ok '... and the code is still good' test "$(state shed.lab invited)" = 1
	kill "$socat"
	plain=$(free_port)
	start socat "TCP-LISTEN:$plain,bind=127.0.0.1,reuseaddr,fork" "OPENSSL:$at,verify=0"
	cat >script <<END
a -> hello node=shed.lab cluster=lab key=$key
a <- CHALLENGE
a -> prove key=$key certificate=$cert
a <- ERROR error=unauthenticated text=a code is no key
b -> hello node=shed.lab cluster=lab key=$key
b <- CHALLENGE
b -> prove key=$key certificate=$cert fresh=$mine
b <- WELCOME node=hub.test
c -> hello node=shed.lab cluster=lab key=$key of=b
c <- CHALLENGE
c -> prove key=$key of=b certificate=$cert fresh=$mine
c <- ERROR error=unauthenticated text=its proof is wrong
d -> hello node=shed.lab cluster=lab key=$key
d <- CHALLENGE
d -> prove key=$key certificate=$cert fresh=$theirs
d <- ERROR error=unauthenticated text=the code has been used
e -> hello node=shed.lab instance=2 cluster=lab key=$key
e <- CHALLENGE
e -> prove key=$key certificate=$cert fresh=$mine
e <- WELCOME node=hub.test
f -> hello node=shed.lab instance=3 cluster=lab key=$theirs
f <- CHALLENGE
f -> prove key=$theirs certificate=$cert
f <- ERROR error=unauthenticated
g -> hello node=shed.lab instance=4 cluster=lab key=$mine
g <- CHALLENGE
g -> prove key=$mine certificate=$cert fresh=$theirs
g <- ERROR error=malformed text=with a key that is no code
h -> hello node=shed.lab instance=5 cluster=lab key=$mine
h <- CHALLENGE
h -> prove key=$mine certificate=$cert
h <- WELCOME node=hub.test
i -> hello node=shed.lab instance=6 cluster=lab key=$key
i <- CHALLENGE
i -> prove key=$key certificate=$cert fresh=$mine
i <- ERROR error=unauthenticated text=the code has been used
END
	eventually sh -c "perl -MIO::Socket::INET -e 'IO::Socket::INET->new(\"127.0.0.1:$plain\") or exit 1'"
	ok 'a code brings one key, to who has it, and an old exchange brings nothing' liar "127.0.0.1:$plain" <script
else
	skip 'socat has no OpenSSL'
fi
invite open.lab
key=$(sed -n 's/^invited leaf open.lab .*key:\([0-9a-f]*\).*/\1/p' roster)
cat >script <<END
a -> hello node=open.lab cluster=lab key=$key
a <- CHALLENGE
a -> prove key=$key fresh=$mine
a <- ERROR error=unauthenticated text=a code is redeemed over TLS alone
END
ok 'no code is redeemed without TLS, on this host neither' liar "127.0.0.1:$open" <script
ok '... and it is still good' test "$(state open.lab invited)" = 1
start fedx-hub -l 127.0.0.1:0 -i hub.test -C lab -r h2 --no-autostart --tls-cert d/hub.pem --tls-key d/hub.key --roster-file roster2
wait_ready "$log"
rm -f shed/*
refused 'another hub does not know the code' 'cannot prove that the code is its own: it is another hub' \
	shed -u "fedxs://$(ready_at "$log")" --join "$code"

# --- who is revoked ---

leaf kitchen
is_up
mkfifo never
start fedx-probe -r run serve oven -- sh -c 'read x <>never'
slow=$pid
serving() { fedx-probe -r h -H services | grep -q '^oven	'; }
eventually serving
start fedx-probe -r run sub '/kitchen/**'
heard=$log
hears() { fedx-probe -r h -q pub /kitchen/x "$1" && grep -q "$1" "$heard"; }
ok 'it hears events' eventually hears before
start fedx-probe -r h call oven m x
call=$pid call_log=$log
running() { fedx-probe -r h -H services | grep -q '^oven	.*	1	0$' || fedx-probe -r h -j services | grep -q '"oven".*"in_flight":1'; }
eventually running
ok 'a member is revoked' fedx-probe -r h -q revoke kitchen.lab
ended "$call"
is $? 75 'its call ends at once'
like "$(cat "$call_log")" 'may have run' '... once, with what is known of it'
ok 'its link is cut, and it is told why' says 'the key was revoked at this hub'
ok '... and stays out, also where TLS would go on' says 'now=REFUSED why="the key was revoked at this hub'
start fedx-probe -r h sub '/kitchen/*'
also=$pid also_log=$log
also_hears() { fedx-probe -r h -q pub /kitchen/x after && grep -q after "$also_log"; }
ok '... while others hear events' eventually also_hears
kill "$also"
ok '... and hears nothing more' not grep -q after "$heard"
is "$(state kitchen.lab revoked)" 1 'it is listed as such'
kill "$slow"
stop "$leaf"
stop "$hub"
hub
leaf kitchen
ok 'a restart of the hub does not let it in' says 'now=REFUSED why="the key was revoked at this hub'
stop "$leaf"
ok 'its name may be invited again' invite kitchen.lab
mkdir again
leaf again --join "$code"
ok '... and joined' is_up
fedx-probe -r h -q upgrade >/dev/null
ok 'after an upgrade of the hub' reached kitchen.lab
hub=$(cat h/node.lock)		# it is nobody's child here
tap_pids="$tap_pids $hub"
mkdir last
stop "$leaf"
ok '... one is invited' invite last.lab
leaf last --join "$code"
ok '... and joins' is_up
stop "$leaf"
mkdir etc kept
ok 'one whose settings are not for it to write' invite kept.lab
leaf etc --set joined_file=kept/joined --join "$code"
ok '... joins' is_up
ok '... and keeps its key where joined_file says' test -f kept/joined
is "$(ls etc)" '' '... and nothing beside its settings'
stop "$leaf"
leaf etc --set joined_file=kept/joined
ok '... from where it starts again' is_up
stop "$leaf"

# --- while the process from before an upgrade drains ---

invite guest.lab
mkdir guest
leaf guest --join "$code"
is_up
start fedx-probe -r run serve oven -- sh -c 'read x <>never; echo warm'
slow=$pid
eventually serving
start fedx-probe -r h call oven m x
call=$pid call_log=$log
eventually running
fedx-probe -r h -q upgrade >/dev/null
hub=$(cat h/node.lock)
tap_pids="$tap_pids $hub"
ok 'who is served by the process that goes is revoked' fedx-probe -r h -q revoke guest.lab
ended "$call"
is $? 75 '... and ends there, too'
like "$(cat "$call_log")" 'may have run' '... with what is known of its call'
ok '... before that process does, and is told why' says 'event=peer_error .*the key was revoked at this hub'
kill "$slow"
stop "$leaf"

# --- what is said by hand ---

no() {	# no STATUS PATTERN VERB...
	want=$1 text=$2; shift 2
	fedx-probe -r h "$@" >out 2>&1
	is $? "$want" "$text: status"
	like "$(cat out)" "$text" '... and why'
}
no 1 'has joined already: choose another name, or fedx-probe revoke it first' invite last.lab
no 1 "nobody named 'nobody.lab'.*fedx-probe members lists" revoke nobody.lab
no 76 'is no node id' invite No
no 76 'is no pattern' invite new.lab --scope '/a*'
no 76 'is no URL with TLS' invite new.lab --url fedx://hub
no 76 'is no URL with TLS' invite new.lab --url "fedxs://hub:1#lab$(printf '\t')x"
no 64 'is no duration' invite new.lab --expires soon
for scope in '' ' ' 'a b' "$(printf 'a\tb')" "$(printf '/a\n/b')"
do no 64 'is no pattern: want one word' invite new.lab --scope /a --scope "$scope"
done
no 64 'what is asked for is too long' invite new.lab --scope "$(head -c 70000 /dev/zero | tr '\0' a)"
for scopes in '""' '" "' '"\t"'
do
	printf '{"node":"new.lab","scopes":%s}' "$scopes" | fedx-probe -r h call fedx invite - >out 2>&1
	like "$(cat out)" 'holds no pattern' "$scopes are not any"
done
is "$(state new.lab invited)" 0 '... and nobody is invited by them'
no 1 'is this hub itself' invite hub.test
like "$(fedx-probe -r h -j invite new.lab --expires 2d --scope a --scope '/b/**')" \
	'^\{"v":1,"node":"new.lab","code":"fedx1-[^"]*","url":"fedxs://127.0.0.1:[0-9]*","expires":"20[^"]*Z","scopes":\["a","/b/\*\*"\]\}$' \
	'an invitation as JSON'
ok 'no code and no key is in a log' not grep -n -e 'fedx1-' -e "key:[0-9a-f]" -e "$key" -e "${first##*key:}" ./*.log
kill "$hub"
gone() { ! kill -0 "$hub" 2>/dev/null; }
ok 'and the hub ends well' eventually gone
done_testing
