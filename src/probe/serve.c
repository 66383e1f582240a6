/* serve.c - fedx-probe serve: registers a service, and keeps it registered. */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/rand.h"
#include "probe/serve.h"

enum {
	CONCURRENCY = 4,
	WEIGHT_MAX = 65535,
	BACKOFF_MS = 100, BACKOFF_MAX_MS = 5000,
	DRAIN_MS = 10000
};

struct service {
	struct serve s;
	const struct answerer *how;
	struct announcement claim;
	uint64_t attach_id;
	bool attached, ever;		/* now; at least once */
	unsigned backoff_ms;
	struct mono again;		/* the next dial, while the bus is gone */
	struct mono until;		/* draining: no longer than this */
	struct pollfd *fds;
};

/* Signals become bytes, so that poll(2) sees them. */
static int signal_pipe[2] = { -1, -1 };

static void
on_signal(int sig)
{
	char c = (char)sig;
	int saved = errno;

	if (write(signal_pipe[1], &c, 1) == -1)
		errno = saved;		/* full: there is enough to read already */
	errno = saved;
}

static int
signals_open(struct err *e)
{
	static const int caught[] = { SIGTERM, SIGINT, SIGHUP, SIGCHLD };
	struct sigaction a = { .sa_handler = on_signal, .sa_flags = SA_RESTART }, was;

	if (pipe(signal_pipe) == -1 || fd_prepare(signal_pipe[0]) == -1 ||
	    fd_prepare(signal_pipe[1]) == -1)
		return err_sys(e, "cannot make a pipe");
	sigemptyset(&a.sa_mask);
	for (size_t i = 0; i < sizeof caught / sizeof *caught; i++) {
		/* as nohup(1) and the shell behind & want it */
		if ((caught[i] == SIGHUP || caught[i] == SIGINT) &&
		    sigaction(caught[i], NULL, &was) == 0 && was.sa_handler == SIG_IGN)
			continue;
		sigaction(caught[i], &a, NULL);
	}
	a.sa_handler = SIG_IGN;
	sigaction(SIGPIPE, &a, NULL);
	return 0;
}

void
serve_refuse(struct serve *s, uint64_t id, unsigned error, const char *text)
{
	struct bus_talk t;

	bus_talk_open(&t, id, false);
	bus_fail(&s->bus, &t, error, FATE_NOT_DELIVERED, str(text));
}

struct str
serve_method(const struct serve *s, const struct envelope *in)
{
	struct str service, method;

	/* to an endpoint or a path the subject is the method alone */
	if (address_family(s->name) != FAMILY_NODE ||
	    !str_split(in->subject, '/', &service, &method))
		return in->subject;
	return method;
}

struct str
serve_path(const struct envelope *in)
{
	return address_family(in->to) == FAMILY_PATH ? in->to : STR("");
}

static bool
has_word(struct str words, struct str word)
{
	struct str one;

	while (words.n) {
		str_split(words, ' ', &one, &words);
		if (str_eq(one, word))
			return true;
	}
	return false;
}

static void
take_request(struct service *v, const struct envelope *in)
{
	struct str methods = v->claim.methods;

	if (v->s.draining)
		serve_refuse(&v->s, in->id, E_shutting_down, "this instance of the service is going away");
	else if (methods.n && !has_word(methods, serve_method(&v->s, in)))
		serve_refuse(&v->s, in->id, E_not_found, "the service has no such method");
	else
		v->how->request(&v->s, in);
}

static int
refused(const struct service *v, const struct envelope *in, struct err *e)
{
	char text[180];
	enum fate fate;
	unsigned error;

	meta_error_get(in->meta, &error, &fate);
	bus_text(in->payload, text, sizeof text);
	err_set(e, "cannot register \"%s\": %s: %s", v->s.p->operand[0], error_row(error)->name,
	    text[0] ? text : error_row(error)->sentence);
	return err_exit(e, error_row(error)->exit);
}

