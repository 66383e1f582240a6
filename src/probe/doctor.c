/* doctor.c - fedx-probe doctor: what is asked, the list of steps, and the telling of them. */
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/fd.h"
#include "net/loop.h"
#include "probe/doctor.h"
#include "wire/json.h"

enum { STEP_MS = 5000 };

/* The order in which a link comes up. */
static const struct step {
	const char *name;
	enum finding (*take)(struct doctor *);
} steps[] = {
	{ "dns",		doctor_dns },
	{ "tcp",		doctor_tcp },
	{ "proxy",		doctor_proxy },
	{ "tls",		doctor_tls },
	{ "alpn",		doctor_alpn },
	{ "certificate",	doctor_certificate },
	{ "client-cert",	doctor_client_cert },
	{ "websocket",		doctor_websocket },
	{ "hello",		doctor_hello },
	{ "credential",		doctor_credential },
	{ "cluster",		doctor_cluster },
	{ "node-id",		doctor_node_id },
	{ "policy",		doctor_policy },
};

bool
doctor_wait(struct doctor *d)
{
	d->late = false;
	ev_now_update(d->loop);
	ev_timer_set(&d->timer, d->ms / 1000., 0.);
	ev_timer_start(d->loop, &d->timer);
	while (!d->done && !d->late)
		ev_run(d->loop, EVRUN_ONCE);
	ev_timer_stop(d->loop, &d->timer);
	d->late = !d->done;
	d->done = false;
	return !d->late;
}

static void
on_timer(struct ev_loop *loop, ev_timer *w, int revents)
{
	struct doctor *d = w->data;

	(void)loop, (void)revents;
	d->late = true;
}

enum finding
doctor_saw(struct doctor *d, enum finding finding, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(d->seen, sizeof d->seen, fmt, ap);
	va_end(ap);
	return finding;
}

enum finding
doctor_fail(struct doctor *d, int status, const char *wrong, const char *fix)
{
	const char *end = strstr(wrong, "; ");

	if (!fix && !end)
		end = strstr(wrong, ": ");
	if (!fix)
		fix = end ? end + 2 : "see the log of the hub";
	else
		end = NULL;
	snprintf(d->fix, sizeof d->fix, "%s", fix);
	d->status = status;
	return doctor_saw(d, FOUND_FAIL, "%.*s", end ? (int)(end - wrong) : (int)strlen(wrong), wrong);
}

/* --- telling --- */

static int
put_json(const char *name, const char *result, uint64_t us, const char *seen,
    const struct doctor *failed)
{
	struct buf line;
	int r;

	buf_init(&line, 8192);
	buf_fmt(&line, "{\"v\":1,\"step\":\"%s\",\"result\":\"%s\",\"us\":%llu,\"seen\":", name, result,
	    (unsigned long long)us);
	json_quote(&line, str(seen));
	if (failed) {
		buf_fmt(&line, ",\"status\":%d,\"fix\":", failed->status);
		json_quote(&line, str(failed->fix));
	}
	buf_str(&line, STR("}\n"));
	r = fwrite(buf_view(&line).p, 1, buf_len(&line), stdout) == buf_len(&line) ? 0 : -1;
	buf_free(&line);
	return r;
}

static int
put_row(const char *step, const char *result, const char *ms, const char *seen)
{
	return printf(isatty(STDOUT_FILENO) ? "%-12s %-8s %8s  %s\n" : "%s\t%s\t%s\t%s\n",
	    step, result, ms, seen) < 0 ? -1 : 0;
}

static int
tell(const struct doctor *d, const char *name, enum finding finding, uint64_t us)
{
	static const char *const results[] = { "ok", "skipped", "fail" };
	char ms[32], seen[SEEN_MAX];
	int r;

	bus_text(str(d->seen), seen, sizeof seen);
	snprintf(ms, sizeof ms, "%llu.%llu", (unsigned long long)(us / 1000),
	    (unsigned long long)(us % 1000 / 100));
	if (d->p->opt[OPT_JSON])
		r = put_json(name, results[finding], us, seen, finding == FOUND_FAIL ? d : NULL);
	else
		r = put_row(name, results[finding], finding == FOUND_SKIP ? "-" : ms,
		    seen[0] ? seen : "-");
	return r == -1 || fflush(stdout) == EOF ? -1 : 0;
}

static int
walk(struct doctor *d, struct err *e)
{
	const struct step *failed = NULL;
	int r = 0;

	if (!d->p->opt[OPT_JSON] && !d->p->opt[OPT_BARE])
		r = put_row("step", "result", "ms", "seen");
	for (size_t i = 0; i < sizeof steps / sizeof *steps && r == 0; i++) {
		struct mono began = mono_now();
		enum finding finding = failed ? doctor_saw(d, FOUND_SKIP, "not reached") :
		    steps[i].take(d);

		r = tell(d, steps[i].name, finding, mono_us_since(began, mono_now()));
		if (finding == FOUND_FAIL)
			failed = &steps[i];
	}
	if (r == -1) {
		err_sys(e, "cannot write to standard output");
		return err_exit(e, EXIT_WRITE);
	}
	if (!failed)
		return 0;
	err_set(e, "%s: %s", failed->name, d->fix);
	return err_exit(e, d->status);
}

/* --- what is asked --- */

