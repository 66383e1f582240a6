/* inner.c - see inner.h. */
#include <stdio.h>
#include <stdlib.h>

#include "base/log.h"
#include "node/inner.h"
#include "node/near_port.h"
#include "wire/hello.h"

struct inner_asked {
	struct list place;
	uint64_t id;
	inner_fn *tell;
	void *owner;
};

static struct inner_asked *
find(struct inner *in, uint64_t id)
{
	list_each(n, &in->asked) {
		struct inner_asked *a = list_of(n, struct inner_asked, place);

		if (a->id == id)
			return a;
	}
	return NULL;
}

static void
forget(struct inner_asked *a)
{
	list_del(&a->place);
	free(a);
}

static int
send_op(struct port *p, const struct envelope *e, struct str more_meta)
{
	struct inner *in = list_of(p, struct inner, port);
	struct inner_asked *a, was;
	bool error = e->flags & FLAG_ERROR, last = error || !(e->flags & FLAG_MORE);

	(void)more_meta;
	if ((e->kind != KIND_REPLY && e->kind != KIND_PART) || (a = find(in, e->id)) == NULL)
		return 0;
	was = *a;
	if (last)
		forget(a);
	was.tell(was.owner, e->payload, last, error);
	return 0;
}

int
inner_open(struct inner *in, struct fabric *f, const char *from, bool admin)
{
	static const struct port_ops ops = { send_op, near_mark, near_gone, near_queued, near_close };

	*in = (struct inner){ .fabric = f };
	snprintf(in->from, sizeof in->from, "%s", from);
	list_init(&in->asked);
	port_init(&in->port, &ops, PORT_CLIENT);
	in->port.role = ROLE_CLIENT;
	in->port.admin = admin;
	in->port.auto_credit = true;
	in->port.from = str(in->from);
	return fabric_port_up(f, &in->port);
}

void
inner_close(struct inner *in)
{
	if (!in->fabric)
		return;
	while (!list_empty(&in->asked))
		forget(list_of(in->asked.next, struct inner_asked, place));
	fabric_port_down(in->fabric, &in->port, E_shutting_down);
	in->fabric = NULL;
}

uint64_t
inner_ask(struct inner *in, struct envelope *e, inner_fn *tell, void *owner)
{
	struct inner_asked *a = calloc(1, sizeof *a);
	uint64_t id;

	if (!a)
		return 0;
	e->kind = KIND_REQUEST;
	e->hops = HOPS_DEFAULT;
	id = e->id = a->id = ++in->last;
	a->tell = tell;
	a->owner = owner;
	list_add(&in->asked, &a->place);
	fabric_receive(in->fabric, &in->port, e);
	return id;
}

void
inner_forget(struct inner *in, uint64_t id)
{
	struct inner_asked *a = id ? find(in, id) : NULL;
	struct envelope e = { .kind = KIND_CANCEL, .flags = FLAG_ONWARD | FLAG_LAST, .hops = 1, .id = id };

	if (!a)
		return;
	forget(a);
	fabric_receive(in->fabric, &in->port, &e);
}

/* --- rules --- */

static void
on_done(void *owner, struct str bytes, bool last, bool error)
{
	char *rule = owner, why[200];

	if (error) {
		snprintf(why, sizeof why, "%.*s", bytes.n > 180 ? 180 : (int)bytes.n, bytes.n ? bytes.p : "");
		log_event(LOG_LEVEL_WARNING, "action_failed", "from", rule, "why", why, NULL);
	}
	if (last)
		free(rule);
}

void
inner_action(struct inner *in, const struct action *a)
{
	struct envelope e = { .type = a->type, .to = a->to, .subject = a->subject, .payload = a->payload };
	char text[400], *rule;

	snprintf(in->from, sizeof in->from, "rule:%.*s", a->rule.n > 200 ? 200 : (int)a->rule.n,
	    a->rule.n ? a->rule.p : "");
	if (a->log.n) {
		snprintf(text, sizeof text, "%.*s", a->log.n > 390 ? 390 : (int)a->log.n, a->log.p);
		log_event(LOG_LEVEL_INFO, "rule", "from", in->from, "text", text, NULL);
		return;
	}
	in->port.from = str(in->from);
	if ((rule = malloc(strlen(in->from) + 1)) == NULL)
		return;
	strcpy(rule, in->from);
	if (inner_ask(in, &e, on_done, rule) == 0)
		free(rule);
}
