/*
 * resolve.c - c-ares driven by libev.
 *
 * c-ares says which descriptors it waits for and how long; after every call
 * into it the timer is set anew.  It may answer from inside a call (a hosts
 * file, a wrong name), so an answer is kept and told from a timer.
 */
#include <sys/select.h>	/* ares.h uses fd_set without saying so */

#include <ares.h>
#include <netdb.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/time.h>

#include "base/rand.h"
#include "net/inside.h"
#include "net/resolve.h"
#include "net/srv.h"

enum { TRY_MS = 2000, TRIES = 3, EXIT_NOHOST = 68 };

struct watch {			/* one descriptor of c-ares */
	struct list place;
	ev_io io;
	struct resolver *resolver;
};

struct resolver {
	struct net *net;
	ares_channel ares;
	ev_timer timer;
	struct list watches;
};

struct lookup {
	struct resolver *resolver;
	resolved_fn *resolved;	/* one of both */
	targeted_fn *targeted;
	void *owner;
	ev_timer later;
	bool answered;
	bool closed;		/* waits for c-ares to let go */
	char host[272];		/* or the name of SRV records */
	struct addr addrs[LOOKUP_ADDRS];
	struct target targets[SRV_TARGETS];
	size_t n;
	struct err e;
};

static void
resolver_rearm(struct resolver *r)
{
	struct timeval tv;

	ev_timer_stop(r->net->loop, &r->timer);
	if (ares_timeout(r->ares, NULL, &tv) == NULL)
		return;
	ev_timer_set(&r->timer, (double)tv.tv_sec + (double)tv.tv_usec / 1e6 + 1e-3, 0.);
	ev_timer_start(r->net->loop, &r->timer);
}

static void
on_dns_io(struct ev_loop *loop, ev_io *w, int revents)
{
	struct resolver *r = ((struct watch *)w->data)->resolver;
	int fd = w->fd;

	(void)loop;
	ares_process_fd(r->ares, revents & EV_READ ? fd : ARES_SOCKET_BAD,
	    revents & EV_WRITE ? fd : ARES_SOCKET_BAD);	/* may free w */
	resolver_rearm(r);
}

static void
on_dns_timer(struct ev_loop *loop, ev_timer *w, int revents)
{
	struct resolver *r = w->data;

	(void)loop, (void)revents;
	ares_process_fd(r->ares, ARES_SOCKET_BAD, ARES_SOCKET_BAD);
	resolver_rearm(r);
}

/* c-ares: from now on wait for these; neither: the descriptor goes away. */
static void
on_dns_socket(void *data, ares_socket_t fd, int readable, int writable)
{
	struct resolver *r = data;
	struct watch *w = NULL;
	int events = (readable ? EV_READ : 0) | (writable ? EV_WRITE : 0);

	list_each(node, &r->watches)
		if (list_of(node, struct watch, place)->io.fd == fd)
			w = list_of(node, struct watch, place);
	if (!w) {
		/* without memory the query ends by its timeout */
		if (!events || (w = calloc(1, sizeof *w)) == NULL)
			return;
		w->resolver = r;
		ev_io_init(&w->io, on_dns_io, fd, events);
		w->io.data = w;
		list_add(&r->watches, &w->place);
	}
	ev_io_stop(r->net->loop, &w->io);
	if (events) {
		ev_io_set(&w->io, fd, events);
		ev_io_start(r->net->loop, &w->io);
	} else {
		list_del(&w->place);
		free(w);
	}
}

