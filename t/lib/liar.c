/*
 * liar.c - a native peer that says whatever its script says, true or not.
 *
 *	liar HOST:PORT | SOCKET | -L PORTFILE <SCRIPT
 *
 *	a -> hello node=evil role=leaf token=t		(or welcome)
 *	a <- WELCOME node=n1
 *	a -> REQUEST id=1 subject=echo/m origin=else path=x,evil payload=the rest
 *	a <- REPLY id=1 error=scope fate=not_delivered text=some of the rest
 *	a -> 100 PART id=1 flags=onward,more size=65536	(says it 100 times, %d counts)
 *	a -> ANNOUNCE service=echo path=evil		(of a node; or endpoint=, holds=/a/path, interest=)
 *	a -> ANNOUNCE node=o path=o,evil epoch=7 lifetime=60000 clusters=x	(of a hub: a route,
 *	a -> ANNOUNCE endpoint=u@o origin=o			and a name; big=N: of N bytes)
 *	a -> hello key=HEX ; a -> prove key=HEX ; h -> challenge key=HEX	(lie_key.h)
 *	a -> PING at=0:00				(patches encoded bytes)
 *	a -> raw f301 ; a -> text GET / HTTP/1.0\r\n\r\n ; a -> close
 *	a <- SILENCE		nothing but a PONG to our PING
 *	a <- CLOSED		skipping what comes before
 *
 * Each party is a connection of its own, made when it is first named; with -L
 * it is the next one that dials us, at the port that PORTFILE gets.  `<- KIND`
 * skips other kinds; the first of that kind must have all that is asked for.
 * PINGs are answered meanwhile.  id=last is that of the last REQUEST heard,
 * id=b.last that of the last which b heard.
 * What is heard goes to standard output, a line each.  Status 0: it went as
 * written; 1: it did not; 64: the script makes no sense.
 */
#include <errno.h>
#include <netinet/in.h>
#include <arpa/inet.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <sys/un.h>
#include <unistd.h>

#include "base/buf.h"
#include "lie_key.h"
#include "wire/announce.h"
#include "wire/envelope.h"
#include "wire/hello.h"
#include "wire/meta.h"

enum { PARTIES = 16, IN_MAX = 8 << 20, BODY_MAX = 2 << 20 };

static struct party {
	char name[16];
	int fd;
	struct buf in;
	uint64_t last;		/* id of the last REQUEST heard */
	bool closed;
	struct lie_key key;
} parties[PARTIES];
static const char *target;
static int listener = -1, line_at, bound_ms = 10000;
static uint8_t body_room[BODY_MAX], meta_room[1 << 16];

static _Noreturn void
fail(int status, const char *what, struct str about)
{
	fflush(stdout);
	fprintf(stderr, "liar: line %d: %s %.*s\n", line_at, what, STR_FMT(about));
	exit(status);
}

/* --- connections --- */

static int
listen_at(const char *file)
{
	struct sockaddr_in in = { .sin_family = AF_INET, .sin_addr = { htonl(INADDR_LOOPBACK) } };
	socklen_t n = sizeof in;
	int fd = socket(AF_INET, SOCK_STREAM, 0);
	char tmp[200];
	FILE *f;

	snprintf(tmp, sizeof tmp, "%s.new", file);
	if (fd == -1 || bind(fd, (struct sockaddr *)&in, sizeof in) == -1 || listen(fd, 16) == -1 ||
	    getsockname(fd, (struct sockaddr *)&in, &n) == -1 || (f = fopen(tmp, "w")) == NULL)
		fail(1, strerror(errno), str(file));
	fprintf(f, "%d\n", ntohs(in.sin_port));
	if (fclose(f) == EOF || rename(tmp, file) == -1)	/* there and complete, or not there */
		fail(1, strerror(errno), str(file));
	return fd;
}

