#!/bin/sh
# drain-watched.t - who only watches does not hold up the end of a node.
. "${0%/*}/../lib/tap.sh"

start fedx-hub -l 127.0.0.1:0 -i hub.test --set drain.wait=5m
hub=$pid hub_log=$log
ok 'the hub is ready' wait_ready "$hub_log"
start fedx-probe watch
watch=$pid watch_log=$log
stir() {	# until the watcher has seen something, names come and go
	printf '{"type":"attach","id":1,"service":"stirred"}\n' | perl -MIO::Socket::UNIX -e '
		my $s = IO::Socket::UNIX->new("$ENV{FEDX_RUN}/node.sock") or die; syswrite $s, <STDIN>; sysread $s, my $b, 4096'
	test -s "$watch_log"
}
ok 'someone watches' eventually stir
ok 'the hub ends well, and at once' stop "$hub"
ok 'the watcher notices' expect_status 69 ended "$watch"
done_testing