static struct resolver *
resolver_open(struct net *net, struct err *e)
{
	struct resolver *r = calloc(1, sizeof *r);
	struct ares_options o = { 0 };
	int status = ARES_ENOMEM;

	if (!r)
		goto fail;
	r->net = net;
	list_init(&r->watches);
	ev_timer_init(&r->timer, on_dns_timer, 0., 0.);
	r->timer.data = r;
	o.sock_state_cb = on_dns_socket;
	o.sock_state_cb_data = r;
	o.timeout = TRY_MS;
	o.tries = TRIES;
	if ((status = ares_library_init(ARES_LIB_INIT_ALL)) != ARES_SUCCESS)
		goto fail;
	status = ares_init_options(&r->ares, &o,
	    ARES_OPT_SOCK_STATE_CB | ARES_OPT_TIMEOUTMS | ARES_OPT_TRIES);
	if (status == ARES_SUCCESS)
		return r;
	ares_library_cleanup();
fail:
	free(r);
	err_set(e, "cannot set up the name resolver: %s", ares_strerror(status));
	return NULL;
}

void
resolver_close(struct resolver *r)
{
	if (!r)
		return;
	ares_destroy(r->ares);	/* frees closed look-ups and all watches */
	ares_library_cleanup();
	ev_timer_stop(r->net->loop, &r->timer);
	free(r);
}

static struct resolver *
net_resolver(struct net *net, struct err *e)
{
	if (!net->resolver)
		net->resolver = resolver_open(net, e);
	return net->resolver;
}

int
net_set_dns(struct net *net, const char *servers, struct err *e)
{
	struct resolver *r = net_resolver(net, e);
	int status;

	if (!r)
		return -1;
	if ((status = ares_set_servers_ports_csv(r->ares, servers)) != ARES_SUCCESS)
		return err_set(e, "cannot use the name servers '%.100s': %s; write addresses "
		    "with commas between them", servers, status == ARES_ENOTIMP ?
		    "a look-up is under way" : ares_strerror(status));
	return 0;
}

static void
lookup_free(struct lookup *q)
{
	ev_timer_stop(q->resolver->net->loop, &q->later);
	free(q);
}

static const char *
why_unresolved(int status)
{
	switch (status) {
	case ARES_ENOTFOUND:	return "there is no such name";
	case ARES_ENODATA:	return "the name has no address";
	case ARES_ETIMEOUT:	return "the name server does not answer";
	case ARES_ECONNREFUSED:	return "the name server cannot be reached";
	case ARES_EBADNAME:	return "this is not a name";
	default:		return ares_strerror(status);
	}
}

/* n is 0: e says why, but for the status. */
static void
lookup_answered(struct lookup *q)
{
	if (q->closed) {
		lookup_free(q);
		return;
	}
	err_exit(&q->e, EXIT_NOHOST);
	q->answered = true;
	ev_timer_start(q->resolver->net->loop, &q->later);
}

static void
on_answer(void *data, int status, int timeouts, struct ares_addrinfo *info)
{
	struct lookup *q = data;

	(void)timeouts;
	for (struct ares_addrinfo_node *a = info ? info->nodes : NULL; a; a = a->ai_next)
		if (q->n < LOOKUP_ADDRS && (a->ai_family == AF_INET || a->ai_family == AF_INET6))
			addr_set(&q->addrs[q->n++], a->ai_addr, (socklen_t)a->ai_addrlen);
	if (info)
		ares_freeaddrinfo(info);
	if (status == ARES_SUCCESS && q->n == 0)
		status = ARES_ENODATA;
	if (status != ARES_SUCCESS) {
		q->n = 0;
		err_set(&q->e, "cannot resolve '%.100s': %s", q->host, why_unresolved(status));
	}
	lookup_answered(q);
}

/* The usable ones in their order; false: the only ones say that there is no such service. */
static bool
take_targets(struct lookup *q, const struct ares_srv_reply *records)
{
	size_t n = 0, refusals = 0;
	struct srv *all;

	for (const struct ares_srv_reply *r = records; r; r = r->next)
		n++;
	if ((all = calloc(n + 1, sizeof *all)) == NULL)
		return true;
	n = 0;
	for (const struct ares_srv_reply *r = records; r; r = r->next)
		if (!r->host[0] || strcmp(r->host, ".") == 0)
			refusals++;
		else if (host_is_name(str(r->host)) && r->port)
			all[n++] = (struct srv){ r->host, r->port, r->priority, r->weight };
	q->n = srv_order(all, n, SRV_TARGETS, rand_below);
	for (size_t i = 0; i < q->n; i++) {
		snprintf(q->targets[i].host, sizeof q->targets[i].host, "%s", all[i].host);
		q->targets[i].port = all[i].port;
	}
	free(all);
	return q->n || !refusals;
}

