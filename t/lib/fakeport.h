/*
 * fakeport.h - ports of a fabric without links: what the fabric says to one is
 * kept, and the test says what its peer says.
 *
 *	fake_open(&f, &caller, PORT_CLIENT, "");
 *	fake_ask(&caller, 1, "wc/count", "text");
 *	ok(fake_hears(&service, KIND_REQUEST), "it arrives");
 *	fake_reply(&service, service.e.id, 0, "4");
 *
 * A port reads at once what it is sent, unless it is slow: then bytes pile up
 * until fake_read(), and over `max` send() refuses as a link does.
 */
#ifndef FEDX_FAKEPORT_H
#define FEDX_FAKEPORT_H

#include "fabric/fabric.h"
#include "idle.h"
#include "tap.h"
#include "wire/hello.h"

struct fake {
	struct port port;
	struct fabric *f;
	struct buf said;		/* to it, not heard by the test yet */
	struct buf heard;		/* the last one heard */
	struct envelope e;		/* views into that */
	size_t max, reserve, waiting;	/* bytes of queue; bytes in it */
	uint64_t put, gone;
	bool slow, dead, closed;
	enum error closed_with;
	char name[256];
};

static inline struct fake *
fake_of(struct port *p)
{
	return list_of(p, struct fake, port);
}

static inline int
fake_send(struct port *p, const struct envelope *e, struct str more)
{
	struct fake *k = fake_of(p);
	size_t size = envelope_size(e) + more.n;
	bool urgent = kind_class(e->kind) == CLASS_LINK || (e->flags & FLAG_ERROR) ||
	    e->kind == KIND_CANCEL || e->kind == KIND_CREDIT;

	if (k->dead || k->waiting + size > k->max + (urgent ? k->reserve : 0) ||
	    envelope_put(&k->said, e, more) == -1)
		return -1;
	k->put += size;
	if (k->slow)
		k->waiting += size;
	else
		k->gone = k->put;
	return 0;
}

static inline uint64_t
fake_mark(struct port *p)
{
	return fake_of(p)->put;
}

static inline bool
fake_gone(struct port *p, uint64_t mark)
{
	return fake_of(p)->gone >= mark;
}

static inline size_t
fake_queued(struct port *p)
{
	return fake_of(p)->waiting;
}

static inline void
fake_close(struct port *p, enum error error, const char *why)
{
	(void)why;
	fake_of(p)->closed = true;
	fake_of(p)->closed_with = error;
}

static const struct port_ops fake_ops = { fake_send, fake_mark, fake_gone, fake_queued, fake_close };

static inline int
fake_open(struct fabric *f, struct fake *k, enum port_kind kind, const char *node)
{
	*k = (struct fake){ .f = f, .max = 4u << 20, .reserve = 256 * 1024 };
	port_init(&k->port, &fake_ops, kind);
	buf_init(&k->said, 256u << 20);
	buf_init(&k->heard, 2u << 20);
	snprintf(k->name, sizeof k->name, "%s", node);
	k->port.node = str(k->name);
	k->port.role = kind == PORT_CHILD ? ROLE_LEAF : kind == PORT_UPLINK ? ROLE_HUB : ROLE_CLIENT;
	return fabric_port_up(f, &k->port);
}

static inline void
fake_down(struct fake *k)
{
	k->dead = true;
	fabric_port_down(k->f, &k->port, E_link_down);
}

static inline void
fake_free(struct fake *k)
{
	if (k->port.up)
		fake_down(k);
	buf_free(&k->said);
	buf_free(&k->heard);
}

/* The peer of a slow port reads n bytes: the queue moves, the pipes go on. */
static inline void
fake_read(struct fake *k, size_t n)
{
	if (n > k->waiting)
		n = k->waiting;
	k->waiting -= n;
	k->gone += n;
	fabric_pump(k->f, &k->port);
}

/* The next thing said to it, in k->e; false: nothing. */
static inline bool
fake_next(struct fake *k)
{
	const char *why = "";
	size_t used;

	k->heard.head = k->heard.tail = 0;
	k->e = (struct envelope){ .kind = KIND_NONE };
	if (buf_len(&k->said) == 0)
		return false;
	if (envelope_parse(buf_view(&k->said), UINT32_MAX, &k->e, &used, &why) != PARSE_OK ||
	    k->e.meta.n > ENVELOPE_META_MAX) {
		printf("Bail out! the fabric said what no link can send: %s\n", why);
		exit(1);
	}
	buf_str(&k->heard, str_head(buf_view(&k->said), used));
	envelope_parse(buf_view(&k->heard), UINT32_MAX, &k->e, &used, &why);
	buf_eat(&k->said, used);
	return true;
}

static inline bool
fake_hears(struct fake *k, uint8_t kind)
{
	return fake_next(k) && k->e.kind == kind;
}

static inline bool
fake_hears_nothing(const struct fake *k)
{
	return buf_len(&k->said) == 0;
}

static inline void
fake_forget(struct fake *k)		/* all that was said so far */
{
	while (fake_next(k))
		continue;
}

static inline bool
fake_hears_error(struct fake *k, uint64_t id, enum error error, enum fate fate)
{
	unsigned got;
	enum fate how;

	if (!fake_next(k) || k->e.kind != KIND_REPLY || k->e.id != id || !(k->e.flags & FLAG_ERROR) ||
	    !(k->e.flags & FLAG_LAST) || meta_error_get(k->e.meta, &got, &how) == -1) {
		printf("#   heard %s id %llu flags %x\n", kind_name(k->e.kind),
		    (unsigned long long)k->e.id, k->e.flags);
		return false;
	}
	if (got != (unsigned)error || how != fate)
		printf("#   heard %s %s: %.*s\n", error_row(got)->name, fate_name(how),
		    STR_FMT(k->e.payload));
	return got == (unsigned)error && how == fate;
}