static int
connect_to(struct str where)
{
	struct sockaddr_in in = { .sin_family = AF_INET };
	struct sockaddr_un un = { .sun_family = AF_UNIX };
	struct str host, port;
	char text[64];
	uint64_t n;
	int fd;

	if (memchr(where.p, '/', where.n)) {
		if (str_c(where, un.sun_path, sizeof un.sun_path) == -1 ||
		    (fd = socket(AF_UNIX, SOCK_STREAM, 0)) == -1 ||
		    connect(fd, (struct sockaddr *)&un, sizeof un) == -1)
			fail(1, strerror(errno), where);
		return fd;
	}
	if (!str_split(where, ':', &host, &port) || str_u64(port, 65535, &n) == -1 ||
	    str_c(host, text, sizeof text) == -1 || inet_pton(AF_INET, text, &in.sin_addr) != 1)
		fail(64, "want HOST:PORT, not", where);
	in.sin_port = htons((uint16_t)n);
	if ((fd = socket(AF_INET, SOCK_STREAM, 0)) == -1 ||
	    connect(fd, (struct sockaddr *)&in, sizeof in) == -1)
		fail(1, strerror(errno), where);
	return fd;
}

static struct party *
party_named(struct str name)
{
	struct party *p = parties;
	struct pollfd ready = { .fd = listener, .events = POLLIN };
	struct timeval tv = { .tv_sec = bound_ms / 1000 };

	while (p < parties + PARTIES && p->name[0] && !str_is(name, p->name))
		p++;
	if (p == parties + PARTIES || str_c(name, p->name, sizeof p->name) == -1)
		fail(64, "too many parties, or a long name:", name);
	if (p->in.max)
		return p;
	buf_init(&p->in, IN_MAX);
	if (listener == -1)
		p->fd = connect_to(str(target));
	else if (poll(&ready, 1, bound_ms) != 1 || (p->fd = accept(listener, NULL, NULL)) == -1)
		fail(1, "nobody dialled in time:", name);
	setsockopt(p->fd, SOL_SOCKET, SO_SNDTIMEO, &tv, sizeof tv);
	return p;
}

/* A peer that hung up on us is not our failure: a later line may expect that. */
static void
put(struct party *p, struct str bytes)
{
	while (bytes.n && !p->closed) {
		ssize_t n = write(p->fd, bytes.p, bytes.n);

		if (n > 0)
			bytes = str_skip(bytes, (size_t)n);
		else if (errno == EAGAIN || errno == EWOULDBLOCK)
			fail(1, "the other side reads nothing more:", str(p->name));
		else if (errno != EINTR)
			return;
	}
}

static void
put_envelope(struct party *p, const struct envelope *e)
{
	static struct buf b;

	b.head = b.tail = 0;
	b.max = IN_MAX;
	if (envelope_put(&b, e, STR("")) == -1)
		fail(64, "this does not fit an envelope, which would be no lie but a mistake", STR(""));
	lie_key_saw(&p->key, e);
	put(p, buf_view(&b));
}

/* --- words of the script --- */

static struct str
word(struct str *rest)
{
	struct str w;

	*rest = str_trim(*rest);
	str_split(*rest, ' ', &w, rest);
	return w;
}

static uint64_t
number(struct party *p, struct str v)
{
	char text[32], *end;
	unsigned long long n;

	if (str_is(v, "last"))
		return p->last;
	for (struct party *q = parties; q < parties + PARTIES && q->name[0]; q++)
		if (str_ends(v, STR(".last")) && str_is(str_head(v, v.n - 5), q->name))
			return q->last;
	if (str_c(v, text, sizeof text) == -1)
		fail(64, "no number:", v);
	n = strtoull(text, &end, 0);
	if (*end || end == text)
		fail(64, "no number:", v);
	return n;
}

static void
put_hex(struct buf *b, struct str v)
{
	uint8_t byte;

	for (; v.n >= 2; v = str_skip(v, 2))
		if (str_hex(str_head(v, 2), &byte, 1) == -1 || buf_put(b, &byte, 1) == -1)
			fail(64, "no hex digits:", v);
	if (v.n)
		fail(64, "an odd number of hex digits:", v);
}

