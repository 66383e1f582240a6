#!/bin/sh
# peers.t - hubs that dial each other: one link, whoever dialled, whatever ends; paused, resumed and drained by hand.
. "${0%/*}/../lib/tap.sh"
cd "$FEDX_RUN" || exit 1
mkdir -m 700 a b c l

quick='--set link.backoff=50ms --set link.backoff_max=200ms --set link.come_back=50ms --no-autostart'
a_at=127.0.0.1:$(free_port) b_at=127.0.0.1:$(free_port)
# shellcheck disable=SC2086	# words
hub() {	# hub NAME LISTEN [OPTION...]: sets NAME and NAME_log
	hub_name=$1 hub_at=$2
	shift 2
	start fedx-hub -l "$hub_at" -i "$hub_name.test" -C test -r "$FEDX_RUN/$hub_name" $quick "$@"
	eval "$hub_name=\$pid ${hub_name}_log=\$log"
}
a() { hub a "$a_at" --peer "fedx://$b_at" "$@"; }
b() { hub b "$b_at" --peer "fedx://$a_at"; }
peers() { fedx-probe -r "$1" -H peers; }
column() { peers "$1" | cut -f "$2"; }
state() { test "$(column "$1" 4)" = "$2"; }
hubs() { fedx-probe -r "$1" -H links | grep -c "hub"; }
one_link() {	# both see one, opened by the same side
	test "$(hubs a)" = 1 && test "$(hubs b)" = 1 &&
	test "$(column a 1,4)" = "$(printf 'b.test\tup')" && test "$(column b 1,4)" = "$(printf 'a.test\tup')" &&
	case $(column a 5),$(column b 5) in us,them|them,us) ;; *) false ;; esac
}
at_once() {	# at_once NODE VERB...: said to $who by one write; the ids of what it answers
	perl -MIO::Socket::UNIX -e '
		my ($at, $node, @verbs) = @ARGV;
		my $s = IO::Socket::UNIX->new($at) or die "$at: $!\n";
		my $id = 0;
		print $s join "", map { sprintf qq({"type":"request","id":%d,"service":"fedx","method":"link","payload":) .
		    qq("{\\"name\\":\\"%s\\",\\"do\\":\\"%s\\"}"}\n), ++$id, $node, $_ } @verbs;
		$s->flush;
		print readline($s) =~ /"id":(\d)/, "\n" for @verbs;
	' "$who/node.sock" "$@"
}
killed() { kill -KILL "$1"; ended "$1"; test $? = 137; }

# --- both dial ---

good=0
for round in 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 17 18 19 20
do
	if test $((round % 2)) = 0; then a; b; else b; a; fi
	if wait_ready "$a_log" && wait_ready "$b_log" && eventually one_link
	then good=$((good + 1))
	fi
	test "$round" = 20 && break
	stop "$a"; stop "$b"
done 2>/dev/null
is "$good" 20 'both are started at once, 20 times: one link, and both say the same of it'

for round in 1 2 3
do
	for one in a b
	do
		eval "killed \$$one"; "$one"
		ok "$one is killed and started again ($round): one link" eventually one_link
	done
done
like "$(peers a)" "^b\.test	test	fedx://$b_at	up	(us|them)	[0-9]+	[0-9]+	-\$" 'a line for each peer'
like "$(fedx-probe -r b -j peers)" '^\{"v":1,"node":"a\.test","cluster":"test","url":"fedx://[^"]*","kind":"peer","state":"up","dialled":"(us|them)","since_s":[0-9]+,"rtt_us":[0-9]+,"why":""\}$' '... in JSON too'

# --- by hand ---

for who in a b
do
	other=b
	test $who = b && other=a
	like "$(fedx-probe -r $who -H link pause "$other.test")" 'paused	paused by hand' "$who pauses the link"
	ok '... and there is none' eventually state $who paused
	ok '... at the other side neither' eventually not state $other up
	ok '... which is told why' eventually sh -c "fedx-probe -r $other -H peers | grep -q 'paused by hand at the other side'"
	kill -HUP "$(eval "echo \$$who")"
	ok '... a reload does not change that' eventually grep -q 'event=reloaded' "$(eval "echo \$${who}_log")"
	ok '... it stays paused' state $who paused
	fedx-probe -r $who -q link resume "fedx://$(eval "echo \$${other}_at")" >/dev/null
	ok '... resumed, by its URL, it is there again' eventually one_link
	is "$(at_once "$other.test" pause resume)" "$(printf '1\n2')" '... paused and resumed at once'
	ok '... one link' eventually one_link
done
ok 'one that is up is told to try: nothing happens' fedx-probe -r a link retry b.test
ok '... it is up' one_link
ok 'an idle link is drained' fedx-probe -r a link drain b.test
ok '... and is paused then' eventually state a paused
ok '... until it is resumed' fedx-probe -r a link resume b.test
ok '... one link' eventually one_link

