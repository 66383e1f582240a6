/*
 * askroute.c - a data plane for the tests of fedx-route: says what its
 * standard input asks for, prints what it hears, a line each.
 *
 *	askroute SOCKET <<END
 *	peer 1 leaf site-a home 192.0.2.1 - -	number role node cluster address from tags
 *	name 1 service shop			peer family name [version]; unname takes it back
 *	end
 *	wait END				until it has come, ten seconds at most; status 1 else
 *	ask 7 1 a@x b@y shop/buy		id peer from to subject [hook] [background|explain]
 *	wait VERDICT 7
 *	reload apply 3 500			what id [confirm ms]
 *	event link {"node":"x"}
 *	gone 1, ping, raw HEX, flood COUNT PEER, hush COUNT PEER (without reading), close
 *	END
 */
#include <errno.h>
#include <inttypes.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/errors.h"
#include "wire/ask.h"
#include "wire/envelope.h"
#include "wire/hello.h"

enum { PAYLOAD_MAX = 1 << 20, SEEN_MAX = 65536, WORDS = 12 };

static int fd = -1;
static struct buf in, body;
static struct { uint8_t kind; uint64_t id; } seen[SEEN_MAX];	/* what no wait has asked for yet */
static size_t seen_count;
static bool closed;

static _Noreturn void
die(const char *what)
{
	fprintf(stderr, "askroute: %s\n", what);
	exit(1);
}

/* --- hearing --- */

static void
print_read(uint32_t read)
{
	bool any = false;

	printf(" read=");
	for (unsigned f = 0; f < FIELD_COUNT; f++)
		if (read & 1u << f) {
			printf("%s%s", any ? "," : "", field_name(f));
			any = true;
		}
}

static void
print_verdict(const struct envelope *e)
{
	static const char *const answers[] = { "none", "allow", "deny", "strategy", "pick" };
	struct verdict v;
	struct err err;

	if (verdict_get(e->payload, &v, &err) == -1)
		die(err.text);
	printf("VERDICT %" PRIu64 " %s error=%s rule=%u keep=%u seen=%" PRIu64, e->id, answers[v.answer],
	    v.error ? error_row(v.error)->name : "", (unsigned)v.rule, (unsigned)v.keep_ms, v.seen);
	print_read(v.read);
	printf(" reason=%.*s\n", STR_FMT(v.reason));
}

static void
print_policy(const struct envelope *e)
{
	struct policy_mark m;
	struct err err;

	if (policy_mark_get(e->payload, &m, &err) == -1)
		die(err.text);
	printf("POLICY generation=%u hooks=", (unsigned)m.generation);
	for (unsigned h = 0; h < HOOK_COUNT; h++)
		if (m.hooks & 1u << h)
			printf("%s,", hook_name(h));
	printf(" rules=%u failed=%u confirm=%u instance=%" PRIx64 " digest=", (unsigned)m.rules, m.failed,
	    (unsigned)m.confirm_ms, m.instance);
	for (size_t i = 0; i < m.digest.n; i++)
		printf("%02x", (unsigned char)m.digest.p[i]);
	printf(" why=%.*s\n", STR_FMT(m.why));
}

static void
print_rule(const struct envelope *e)
{
	struct rule_mark m;
	struct err err;

	if (rule_mark_get(e->payload, &m, &err) == -1)
		die(err.text);
	printf("RULE %u generation=%u %s %.*s:%u name=%.*s\n", (unsigned)m.number, (unsigned)m.generation,
	    hook_name(m.hook), STR_FMT(m.file), (unsigned)m.line, STR_FMT(m.name));
}

static void
print_reloaded(const struct envelope *e)
{
	struct reloaded m;
	struct str line;
	struct err err;

	if (reloaded_get(e->payload, &m, &err) == -1)
		die(err.text);
	printf("RELOADED %" PRIu64 " done=%u generation=%u\n", e->id, m.done, (unsigned)m.generation);
	while (m.report.n) {
		str_split(m.report, '\n', &line, &m.report);
		printf("| %.*s\n", STR_FMT(line));
	}
}

static void
print_action(const struct envelope *e)
{
	struct action a;
	struct err err;

	if (action_get(e->payload, &a, &err) == -1)
		die(err.text);
	printf("ACTION rule=%.*s to=%.*s subject=%.*s payload=%.*s log=%.*s\n", STR_FMT(a.rule), STR_FMT(a.to),
	    STR_FMT(a.subject), STR_FMT(a.payload), STR_FMT(a.log));
}