static void
on_srv_answer(void *data, int status, int timeouts, unsigned char *reply, int reply_n)
{
	struct lookup *q = data;
	struct ares_srv_reply *records = NULL;
	bool offered = true;

	(void)timeouts;
	if (status == ARES_SUCCESS && !q->closed) {
		status = ares_parse_srv_reply(reply, reply_n, &records);
		offered = take_targets(q, records);
		ares_free_data(records);
	}
	if (status == ARES_ENOTFOUND || status == ARES_ENODATA)
		err_set(&q->e, "there is no SRV record '%.150s'; make one, or write the host's own "
		    "name without +srv", q->host);
	else if (status != ARES_SUCCESS)
		err_set(&q->e, "cannot ask for the SRV record '%.150s': %s", q->host,
		    why_unresolved(status));
	else if (!offered)
		err_set(&q->e, "'%.150s' says that there is no such service (its target is '.')",
		    q->host);
	else if (q->n == 0)
		err_set(&q->e, "no SRV record '%.150s' has a host name and a port", q->host);
	lookup_answered(q);
}

static void
on_later(struct ev_loop *loop, ev_timer *w, int revents)
{
	struct lookup *q = w->data;

	(void)loop, (void)revents;
	if (q->targeted)
		q->targeted(q->owner, q->targets, q->n, q->n ? NULL : &q->e);
	else
		q->resolved(q->owner, q->addrs, q->n, q->n ? NULL : &q->e);
	lookup_free(q);
}

static struct lookup *
lookup_new(struct net *net, void *owner, struct err *e)
{
	struct resolver *r = net_resolver(net, e);
	struct lookup *q = r ? calloc(1, sizeof *q) : NULL;

	if (!q) {
		if (r)
			err_memory(e, "a look-up");
		return NULL;
	}
	q->resolver = r;
	q->owner = owner;
	ev_timer_init(&q->later, on_later, 0., 0.);
	q->later.data = q;
	return q;
}

struct lookup *
lookup_open(struct net *net, const char *host, uint16_t port, resolved_fn *resolved,
    void *owner, struct err *e)
{
	struct ares_addrinfo_hints hints = {
		.ai_family = AF_UNSPEC, .ai_socktype = SOCK_STREAM, .ai_flags = ARES_AI_NUMERICSERV
	};
	struct lookup *q = lookup_new(net, owner, e);
	char service[8];

	if (!q)
		return NULL;
	q->resolved = resolved;
	snprintf(q->host, sizeof q->host, "%s", host);
	snprintf(service, sizeof service, "%u", port);
	ares_getaddrinfo(q->resolver->ares, q->host, service, &hints, on_answer, q);
	resolver_rearm(q->resolver);
	return q;
}

struct lookup *
lookup_open_srv(struct net *net, struct str domain, bool tls, targeted_fn *targeted,
    void *owner, struct err *e)
{
	enum { CLASS_IN = 1, TYPE_SRV = 33 };
	struct lookup *q = lookup_new(net, owner, e);

	if (!q)
		return NULL;
	q->targeted = targeted;
	snprintf(q->host, sizeof q->host, "%s._tcp.%.*s", tls ? "_fedxs" : "_fedx", STR_FMT(domain));
	ares_query(q->resolver->ares, q->host, CLASS_IN, TYPE_SRV, on_srv_answer, q);
	resolver_rearm(q->resolver);
	return q;
}

void
lookup_close(struct lookup *q)
{
	if (!q)
		return;
	if (q->answered)
		lookup_free(q);
	else
		q->closed = true;	/* c-ares cannot take back one query */
}