start fedx-probe -r b serve slow -- sh -c ': >serving; until test -e go; do sleep 0.05; done; echo done'
server=$pid
ok 'a service of the other side is known' eventually sh -c "fedx-probe -r a -H services | grep -q '^slow'"
start fedx-probe -r a call slow m x
caller=$pid caller_log=$log
ok 'a call is under way' eventually test -e serving
ok 'the link is drained' fedx-probe -r a link drain b.test
ok '... it is up for as long as the call' state a draining
ok '... and takes no other' not fedx-probe -r a -q call slow m y
: >go
ok '... which ends' ended "$caller"
is "$(cat "$caller_log")" 'done' '... with its answer'
ok '... and then the link is paused' eventually state a paused
ok 'drained by hand, resumed by hand' fedx-probe -r a link resume b.test
ok '... one link' eventually one_link
stop "$server" || :
ok 'a name that is no link' expect_status 1 sh -c 'fedx-probe -r a link pause nobody.test 2>said'
like "$(cat said)" "this node dials no 'nobody\.test'; fedx-probe peers" '... and it says so'
ok 'a name that is no name' expect_status 1 fedx-probe -r a -q link pause "a\"b\\
c"
ok 'an unknown word' expect_status 64 fedx-probe -r a -q link stop b.test
ok 'no name' expect_status 64 fedx-probe -r a -q link pause
ok 'a word that the node does not know' expect_status 76 fedx-probe -r a -q call -J fedx link '{"name":"b.test","do":"cut"}'
ok 'no words at all' expect_status 76 fedx-probe -r a -q call -J fedx link '[]'

# --- a hub that only one of them dials ---

hub c 127.0.0.1:0
c_at=$(ready_at "$c_log")
stop "$a"
a --peer "fedx://$c_at"
ok 'a third hub, which dials nobody' eventually state c up
is "$(column c 1,3,5)" "$(printf 'a.test\t-\tthem')" '... lists who dialled it'
ok '... but cannot be told to hang up on it' expect_status 1 sh -c 'fedx-probe -r c link pause a.test 2>said'
like "$(cat said)" "'a\.test' has dialled this node: ask there" '... and it says so'
stop "$c"

# --- two ways to one node ---

stop "$a"
a --peer "unix:$FEDX_RUN/b/node.sock" -u "fedx://localhost:${b_at##*:}"
two_ways() { test "$(fedx-probe -r a -H links | grep -c b.test)" = 1 && test "$(column a 4 | sort -u)" = up && test "$(hubs b)" = 1; }
ok 'a peer of three URLs, one as the uplink: one link' eventually two_ways
ok '... it is the uplink' eventually sh -c "fedx-probe -r a -H links | grep -q 'b.test	uplink	up'"
is "$(column a 1 | tr '\n' ' ')" 'b.test b.test b.test ' '... three lines that say so'
stop "$a"

# --- what is no peer ---

hub c 127.0.0.1:0
c_at=$(ready_at "$c_log")
stop "$c"
hub c "$c_at" --peer "fedx://$c_at"
ok 'a hub that is its own peer' eventually state c refused
like "$(column c 8)" 'this URL leads from the node to itself' '... is told so'
stop "$c"
start fedx-leaf -l 127.0.0.1:0 -u "fedx://$b_at" -i l.test -C test -r l
leaf=$pid leaf_log=$log
l_at=$(ready_at "$log")
hub c "$c_at" --peer "fedx://$l_at" --peer "fedx://127.0.0.1:$(free_port)"
no_hubs() { peers c | grep -q "fedx://$l_at	refused" && peers c | grep -q "	backoff	"; }
ok 'a leaf is no peer, and nobody is none' eventually no_hubs
like "$(peers c)" 'who welcomes us is no hub' '... and both are told'
like "$(peers c)" 'cannot connect to 127\.0\.0\.1' '... by why'
like "$(fedx-probe -r l -H link pause "fedx://$b_at")" 'b\.test	.*paused' 'a leaf pauses its uplink'
ok '... which is down' eventually lacks 'l\.test' fedx-probe -r b -H links
like "$(fedx-probe -r l -H peers)" "b\.test	-	fedx://$b_at	paused" '... and listed'
ok '... and resumes it' fedx-probe -r l link resume b.test
ok '... it is up' eventually sh -c "fedx-probe -r b -H links | grep -q 'l.test	leaf	up'"
ups() { test "$(grep -c 'event=uplink .*now=UP' "$leaf_log")" = "$1"; }
ok '... for the second time' ups 2
who=l
is "$(at_once b.test pause resume)" "$(printf '1\n2')" 'paused and resumed at once'
ok '... it knows that it is up for the third time' eventually ups 3

start fedx-leaf -u "fedx://$b_at" --peer "fedx://$a_at" -i m.test -r l
ok 'a leaf with a peer' expect_status 78 ended "$pid"
like "$(cat "$log")" 'a leaf has no peers: give its hubs with --uplink, or start fedx-hub' '... is told why not'
bad() { expect_status 78 fedx-hub -t "$@"; }
ok 'a peer that is no URL' bad --peer "$a_at"
ok 'a peer twice' bad --peer "fedx://$a_at" --peer "fedx://$a_at"
ok 'a peer that is the uplink' bad --peer "fedx://$a_at" -u "fedx://$a_at"
is "$(fedx-hub -t --peer fedx://127.0.0.1:1 --set peers=fedx://127.0.0.1:2 | grep '^peers')" "peers=fedx://127.0.0.1:1
peers=fedx://127.0.0.1:2" 'a setting, too'

for one in "$b" "$c" "$leaf"
do ok 'all end well' stop "$one"
done
done_testing
