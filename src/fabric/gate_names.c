/*
 * gate_names.c - who may claim which name: the scopes that `admit` gave, then
 * the scope hook.
 *
 * What a port says of names takes effect in the order in which it said it: a
 * WITHDRAW, an END or a DIGEST behind an ANNOUNCE that waits for its verdict
 * waits too.  Questions go ahead of that order, a few at a time.
 */
#include <stdlib.h>

#include "fabric/gate_parts.h"
#include "fabric/pattern.h"
#include "wire/auth_line.h"

enum said_state { SAID_WAITS, SAID_ALLOWED, SAID_DENIED };

struct said {
	struct list place;		/* gate_waits.names */
	uint64_t asked;
	uint8_t state;
	bool shared;			/* the hook lets others hold the same path */
	enum error error;		/* DENIED, and why */
	char *why;
	size_t n;
	char bytes[];			/* the envelope */
};

static bool
is_claim(uint8_t kind)
{
	return kind == KIND_ATTACH || kind == KIND_ANNOUNCE || kind == KIND_SUBSCRIBE;
}

static struct envelope
envelope_of(const struct said *s)
{
	struct envelope e = { .kind = KIND_NONE };
	const char *why;
	size_t used;

	envelope_parse((struct str){ s->bytes, s->n }, UINT32_MAX, &e, &used, &why);
	return e;
}

static struct said *
append(struct port *p, const struct envelope *e)
{
	struct gate_waits *w = gate_waits_open(p);
	size_t n = envelope_size(e);
	struct said *s;

	if (!w || w->names_count >= NAMES_WAIT || w->names_bytes + n > NAMES_BYTES ||
	    (s = malloc(sizeof *s + n)) == NULL) {
		gate_waits_rest(p);
		return NULL;
	}
	*s = (struct said){ .state = SAID_WAITS, .n = n };
	envelope_write((uint8_t *)s->bytes, e, STR(""));
	list_add(&w->names, &s->place);
	w->names_count++;
	w->names_bytes += n;
	return s;
}

static void
said_close(struct fabric *f, struct gate_waits *w, struct said *s)
{
	if (s->asked) {
		w->names_asked--;
		gate_unask(f, s->asked);
	}
	list_del(&s->place);
	w->names_count--;
	w->names_bytes -= s->n;
	free(s->why);
	free(s);
}

/* A claim is refused: to a client as the answer, to a node as a remark. */
static enum gate_result
tell(struct fabric *f, struct port *p, const struct envelope *e, enum error error, const char *why)
{
	if (e->kind == KIND_ANNOUNCE && f->ops && f->ops->event)
		f->ops->event(f, "announcement_refused", p, str(why));
	p->gate.names_lost = true;
	port_error(f, p, e->kind == KIND_ANNOUNCE ? 0 : e->id, e->kind == KIND_SUBSCRIBE ? KIND_REPLY :
	    KIND_ERROR, error, FATE_NOT_DELIVERED, str(why));
	return GATE_DONE;
}

static void
decide(struct fabric *f, struct port *p, struct said *s, const struct question *q,
    const struct decision *d)
{
	char text[400];

	s->state = SAID_ALLOWED;
	if (d->error == E_NONE || gate_is_admin(p))
		return;
	gate_denial(f, p, q, d, text);
	s->state = SAID_DENIED;
	s->error = d->error;
	if ((s->why = malloc(strlen(text) + 1)) != NULL)
		strcpy(s->why, text);
}

bool
gate_within(const struct port *p, struct str name)
{
	struct str words = { p->gate.bounds, p->gate.bounds_len }, pattern;

	while (auth_scope_next(&words, &pattern))
		if (test_holds(TEST_UNDER, name, pattern))
			return true;
	return !p->gate.bounds;
}

bool
gate_granted(const struct port *p, struct str name)
{
	struct str run = gate_grant_of(p)->scopes, pattern;

	if (!gate_within(p, name))
		return false;
	if (!run.n)
		return !p->guest;
	while (scope_next(&run, &pattern))
		if (test_holds(TEST_UNDER, name, pattern))
			return true;
	return false;
}

