/*
 * mqtt.c - what load.c does with requests, for a broker of MQTT 3.1.1: one
 * topic for requests, one for answers, QoS 0.
 *
 *	mqtt serve PORT
 *	mqtt call PORT IN_FLIGHT|@RATE BYTES SECONDS
 *
 * The first four bytes of a payload are the number of the request.
 */
#include "caller.h"

enum { PUBLISH = 0x30, SUBACK = 0x90, NUMBER = 4 };

struct packet { uint8_t kind; struct str body; };	/* a view until the next read */

/* Says a packet of one byte, the length of what follows, and that. */
static void
say(struct client *c, uint8_t kind, struct str head, struct str rest)
{
	size_t left = head.n + rest.n;
	uint8_t start[5], *to = start;

	*to++ = kind;
	do
		*to++ = (uint8_t)((left & 0x7f) | (left > 0x7f ? 0x80 : 0));
	while ((left >>= 7) > 0);
	buf_put(&c->out, start, (size_t)(to - start));
	buf_str(&c->out, head);
	buf_str(&c->out, rest);
}

static bool
next(struct client *c, struct packet *p)
{
	struct str v = buf_view(&c->in);
	size_t left = 0, at = 1;

	for (unsigned shift = 0; ; shift += 7) {
		if (at >= v.n || shift > 21)
			return false;
		left |= (size_t)((uint8_t)v.p[at] & 0x7f) << shift;
		if (!((uint8_t)v.p[at++] & 0x80))
			break;
	}
	if (v.n < at + left)
		return false;
	*p = (struct packet){ (uint8_t)v.p[0] & 0xf0, { v.p + at, left } };
	buf_eat(&c->in, at + left);
	return true;
}

/* A topic of one letter, and what is behind it. */
static bool
is_about(const struct packet *p, char topic, struct str *payload)
{
	if (p->kind != PUBLISH || p->body.n < 3 || p->body.p[2] != topic)
		return false;
	*payload = str_skip(p->body, 3);
	return true;
}

/* Connects, and waits until it has subscribed. */
static void
begin(struct client *c, uint16_t port, char topic)
{
	static const char connect_head[] = "\0\4MQTT\4\2\0\0";	/* a clean session, no keepalive */
	char id[5] = { 0, 3, 'f', 'x', topic }, wish[6] = { 0, 1, 0, 1, topic, 0 };
	struct packet p = { .kind = 0 };

	client_dial(c, port);
	say(c, 0x10, (struct str){ connect_head, sizeof connect_head - 1 }, (struct str){ id, sizeof id });
	say(c, 0x82, (struct str){ wish, sizeof wish }, STR(""));
	client_flush(c);
	while (p.kind != SUBACK)
		while (!next(c, &p))
			if (!client_read(c))
				client_lost();
}

static void
serve(uint16_t port)
{
	struct client c;
	struct packet p;
	struct str payload;

	begin(&c, port, 'q');
	do {
		while (next(&c, &p))
			if (is_about(&p, 'q', &payload))
				say(&c, PUBLISH, (struct str){ "\0\1r", 3 }, payload);
		client_flush(&c);
	} while (client_read(&c));
	exit(0);
}

static struct { uint8_t *p; size_t n; } payload;

static void
ask(struct client *c, unsigned id)
{
	for (int i = 0; i < NUMBER; i++)
		payload.p[i] = (uint8_t)(id >> 8 * i);
	say(c, PUBLISH, (struct str){ "\0\1q", 3 }, (struct str){ (const char *)payload.p, payload.n });
}

static bool
next_answer(struct client *c, unsigned *id, bool *failed)
{
	struct packet p;
	struct str v;

	if (!next(c, &p))
		return false;
	*failed = false;
	*id = 0;
	if (is_about(&p, 'r', &v) && v.n >= NUMBER)
		for (int i = NUMBER; i-- > 0; )
			*id = *id << 8 | (uint8_t)v.p[i];
	return true;
}

static int
call(uint16_t port, const struct load *load)
{
	static const struct protocol mqtt = { ask, next_answer };
	struct client c;

	payload.n = load->bytes < NUMBER ? NUMBER : load->bytes;
	if ((payload.p = calloc(1, payload.n)) == NULL)
		return 70;
	begin(&c, port, 'r');
	return calls_run(&c, &mqtt, load);
}

int
main(int argc, char **argv)
{
	uint64_t port = 0;
	struct load load;
	bool good = argc >= 3 && str_u64(str(argv[2]), 65535, &port) == 0;

	if (good && argc == 3 && strcmp(argv[1], "serve") == 0)
		serve((uint16_t)port);
	if (good && argc == 6 && strcmp(argv[1], "call") == 0 && load_read(&load, argv + 3))
		return call((uint16_t)port, &load);
	fprintf(stderr, "usage: mqtt serve PORT | mqtt call PORT IN_FLIGHT|@RATE BYTES SECONDS\n");
	return 64;
}
