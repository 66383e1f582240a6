#!/bin/sh
# drain-watched.t - who only watches does not hold up the end of a node.
. "${0%/*}/../lib/tap.sh"

start fedx-hub -l 127.0.0.1:0 -i hub.test --set drain.wait=5m
hub=$pid hub_log=$log
ok 'the hub is ready' wait_ready "$hub_log"
start fedx-probe watch
watch=$pid watch_log=$log
start fedx-probe serve echo -- cat
ok 'someone watches' eventually grep -q echo "$watch_log"
ok 'the hub ends well, and at once' stop "$hub"
ok 'the watcher notices' expect_status 69 ended "$watch"
done_testing