static void
put_text(struct buf *b, struct str v)
{
	for (; v.n; v = str_skip(v, 1)) {
		char c = v.p[0];

		if (c == '\\' && v.n > 1 && (v.p[1] == 'r' || v.p[1] == 'n')) {
			c = v.p[1] == 'r' ? '\r' : '\n';
			v = str_skip(v, 1);
		}
		buf_put(b, &c, 1);
	}
}

static uint8_t
kind_named(struct party *p, struct str name)
{
	static const struct { const char *name; uint8_t kind; } kinds[] = {
#define X(kind, number, conversation, by) { #kind, number },
		KINDS(X)
#undef X
	};

	for (size_t i = 0; i < sizeof kinds / sizeof *kinds; i++)
		if (str_is(name, kinds[i].name))
			return kinds[i].kind;
	return (uint8_t)number(p, name);
}

static uint16_t
flags_named(struct str list)
{
	static const struct { const char *name; uint16_t flag; } flags[] = {
		{ "trace", FLAG_TRACE }, { "error", FLAG_ERROR }, { "last", FLAG_LAST },
		{ "more", FLAG_MORE }, { "onward", FLAG_ONWARD }, { "idempotent", FLAG_IDEMPOTENT },
	};
	uint16_t all = 0;
	struct str one;

	for (bool more = true; more; ) {
		uint16_t flag = 0;

		more = str_split(list, ',', &one, &list);
		for (size_t i = 0; i < sizeof flags / sizeof *flags; i++)
			if (str_is(one, flags[i].name))
				flag = flags[i].flag;
		if (!flag)
			fail(64, "unknown flag", one);
		all |= flag;
	}
	return all;
}

static void
put_words(struct buf *b, enum meta type, struct str list)
{
	struct str one;

	for (bool more = list.n > 0; more; tlv_put(b, (uint16_t)type, one))
		more = str_split(list, ',', &one, &list);
}

/* --- saying --- */

static void
say_hello(struct party *p, uint8_t kind, struct str rest)
{
	struct hello h = { .role = kind == KIND_HELLO ? ROLE_LEAF : ROLE_HUB, .version_min = 1,
	    .version_max = 1, .instance = (uint64_t)getpid(), .agent = STR("liar") };
	struct buf body = { .p = body_room, .cap = BODY_MAX, .max = BODY_MAX };
	struct envelope e = { .kind = kind, .hops = 1 };
	static const char zeros[1 << 16];
	const struct lie_key *of = NULL;
	struct str w, name, v;
	size_t pad = 0;

	while ((w = word(&rest)).n) {
		str_split(w, '=', &name, &v);
		if (str_is(name, "node"))
			h.node = v;
		else if (str_is(name, "cluster"))
			h.cluster = v;
		else if (str_is(name, "token"))
			h.token = v;
		else if (str_is(name, "role"))
			h.role = str_is(v, "hub") ? ROLE_HUB : str_is(v, "client") ? ROLE_CLIENT :
			    str_is(v, "leaf") ? ROLE_LEAF : (uint8_t)number(p, v);
		else if (str_is(name, "versions"))
			h.version_min = h.version_max = (uint8_t)number(p, v);
		else if (str_is(name, "instance"))
			h.instance = number(p, v);
		else if (str_is(name, "key"))
			lie_key_word(&p->key, name, v), lie_key_hello(&p->key, of, &h);
		else if (str_is(name, "of"))
			of = &party_named(v)->key;
		else if (str_is(name, "pad"))
			pad = number(p, v) % sizeof zeros;
		else
			fail(64, "unknown field of a hello:", w);
	}
	hello_put(&body, &h);
	if (pad)	/* a field that need not be known */
		tlv_put(&body, 0x0666, (struct str){ zeros, pad });
	e.payload = buf_view(&body);
	put_envelope(p, &e);
}

