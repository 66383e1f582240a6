#!/bin/sh
# promise-fates.t - every request ends once and truly, whatever is killed, stopped or full.
. "${0%/*}/../lib/tap.sh"
. "${0%/*}/../lib/fates.sh"

at=127.0.0.1:$(free_port)
quick='--set link.backoff=20ms --set link.backoff_max=100ms --set link.refused=50ms
	--set link.ping=200ms --set link.dead=1s --set link.come_back=20ms --set drain.wait=2s'
counted='a b h' most_kb=$((300 * 1024))	# limits.buffers, and what a node has without a load
mkdir -m 700 "$FEDX_RUN/h" "$FEDX_RUN/a" "$FEDX_RUN/b"

# shellcheck disable=SC2086,SC2034
hub() { start fedx-hub -l "$at" -i hub.test -C test -r "$FEDX_RUN/h" $quick "$@"; hub=$pid hub_log=$log; wait_ready "$log"; }
# shellcheck disable=SC2086
leaf() {	# leaf NAME OPTION...
	leaf=$1; shift
	start fedx-leaf -u "fedx://$at" -i "$leaf.test" -C test -r "$FEDX_RUN/$leaf" $quick "$@"
	eval "$leaf=\$pid ${leaf}_log=\$log"
	wait_ready "$log"
}
# a judge that lets everything pass proves nothing
while IFS='|' read -r what call serve
do
	printf %b "$call" >"$FEDX_RUN/case.call"
	printf %b "$serve" >"$FEDX_RUN/case.serve"
	ok "the judge finds $what" expect_status 1 fates judge "$FEDX_RUN/case.call" -- "$FEDX_RUN/case.serve"
done <<'END'
an id without an end|sent 1\nanswer 1\nsent 2\n|ran 1\n
an id that ended twice|sent 1\nanswer 1\nmay_have_run 1 timeout\n|ran 1\n
an end of nothing|sent 1\nanswer 1\nanswer 2\n|ran 1\nran 2\n
not delivered that ran|sent 1\nnot_delivered 1 link_down\n|ran 1\n
an answer from nowhere|sent 1\nanswer 1\n|ran 2\n
one that ran twice|sent 1\nmay_have_run 1 link_down\n|ran 1\nran 1\n
bytes out of order|sent 1\nanswer 1\n|ran 1\ndisorder 1\n
a wrong answer|sent 1\nwrong_answer 1\n|ran 1\n
END
printf 'sent 1 idempotent\nanswer 1\nsent 2\nnot_delivered 2 no_route\n' >"$FEDX_RUN/case.call"
printf 'ran 1\nran 1\n' >"$FEDX_RUN/case.serve"
ok 'and lets pass what is right' fates judge "$FEDX_RUN/case.call" -- "$FEDX_RUN/case.serve"

hub && leaf a && leaf b || { not_ok 'the nodes are ready'; done_testing; }

begin calm 32 --body-every 5 --bytes 100
serve --bytes 100
more 'at peace, it is answered'
finish 'peace'
begin big 8 --body-every 1 --bytes 300000
serve --bytes 300000
more 'large bodies both ways'
finish 'large bodies'

begin hub-killed 32 --body-every 9
serve --delay 15
more 'before the hub is killed'
for again in 1 2 3
do
	ok "the hub is killed ($again)" killed "$hub"
	hub
	more 'and it heals'
done
ok 'what was under way is told so' others
finish 'the hub killed'

begin leaf-killed 32 --body-every 9
serve --delay 15
more 'before the leaf of the service is killed'
ok 'it is killed' killed "$b"
leaf b
more 'and it heals'
ok 'the leaf of the caller is killed' killed "$a"
leaf a
more 'and it heals as well'
ok 'what was under way is told so' others
finish 'leaves killed'

begin service-killed 32 --body-every 9
serve --delay 15
for again in 1 2 3
do
	more 'before the service is killed'
	ok "the service is killed ($again)" killed "$service"
	serve --delay 15