static int
take_role(struct doctor *d, struct err *e)
{
	const char *role = d->p->opt[OPT_ROLE];

	d->role = d->as ? ROLE_LEAF : ROLE_CLIENT;
	if (!role)
		return 0;
	for (d->role = ROLE_LEAF; d->role < ROLE_COUNT; d->role++)
		if (strcmp(role, role_name(d->role)) == 0)
			break;
	if (d->role == ROLE_COUNT)
		err_set(e, "\"%.40s\" is no role: leaf, hub or client", role);
	else if (d->role != ROLE_CLIENT && !d->as)
		err_set(e, "--role %s wants --as NODE: which one to be", role);
	else
		return 0;
	return err_exit(e, EXIT_USAGE);
}

static int
take_words(struct doctor *d, struct err *e)
{
	const struct probe *p = d->p;

	d->as = p->opt[OPT_AS];
	d->cluster = p->opt[OPT_CLUSTER];
	d->ms = STEP_MS;
	if (url_parse(str(p->operand[0]), &d->url, e) == -1 ||
	    str_c(d->url.scheme == SCHEME_UNIX ? d->url.path : d->url.host, d->host, sizeof d->host) == -1)
		return err_exit(e, EXIT_USAGE);
	if (!p->opt[OPT_TLS_CERT] != !p->opt[OPT_TLS_KEY]) {
		err_set(e, "--tls-cert and --tls-key go together");
		return err_exit(e, EXIT_USAGE);
	}
	if (p->opt[OPT_TIMEOUT] && opt_ms(p->opt[OPT_TIMEOUT], &d->ms) == -1) {
		err_set(e, "\"%s\" is not a time in seconds", p->opt[OPT_TIMEOUT]);
		return err_exit(e, EXIT_USAGE);
	}
	for (int i = 0; i < 2; i++) {
		const char *name = i ? d->cluster : d->as;

		if (name && !node_id_valid(str(name))) {
			err_set(e, "\"%.80s\" is no %s: want lower-case labels with dots between", name,
			    i ? "cluster" : "node id");
			return err_exit(e, EXIT_USAGE);
		}
	}
	return take_role(d, e);
}

/* Our certificate is for the hub that we believe, and not for the second opinion. */
static int
open_tls(struct doctor *d, struct err *e)
{
	const char *const *opt = d->p->opt;
	struct tls_settings any = { .insecure = true }, ours = { .ca = opt[OPT_TLS_CA], .insecure = true,
	    .cert = opt[OPT_TLS_CERT], .key = opt[OPT_TLS_KEY] };

	if ((d->anyone = tls_ctx_open(&any, e)) == NULL)
		return err_exit(e, e->status ? e->status : EXIT_SOFT);
	if (!ours.ca && !opt[OPT_INSECURE]) {
		if (opt[OPT_PSK_FILE])	/* a hub that proves the key needs no CA */
			d->tls = tls_ctx_keep(d->anyone);
		return 0;
	}
	if ((d->tls = tls_ctx_open(&ours, e)) == NULL)
		return err_exit(e, e->status ? e->status : EXIT_REFUSED);
	if (ours.cert && !tls_ctx_visits(d->tls)) {
		err_set(e, "the certificate '%s' is not for clients: its extendedKeyUsage lacks clientAuth", ours.cert);
		return err_exit(e, EXIT_REFUSED);
	}
	return 0;
}

static int
take_credentials(struct doctor *d, struct err *e)
{
	const struct probe *p = d->p;
	const char *token = p->opt[OPT_TOKEN_FILE] ? p->opt[OPT_TOKEN_FILE] : getenv("FEDX_TOKEN_FILE");
	struct proxy_settings proxy = { p->opt[OPT_PROXY], p->opt[OPT_PROXY_FILE], NULL };
	const char *key = p->opt[OPT_PSK_FILE];

	if (key ? doctor_read_key(d, key, e) == -1 :
	    token && *token && fd_read_secret(token, d->token, sizeof d->token, e) == -1)
		return -1;
	if (proxy.url && proxy_url_has_login(str(proxy.url))) {
		err_set(e, "user and password do not belong into --proxy, where others see them: put the URL "
		    "into a file for --proxy-file");
		return err_exit(e, EXIT_USAGE);
	}
	if (proxy_find(&d->proxy, &proxy, e) == -1)
		return -1;
	if (!proxy_serves(&d->proxy, &d->url))
		d->proxy.host[0] = '\0';
	d->bare = (d->token[0] || key) && !d->url.tls && d->url.scheme != SCHEME_UNIX &&
	    !host_is_loopback(d->url.host) && !p->opt[OPT_INSECURE];
	return open_tls(d, e);
}

int
doctor_run(struct probe *p)
{
	struct doctor d = { .p = p };
	struct err e = { .text = "" };
	int r = -1;

	ev_timer_init(&d.timer, on_timer, 0., 0.);
	d.timer.data = &d;
	if (take_words(&d, &e) == -1 || take_credentials(&d, &e) == -1)
		;
	else if ((d.loop = loop_open(&e)) != NULL && (d.net = net_open(d.loop, &e)) != NULL)
		r = walk(&d, &e);
	if (d.net) {
		doctor_hang_up(&d);
		net_close(d.net);
	}
	if (d.loop)
		ev_loop_destroy(d.loop);
	tls_ctx_close(d.tls);
	tls_ctx_close(d.anyone);
	tls_wipe(d.token, sizeof d.token);
	tls_wipe(&d.proving, sizeof d.proving);
	tls_wipe(&d.proxy, sizeof d.proxy);
	return r == -1 ? probe_fail(p, &e) : EXIT_YES;
}