static void
hear(const struct envelope *e)
{
	switch (e->kind) {
	case KIND_VERDICT: print_verdict(e); break;
	case KIND_POLICY: print_policy(e); break;
	case KIND_RULE: print_rule(e); break;
	case KIND_RELOADED: print_reloaded(e); break;
	case KIND_ACTION: print_action(e); break;
	default: printf("%s %" PRIu64 "\n", kind_name(e->kind), e->id);
	}
	fflush(stdout);
	if (seen_count == SEEN_MAX)
		die("too much was heard that nobody waits for");
	seen[seen_count].kind = e->kind;
	seen[seen_count++].id = e->id;
}

static void
hear_all(void)
{
	struct envelope e;
	const char *why;
	size_t used;

	for (;;) {
		switch (envelope_parse(buf_view(&in), PAYLOAD_MAX, &e, &used, &why)) {
		case PARSE_MORE:
			return;
		case PARSE_BAD:
			die(why);
		case PARSE_OK:
			hear(&e);
			buf_eat(&in, used);
		}
	}
}

static void
read_some(int wait_ms)
{
	struct pollfd p = { .fd = fd, .events = POLLIN };
	uint8_t *to = buf_room(&in, 65536);
	ssize_t n;

	if (!to)
		die("no memory");
	if (closed || poll(&p, 1, wait_ms) <= 0)
		return;
	n = read(fd, to, 65536);
	if (n > 0) {
		buf_made(&in, (size_t)n);
		hear_all();
	} else if (n == 0 || (errno != EINTR && errno != EAGAIN)) {
		closed = true;
		printf("CLOSED\n");
		fflush(stdout);
	}
}

static bool
take_seen(const char *kind, bool any, uint64_t id)
{
	for (size_t i = 0; i < seen_count; i++)
		if (strcmp(kind_name(seen[i].kind), kind) == 0 && (any || seen[i].id == id)) {
			memmove(&seen[i], &seen[i + 1], (--seen_count - i) * sizeof seen[0]);
			return true;
		}
	return strcmp(kind, "CLOSED") == 0 && closed;
}

static void
wait_for(const char *kind, const char *id)
{
	const char *slow = getenv("FEDX_TEST_SLOW");
	struct mono until = mono_add_ms(mono_now(), 10000 * (slow ? strtoul(slow, NULL, 10) : 1));
	char text[100];

	while (!take_seen(kind, !id, id ? strtoull(id, NULL, 10) : 0)) {
		if (mono_ms_until(mono_now(), until) == 0 || closed) {
			snprintf(text, sizeof text, "no %s %s came", kind, id ? id : "");
			die(text);
		}
		read_some(100);
	}
}

/* --- saying --- */

static void
send_all(struct str bytes, bool reading)
{
	while (bytes.n && !closed) {
		struct pollfd p = { .fd = fd, .events = (short)(POLLOUT | (reading ? POLLIN : 0)) };
		ssize_t n;

		poll(&p, 1, 1000);
		if (p.revents & POLLIN)
			read_some(0);
		if (!(p.revents & (POLLOUT | POLLERR | POLLHUP)))
			continue;
		n = send(fd, bytes.p, bytes.n, MSG_NOSIGNAL | MSG_DONTWAIT);
		if (n > 0)
			bytes = str_skip(bytes, (size_t)n);
		else if (errno != EAGAIN && errno != EINTR)
			return;		/* reading will tell */
	}
}

static void
say(uint8_t kind, uint64_t id, const char *from, const char *subject, bool reading)
{
	struct envelope e = { .kind = kind, .hops = 1, .id = id, .from = str(from), .subject = str(subject),
	    .payload = buf_view(&body) };
	struct buf out;

	buf_init(&out, 2 * PAYLOAD_MAX);
	if (envelope_put(&out, &e, (struct str){ NULL, 0 }) == -1)
		die("too long");
	send_all(buf_view(&out), reading);
	buf_free(&out);
	body.head = body.tail = 0;
}

static struct str
text(const char *word)
{
	return word && strcmp(word, "-") != 0 ? str(word) : (struct str){ NULL, 0 };
}

static uint64_t
number(const char *word)
{
	return word ? strtoull(word, NULL, 10) : 0;
}

static unsigned
find(const char *(*name)(unsigned), unsigned count, const char *word)
{
	for (unsigned i = 0; i < count; i++)
		if (strcmp(name(i), word) == 0)
			return i;
	die("unknown word");
}

static const char *role_text(unsigned n) { return role_name((uint8_t)n); }
static const char *family_text(unsigned n) { return family_name((uint8_t)n); }

static void
say_peer(char **w)
{
	struct peer_facts p = { .number = (uint32_t)number(w[1]),
	    .role = (uint8_t)find(role_text, ROLE_COUNT, w[2]), .node = text(w[3]), .cluster = text(w[4]),
	    .address = text(w[5]), .from = text(w[6]), .tags = text(w[7]) };

	peer_put(&body, &p);
	say(KIND_PEER, 0, "", "", true);
}

