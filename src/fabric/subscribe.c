/*
 * subscribe.c - SUBSCRIBE and UNSUBSCRIBE: what a client wants to hear of.
 *
 * A subscription is the client's id and a pattern.  All of one client with
 * the same pattern are one claim of family INTEREST, which is announced as
 * services are, so that events find their way here.
 */
#include <stdlib.h>

#include "fabric/gate_parts.h"
#include "fabric/publish.h"

struct key { uint64_t port, id; };

struct subscription {
	struct list of_port;
	struct key key;
	size_t n;
	char pattern[];
};

static struct str
pattern_of(const struct subscription *s)
{
	return (struct str){ s->pattern, s->n };
}

static struct key
key_of(const struct port *p, uint64_t id)
{
	return (struct key){ (uintptr_t)p, id };
}

static struct str
bytes_of(const struct key *key)
{
	return (struct str){ (const char *)key, sizeof *key };
}

static struct subscription *
subscription_of(const struct fabric *f, const struct port *p, uint64_t id)
{
	struct key key = key_of(p, id);

	return p->subscription_count ? map_get(&f->subscriptions, bytes_of(&key)) : NULL;
}

bool
subscribe_has(const struct fabric *f, const struct port *p, uint64_t id)
{
	return subscription_of(f, p, id) != NULL;
}

/* An answer would end what owns it. */
static bool
id_is_used(struct fabric *f, struct port *p, uint64_t id)
{
	return subscription_of(f, p, id) || inflight_by_opener(&f->flights, p, id);
}

static int
subscription_open(struct fabric *f, struct port *p, uint64_t id, struct str pattern)
{
	struct subscription *s = malloc(sizeof *s + pattern.n);

	if (!s)
		return -1;
	s->key = key_of(p, id);
	if (map_put(&f->subscriptions, bytes_of(&s->key), s) == -1) {
		free(s);
		return -1;
	}
	s->n = pattern.n;
	memcpy(s->pattern, pattern.p, pattern.n);
	list_add(&p->subscriptions, &s->of_port);
	p->subscription_count++;
	return 0;
}

static void
subscription_close(struct fabric *f, struct port *p, struct subscription *s)
{
	map_del(&f->subscriptions, bytes_of(&s->key));
	list_del(&s->of_port);
	p->subscription_count--;
	free(s);
}

static void
drop_unwanted(struct fabric *f, struct port *p, struct str pattern)
{
	struct claim *c;

	list_each(n, &p->subscriptions)
		if (str_eq(pattern_of(list_of(n, struct subscription, of_port)), pattern))
			return;
	if ((c = fib_claim(&f->fib, p, FAMILY_INTEREST, pattern, STR(""))) != NULL)
		connected_drop(f, c);
}

static void
refuse(struct fabric *f, struct port *p, uint64_t id, enum error error, const char *why)
{
	port_error(f, p, id, KIND_REPLY, error, FATE_NOT_DELIVERED, str(why));
}

void
subscribe_open(struct fabric *f, struct port *p, const struct envelope *e)
{
	struct announcement a = { .family = FAMILY_INTEREST, .hops = HOPS_DEFAULT, .name = e->subject };
	struct envelope said = *e;
	uint8_t room[1024];
	struct buf body = { .p = room, .cap = sizeof room, .max = sizeof room };
	struct err err;

	if (p->kind != PORT_CLIENT || e->id == 0) {
		f->count.malformed++;
		if (e->id)
			refuse(f, p, e->id, E_unsupported, "a node announces what is wanted behind it");
	} else if (id_is_used(f, p, e->id)) {
		f->count.malformed++;
		p->ops->close(p, E_malformed, "the id is in use already");
	} else if (f->draining) {
		refuse(f, p, e->id, E_shutting_down, "the node is draining");
	} else if (announcement_check(&a, &err) == -1) {
		f->count.malformed++;
		refuse(f, p, e->id, E_malformed, err.text);
	} else {
		announcement_put(&body, &a);	/* as policy is asked about names */
		said.payload = buf_view(&body);
		said.meta = STR("");
		if (!gate_names_wait(f, p, &said))
			connected_now(f, p, &said);
	}
}

static void
subscribe(struct fabric *f, struct port *p, const struct envelope *e)
{
	struct announcement a;
	struct err err = { .status = 0 };
	enum error error;

	if (announcement_get(e->payload, &a, &err) == -1)
		return;			/* it was checked when it came */
	if (id_is_used(f, p, e->id)) {	/* by now */
		p->ops->close(p, E_malformed, "the id is in use already");
		return;
	}
	a.path = STR("");
	if (p->subscription_count >= f->limits.patterns) {
		err_set(&err, "one link may want %lu patterns, and does",
		    (unsigned long)f->limits.patterns);
		refuse(f, p, e->id, E_overloaded, err.text);
		return;
	}
	if (gate_claim(f, p, e, &a, "subscribe") == GATE_DONE)
		return;
	if (!fib_claim(&f->fib, p, FAMILY_INTEREST, a.name, STR("")) &&
	    (error = connected_claim(f, p, &a, &err)) != E_NONE) {
		refuse(f, p, e->id, error, err.text);
		return;
	}
	if (subscription_open(f, p, e->id, a.name) == -1) {
		drop_unwanted(f, p, a.name);
		refuse(f, p, e->id, E_overloaded, "no memory for another subscription");
	} else {
		port_say(p, KIND_ACK, 0, e->id, STR(""));
	}
}

static void
unsubscribe(struct fabric *f, struct port *p, const struct envelope *e)
{
	struct subscription *s = subscription_of(f, p, e->id);
	char text[NAME_MAX_BYTES];
	struct str pattern = { text, s ? s->n : 0 };

	if (s) {
		memcpy(text, s->pattern, s->n);
		subscription_close(f, p, s);
		drop_unwanted(f, p, pattern);
	}
	if (e->id == 0 || e->flags & FLAG_LAST)
		return;
	if (s)
		port_say(p, KIND_DONE, FLAG_LAST, e->id, STR(""));
	else
		port_error(f, p, e->id, KIND_ERROR, E_not_found, FATE_NOT_DELIVERED,
		    STR("this client has no subscription with this id"));
}

void
subscribe_now(struct fabric *f, struct port *p, const struct envelope *e)
{
	if (e->kind == KIND_SUBSCRIBE)
		subscribe(f, p, e);
	else
		unsubscribe(f, p, e);
}

void
subscribe_close(struct fabric *f, struct port *p, uint64_t id, bool answer)
{
	struct envelope e = { .kind = KIND_UNSUBSCRIBE, .flags = answer ? 0 : FLAG_LAST, .hops = 1, .id = id };

	if (p->kind == PORT_CLIENT && !gate_names_wait(f, p, &e))
		unsubscribe(f, p, &e);
}

bool
subscribe_cut(struct fabric *f, struct port *p, struct str pattern, enum error error,
    const char *why)
{
	bool any = false;

	list_each_safe(n, &p->subscriptions) {
		struct subscription *s = list_of(n, struct subscription, of_port);
		uint64_t id = s->key.id;

		if (!str_eq(pattern_of(s), pattern))
			continue;
		subscription_close(f, p, s);
		refuse(f, p, id, error, why);
		any = true;
	}
	return any;
}

void
subscribe_forget(struct fabric *f, struct port *p)
{
	list_each_safe(n, &p->subscriptions)
		subscription_close(f, p, list_of(n, struct subscription, of_port));
}