static inline void
fake_say(struct fake *k, struct envelope e)
{
	fabric_receive(k->f, &k->port, &e);
}

static inline void
fake_attach(struct fake *k, enum family family, const char *name, const char *version,
    const char *methods, uint32_t max_concurrency)
{
	uint8_t room[8192];
	struct buf b = { .p = room, .cap = sizeof room, .max = sizeof room };
	struct announcement a = { .family = (uint8_t)family, .hops = HOPS_DEFAULT, .name = str(name),
	    .version = str(version), .methods = str(methods), .weight = 100,
	    .max_concurrency = max_concurrency };

	announcement_put(&b, &a);
	fake_say(k, (struct envelope){ .kind = KIND_ATTACH, .hops = 1, .id = 77,
	    .payload = buf_view(&b) });
}

/* The path of what comes from a link: origin, then what is between, then it. */
static inline struct str
fake_path(struct fake *k, const char *origin, uint8_t room[1024])
{
	uint8_t *end = room;

	if (!str_is(k->port.node, origin))
		end = tlv_write(end, META_path, str(origin));
	end = tlv_write(end, META_path, k->port.node);
	return (struct str){ (const char *)room, (size_t)(end - room) };
}

static inline void
fake_announce(struct fake *k, uint8_t kind, enum family family, const char *name,
    const char *version, uint32_t max_concurrency)
{
	uint8_t room[8192], path[1024];
	struct buf b = { .p = room, .cap = sizeof room, .max = sizeof room };
	struct announcement a = { .family = (uint8_t)family, .hops = HOPS_DEFAULT, .name = str(name),
	    .version = str(version), .weight = 100, .max_concurrency = max_concurrency,
	    .path = fake_path(k, k->name, path) };

	announcement_put(&b, &a);
	fake_say(k, (struct envelope){ .kind = kind, .hops = 1, .payload = buf_view(&b) });
}

static inline struct envelope
fake_request(struct fake *k, uint64_t id, const char *subject, uint8_t path[1024])
{
	struct envelope e = { .kind = KIND_REQUEST, .hops = HOPS_DEFAULT, .id = id,
	    .subject = str(subject), .payload = STR("hello") };

	if (k->port.kind != PORT_CLIENT) {
		e.origin = k->port.node;
		e.meta = fake_path(k, k->name, path);
	}
	return e;
}

static inline void
fake_ask(struct fake *k, uint64_t id, const char *subject)
{
	uint8_t path[1024];

	fake_say(k, fake_request(k, id, subject, path));
}

static inline void
fake_ask_at(struct fake *k, uint64_t id, const char *to, const char *subject)
{
	uint8_t path[1024];
	struct envelope e = fake_request(k, id, subject, path);

	e.to = str(to);
	fake_say(k, e);
}

static inline void
fake_reply(struct fake *k, uint64_t id, uint16_t flags, const char *text)
{
	fake_say(k, (struct envelope){ .kind = KIND_REPLY, .hops = HOPS_DEFAULT, .id = id,
	    .flags = flags, .payload = str(text) });
}

static inline void
fake_part(struct fake *k, uint64_t id, uint16_t flags, struct str bytes)
{
	fake_say(k, (struct envelope){ .kind = KIND_PART, .hops = HOPS_DEFAULT, .id = id,
	    .flags = flags, .payload = bytes });
}

static inline void
fake_credit(struct fake *k, uint64_t id, uint16_t flags, uint32_t n)
{
	char be[4] = { (char)(n >> 24), (char)(n >> 16), (char)(n >> 8), (char)n };

	fake_say(k, (struct envelope){ .kind = KIND_CREDIT, .hops = HOPS_DEFAULT, .id = id,
	    .flags = flags, .payload = { be, sizeof be } });
}

static inline void
fake_cancel(struct fake *k, uint64_t id)
{
	fake_say(k, (struct envelope){ .kind = KIND_CANCEL, .flags = FLAG_ONWARD | FLAG_LAST,
	    .hops = HOPS_DEFAULT, .id = id });
}

static inline void
fake_wait(struct fabric *f, uint64_t ms)
{
	f->now = mono_add_ms(f->now, ms);
	wheel_turn(&f->wheel, f->now);
}

/* Nothing is left of any conversation. */
static inline bool
fabric_is_idle(struct fabric *f)
{
	bool idle = f->flights.count == 0 && f->buffered == 0 && f->wheel.count == route_timers(f);
	struct name *name;
	size_t at = 0;

	list_each(n, &f->ports) {
		struct port *p = list_of(n, struct port, all);

		idle = idle && p->piped == 0 && p->opened_count == 0 && p->serving_count == 0 &&
		    list_empty(&p->ready) && list_empty(&p->opened) && list_empty(&p->serving);
	}
	while ((name = map_next(&f->fib.names, &at)) != NULL) {
		idle = idle && name->count && name->waiting_count == 0 && name->waiting_bytes == 0;
		list_each(n, &name->claims)
			idle = idle && list_of(n, struct claim, of_name)->in_flight == 0;
	}
	return idle;
}

#endif
