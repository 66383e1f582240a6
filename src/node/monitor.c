/*
 * monitor.c - plain HTTP: / says who is there, /healthz that it runs, /readyz
 * whether it takes work, /metrics the counters as Prometheus text.
 */
#include "config.h"

#include <inttypes.h>

#include "node/node.h"

enum { BODY_MAX = 1 << 20 };

static void
metric(struct buf *b, const char *name, const char *type, const char *help, uint64_t value)
{
	buf_fmt(b, "# HELP fedx_%s %s\n# TYPE fedx_%s %s\nfedx_%s %" PRIu64 "\n", name, help, name,
	    type, name, value);
}

static void
put_errors(const struct fabric *f, struct buf *b)
{
	buf_fmt(b, "# HELP fedx_errors_total errors that this node answered, by name\n"
	    "# TYPE fedx_errors_total counter\n");
	for (unsigned i = 1; i < E_COUNT; i++)
		buf_fmt(b, "fedx_errors_total{error=\"%s\"} %" PRIu64 "\n", error_row(i)->name,
		    f->count.errors[i]);
}

static void
put_metrics(const struct node *n, struct buf *b)
{
	const struct fabric *f = &n->fabric;
	const struct net_counters *c = net_counters(n->net);

#define X(name, help) metric(b, #name "_total", "counter", help, f->count.name);
	FABRIC_COUNTERS(X)
#undef X
#define X(name, help) metric(b, "policy_" #name "_total", "counter", help, f->gate.count.name);
	GATE_COUNTERS(X)
#undef X
	put_errors(f, b);
	buf_fmt(b, "# HELP fedx_links links that are up, by role of the other end\n"
	    "# TYPE fedx_links gauge\n");
	for (uint8_t r = ROLE_LEAF; r < ROLE_COUNT; r++)
		buf_fmt(b, "fedx_links{role=\"%s\"} %" PRIu64 "\n", role_name(r), n->links.count[r]);
	metric(b, "uplink_up", "gauge", "1 while the uplink is up", f->uplink != NULL);
	metric(b, "in_flight", "gauge", "requests in flight", f->flights.count);
	metric(b, "buffered_bytes", "gauge", "bytes in pipes and parked requests", f->buffered);
	metric(b, "services", "gauge", "instances of services known here",
	    f->fib.claimed[FAMILY_SERVICE]);
	metric(b, "endpoints", "gauge", "endpoints known here", f->fib.claimed[FAMILY_ENDPOINT]);
	metric(b, "handshakes", "gauge", "connections that have not proven themselves",
	    n->doors.stranger_count + n->links.greeting_count);
	metric(b, "policy_reachable", "gauge", "1 while fedx-route can be asked", f->gate.reachable);
	metric(b, "policy_failed", "gauge", "1 while no policy could be loaded, which denies everything",
	    f->gate.failed);
	metric(b, "policy_rules", "gauge", "rules of the policy in force that have been used or are known",
	    n->control.rules.now.count);
	metric(b, "policy_flows", "gauge", "verdicts that are kept", f->gate.flows.count);
	metric(b, "policy_masks", "gauge", "sets of fields that those were decided by",
	    f->gate.flows.mask_count);
	metric(b, "policy_hits_total", "counter", "messages decided by a kept verdict", f->gate.flows.hits);
	metric(b, "policy_misses_total", "counter", "messages for which none was kept",
	    f->gate.flows.misses);
	metric(b, "policy_evicted_total", "counter", "kept verdicts that made room for others",
	    f->gate.flows.evicted);
	metric(b, "policy_unkept_total", "counter", "verdicts for which there was no room",
	    f->gate.flows.unkept);
	metric(b, "reads_total", "counter", "reads from sockets", c->reads);
	metric(b, "writes_total", "counter", "writes to sockets", c->writes);
	metric(b, "bytes_in_total", "counter", "bytes read from sockets", c->bytes_in);
	metric(b, "bytes_out_total", "counter", "bytes written to sockets", c->bytes_out);
	metric(b, "accepted_total", "counter", "connections accepted", c->accepted);
	metric(b, "accept_paused_total", "counter",
	    "times that accepting paused for want of descriptors", c->accept_paused);
	buf_fmt(b, "# HELP fedx_build_info version of this node\n# TYPE fedx_build_info gauge\n"
	    "fedx_build_info{version=\"%s\",role=\"%s\"} 1\n", FEDX_VERSION, role_name(f->role));
}

static unsigned
put_body(const struct node *n, struct str path, struct buf *b)
{
	bool waits = n->fabric.has_uplink && !n->fabric.uplink;
	bool open = n->fabric.gate.known || !n->fabric.gate.expected;

	if (str_is(path, "/healthz")) {
		buf_str(b, STR("ok\n"));
	} else if (str_is(path, "/readyz")) {
		if (n->ready && !n->draining && !waits && open) {
			buf_str(b, STR("ready\n"));
			return 200;
		}
		buf_fmt(b, "%s\n", n->draining ? "draining" : waits ? "the uplink is down" :
		    !open ? "policy is not there yet" : "starting");
		return 503;
	} else if (str_is(path, "/metrics")) {
		put_metrics(n, b);
	} else if (str_is(path, "/")) {
		buf_fmt(b, "fedx %s\nnode %s of cluster %s\nhealth: /healthz /readyz /metrics\n",
		    FEDX_VERSION, n->fabric.node, n->fabric.cluster);
	} else {
		buf_str(b, STR("not found: try / /healthz /readyz /metrics\n"));
		return 404;
	}
	return 200;
}

int
monitor_respond(void *owner, const struct http_head *head, struct buf *out)
{
	const struct node *n = owner;
	struct str path, query;
	struct buf body;
	unsigned status = 405;
	bool is_head = str_is(head->method, "HEAD");
	int r;

	buf_init(&body, BODY_MAX);
	str_split(head->target, '?', &path, &query);
	if (is_head || str_is(head->method, "GET"))
		status = put_body(n, path, &body);
	else
		buf_str(&body, STR("only GET and HEAD are served here\n"));
	r = buf_fmt(out, "HTTP/1.1 %u %s\r\nContent-Type: text/plain; version=0.0.4; charset=utf-8\r\n"
	    "Content-Length: %zu\r\nCache-Control: no-store\r\n%sConnection: close\r\n\r\n", status,
	    status == 200 ? "OK" : status == 404 ? "Not Found" : status == 405 ?
	    "Method Not Allowed" : "Service Unavailable", buf_len(&body),
	    status == 405 ? "Allow: GET, HEAD\r\n" : "");
	if (r == 0 && !is_head)
		r = buf_str(out, buf_view(&body));
	buf_free(&body);
	return r;
}