/* -1: the node will not have this service, for now if its status is EXIT_LATER */
static int
take(struct service *v, const struct envelope *in, struct err *e)
{
	if (in->kind == KIND_REQUEST)
		take_request(v, in);
	else if (in->kind == KIND_PART || in->kind == KIND_CREDIT || in->kind == KIND_CANCEL)
		v->how->follow(&v->s, in);
	else if (in->kind == KIND_DONE && in->id == v->attach_id && !v->attached) {
		v->attached = v->ever = true;
		v->backoff_ms = BACKOFF_MS;
		say_warning(v->s.p, "%s: attached at %s", v->s.p->operand[0], v->s.p->rundir);
	} else if (in->kind == KIND_ERROR && in->id == v->attach_id && !v->attached) {
		return refused(v, in, e);
	}
	return 0;
}

static void
wait_for_node(struct service *v, const struct err *why)
{
	unsigned ms = v->backoff_ms / 2 + rand_below(v->backoff_ms / 2 + 1);

	if (v->attached || v->backoff_ms == BACKOFF_MS)
		say_warning(v->s.p, "%s; trying again", why->text);
	v->attached = false;
	v->again = mono_add_ms(mono_now(), ms);
	v->backoff_ms = 2 * v->backoff_ms < BACKOFF_MAX_MS ? 2 * v->backoff_ms : BACKOFF_MAX_MS;
}

static int
attach(struct service *v, struct err *e)
{
	if (bus_attach(&v->s.bus, &v->claim, false, &v->attach_id) == 0)
		return 0;
	return err_set(e, "the registration is too long");
}

static int
take_bus(struct service *v, struct err *e)
{
	struct envelope in;
	struct err why;
	int r;

	if (v->s.bus.fd == -1)
		return 0;
	while ((r = bus_next(&v->s.bus, &in, &why)) == 1)
		if ((r = take(v, &in, &why)) == -1)
			break;
	if (r == 0)
		return 0;
	if (why.status != EXIT_NODE && !v->attached && !(v->ever && why.status == EXIT_LATER)) {
		*e = why;		/* refused, or no node at all: for good */
		return -1;
	}
	bus_close(&v->s.bus);
	v->how->lost(&v->s);
	wait_for_node(v, &why);
	return 0;
}

static void
dial_again(struct service *v)
{
	struct err e = { .text = "" };

	if (bus_dial(&v->s.bus, v->s.p->rundir, &e) == -1 || attach(v, &e) == -1)
		wait_for_node(v, &e);
}

static void
reap(struct service *v)
{
	siginfo_t info;
	int status;

	/* not collected yet, so that its process group is surely still its own */
	for (;;) {
		info.si_pid = 0;
		if (waitid(P_ALL, 0, &info, WEXITED | WNOHANG | WNOWAIT) == -1 || info.si_pid == 0)
			return;
		status = info.si_code == CLD_EXITED ? info.si_status << 8 : info.si_status;
		v->how->reaped(&v->s, info.si_pid, status);
		waitpid(info.si_pid, NULL, 0);
	}
}

static void
drain(struct service *v)
{
	uint64_t id;

	/* a second signal: at once */
	v->until = mono_add_ms(mono_now(), v->s.draining ? 0 : DRAIN_MS);
	if (!v->s.draining && v->s.bus.fd != -1)
		bus_attach(&v->s.bus, &v->claim, true, &id);
	v->s.draining = true;
}

static void
take_signals(struct service *v)
{
	char sig[64];
	ssize_t n = read(signal_pipe[0], sig, sizeof sig);

	for (ssize_t i = 0; i < n; i++) {
		if (sig[i] == SIGCHLD)
			reap(v);
		else
			drain(v);
	}
}

static bool
is_over(const struct service *v, struct mono now)
{
	if (!v->s.draining)
		return false;
	if (now.us >= v->until.us)
		return true;
	return v->how->busy(&v->s) == 0 && buf_len(&v->s.bus.out) == 0;
}