bool
gate_publishes(const struct port *p, struct str path)
{
	return gate_is_admin(p) || gate_granted(p, path);
}

struct question
gate_scope_question(const struct port *p, uint8_t kind, const struct announcement *a)
{
	return (struct question){ .hook = HOOK_SCOPE, .peer = p->gate.number, .subject = a->name,
	    .version = a->version, .family = a->family, .action = kind == KIND_ATTACH ?
	    STR("attach") : kind == KIND_SUBSCRIBE ? STR("subscribe") : STR("announce") };
}

static struct decision
by_scopes(const struct port *p, struct str name)
{
	struct decision d = { .answer = ANSWER_DENY, .error = E_NONE };

	if (!gate_granted(p, name)) {
		d.error = E_scope;
		d.reason = gate_within(p, name) ? STR("not within the scopes that it was admitted with") :
		    STR("not within the scopes of its credential");
	}
	return d;
}

/* What is known without a question; false: nothing, it must be asked. */
static bool
known(struct fabric *f, const struct port *p, const struct announcement *a, struct decision *d)
{
	*d = by_scopes(p, a->name);
	if (d->error != E_NONE || !gate_closed(&f->gate, HOOK_SCOPE))
		return true;
	d->error = f->gate.failed ? E_policy_error : E_NONE;
	return f->gate.failed;
}

static void
ask(struct fabric *f, struct port *p, struct said *s)
{
	struct envelope e = envelope_of(s);
	struct announcement a;
	struct decision d;
	struct err err;
	struct question q;
	struct asked *asked;

	if (announcement_get(e.payload, &a, &err) == -1) {
		s->state = SAID_ALLOWED;	/* connected.c says what is wrong with it */
		return;
	}
	q = gate_scope_question(p, e.kind, &a);
	if (known(f, p, &a, &d)) {
		decide(f, p, s, &q, &d);
	} else if ((s->asked = gate_ask(f, FOR_NAME, &q, STR(""), 0, &asked)) != 0) {
		asked->port = p;
		p->gate.waits->names_asked++;
	}
}

void
gate_names_due(struct wheel *wheel, struct timer *t)
{
	struct fabric *f = fabric_of_wheel(wheel);
	struct gate_waits *w = list_of(t, struct gate_waits, names_due);
	struct port *p = w->port;
	struct announcement a;
	struct err err;

	f->gate.count.unanswered++;
	list_each(n, &w->names) {	/* all: the next would wait as long again */
		struct said *s = list_of(n, struct said, place);
		struct envelope e = envelope_of(s);
		struct question q;

		if (!is_claim(e.kind) || s->state != SAID_WAITS ||
		    announcement_get(e.payload, &a, &err) == -1)
			continue;
		if (s->asked) {
			w->names_asked--;
			gate_unask(f, s->asked);
			s->asked = 0;
		}
		q = gate_scope_question(p, e.kind, &a);
		decide(f, p, s, &q, &(struct decision){ .answer = ANSWER_DENY,
		    .error = E_policy_unavailable });
	}
	gate_names_serve(f, p);
}

static void
ask_ahead(struct fabric *f, struct gate_waits *w)
{
	list_each(n, &w->names) {
		struct said *s = list_of(n, struct said, place);

		if (w->names_asked >= NAMES_ASKED || !f->gate.reachable)
			break;
		if (s->state == SAID_WAITS && !s->asked && is_claim((uint8_t)envelope_of(s).kind))
			ask(f, w->port, s);
	}
}

