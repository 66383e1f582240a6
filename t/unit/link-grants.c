/*
 * link-grants.c - while a link is coming up: a list of who may join that changes
 * meanwhile counts as it is then, and nothing that it says counts before it is up.
 */
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/log.h"
#include "fakeasker.h"
#include "link/greet.h"
#include "net/sha256.h"
#include "tap.h"

static struct ev_loop *loop;
static struct net *net;
static struct fabric f;
static struct links ls;
static struct asker asker;
static struct federation federation = { .mode = PERMISSIVE_BRIDGING, .mutual = true,
	.links_per_minute = 100 };
static char path[64], last_down[240];

static void
on_turn(void *owner)
{
	(void)owner;
	links_reap(&ls);
}

static void
turn(int n)
{
	while (n-- > 0)
		ev_run(loop, EVRUN_NOWAIT);
	f.now = net_time(net);
}

static void
on_link_event(struct links *of, const char *what, const struct link *l, const char *why)
{
	(void)of, (void)l;
	if (strcmp(what, "link_down") == 0)
		snprintf(last_down, sizeof last_down, "%s", why);
}

static void
begin(void)
{
	static const struct fabric_ops ops = { NULL };
	struct err e = { .status = 0 };

	loop = ev_default_loop(0);
	net = net_open(loop, &e);
	fabric_init(&f, STR("hub.test"), STR("test"), ROLE_HUB, net_time(net), &ops);
	f.federation = &federation;
	links_init(&ls, net, &f);
	ls.event = on_link_event;
	net_each_turn(net, on_turn, NULL);
	asker_open(&f, &asker);
	snprintf(path, sizeof path, "/tmp/fedx-grants-%ld", (long)getpid());
}

static void
end(void)
{
	auth_close((struct auth *)(uintptr_t)ls.auth);
	links_free(&ls);
	fabric_free(&f);
	asker_close(&asker);
	net_close(net);
	ev_loop_destroy(loop);
	unlink(path);
}

/* The list is one line from now on, as after a reload; how many links that has cut. */
static uint32_t
reload(const char *role, const char *node, const char *cluster, const char *token)
{
	struct auth *old = (struct auth *)(uintptr_t)ls.auth;
	struct err e = { .status = 0 };
	uint32_t checked, closed;
	uint8_t hash[32];
	FILE *to = fopen(path, "w");

	sha256(str(token), hash);
	fprintf(to, "%s %s %s sha256:", role, node, cluster);
	for (size_t i = 0; i < sizeof hash; i++)
		fprintf(to, "%02x", hash[i]);
	fprintf(to, "\n");
	fclose(to);
	chmod(path, 0600);
	ls.auth = auth_open(&(struct auth_files){ .tokens = path }, &e);
	auth_close(old);
	closed = links_check_grants(&ls, &checked);
	turn(3);
	return closed;
}

static void
say(int fd, uint8_t kind, struct str payload)
{
	struct buf b;

	buf_init(&b, 2 * HELLO_MAX);
	envelope_put(&b, &(struct envelope){ .kind = kind, .hops = 1, .payload = payload }, STR(""));
	if (write(fd, b.p + b.head, buf_len(&b)) == -1)
		perror("write");
	buf_free(&b);
}

static void
write_hello(int fd, const char *node, const char *cluster, uint8_t role, const char *token)
{
	uint8_t room[HELLO_MAX];
	struct buf body = { .p = room, .cap = sizeof room, .max = sizeof room };
	struct hello h = { .node = str(node), .cluster = str(cluster), .role = role, .token = str(token),
	    .version_min = 1, .version_max = 1 };

	hello_put(&body, &h);
	say(fd, KIND_HELLO, buf_view(&body));
}

static void
say_hello(int fd, const char *node, const char *cluster, uint8_t role, const char *token)
{
	write_hello(fd, node, cluster, role, token);
	turn(3);
}

static struct link *
stranger(int *fd)
{
	struct err e = { .status = 0 };
	int p[2];

	last_down[0] = '\0';
	if (socketpair(AF_UNIX, SOCK_STREAM, 0, p) == -1)
		return NULL;
	*fd = p[1];
	return link_accept(&ls, conn_open(net, p[0], &e), "unix", NULL, true, false, &e);
}

static struct link *
asked_about(int *fd)
{
	struct link *l = stranger(fd);

	say_hello(*fd, "a.test", "test", ROLE_LEAF, "its-token");
	ok(l->state == LINK_ADMITTING, "policy is asked about a leaf");
	return l;
}

