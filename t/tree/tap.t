#!/bin/sh
# tap.t - what goes wrong behind the back of a test is a failure of it, and nothing outlives a test.
. "${0%/*}/../lib/tap.sh"

# says STATUS REGULAR-EXPRESSION: a test of the commands on standard input ends so, and says that
says() {
	{ echo '. "$FEDX_SRC/t/lib/tap.sh"'; cat; echo 'done_testing'; } >"$FEDX_RUN/inner.t"
	expect_status "$1" sh "$FEDX_RUN/inner.t" >"$FEDX_RUN/inner.out" 2>&1
	said=$?
	cat "$FEDX_RUN/inner.out"
	test "$said" -eq 0 && grep -Eq -e "$2" "$FEDX_RUN/inner.out"
}

ok 'a process that crashed'			says 1 'not ok 2 .*status 139' <<'END'
start sh -c 'kill -SEGV $$'
ok 'is gone'	eventually not kill -0 "$pid"
END
ok 'a process that ended by a sanitizer'	says 1 'not ok 2 .*status 99' <<'END'
start sh -c 'exit 99'
ok 'is gone'	eventually not kill -0 "$pid"
END
ok 'but not one that was killed, or refused'	says 0 '^1\.\.2$' <<'END'
start sleep 60
kill -9 "$pid"
ok 'is gone'	eventually not kill -0 "$pid"
start fedx-hub --nonsense
ok 'it too'	eventually not kill -0 "$pid"
END
ok 'what did not come'				says 1 'not ok 1 - what is waited for comes: false' <<'END'
tap_bound=1
await false
END
ok 'who could not say that there is nothing'	says 1 'not ok 2 ' <<'END'
ok 'there is nothing'	lacks some echo none
ok 'who knows'		lacks some fedx-probe -r nowhere links
ok 'there is some'	not lacks some echo some
END
ok 'a node that did not tell its counts'	says 1 'not ok 1 .*agrees' <<'END'
. "$FEDX_SRC/t/lib/fates.sh"
at_begin='' counted=a round=r
account() { echo a 1 2 3 4; }
: >"$FEDX_RUN/r.call"
ok 'agrees' agrees
END
plain='. "$FEDX_SRC/t/lib/fates.sh"; FEDX_BUILD=$FEDX_RUN; : >"$FEDX_RUN/config.mk"; mkdir "$FEDX_RUN/a" "$FEDX_RUN/b"'
ok 'a node whose memory nobody sees'		says 1 'not ok 1 - bounded' <<END
$plain
start sleep 60
echo "\$pid" >"\$FEDX_RUN/a/node.lock"
counted='a b'
ok 'bounded' bounded
END
ok 'but not a child that has just ended'	says 0 'ok 1 - bounded' <<END
$plain
echo \$\$ >"\$FEDX_RUN/a/node.lock"
counted=a
ok 'bounded' bounded
END
# a system that can make namespaces and tables, but then no link
mkdir "$FEDX_RUN/fake"
echo 'echo 0' >"$FEDX_RUN/fake/id"
echo 'case "$*" in *" link "*) exit 1 ;; esac' >"$FEDX_RUN/fake/ip"
echo : >"$FEDX_RUN/fake/nft"
chmod +x "$FEDX_RUN"/fake/*
ok 'a network that is not made'			says 1 'not ok 1 - the network is made' <<END
. "\$FEDX_SRC/t/lib/net.sh"
PATH=$FEDX_RUN/fake:\$PATH
net
END
# the group of a page goes with a test that is ended, also where no /proc shows it
gone() { test -s "$1" && ! kill -0 "$(cat "$1")" 2>/dev/null; }
ok 'a test that is ended'			says 143 '^ok 1 - it is there' <<END
. "\$FEDX_SRC/t/lib/page.sh"
tap_left() { :; }
echo 'sleep 60 & echo \$! >$FEDX_RUN/left.pid; wait' >"\$FEDX_RUN/script"
start page_reader "\$FEDX_RUN" script
ok 'it is there' eventually test -s "$FEDX_RUN/left.pid"
kill \$\$
END
ok '... leaves nobody behind'			eventually gone "$FEDX_RUN/left.pid"
if test -r /proc/self/environ
then
	ok 'who is left behind'			says 1 'not ok 2 - nobody is left' <<'END'
start sh -c 'sleep 60 & : >"$FEDX_RUN/there"; wait'
ok 'is there'	eventually test -e "$FEDX_RUN/there"
tap_bound=1
END
else skip 'no /proc: nobody knows who is left behind'
fi
done_testing
