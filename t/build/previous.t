#!/bin/sh
# previous.t - the previous release and this one are one fabric, whichever is at which end, and one takes the other's place.
#
# FEDX_PREVIOUS names it, a tag or a commit; otherwise it is the newest tag before this one.
. "${0%/*}/../lib/tap.sh"
. "${0%/*}/../lib/fates.sh"
command -v git >/dev/null || skip_all 'git is not installed'
command -v openssl >/dev/null || skip_all 'the openssl command is not installed'
previous=${FEDX_PREVIOUS:-$(git -C "$FEDX_SRC" describe --tags --abbrev=0 --match 'v*' HEAD^ 2>/dev/null)}
test -n "$previous" || skip_all 'there is no previous release yet; FEDX_PREVIOUS names a commit'
cd "$FEDX_RUN" || exit 1
unset CC CFLAGS CPPFLAGS LDFLAGS LIBS MAKEFLAGS MFLAGS MAKELEVEL MAKE

built() {
	git -C "$FEDX_SRC" archive "$previous" | (cd source && tar -xf -) &&
	(cd build && sh ../source/configure -q && make -j2 all) >build.log 2>&1
}
mkdir source build
built || { not_ok "$previous builds"; tail -n 20 build.log | tap_note; done_testing; }
pass "$previous builds"
old=$FEDX_RUN/build/bin new=$FEDX_BIN

# --- a hub of each, linked, and at each of them a leaf of each ---

quick='--set link.backoff=20ms --set link.backoff_max=200ms --set link.come_back=20ms'
{
	fedx-probe keygen hub hub.test -d d --ip 127.0.0.1
	for leaf in old-old old-new new-old new-new
	do fedx-probe keygen key "$leaf.test" -d d --cluster test
	done
} >/dev/null
mkdir -m 700 old new old-old old-new new-old new-new
bin_of() { case $1 in old*) echo "$old" ;; *) echo "$new" ;; esac; }
# shellcheck disable=SC2086
node() {	# node NAME fedx-hub|fedx-leaf [OPTION...]: of the release that the name begins with
	name=$1 program=$2
	shift 2
	start "$(bin_of "$name")/$program" -i "$name.test" -C test -r "$FEDX_RUN/$name" --tls-ca d/ca.pem $quick "$@"
	wait_ready "$log"
}
hub() { node "$@" -l 127.0.0.1:0 --tls-cert d/hub.pem --tls-key d/hub.key --psk-file d/keys; }
hub new fedx-hub
new_at=$(ready_at "$log")
hub old fedx-hub --peer "unix:$FEDX_RUN/new/node.sock"
old_at=$(ready_at "$log")
sites='old-old old-new new-old new-new'
for leaf in $sites
do
	case $leaf in *-old) at=$old_at ;; *) at=$new_at ;; esac
	node "$leaf" fedx-leaf -u "fedxs://$at" --psk-file "d/$leaf.test.psk"
	start "$(bin_of "$leaf")/fedx-probe" -r "$leaf" serve "at-$leaf" -- cat
done
probe() { probe_at=$1; shift; "$(bin_of "$probe_at")/fedx-probe" -q -r "$probe_at" "$@"; }
names() { test "$(probe "$1" -H services | grep -c '^at-')" = 4; }
for hub in old new
do ok "the hub of the $hub release knows the services of all sites" eventually names "$hub"
done
head -c 200000 /dev/zero | tr '\0' x >long
answers() { probe "$1" call -t "$tap_bound" -0 "at-$2" echo - <long | cmp -s - long; }
for from in $sites
do
	for to in $sites
	do ok "$from is answered by $to, in parts" answers "$from" "$to"
	done
	"$(bin_of "$from")/fedx-probe" -r "$from" sub '/said/**' >"$from.heard" 2>"$from.log" &
	tap_pids="$tap_pids $!"
done
wanted() { probe "$1" -H services >/dev/null && probe "$1" pub /said/by/"$1" hello && grep -qs "/said/by/$1" "$2.heard"; }
for from in $sites
do
	for to in $sites
	do ok "an event of $from comes to $to" eventually wanted "$from" "$to"
	done
done
is "$(probe old-old trace new-new.test | tail -n +2 | cut -f 2 | tr '\n' ' ')" 'old-old.test old.test new.test new-new.test ' \
	'a trace names every node on the way'
for by in "$old" "$new"
do is "$("$by/fedx-probe" -r "$FEDX_RUN/old" -H peers | cut -f 1,4),$("$by/fedx-probe" -r "$FEDX_RUN/new" -H peers | cut -f 1,4)" \
	"$(printf 'new.test\tup,old.test\tup')" 'each can be looked at by the tools of the other'
done

# --- an upgrade from the one to the other, under load ---

mkdir -m 700 a b h
cp "$old/fedx-hub" here
start ./here -l 127.0.0.1:0 -i hub.test -C test -r h --set drain.wait=5s
at=$(ready_at "$log") log_of_hub=$log
for leaf in a b
do
	start "$old/fedx-leaf" -u "fedx://$at" -i "$leaf.test" -C test -r "$FEDX_RUN/$leaf" --set link.backoff=20ms --set link.backoff_max=100ms
	wait_ready "$log"
done
begin upgraded 32 --body-every 9 --bytes 100000
serve --delay 15 --bytes 100000
for to in new old
do
	more 'requests are answered'
	cp "$(bin_of "$to")/fedx-hub" there
	mv there here
	ok "an upgrade to the $to release" sh -c '"$1/fedx-probe" -r h -H upgrade >said' - "$old"
	tap_pids="$tap_pids $(cut -f 2 said)"
done
more 'and it goes on'
finish 'from one release to the other and back'
ok 'of what was asked at a leaf nothing is in doubt' test "$(count may_have_run)" -eq 0
is "$(grep -c 'event=upgraded' "$log_of_hub")" 2 'it was upgraded, twice'
kill "$(cut -f 2 said)"
gone() { ! kill -0 "$(cut -f 2 said)" 2>/dev/null; }
ok 'and ends when asked to' eventually gone
done_testing