static void
test_while_policy_is_asked(void)
{
	struct link *l;
	int fd;

	asker_policy(&f, 1, HOOKS(ADMIT));
	reload("leaf", "a.test", "test", "its-token");
	l = asked_about(&fd);
	is_int(reload("leaf", "*.test", "test", "its-token"), 0, "a list that still has it");
	ok(l->state == LINK_ADMITTING && !l->exact, "leaves it waiting, by its new line");
	link_admitted(l, E_NONE, "");
	ok(l->state == LINK_UP, "and it comes up");
	close(fd);
	turn(3);

	reload("leaf", "a.test", "test", "its-token");
	asked_about(&fd);
	is_int(reload("leaf", "a.test", "test", "another-token"), 1, "a list without it cuts it");
	ok(strstr(last_down, "the token is "), "which says why: %s", last_down);
	ok(list_empty(&ls.all), "and what policy says does not matter any more");
	close(fd);
	turn(3);
	asker_policy(&f, 2, 0);
}

static struct link *
welcomed(int *fd)
{
	struct link *l = stranger(fd);

	say_hello(*fd, "hub.other", "other", ROLE_HUB, "its-token");
	ok(l->state == LINK_GREETING && l->greets, "a hub of another cluster is welcomed, and yet to welcome us");
	return l;
}

static void
test_while_it_has_yet_to_welcome_us(void)
{
	struct link *l;
	int fd;

	reload("hub", "hub.other", "other", "its-token");
	l = welcomed(&fd);
	is_int(reload("hub", "*", "other", "its-token"), 0, "a list that still has it");
	greet_welcome_back(l);
	ok(l->state == LINK_UP && l->proven, "leaves it to come up");
	close(fd);
	turn(3);

	reload("hub", "hub.other", "other", "its-token");
	welcomed(&fd);
	is_int(reload("hub", "hub.other", "other", "another-token"), 1, "a list without it cuts it");
	ok(strstr(last_down, "the token is "), "which says why: %s", last_down);
	close(fd);
	turn(3);
}

static void
say_route(int fd, const char *node, const char *cluster)
{
	uint8_t room[HELLO_MAX], runs[600], *middle = tlv_write(runs, META_path, str(node)),
	    *end = tlv_write(middle, META_cluster, str(cluster));
	struct buf body = { .p = room, .cap = sizeof room, .max = sizeof room };

	announcement_put(&body, &(struct announcement){ .family = FAMILY_NODE, .hops = HOPS_DEFAULT,
	    .name = str(node), .path = { (char *)runs, (size_t)(middle - runs) },
	    .clusters = { (char *)middle, (size_t)(end - middle) }, .epoch = 7, .lifetime_ms = 60000 });
	say(fd, KIND_ANNOUNCE, buf_view(&body));
}

/* The first that may not be said before WELCOME ends it, and what came behind that in the same read is not heard. */
static void
test_what_is_held(void)
{
	struct link *l;
	int fd;

	asker_policy(&f, 3, HOOKS(ADMIT));
	reload("hub", "hub.other", "other", "its-token");
	l = stranger(&fd);
	write_hello(fd, "hub.other", "other", ROLE_HUB, "its-token");
	say(fd, KIND_PING, STR(""));
	say_route(fd, "hub.other", "other");
	turn(3);
	ok(l->state == LINK_ADMITTING && l->held, "policy is asked about a hub, and what it goes on to say is held");
	link_admitted(l, E_NONE, "");
	ok(l->state == LINK_DYING, "it is let in, and its PING before WELCOME ends it");
	ok(!l->port.routes && !rib_origin(&f, STR("hub.other")), "the route behind that is not taken");
	turn(3);
	ok(list_empty(&ls.all), "and it is gone: %s", last_down);
	close(fd);
	asker_policy(&f, 4, 0);
}

/* Who it is was settled by its first HELLO. */
static void
test_hello_twice(void)
{
	int fd;

	reload("hub", "*", "other", "its-token");
	welcomed(&fd);
	write_hello(fd, "hub.more", "other", ROLE_HUB, "its-token");
	turn(3);
	ok(list_empty(&ls.all) && strstr(last_down, "HELLO"), "a second HELLO instead of WELCOME ends it: %s", last_down);
	close(fd);
	turn(3);
}

/* Who has not said who it is has nothing that could be taken from it. */
static void
test_strangers_wait(void)
{
	struct link *l;
	int fd;

	l = stranger(&fd);
	is_int(reload("leaf", "a.test", "test", "its-token"), 0, "a stranger is not cut");
	say_hello(fd, "a.test", "test", ROLE_LEAF, "its-token");
	ok(l->state == LINK_UP, "it is judged by the list of when it says HELLO");
	close(fd);
	turn(3);
}

int
main(void)
{
	begin();
	log_open("t", LOG_LOGFMT, LOG_LEVEL_ERROR, false);
	test_while_policy_is_asked();
	test_while_it_has_yet_to_welcome_us();
	test_what_is_held();
	test_hello_twice();
	test_strangers_wait();
	end();
	return done();
}
