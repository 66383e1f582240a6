/* fields.c - see fields.h. */
#include "fabric/fields.h"
#include "fabric/pattern.h"
#include "wire/hello.h"

/* Kinds and types are lower case for policy: "request", not "REQUEST". */
static struct str
kind_text(uint8_t kind)
{
	static char texts[256][24];
	char *to = texts[kind];

	if (!*to) {
		const char *from = kind_name(kind);

		for (size_t i = 0; i < sizeof *texts - 1 && from[i]; i++)
			to[i] = (char)(from[i] >= 'A' && from[i] <= 'Z' ? from[i] | 0x20 : from[i]);
	}
	return str(to);
}

static struct str
domain_of(struct str name)
{
	struct str local, domain;

	return str_split(name, '@', &local, &domain) ? domain : name;
}

static struct str
service_part(struct str subject, bool method)
{
	struct str before, after;

	if (subject.n == 0 || subject.p[0] == '/')
		return STR("");
	str_split(subject, '/', &before, &after);
	return method ? after : before;
}

static struct str
path_segment(struct str subject, unsigned number)
{
	struct str segment = { NULL, 0 };

	if (subject.n == 0 || subject.p[0] != '/')
		return segment;
	for (subject = str_skip(subject, 1); number--; )
		str_split(subject, '/', &segment, &subject);
	return segment;
}

/* "192.0.2.1:80" and "[2001:db8::1]:80" without the port; "unix" is as it is. */
static struct str
host_of(struct str address)
{
	struct str host, port;

	if (str_starts(address, STR("[")) && str_split(str_skip(address, 1), ']', &host, &port))
		return host;
	str_split(address, ':', &host, &port);
	return memchr(port.n ? port.p : "", ':', port.n) ? address : host;
}

static struct str
peer_text(const struct peer_facts *p, enum ask_field field)
{
	switch ((int)field) {
	case FIELD_peer: return p->uplink ? STR("uplink") : p->guest ? STR("guest") : str(role_name(p->role));
	case FIELD_peer_node: return p->node;
	case FIELD_peer_cluster: return p->cluster;
	case FIELD_peer_address: return host_of(p->address);
	case FIELD_peer_from: return p->from;
	case FIELD_peer_tags: return p->tags;
	case FIELD_peer_admin: return p->admin ? STR("yes") : STR("");
	}
	return STR("");
}

/* To an endpoint or a path the subject is a method, whatever service it may look
 * like: what a rule allows of service x must not be a door to method x of everyone. */
static bool
of_service(const struct question *q)
{
	enum family to = address_family(q->to);

	return to == FAMILY_SERVICE || to == FAMILY_NODE;
}

/* The path that an event is on, or that a request goes to. */
static struct str
path_of(const struct question *q)
{
	return address_family(q->to) == FAMILY_PATH ? q->to : q->subject;
}

struct str
field_get(const struct subject *s, enum ask_field field)
{
	const struct question *q = s->q;

	switch (field) {
	case FIELD_kind: return q->kind ? kind_text(q->kind) : STR("");
	case FIELD_type: return str(type_name(q->type));
	case FIELD_from: return q->from;
	case FIELD_from_domain: return domain_of(q->from);
	case FIELD_to: return q->to;
	case FIELD_to_domain: return address_family(q->to) == FAMILY_PATH ? STR("") : domain_of(q->to);
	case FIELD_subject: return q->subject;
	case FIELD_service: return of_service(q) ? service_part(q->subject, false) : STR("");
	case FIELD_method: return of_service(q) ? service_part(q->subject, true) : q->subject;
	case FIELD_path1: return path_segment(path_of(q), 1);
	case FIELD_path2: return path_segment(path_of(q), 2);
	case FIELD_path3: return path_segment(path_of(q), 3);
	case FIELD_origin: return q->origin;
	case FIELD_version: return q->version;
	case FIELD_idempotent: return q->idempotent ? STR("yes") : STR("");
	case FIELD_oneway: return q->oneway ? STR("yes") : STR("");
	default: return s->peer ? peer_text(s->peer, field) : STR("");
	}
}

/*
 * Segments, where * is one and ** any number of them, also none.  On a
 * mismatch only the last ** takes one more, so no pattern is slow.
 */
static bool
path_covers(struct str pattern, struct str path)
{
	struct str p = str_skip(pattern, 1), s, want, have, next_p, next_s;
	struct str again_p = { NULL, 0 }, again_s = { NULL, 0 };
	bool open = false;	/* a ** was seen: again_p is behind it, again_s what it leaves */
	bool more_p = true, more_s = true, again_more_p = false, again_more_s = false;

	if (!str_starts(path, STR("/")))
		return false;
	s = str_skip(path, 1);
	for (;;) {
		if (more_p) {
			bool further = str_split(p, '/', &want, &next_p);

			if (str_is(want, "**")) {
				open = true;
				again_p = p = next_p;
				again_more_p = more_p = further;
				again_s = s;
				again_more_s = more_s;
				continue;
			}
			if (more_s) {
				bool longer = str_split(s, '/', &have, &next_s);

				/* a ** in the path is a pattern's own, and wider than one segment */
				if (str_is(want, "*") ? have.n > 0 && !str_is(have, "**") : str_eq(want, have)) {
					p = next_p;
					more_p = further;
					s = next_s;
					more_s = longer;
					continue;
				}
			}
		} else if (!more_s) {
			return true;
		}
		if (!open || !again_more_s)
			return false;
		again_more_s = str_split(again_s, '/', &have, &again_s);
		p = again_p;
		more_p = again_more_p;
		s = again_s;
		more_s = again_more_s;
	}
}

bool
test_holds(enum test_op op, struct str value, struct str what)
{
	switch (op) {
	case TEST_IS:
		return str_eq(value, what);
	case TEST_STARTS:
		return str_starts(value, what);
	case TEST_UNDER:
		return str_starts(what, STR("/")) ? path_covers(what, value) : pattern_covers(what, value);
	case TEST_COUNT:
		break;
	}
	return false;
}

struct question
question_of(const struct envelope *e, struct str version)
{
	return (struct question){
		.hook = HOOK_ROUTE, .kind = e->kind, .type = e->type,
		.idempotent = (e->flags & FLAG_IDEMPOTENT) != 0, .oneway = e->id == 0,
		.from = e->from, .to = e->to, .subject = e->subject, .origin = e->origin,
		.version = version,
	};
}