/* CHALLENGE or PROVE, by the words of lie_key.h. */
static void
say_key(struct party *p, uint8_t kind, struct str rest)
{
	struct buf body = { .p = body_room, .cap = BODY_MAX, .max = BODY_MAX };
	struct envelope e = { .kind = kind, .hops = 1 };
	const struct party *of = p;
	struct str w, name, v;

	if (kind == KIND_CHALLENGE)
		p->key.by = PROVER_DIALLED;
	while ((w = word(&rest)).n) {
		str_split(w, '=', &name, &v);
		if (str_is(name, "of"))
			of = party_named(v);
		else if (!lie_key_word(&p->key, name, v))
			fail(64, "unknown word of a proof:", w);
	}
	lie_key_put(&p->key, &of->key, kind, &body);
	e.payload = buf_view(&body);
	put_envelope(p, &e);
}

/* A name of its family that is right but for its length. */
static struct str
big_name(uint8_t family, size_t n)
{
	static char room[1 << 16];
	static const char *const begins[FAMILY_COUNT] = { "", "a@", "", "/", "/" };

	n %= sizeof room;
	memset(room, 'x', n);
	memcpy(room, begins[family], strlen(begins[family]) < n ? strlen(begins[family]) : n);
	return (struct str){ room, n };
}

static bool
claim_field(struct party *p, struct announcement *a, struct str name, struct str v)
{
	if (str_is(name, "service"))
		a->family = FAMILY_SERVICE, a->name = v;
	else if (str_is(name, "endpoint"))
		a->family = FAMILY_ENDPOINT, a->name = v;
	else if (str_is(name, "node"))
		a->family = FAMILY_NODE, a->name = v;
	else if (str_is(name, "holds"))
		a->family = FAMILY_PATH, a->name = v;
	else if (str_is(name, "shared"))
		a->shared = (uint8_t)number(p, v);
	else if (str_is(name, "interest"))
		a->family = FAMILY_INTEREST, a->name = v;
	else if (str_is(name, "big"))
		a->name = big_name(a->family, (size_t)number(p, v));
	else if (str_is(name, "origin"))
		a->origin = v;
	else if (str_is(name, "epoch"))
		a->epoch = number(p, v);
	else if (str_is(name, "lifetime"))
		a->lifetime_ms = (uint32_t)number(p, v);
	else if (str_is(name, "version"))
		a->version = v;
	else if (str_is(name, "methods"))
		a->methods = v;
	else if (str_is(name, "concurrency"))
		a->max_concurrency = (uint32_t)number(p, v);
	else if (str_is(name, "hops"))
		a->hops = (uint8_t)number(p, v);
	else
		return false;
	return true;
}

static void
say_claim(struct party *p, uint8_t kind, struct str rest)
{
	static uint8_t cluster_room[sizeof meta_room];
	struct announcement a = { .hops = HOPS_DEFAULT, .weight = 100, .epoch = 1, .lifetime_ms = 600000 };
	struct buf body = { .p = body_room, .cap = BODY_MAX, .max = BODY_MAX };
	struct buf path = { .p = meta_room, .cap = sizeof meta_room, .max = sizeof meta_room };
	struct buf clusters = { .p = cluster_room, .cap = sizeof cluster_room, .max = sizeof cluster_room };
	struct envelope e = { .kind = kind, .hops = 1 };
	struct str w, name, v;

	while ((w = word(&rest)).n) {
		str_split(w, '=', &name, &v);
		if (str_is(name, "path"))
			put_words(&path, META_path, v);
		else if (str_is(name, "clusters"))
			put_words(&clusters, META_cluster, v);
		else if (str_is(name, "id"))
			e.id = number(p, v);
		else if (!claim_field(p, &a, name, v))
			fail(64, "unknown field of an announcement:", w);
	}
	a.path = buf_view(&path);
	a.clusters = buf_view(&clusters);
	if (announcement_put(&body, &a) == -1)
		fail(64, "this does not fit an announcement", STR(""));
	e.payload = buf_view(&body);
	put_envelope(p, &e);
}