done
more 'and another takes over'
lasting=$service
serve --delay 5 --die-after 40
ok 'one dies while it works, beside another' ended "$service"
service=$lasting
more 'the other goes on'
ok 'what was under way is told so' others
finish 'services killed'

begin drained 32 --body-every 9
serve --delay 15
more 'before the hub drains'
ok 'it ends well' stop "$hub"
hub
more 'and it heals'
finish 'the hub drained'

begin stopped 32 --body-every 9 --timeout 2000
serve --delay 15
more 'before the hub is stopped'
kill -STOP "$hub"
ok 'the leaves find the link dead' eventually grep -q half-open "$a_log"
ok 'both' eventually grep -q half-open "$b_log"
kill -CONT "$hub"
more 'it goes on, and it heals'
finish 'the hub stopped'

# what waited in a queue, was reported as not delivered, and must not go out after all
stop "$b"; stop "$hub"
hub --set link.dead=30s		# more patient than the caller's leaf: what that sent in vain goes on
leaf b --set link.dead=30s
begin stopped-full 400 --body-every 1 --pace 0 --timeout 4000
serve
hub_found_dead() { test "$(grep -c half-open "$hub_log")" -gt "$hub_dead"; }
full() { test "$(count '.*overloaded')" -gt "$full_before"; }
found_dead() { test "$(grep -c half-open "$a_log")" -gt "$a_dead"; }
for again in 1 2 3
do
	more 'before the hub is stopped under load'
	a_dead=$(grep -c half-open "$a_log")
	kill -STOP "$hub"
	ok "the leaf finds the link dead ($again)" eventually found_dead
	kill -CONT "$hub"
done
more 'it goes on, and it heals'
finish 'the hub stopped under load'

stop "$b"; stop "$hub"
hub
leaf b --set link.dead=30s
begin far-stopped 400 --body-every 1 --pace 0 --timeout 4000
serve
for again in 1 2
do
	more 'before the leaf of the service is stopped under load'
	hub_dead=$(grep -c half-open "$hub_log")
	kill -STOP "$b"
	ok "the hub finds the link dead ($again)" eventually hub_found_dead
	kill -CONT "$b"
done
more 'it goes on, and it heals'
finish 'the leaf of the service stopped under load'

stop "$hub"
hub --set link.dead=30s		# or it would be found dead before a busy machine has filled its queue
begin drained-full 400 --body-every 1 --pace 0 --timeout 2000
serve
more 'before a hub drains that cannot get rid of what it has'
full_before=$(count '.*overloaded')
kill -STOP "$b"
ok 'queues are full' eventually full
ok 'it ends all the same' stop "$hub"
kill -CONT "$b"
hub
more 'and it heals'
finish 'a hub that drained with full queues'

begin service-stopped 400 --body-every 1 --pace 0 --timeout 2000
serve
for again in 1 2
do
	more 'before the service is stopped under load'
	full_before=$(count '.*overloaded')
	kill -STOP "$service"
	ok "queues are full ($again)" eventually full
	ok 'it is killed' killed "$service"
	serve
done
more 'and another goes on'
finish 'a service that was stopped and killed'

begin one-at-a-time 64 --timeout 40
serve --delay 10 --concurrency 1
more 'one request at a time, with short deadlines'
ok 'some do not get their turn' test "$(count '.*timeout')" -gt 0
finish 'one at a time'

stop "$a"; stop "$b"; stop "$hub"
ok 'a queue that holds no envelope is refused' expect_status 78 fedx-hub -l "$at" -r "$FEDX_RUN/h" --set link.queue=64k
for small in a b hub
do
	case $small in
	hub) hub --set link.queue=128k --set link.payload=64k ;;
	*) leaf $small --set link.queue=128k --set link.payload=64k ;;
	esac
done
begin overload 400 --body-every 1 --bytes 100000 --pace 0
serve --bytes 100000
more 'queues of 128 KiB and 400 bodies of 200 KB at once'
ok 'some find a queue full' test "$(count '.*overloaded')" -gt 0
finish 'overload'
done_testing