static int
run(struct service *v, struct err *e)
{
	struct mono now = mono_now();
	int wait = -1;

	while (!is_over(v, now)) {
		bool up = v->s.bus.fd != -1;
		size_t n = v->how->poll(&v->s, v->fds + 2);

		v->fds[0] = (struct pollfd){ .fd = signal_pipe[0], .events = POLLIN };
		v->fds[1] = (struct pollfd){ .fd = v->s.bus.fd,
		    .events = up ? bus_events(&v->s.bus) : 0 };
		if (!up && !v->s.draining)
			wait = sooner(wait, (int)mono_ms_until(now, v->again));
		if (v->s.draining)
			wait = sooner(wait, (int)mono_ms_until(now, v->until));
		if (poll(v->fds, (nfds_t)(n + 2), wait) == -1) {
			if (errno != EINTR)
				return err_sys(e, "poll");
			for (size_t i = 0; i < n + 2; i++)
				v->fds[i].revents = 0;
		}
		now = mono_now();
		/* descriptors first: a signal may close some and open others */
		wait = v->how->turn(&v->s, v->fds + 2, now);
		if (v->fds[0].revents)
			take_signals(v);
		if (up)
			bus_turn(&v->s.bus, v->fds[1].revents);
		if (take_bus(v, e) == -1)
			return -1;
		if (v->s.bus.fd == -1 && !v->s.draining && now.us >= v->again.us)
			dial_again(v);
		if (v->fds[0].revents || v->fds[1].revents)
			wait = 0;	/* what came may have made more to do */
	}
	return 0;
}

static int
prepare(struct service *v, struct probe *p, struct err *e)
{
	const char *methods = p->opt[OPT_METHODS], *tags = p->opt[OPT_TAGS];
	enum family family = address_family(str(p->operand[0]));
	unsigned weight;

	if (opt_number(p, OPT_PARALLEL, 1, CONCURRENCY_LIMIT, CONCURRENCY, &v->s.concurrency, e) == -1 ||
	    opt_number(p, OPT_WEIGHT, 1, WEIGHT_MAX, 100, &weight, e) == -1)
		return -1;
	v->claim = (struct announcement){
		.family = family == FAMILY_NODE ? FAMILY_SERVICE : (uint8_t)family,
		.hops = HOPS_DEFAULT, .name = str(p->operand[0]),
		.version = str(p->opt[OPT_VERSION]), .methods = str(methods), .tags = str(tags),
		.weight = weight, .max_concurrency = v->s.concurrency
	};
	if (announcement_check(&v->claim, e) == -1)
		return err_exit(e, EXIT_USAGE);
	v->s.name = v->claim.name;
	v->s.slots = 3 * v->s.concurrency;
	v->how = p->opt[OPT_COPROCESS] ? &coprocess_answerer : &jobs_answerer;
	v->backoff_ms = BACKOFF_MS;
	return child_find(p->command[0], e);
}

int
serve_run(struct probe *p)
{
	struct service v = { .s = { .p = p, .bus = { .fd = -1 } } };
	struct err e = { .text = "", .status = EXIT_SOFT };
	int r;

	if (prepare(&v, p, &e) == -1 || probe_dial(p, &v.s.bus, &e) == -1 ||
	    signals_open(&e) == -1)
		return say_error(p, &e);
	fd_limit_raise();
	if ((v.fds = calloc((size_t)FDS_EACH * v.s.slots + 2, sizeof *v.fds)) == NULL) {
		err_set(&e, "no memory for %u requests at a time", v.s.concurrency);
		return say_error(p, &e);
	}
	if ((r = attach(&v, &e)) == 0 && (r = v.how->open(&v.s, &e)) == 0) {
		r = run(&v, &e);
		v.how->close(&v.s);
	}
	bus_close(&v.s.bus);
	free(v.fds);
	return r == -1 ? say_error(p, &e) : EXIT_YES;
}