static void
put_patched(struct party *p, const struct envelope *e, struct str patch)
{
	struct buf b;
	struct str at, hex;
	uint8_t *bytes;
	uint64_t offset;

	buf_init(&b, IN_MAX);
	if (envelope_put(&b, e, STR("")) == -1 || !str_split(patch, ':', &at, &hex))
		fail(64, "want at=OFFSET:HEX", patch);
	offset = number(p, at);
	bytes = b.p + b.head;
	for (; hex.n >= 2 && offset < buf_len(&b); hex = str_skip(hex, 2), offset++)
		if (str_hex(str_head(hex, 2), bytes + offset, 1) == -1)
			fail(64, "no hex digits:", hex);
	put(p, buf_view(&b));
	buf_free(&b);
}

static void
say_envelope(struct party *p, uint8_t kind, struct str rest)
{
	struct envelope e = { .kind = kind, .type = TYPE_TEXT, .hops = HOPS_DEFAULT };
	struct buf body = { .p = body_room, .cap = BODY_MAX, .max = BODY_MAX };
	struct buf meta = { .p = meta_room, .cap = sizeof meta_room, .max = sizeof meta_room };
	struct str w, name, v, patch = STR(""), before = str_trim(rest);

	for (; (w = word(&rest)).n; before = str_trim(rest)) {
		str_split(w, '=', &name, &v);
		if (str_is(name, "id"))
			e.id = number(p, v);
		else if (str_is(name, "subject"))
			e.subject = v;
		else if (str_is(name, "origin"))
			e.origin = v;
		else if (str_is(name, "from"))
			e.from = v;
		else if (str_is(name, "to"))
			e.to = v;
		else if (str_is(name, "hops"))
			e.hops = (uint8_t)number(p, v);
		else if (str_is(name, "type"))
			e.type = (uint8_t)number(p, v);
		else if (str_is(name, "deadline"))
			e.deadline_ms = (uint32_t)number(p, v);
		else if (str_is(name, "flags"))
			e.flags = flags_named(v);
		else if (str_is(name, "path"))
			put_words(&meta, META_path, v);
		else if (str_is(name, "meta"))
			put_hex(&meta, v);
		else if (str_is(name, "error"))
			meta_error(buf_room(&meta, TLV_HEAD + 3), error_named(v.p, v.n),
			    FATE_NOT_DELIVERED), buf_made(&meta, TLV_HEAD + 3);
		else if (str_is(name, "body"))
			put_hex(&body, v);
		else if (str_is(name, "size"))
			body.tail = number(p, v) % BODY_MAX;
		else if (str_is(name, "at"))
			patch = v;
		else if (str_is(name, "payload")) {
			put_text(&body, str_skip(before, sizeof "payload=" - 1));
			break;
		} else
			fail(64, "unknown field of an envelope:", w);
	}
	e.meta = buf_view(&meta);
	e.payload = buf_view(&body);
	if (patch.n)
		put_patched(p, &e, patch);
	else
		put_envelope(p, &e);
}

static void
say(struct party *p, struct str rest)
{
	struct buf b = { .p = body_room, .cap = BODY_MAX, .max = BODY_MAX };
	struct str verb = word(&rest);
	uint8_t kind;

	if (str_is(verb, "hello")) {
		say_hello(p, KIND_HELLO, rest);
	} else if (str_is(verb, "welcome")) {
		say_hello(p, KIND_WELCOME, rest);
	} else if (str_is(verb, "challenge") || str_is(verb, "prove")) {
		say_key(p, str_is(verb, "prove") ? KIND_PROVE : KIND_CHALLENGE, rest);
	} else if (str_is(verb, "raw")) {
		put_hex(&b, str_trim(rest));
		put(p, buf_view(&b));
	} else if (str_is(verb, "text")) {
		put_text(&b, rest);
		put(p, buf_view(&b));
	} else if (str_is(verb, "close")) {
		close(p->fd);
		p->closed = true;
	} else if (kind = kind_named(p, verb), (kind == KIND_ANNOUNCE || kind == KIND_WITHDRAW ||
	    kind == KIND_ATTACH || kind == KIND_DETACH) && !str_starts(str_trim(rest), STR("body="))) {
		say_claim(p, kind, rest);
	} else {
		say_envelope(p, kind, rest);
	}
}

