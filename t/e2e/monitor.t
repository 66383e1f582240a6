#!/bin/sh
# monitor.t - what a monitor asks a node over HTTP, and what it is told.
. "${0%/*}/../lib/tap.sh"
cd "$FEDX_RUN" || exit 1

# http PORT METHOD PATH: the whole answer, without carriage returns
http() {
	perl -MIO::Socket::INET -e 'my ($at, $method, $path) = @ARGV;
		my $s = IO::Socket::INET->new($at) or exit 1;
		print $s "$method $path HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n"; $s->flush;
		while (<$s>) { s/\r$//; print }' "$@"
}
status() { http "$@" | sed -n '1s/^HTTP.1.1 \([0-9]*\) .*/\1/p'; }
body() { http "$@" | sed '1,/^$/d'; }
metric() { body "$1" GET /metrics | awk -v name="$2" '$1 == name { print $2 }'; }
is_metric() { test "$(metric "$1" "$2")" = "$3"; }
is_status() { test "$(status "$1" GET "$2")" = "$3"; }

start fedx-hub -l 127.0.0.1:0 -i n1 -C home
hub=$pid at=$(ready_at "$log")

is "$(status "$at" GET /healthz)" 200 'it is alive'
is "$(status "$at" GET /readyz)" 200 'it is ready'
like "$(body "$at" GET /)" 'n1.*home|home.*n1' 'it says who it is'
is "$(status "$at" HEAD /metrics)" 200 'HEAD has an answer'
is "$(body "$at" HEAD /metrics)" '' '... without a body'
is "$(status "$at" GET /nonsense)" 404 'what is not there'
is "$(status "$at" POST /metrics)" 405 'nothing can be posted'
like "$(http "$at" DELETE /)" '^Allow: GET, HEAD$' '... and what can be done is said'
is "$(status "$at" GET '/readyz?verbose=1')" 200 'a query is no matter'
like "$(http "$at" GET /metrics)" '^Content-Type: text/plain; version=0\.0\.4' 'the metrics are Prometheus text'
body "$at" GET /metrics >metrics
ok 'each line is one' perl -ne '
	chomp;
	if (/^# (HELP|TYPE) (\w+) ./) { $seen{$1}{$2}++ and die "$_ again\n" }
	elsif (/^(\w+)(?:\{(?:\w+="(?:[^"\\\n]|\\.)*",?)+\})? -?\d+(?:\.\d+)?$/) {
		$seen{TYPE}{$1} && $seen{HELP}{$1} or die "$1 has no type or no help\n"; $n++ }
	else { die "line $.: $_\n" }
	END { $n > 25 or die "only $n samples\n" }' metrics

# --- every request, answer and error is counted ---

start fedx-probe serve echo -- cat
start fedx-probe serve fails -- sh -c 'exit 3'
ok 'services are counted' eventually is_metric "$at" fedx_services 2
requests=$(metric "$at" fedx_requests_total) answers=$(metric "$at" fedx_answers_total)
seq 1 20 | fedx-probe call -P 4 echo m - >/dev/null
is "$(($(metric "$at" fedx_requests_total) - requests))" 20 'requests are'
is "$(($(metric "$at" fedx_answers_total) - answers))" 20 'answers are'
fedx-probe -q call fails m x 2>/dev/null
is "$(metric "$at" fedx_answer_errors_total)" 1 'errors of services are'
lost=$(metric "$at" fedx_not_delivered_total)
fedx-probe -q call nothing m x 2>/dev/null
is "$(metric "$at" 'fedx_errors_total{error="no_route"}')" 1 'errors of ours are, by name'
start fedx-probe serve hang -- sleep 600
ok 'a service that never answers' eventually is_metric "$at" fedx_services 3
start fedx-probe -q call -t 5 hang m x
ok 'what is in flight is counted' eventually is_metric "$at" fedx_in_flight 1
ended "$pid"
is "$(metric "$at" 'fedx_errors_total{error="timeout"}')" 1 'a deadline that passed is'
is "$(metric "$at" fedx_may_have_run_total)" 1 '... as a request that may have run'
is "$(metric "$at" fedx_in_flight)" 0 '... and it is in flight no more'
printf 'nonsense\n' | perl -MIO::Socket::INET -e 'my $s = IO::Socket::INET->new($ARGV[0]); print $s <STDIN>; $s->flush; <$s>' "$at"
ok 'connections are counted' test "$(metric "$at" fedx_accepted_total)" -gt 10
like "$(metric "$at" fedx_bytes_in_total) $(metric "$at" fedx_bytes_out_total)" '^[0-9]{4,} [0-9]{4,}$' 'bytes are, both ways'

# --- ready, or not ---

up=127.0.0.1:$(free_port)
mkdir -m 700 leaf top
start fedx-leaf -u "fedx://$up" -i l1 -l 127.0.0.1:0 -r "$FEDX_RUN/leaf" --set link.backoff=20ms --set link.backoff_max=50ms
leaf=$pid leaf_at=$(ready_at "$log")
is "$(status "$leaf_at" GET /readyz)" 503 'a leaf without its hub is not ready'
like "$(body "$leaf_at" GET /readyz)" 'uplink' '... and says why'
is "$(status "$leaf_at" GET /healthz) $(metric "$leaf_at" fedx_uplink_up)" '200 0' '... but alive'
start fedx-hub -l "$up" -i top -r "$FEDX_RUN/top"
top=$pid
ok 'with its hub it is' eventually is_status "$leaf_at" /readyz 200
is "$(metric "$leaf_at" fedx_uplink_up)" 1 '... as the metric says'
is "$(metric "$up" 'fedx_links{role="leaf"}')" 1 '... and the one of the hub'
ok 'the hub ends' stop "$top"
ok 'it is ready no more' eventually is_status "$leaf_at" /readyz 503
ok 'it ends well' stop "$leaf"
ok 'and so does the first' stop "$hub"
done_testing
