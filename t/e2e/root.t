#!/bin/sh
# root.t - a daemon that is started by root binds, becomes another user for good, and then reads its files.
. "${0%/*}/../lib/tap.sh"
test "$(id -u)" = 0 || skip_all 'only root can become somebody else'
id nobody >/dev/null 2>&1 || skip_all 'there is no user nobody'
test -d /proc/self || skip_all 'there is no /proc'
cd "$FEDX_RUN" || exit 1
mkdir -m 700 h
mkdir -m 755 c
chmod 755 .

told() { grep -Eqs -e "$1" "$2"; }
lives() { fedx-probe -q -r h ping -c 1; }
bounded() {	# a daemon that starts after all must not hold up the test
	"$@" >said 2>&1 </dev/null &
	tap_reap $! 10
}
hub() {	# hub [OPTION...]
	start fedx-hub -i n1 -C home -r "$FEDX_RUN/h" -c "$FEDX_RUN/c" -U nobody "$@"
	hub=$pid hub_log=$log
	wait_ready "$log"
}
refused() {	# refused DESCRIPTION STATUS REGEX OPTION...
	refused_what=$1 refused_status=$2 refused_text=$3
	shift 3
	ok "$refused_what" expect_status "$refused_status" bounded fedx-hub -i n1 -r "$FEDX_RUN/h" -c "$FEDX_RUN/c" -U nobody "$@"
	like "$(cat said)" "$refused_text" '... and says so'
}
field() { sed -n "s/^$1:[^0-9]*//p" "/proc/$hub/status" | tr '\t' ' ' | sed 's/ *$//'; }
four() { echo "$1 $1 $1 $1"; }
owners() { perl -e 'print join " ", map { (stat)[4] } @ARGV' "$@"; }
uid=$(id -u nobody)

# --- who it is then ---

hub -l 127.0.0.1:0 -p "$FEDX_RUN/h/pid"
is "$(field Uid)" "$(four "$uid")" 'it becomes the user it was told: real, effective and saved'
is "$(field Gid)" "$(four "$(id -g nobody)")" '... so does its group'
is "$(field Groups)" "$(id -G nobody)" '... without our groups'
is "$(field CapEff) $(field CapPrm)" '0000000000000000 0000000000000000' '... and without our rights'
is "$(owners h h/node.sock h/node.lock)" "$uid $uid $uid" '... and the run directory is its own'
ok '... it works' lives
ok '... it ends well' stop "$hub"
ok '... and leaves nothing' not test -e h/node.sock
ok '... nor a pid file' not test -e h/pid
hub -l 127.0.0.1:0 -p "$FEDX_RUN/pid"
ok 'with a pid file in a directory that is not its own' lives
is "$(cat pid)" "$hub" '... it has its number'
ok '... it ends well' stop "$hub"
ok '... and leaves it empty' not test -s pid

# --- what only root can bind ---

low=$(perl -MIO::Socket::INET -e '
	open my $f, "<", "/proc/sys/net/ipv4/ip_unprivileged_port_start"; my $least = <$f> // 1024;
	for my $p (reverse 600 .. $least - 1) { IO::Socket::INET->new(Listen => 1, LocalAddr => "127.0.0.1:$p") && print($p), exit }')
if test "$low"
then
	hub -l "127.0.0.1:$low"
	like "$(ready_at "$hub_log")" ":$low\$" 'it binds a port under 1024 first'
	is "$(field Uid)" "$(four "$uid")" '... and is not root any more'
	ok '... it ends well' stop "$hub"
else skip 'no port under 1024 is kept for root here'
fi

# --- what it reads, it reads as that user ---

token=fx_$(printf '%064d' 7)
printf 'leaf * good sha256:%s\n' "$(printf %s "$token" | sha256sum | cut -d' ' -f1)" >tokens
chmod 600 tokens
refused 'tokens that root alone can read' 77 "as user 'nobody': .*tokens.*: Permission denied" -l 127.0.0.1:0 --token-file tokens
ok '... and nothing is left' not test -e h/node.sock
chgrp "$(id -g nobody)" tokens
chmod 640 tokens
hub -l 127.0.0.1:0 --token-file "$FEDX_RUN/tokens"
ok 'that its group can read are good' lives
kill -HUP "$hub"
ok '... also for a reload' eventually told 'event=reloaded tokens=1' "$hub_log"
ok '... it ends well' stop "$hub"
if command -v openssl >/dev/null && fedx-probe keygen hub hub.test -d d --ip 127.0.0.1 >said 2>&1
then
	chmod 755 d
	refused 'a key that root alone can read' 77 "as user 'nobody': .*hub\\.key.*: Permission denied" \
		-l 127.0.0.1:0 --tls-cert d/hub.pem --tls-key d/hub.key
	chown nobody d/hub.key
	hub -l 127.0.0.1:0 --tls-cert d/hub.pem --tls-key d/hub.key
	ok 'one of its own is good' lives
	ok '... it ends well' stop "$hub"
else skip 'openssl is not installed'
fi
for file in fedx.lua policy.lua
do
	echo '-- nothing' >c/$file
	chmod 600 c/$file
	refused "a $file that root alone can read" 77 "user 'nobody' cannot read .*/c/$file, which a reload reads again" -l 127.0.0.1:0
	chmod 644 c/$file
done
hub -l 127.0.0.1:0
ok 'that everybody can read are good' lives
kill -HUP "$hub"
ok '... also for a reload' eventually told 'event=reloaded' "$hub_log"
ok '... it ends well' stop "$hub"

# --- who is not root cannot ---

cat >as_nobody.pl <<'END'
use POSIX ();
POSIX::setgid((getpwnam "nobody")[3]); POSIX::setuid((getpwnam "nobody")[2]);
exec @ARGV or die "$ARGV[0]: $!";
END
rm -rf h; mkdir -m 700 h; chown nobody h
nobody() { bounded perl as_nobody.pl fedx-hub -i n1 -r "$FEDX_RUN/h" -U "$1"; }
if perl as_nobody.pl fedx-hub -V >said 2>&1
then
	ok 'nobody cannot become root' expect_status 77 nobody root
	like "$(cat said)" "only root can become user 'root': start as root, or as that user, or without --user" '... and is told so'
	start perl as_nobody.pl fedx-hub -i n1 -r "$FEDX_RUN/h" -c "$FEDX_RUN/c" -U nobody
	hub=$pid
	ok 'nobody is nobody already' wait_ready "$log"
	ok '... and ends well' stop "$hub"
else skip 'the programs are in a place that is closed to others'
fi
chmod 700 .
done_testing