/* With a count in front it is said that often, %d being which. */
static void
say_often(struct party *p, struct str rest)
{
	struct str all = str_trim(rest), first, after;
	char line[4096];
	uint64_t n;

	str_split(all, ' ', &first, &after);
	if (str_u64(first, 1u << 20, &n) == -1) {
		say(p, all);
		return;
	}
	for (uint64_t i = 1; i <= n; i++) {
		size_t at = 0;

		for (struct str left = after; left.n && at < sizeof line - 24; left = str_skip(left, 1)) {
			if (str_starts(left, STR("%d"))) {
				at += (size_t)snprintf(line + at, sizeof line - at, "%llu", (unsigned long long)i);
				left = str_skip(left, 1);
			} else {
				line[at++] = left.p[0];
			}
		}
		say(p, (struct str){ line, at });
	}
}

/* --- hearing --- */

static void
print(const struct party *p, const struct envelope *e)
{
	unsigned error;
	enum fate fate;

	printf("%s <- %s id=%llu", p->name, kind_name(e->kind), (unsigned long long)e->id);
	if (e->subject.n)
		printf(" subject=%.*s", STR_FMT(e->subject));
	if ((e->flags & FLAG_ERROR) && meta_error_get(e->meta, &error, &fate) == 0)
		printf(" error=%s fate=%s", error_row(error)->name, fate_name(fate));
	printf(" bytes=%zu", e->payload.n);
	if (e->type == TYPE_TEXT && e->payload.n)
		putchar(' ');
	for (size_t i = 0; e->type == TYPE_TEXT && i < e->payload.n && i < 200; i++)
		putchar(e->payload.p[i] < ' ' || e->payload.p[i] > '~' ? '.' : e->payload.p[i]);
	putchar('\n');
}

/* One envelope more, a view until the next call; false: the connection ended. */
static bool
hear(struct party *p, struct envelope *e, bool any_bytes)
{
	static size_t used;
	static struct party *eaten;
	struct pollfd ready = { .fd = p->fd, .events = POLLIN };
	const char *why = "";
	uint8_t *room;
	ssize_t n;

	if (eaten)
		buf_eat(&eaten->in, used);
	eaten = NULL;
	for (;;) {
		switch (envelope_parse(buf_view(&p->in), IN_MAX, e, &used, &why)) {
		case PARSE_OK:
			eaten = p;
			print(p, e);
			if (e->kind == KIND_REQUEST)
				p->last = e->id;
			lie_key_saw(&p->key, e);
			return true;
		case PARSE_BAD:
			if (!any_bytes)
				fail(1, "the other side broke the protocol:", str(why));
			buf_eat(&p->in, buf_len(&p->in));
			break;
		case PARSE_MORE:
			break;
		}
		if (p->closed)
			return false;
		if (poll(&ready, 1, bound_ms) != 1)
			fail(1, "nothing came in time to", str(p->name));
		if ((room = buf_room(&p->in, 1 << 16)) == NULL)
			fail(1, "more came than fits:", str(p->name));
		n = read(p->fd, room, 1 << 16);
		if (n > 0)
			buf_made(&p->in, (size_t)n);
		else
			p->closed = true;
	}
}

static bool
path_is(struct str meta, struct str want)
{
	struct str one;
	struct tlv t;

	for (bool more = want.n > 0; ; ) {
		do
			if (tlv_next(&meta, &t) != PARSE_OK)
				return !more;
		while (t.type != META_path);
		if (!more)
			return false;
		more = str_split(want, ',', &one, &want);
		if (!str_eq(one, t.value))
			return false;
	}
}

static bool
has(struct str in, struct str what)
{
	for (; in.n >= what.n && what.n; in = str_skip(in, 1))
		if (memcmp(in.p, what.p, what.n) == 0)
			return true;
	return what.n == 0;
}

