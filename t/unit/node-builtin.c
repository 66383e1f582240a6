/* node-builtin.c - the service "fedx" and readers that go away in the middle of an answer. */
#include "fakeport.h"
#include "node/node.h"

static struct node n;
static struct settings set;

static void
on_event(struct fabric *f, const char *what, const struct port *p, struct str name)
{
	(void)f, (void)p, (void)name;
	node_event(&n, what, "x", "", "");
}

static void
watch(struct fake *k, uint64_t id)
{
	struct envelope e = { .kind = KIND_REQUEST, .hops = 8, .id = id, .subject = STR("fedx/watch") };

	fabric_receive(&n.fabric, &k->port, &e);
}

static void
cancel(struct fake *k, uint64_t id)
{
	struct envelope e = { .kind = KIND_CANCEL, .flags = FLAG_ONWARD, .hops = 8, .id = id };

	fabric_receive(&n.fabric, &k->port, &e);
}

/* The reply that begins it finds no room: the node cancels its own answer. */
static void
test_no_room_for_the_reply(void)
{
	struct fake k;

	fake_open(&n.fabric, &k, PORT_CLIENT, "");
	k.port.admin = k.slow = true;
	k.waiting = k.max;
	watch(&k, 1);
	is_int(k.port.opened_count, 0, "a watch whose reply finds no room has ended");
	ok(!builtin_watched(n.builtin), "and nobody watches");
	fake_free(&k);
}

/* The buffers of the node are full: of three watchers the one that is behind
 * most is shed while another is told. */
static void
test_shed_while_telling(void)
{
	struct fake k[3];

	for (int i = 0; i < 3; i++) {
		fake_open(&n.fabric, &k[i], PORT_CLIENT, "");
		k[i].port.admin = k[i].slow = true;
		k[i].waiting = 200 * 1024;	/* parts wait in a pipe */
		watch(&k[i], 1);
	}
	n.fabric.limits.buffers = 3000;
	for (int i = 0; i < 200; i++)
		node_event(&n, "tick", "subject", "peer", "a reason that takes some room in a line");
	ok(n.fabric.count.shed > 0, "conversations are shed");
	ok(n.fabric.buffered <= 4096, "and the buffers stay bounded (%zu)", n.fabric.buffered);
	n.fabric.limits.buffers = 256u << 20;
	for (int i = 0; i < 3; i++)
		fake_free(&k[i]);
	ok(!builtin_watched(n.builtin), "nobody watches when all are gone");
}

static void
test_cancel(void)
{
	struct fake k;

	fake_open(&n.fabric, &k, PORT_CLIENT, "");
	k.port.admin = true;
	watch(&k, 1);
	watch(&k, 2);
	ok(builtin_watched(n.builtin), "a watch is on");
	is_int(builtin_endless(n.builtin), 2, "two answers have no end of their own");
	cancel(&k, 1);
	ok(builtin_watched(n.builtin), "one of two is cancelled: still watched");
	cancel(&k, 2);
	ok(!builtin_watched(n.builtin), "both: not any more");
	is_int(builtin_endless(n.builtin), 0, "and nothing is left of them");
	fake_free(&k);
}

/* A reader for whom credit is granted at once gets each byte once. */
static void
test_long_list(void)
{
	enum { NAMES = 4000 };
	static bool seen[NAMES];
	struct fake k, holder;
	struct buf all;
	struct str line, rest, at;
	unsigned lines = 0, again = 0;
	uint64_t name;
	struct envelope e = { .kind = KIND_REQUEST, .hops = 8, .id = 5, .subject = STR("fedx/endpoints") };

	n.fabric.limits.endpoints = NAMES;
	fake_open(&n.fabric, &holder, PORT_CLIENT, "");
	for (int i = 0; i < NAMES; i++) {
		char text[100];
		struct buf body;
		struct announcement a = { .family = FAMILY_ENDPOINT, .weight = 100, .hops = HOPS_DEFAULT };

		snprintf(text, sizeof text, "n%d@a.rather.long.name.of.a.domain.example.net", i);
		a.name = str(text);
		buf_init(&body, 4096);
		announcement_put(&body, &a);
		fabric_receive(&n.fabric, &holder.port, &(struct envelope){ .kind = KIND_ATTACH, .hops = 1,
		    .id = 1, .payload = buf_view(&body) });
		buf_free(&body);
	}
	fake_open(&n.fabric, &k, PORT_CLIENT, "");
	k.port.admin = k.port.auto_credit = true;
	fabric_receive(&n.fabric, &k.port, &e);
	buf_init(&all, 8u << 20);
	while (fake_next(&k))
		if (k.e.kind == KIND_REPLY || k.e.kind == KIND_PART)
			buf_str(&all, k.e.payload);
	ok(buf_len(&all) > 400000, "a list of more than the first credit comes whole (%zu bytes)", buf_len(&all));
	rest = buf_view(&all);
	while (str_split(rest, '\n', &line, &rest)) {
		int i = -1;

		lines++;
		while (line.n && !str_starts(line, STR("\"endpoint\":\"n")))
			line = str_skip(line, 1);
		if (line.n && str_split(str_skip(line, 13), '@', &at, &line) && str_u64(at, NAMES - 1, &name) == 0)
			i = (int)name;
		if (i >= 0 && i < NAMES) {
			again += seen[i];
			seen[i] = true;
		}
	}
	is_int(lines, NAMES, "each name has a line");
	is_int(again, 0, "and none has two");
	is_int(k.port.opened_count, 0, "then it has ended");
	buf_free(&all);
	fake_free(&k);
	fake_free(&holder);
}

int
main(void)
{
	static const struct fabric_ops ops = { on_event };
	struct err e = { .status = 0 };

	settings_init(&set, ROLE_HUB);
	list_init(&n.explanations);
	n.set = &set;
	log_open("test", LOG_LOGFMT, LOG_LEVEL_ERROR, false);
	fabric_init(&n.fabric, STR("hub.test"), STR("test"), ROLE_HUB, (struct mono){ 1000000 }, &ops);
	links_init(&n.links, NULL, &n.fabric);
	n.builtin = builtin_open(&n, &e);
	test_no_room_for_the_reply();
	test_shed_while_telling();
	test_cancel();
	test_long_list();
	builtin_close(n.builtin);
	n.builtin = NULL;
	links_free(&n.links);
	fabric_free(&n.fabric);
	return done();
}