void
gate_names_serve(struct fabric *f, struct port *p)
{
	struct gate_waits *w = p->gate.waits;

	if (!w || w->names_serving || !p->up)
		return;
	w->names_serving = true;
	while (!list_empty(&w->names)) {
		struct said *s = list_of(w->names.next, struct said, place);
		struct envelope e = envelope_of(s);

		if (is_claim(e.kind) && s->state == SAID_WAITS &&
		    (!s->asked || !gate_closed(&f->gate, HOOK_SCOPE)))
			ask(f, p, s);
		if (is_claim(e.kind) && s->state == SAID_WAITS)
			break;
		timer_drop(&f->wheel, &w->names_due);
		f->gate.deciding = s;
		connected_now(f, p, &e);
		f->gate.deciding = NULL;
		said_close(f, w, s);
	}
	ask_ahead(f, w);
	if (list_empty(&w->names)) {
		timer_drop(&f->wheel, &w->names_due);
	} else if (!timer_is_set(&w->names_due)) {
		timer_set(&f->wheel, &w->names_due, f->now, f->gate.limits.wait_ms);
	}
	w->names_serving = false;
	gate_waits_rest(p);
}

bool
gate_names_wait(struct fabric *f, struct port *p, const struct envelope *e)
{
	if (!p->gate.waits || list_empty(&p->gate.waits->names))
		return false;
	if (!append(p, e)) {
		p->gate.names_lost = true;
		if (kind_by(e->kind) & BY_CLIENT)
			tell(f, p, e, E_overloaded, "too many names wait for policy");
	} else {
		gate_names_serve(f, p);
	}
	return true;
}

enum gate_result
gate_claim(struct fabric *f, struct port *p, const struct envelope *e,
    const struct announcement *a, const char *action)
{
	struct said *s = f->gate.deciding;
	struct question q;
	struct decision d;
	char text[400];

	if (s && s->state == SAID_DENIED)
		return tell(f, p, e, s->error, s->why ? s->why : "");
	if (p->kind == PORT_SELF || (gate_is_admin(p) && a->family != FAMILY_PATH))
		return GATE_PASS;
	q = gate_scope_question(p, e->kind, a);
	q.action = str(action);
	if (s) {	/* the hook allowed it; since then the scopes may have narrowed */
		d = by_scopes(p, a->name);
	} else if (!known(f, p, a, &d)) {
		if (!append(p, e))
			return tell(f, p, e, E_overloaded, "no memory to wait for policy in");
		gate_names_serve(f, p);
		return GATE_DONE;
	}
	if (d.error == E_NONE || gate_is_admin(p))
		return GATE_PASS;
	gate_denial(f, p, &q, &d, text);
	return tell(f, p, e, d.error, text);
}

void
gate_names_answer(struct fabric *f, struct asked *asked, const struct verdict *v)
{
	struct port *p = asked->port;
	struct gate_waits *w = p->gate.waits;
	struct decision d = decision_of(v);
	struct announcement a;
	struct err err;

	if (!w)
		return;
	list_each(n, &w->names) {
		struct said *s = list_of(n, struct said, place);
		struct envelope e;
		struct question q;

		if (s->asked != asked->number)
			continue;
		s->asked = 0;
		w->names_asked--;
		e = envelope_of(s);
		if (asked->epoch == f->gate.epoch && announcement_get(e.payload, &a, &err) == 0) {
			q = gate_scope_question(p, e.kind, &a);
			decide(f, p, s, &q, &d);
			s->shared = v->shared && a.family == FAMILY_PATH;
		} else {
			f->gate.count.old_verdicts++;
		}
		break;
	}
	gate_names_serve(f, p);
}

bool
gate_shares(const struct fabric *f)
{
	return f->gate.deciding && f->gate.deciding->shared;
}

void
gate_names_again(struct gate_waits *w)
{
	list_each(n, &w->names)
		list_of(n, struct said, place)->asked = 0;
	w->names_asked = 0;
}

void
gate_names_renew(struct fabric *f)
{
	list_each(n, &f->ports) {
		struct gate_waits *w = list_of(n, struct port, all)->gate.waits;

		if (!w)
			continue;
		list_each(m, &w->names) {
			struct said *s = list_of(m, struct said, place);

			if (s->state == SAID_ALLOWED)
				s->state = SAID_WAITS;
		}
	}
}

void
gate_names_free(struct fabric *f, struct port *p)
{
	struct gate_waits *w = p->gate.waits;

	if (!w)
		return;
	timer_drop(&f->wheel, &w->names_due);
	list_each_safe(n, &w->names)
		said_close(f, w, list_of(n, struct said, place));
}