static bool
has_tlv(struct str meta, uint64_t type)
{
	struct tlv t;

	while (tlv_next(&meta, &t) == PARSE_OK)
		if (t.type == type)
			return true;
	return false;
}

static bool
matches(struct party *p, const struct envelope *e, struct str name, struct str v)
{
	unsigned error;
	enum fate fate;
	struct hello h;
	struct err err;

	meta_error_get(e->meta, &error, &fate);
	if (str_is(name, "id"))
		return e->id == number(p, v);
	if (str_is(name, "error"))
		return (e->flags & FLAG_ERROR) && str_is(v, error_row(error)->name);
	if (str_is(name, "fate"))
		return str_is(v, fate_name(fate));
	if (str_is(name, "subject"))
		return str_eq(v, e->subject);
	if (str_is(name, "origin"))
		return str_eq(v, e->origin);
	if (str_is(name, "from"))
		return str_eq(v, e->from);
	if (str_is(name, "path"))
		return path_is(e->meta, v);
	if (str_is(name, "with"))
		return has_tlv(e->meta, number(p, v));
	if (str_is(name, "without"))
		return !has_tlv(e->meta, number(p, v));
	if (str_is(name, "proof"))
		return lie_key_holds(&p->key, e, v);
	if (str_is(name, "size"))
		return e->payload.n == number(p, v);
	if (str_is(name, "flags"))
		return (e->flags & flags_named(v)) == flags_named(v);
	if (str_is(name, "node") && hello_get(e->payload, &h, &err) == 0)
		return str_eq(v, h.node);
	fail(64, "this cannot be asked of an envelope:", name);
}

static void
expect(struct party *p, struct str rest)
{
	struct str what = word(&rest), fields = rest, w, name, v, before;
	struct envelope e, pong = { .kind = KIND_PONG, .hops = 1 };
	uint8_t kind;

	if (str_is(what, "CLOSED")) {
		while (hear(p, &e, true))
			continue;
		return;
	}
	if (str_is(what, "SILENCE")) {
		put_envelope(p, &(struct envelope){ .kind = KIND_PING, .hops = 1, .id = 77 });
		if (!hear(p, &e, false) || e.kind != KIND_PONG || e.id != 77)
			fail(1, "there was no silence for", str(p->name));
		return;
	}
	kind = kind_named(p, what);
	do {
		if (!hear(p, &e, false))
			fail(1, "the connection ended; want", what);
		if (e.kind == KIND_PING) {
			pong.id = e.id;
			pong.payload = e.payload;
			put_envelope(p, &pong);
		}
	} while (e.kind != kind);
	for (before = str_trim(fields); (w = word(&fields)).n; before = str_trim(fields)) {
		str_split(w, '=', &name, &v);
		if (str_is(name, "text")) {
			if (!has(e.payload, str_skip(before, sizeof "text=" - 1)))
				fail(1, "other text came than", before);
			return;
		}
		if (!matches(p, &e, name, v))
			fail(1, "something else came than", w);
	}
}

int
main(int argc, char **argv)
{
	char line[4096];
	const char *slow = getenv("FEDX_TEST_SLOW");

	if (slow && atoi(slow) > 0)
		bound_ms *= atoi(slow);
	signal(SIGPIPE, SIG_IGN);
	if (argc == 3 && strcmp(argv[1], "-L") == 0)
		listener = listen_at(argv[2]);
	else if (argc == 2)
		target = argv[1];
	else
		fail(64, "usage: liar HOST:PORT | SOCKET | -L PORTFILE <SCRIPT", STR(""));
	while (fgets(line, sizeof line, stdin)) {
		struct str rest = str_trim(str(line)), name, way;

		line_at++;
		if (rest.n == 0 || rest.p[0] == '#')
			continue;
		name = word(&rest);
		way = word(&rest);
		if (str_is(way, "->"))
			say_often(party_named(name), rest);
		else if (str_is(way, "<-"))
			expect(party_named(name), rest);
		else
			fail(64, "want NAME -> or NAME <-, not", way);
		fflush(stdout);
	}
	return 0;
}