static void
say_name(char **w, uint8_t kind)
{
	static uint64_t change;
	struct announcement a = { .family = (uint8_t)find(family_text, FAMILY_COUNT, w[2]),
	    .hops = 16, .name = text(w[3]), .version = text(w[4]) };

	announcement_put(&body, &a);
	say(kind, ++change, w[1], "", true);
}

static void
say_ask(char **w)
{
	struct question q = { .peer = (uint32_t)number(w[2]), .kind = KIND_REQUEST, .type = TYPE_TEXT,
	    .from = text(w[3]), .to = text(w[4]), .subject = text(w[5]) };

	for (int i = 6; w[i]; i++) {
		if (strcmp(w[i], "background") == 0)
			q.how |= ASK_BACKGROUND;
		else if (strcmp(w[i], "explain") == 0)
			q.how |= ASK_EXPLAIN;
		else
			q.hook = (uint8_t)find(hook_name, HOOK_COUNT, w[i]);
	}
	question_put(&body, &q);
	say(KIND_ASK, number(w[1]), "", "", true);
}

static void
say_reload(char **w)
{
	static const char *const whats[] = { "check", "apply", "confirm", "undo" };
	struct reload r = { .confirm_ms = (uint32_t)number(w[3]) };

	while (r.what < 4 && strcmp(whats[r.what], w[1]) != 0)
		r.what++;
	reload_put(&body, &r);
	say(KIND_RELOAD, number(w[2]), "", "", true);
}

static void
say_flood(char **w, bool reading)
{
	for (uint64_t i = 0; i < number(w[1]) && !closed; i++) {
		char from[32];
		struct question q = { .peer = (uint32_t)number(w[2]), .kind = KIND_REQUEST, .from = { from, 0 } };

		q.from.n = (size_t)snprintf(from, sizeof from, "n%" PRIu64 "@x", i);
		question_put(&body, &q);
		say(KIND_ASK, 100000 + i, "", "", reading);
	}
}

static void
say_raw(const char *hex)
{
	uint8_t bytes[2048];
	size_t n = hex ? strlen(hex) / 2 : 0;

	if (n > sizeof bytes || str_hex(str(hex), bytes, n) == -1)
		die("no hex");
	send_all((struct str){ (const char *)bytes, n }, true);
}

static void
run(char *line)
{
	char *w[WORDS + 1] = { NULL }, *save = NULL, *rest = strchr(line, '{');
	int n = 0;

	if (rest)		/* JSON is one word */
		rest = strdup(rest);
	for (char *word = strtok_r(line, " \n", &save); word && n < WORDS; word = strtok_r(NULL, " \n", &save))
		w[n++] = word;
	if (n == 0 || w[0][0] == '#')
		;
	else if (strcmp(w[0], "peer") == 0)
		say_peer(w);
	else if (strcmp(w[0], "gone") == 0)
		say(KIND_PEER_GONE, number(w[1]), "", "", true);
	else if (strcmp(w[0], "name") == 0)
		say_name(w, KIND_ANNOUNCE);
	else if (strcmp(w[0], "unname") == 0)
		say_name(w, KIND_WITHDRAW);
	else if (strcmp(w[0], "end") == 0)
		say(KIND_END, 0, "", "", true);
	else if (strcmp(w[0], "ping") == 0)
		say(KIND_PING, number(w[1]), "", "", true);
	else if (strcmp(w[0], "ask") == 0)
		say_ask(w);
	else if (strcmp(w[0], "reload") == 0)
		say_reload(w);
	else if (strcmp(w[0], "flood") == 0 || strcmp(w[0], "hush") == 0)
		say_flood(w, w[0][0] == 'f');
	else if (strcmp(w[0], "event") == 0) {
		buf_str(&body, str(rest));
		say(KIND_EVENT, 0, "", w[1], true);
	} else if (strcmp(w[0], "raw") == 0)
		say_raw(w[1]);
	else if (strcmp(w[0], "wait") == 0)
		wait_for(w[1], w[2]);
	else if (strcmp(w[0], "close") == 0)
		exit(0);
	else
		die("unknown command");
	free(rest);
}

int
main(int argc, char **argv)
{
	struct sockaddr_un to = { .sun_family = AF_UNIX };
	char line[4096];

	if (argc != 2 || strlen(argv[1]) >= sizeof to.sun_path)
		die("usage: askroute SOCKET");
	strcpy(to.sun_path, argv[1]);
	buf_init(&in, 4 * PAYLOAD_MAX);
	buf_init(&body, PAYLOAD_MAX);
	if ((fd = socket(AF_UNIX, SOCK_STREAM, 0)) == -1 ||
	    connect(fd, (struct sockaddr *)&to, sizeof to) == -1)
		die(strerror(errno));
	while (fgets(line, sizeof line, stdin))
		run(line);
	buf_free(&in);
	buf_free(&body);
	return 0;
}
