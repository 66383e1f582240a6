/*
 * base-log.c - one event is one line, whatever a peer puts into it, and a
 * line that repeats is counted.
 *
 * The clocks below stand in for base/clock.c, so that time passes at will.
 */
#include <errno.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/fd.h"
#include "base/log.h"
#include "tap.h"
#include "wire/json.h"
#include "wire/utf8.h"

static struct mono now;

struct mono
mono_now(void)
{
	return now;
}

struct wall
wall_now(void)
{
	return (struct wall){ 0, 0 };
}

void
wall_text(struct wall w, char to[32])
{
	(void)w;
	strcpy(to, "2026-01-02T03:04:05.678Z");
}

static int real_stderr, ends[2];
static char text[65536];

static void
capture(void)
{
	fflush(stderr);
	if (pipe(ends) == -1 || fd_prepare(ends[0]) == -1 || dup2(ends[1], 2) == -1)
		exit(99);
	close(ends[1]);
}

static struct str
captured(void)
{
	size_t n = 0;
	ssize_t got;

	dup2(real_stderr, 2);
	while ((got = read(ends[0], text + n, sizeof text - n)) > 0)
		n += (size_t)got;
	close(ends[0]);
	return (struct str){ text, n };
}

static size_t
lines(struct str s)
{
	size_t n = 0;

	for (size_t i = 0; i < s.n; i++)
		n += s.p[i] == '\n';
	return n;
}

static bool
contains(struct str s, const char *what)
{
	size_t n = strlen(what);

	for (size_t i = 0; i + n <= s.n; i++)
		if (memcmp(s.p + i, what, n) == 0)
			return true;
	return false;
}

static void
formats(void)
{
	log_open("t", LOG_LOGFMT, LOG_LEVEL_INFO, false);
	capture();
	log_event(LOG_LEVEL_INFO, "ready", "listen", "127.0.0.1:41234", "why", NULL, "n", "", NULL);
	is_str(captured(), "time=2026-01-02T03:04:05.678Z level=info program=t event=ready "
	    "listen=127.0.0.1:41234 n=\"\"\n", "logfmt; a NULL value leaves its pair out");

	capture();
	log_event(LOG_LEVEL_DEBUG, "hidden", NULL);
	is_int(captured().n, 0, "debug is not written at level info");
	ok(log_wants(LOG_LEVEL_INFO) && !log_wants(LOG_LEVEL_DEBUG), "and is not wanted");

	capture();
	log_event(LOG_LEVEL_WARNING, "quotes", "a", "two words", "b", "x=y", "c", "say \"hi\"\\",
	    "d", "end>", "e", "gr\xc3\xbc\xc3\x9f", NULL);
	ok(contains(captured(), "level=warning program=t event=quotes a=\"two words\" b=\"x=y\" "
	    "c=\"say \\\"hi\\\"\\\\\" d=end> e=\"gr\xc3\xbc\xc3\x9f\"\n"),
	    "blanks, quotes and equal signs are quoted; letters of any language stay");

	log_open("t", LOG_JSON, LOG_LEVEL_DEBUG, false);
	capture();
	log_event(LOG_LEVEL_DEBUG, "json", "a", "1 \"2\"", NULL);
	is_str(captured(), "{\"v\":1,\"time\":\"2026-01-02T03:04:05.678Z\",\"level\":\"debug\","
	    "\"program\":\"t\",\"event\":\"json\",\"a\":\"1 \\\"2\\\"\"}\n", "JSON");

	setenv("JOURNAL_STREAM", "8:1", 1);
	log_open("t", LOG_LOGFMT, LOG_LEVEL_INFO, false);
	capture();
	log_event(LOG_LEVEL_ERROR, "e", NULL);
	log_event(LOG_LEVEL_WARNING, "w", NULL);
	log_event(LOG_LEVEL_INFO, "i", NULL);
	is_str(captured(), "<3>level=error program=t event=e\n<4>level=warning program=t event=w\n"
	    "<6>level=info program=t event=i\n", "the journal gets priorities, and keeps the time itself");
	unsetenv("JOURNAL_STREAM");
	log_open("t", LOG_LOGFMT, LOG_LEVEL_INFO, false);
}

static void
hostile(void)
{
	static const struct { const char *what, *value, *logfmt; } cases[] = {
		{ "a newline",		"a\nlevel=error b",	"p=\"a\\nlevel=error b\"\n" },
		{ "a lone newline",	"\n",			"p=\"\\n\"\n" },
		{ "a return",		"a\rb",			"p=\"a\\u000db\"\n" },
		{ "an escape",		"\x1b[2J",		"p=\"\\u001b[2J\"\n" },
		{ "a delete",		"\x7f",			"p=\"\\u007f\"\n" },
		{ "a C1 control",	"\xc2\x9b" "2J",	"p=\"\\u009b2J\"\n" },
		{ "a line separator",	"\xe2\x80\xa8",		"p=\"\\u2028\"\n" },
		{ "reading backwards",	"\xe2\x80\xae",		"p=\"\\u202e\"\n" },
		{ "a stray byte",	"a\xff" "b",		"p=\"a\\xffb\"\n" },
		{ "half a character",	"\xc3",			"p=\"\\xc3\"\n" },
		{ "an overlong slash",	"\xc0\xaf",		"p=\"\\xc0\\xaf\"\n" },
		{ "a surrogate",	"\xed\xa0\x80",		"p=\"\\xed\\xa0\\x80\"\n" },
		{ "beyond Unicode",	"\xf4\x90\x80\x80",	"p=\"\\xf4\\x90\\x80\\x80\"\n" },
	};

	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		struct json_fault fault;
		struct str s;

		log_open("t", LOG_LOGFMT, LOG_LEVEL_INFO, false);
		capture();
		log_event(LOG_LEVEL_INFO, "peer", "p", cases[i].value, NULL);
		s = captured();
		ok(lines(s) == 1 && str_ends(s, str(cases[i].logfmt)), "logfmt: %s", cases[i].what);

		log_open("t", LOG_JSON, LOG_LEVEL_INFO, false);
		capture();
		log_event(LOG_LEVEL_INFO, "peer", "p", cases[i].value, NULL);
		s = captured();
		ok(lines(s) == 1 && s.p[s.n - 1] == '\n' && json_check(s, 2, &fault) == 0,
		    "JSON: %s", cases[i].what);
	}
}

/* Random bytes in many fields: always one line of UTF-8, bounded, that parses. */
static void
random_values(void)
{
	uint64_t seed = tap_seed();
	bool one = true, parses = true, bounded = true, utf8 = true;
	char v[3][700];

	for (int i = 0; i < 1000; i++) {
		bool json = i % 2;
		struct json_fault fault;
		struct str s;

		now.us += 20000000;
		for (size_t k = 0; k < 3; k++) {
			size_t n = (size_t)(tap_rand(&seed) % sizeof v[k]);

			for (size_t j = 0; j < n; j++)
				v[k][j] = (char)(tap_rand(&seed) % (k == 2 ? 32 : 256));
			v[k][n] = '\0';
		}
		log_open("t", json ? LOG_JSON : LOG_LOGFMT, LOG_LEVEL_INFO, false);
		capture();
		log_event(LOG_LEVEL_INFO, "random", "a", v[0], "b", v[1], "c", v[2], "d", v[0],
		    "e", v[1], "f", v[2], "g", v[0], "h", v[1], NULL);
		s = captured();
		one = one && lines(s) == 1 && s.p[s.n - 1] == '\n';
		bounded = bounded && s.n <= 4096;
		utf8 = utf8 && utf8_valid(s);
		parses = parses && (!json || json_check(s, 2, &fault) == 0);
	}
	ok(one, "random values never end a line");
	ok(bounded, "nor make it longer than a pipe takes at once");
	ok(utf8, "nor break its encoding");
	ok(parses, "nor its JSON");

	memset(v[0], 'x', sizeof v[0]);
	v[0][sizeof v[0] - 1] = '\0';
	log_open("t", LOG_LOGFMT, LOG_LEVEL_INFO, false);
	capture();
	log_event(LOG_LEVEL_INFO, "long", "a", v[0], NULL);
	ok(contains(captured(), "xxx...\"\n"), "a long value is cut, and says so");
}

static void
repeats(void)
{
	struct str s;
	pid_t pid;

	now.us += 20000000;
	capture();
	for (int i = 0; i < 50; i++)
		log_event(LOG_LEVEL_WARNING, "refused", "peer", "mallory", "try", "x", NULL);
	s = captured();
	is_int(lines(s), 10, "of 50 equal events 10 are written");
	capture();
	log_event(LOG_LEVEL_WARNING, "refused", "peer", "alice", NULL);
	is_int(lines(captured()), 1, "the same of another peer is another line");
	capture();
	now.us += 9000000;
	log_event(LOG_LEVEL_WARNING, "refused", "peer", "mallory", NULL);
	is_int(captured().n, 0, "within 10 s it is only counted");
	capture();
	now.us += 1000000;
	log_event(LOG_LEVEL_INFO, "other", NULL);
	s = captured();
	is_int(lines(s), 2, "then any event brings the count");
	ok(contains(s, "level=warning program=t event=repeated of=refused peer=mallory times=41\n"),
	    "of what was held back");
	capture();
	log_event(LOG_LEVEL_WARNING, "refused", "peer", "mallory", NULL);
	is_int(lines(captured()), 1, "and the line is written again");

	capture();
	for (int i = 0; i < 12; i++)
		log_event(LOG_LEVEL_INFO, "crowd", "n", "first", NULL);
	for (int i = 0; i < 200; i++) {
		char n[16];

		now.us++;
		snprintf(n, sizeof n, "%d", i);
		log_event(LOG_LEVEL_INFO, "crowd", "n", n, NULL);
	}
	ok(contains(captured(), "of=crowd n=first times=2\n"), "a crowd of others does not lose a count");

	capture();
	if ((pid = fork()) == 0) {
		for (int i = 0; i < 13; i++)
			log_event(LOG_LEVEL_INFO, "last", NULL);
		exit(0);	/* atexit() has the count to write */
	}
	waitpid(pid, NULL, 0);
	s = captured();
	ok(lines(s) == 11 && contains(s, "event=repeated of=last times=3\n"), "nor does the end of the program");
}

int
main(void)
{
	unsetenv("JOURNAL_STREAM");
	now.us = 1000000000;
	real_stderr = dup(2);
	capture();
	log_event(LOG_LEVEL_INFO, "early", "k", "v", NULL);
	is_str(captured(), "time=2026-01-02T03:04:05.678Z level=info event=early k=v\n",
	    "before log_open: logfmt, info, stderr");
	formats();
	hostile();
	random_values();
	repeats();
	errno = 7;
	log_event(LOG_LEVEL_DEBUG, "quiet", NULL);
	is_int(errno, 7, "errno is left alone by what is not written");
	close(2);
	log_event(LOG_LEVEL_INFO, "loud", NULL);
	is_int(errno, 7, "and by a write that fails");
	dup2(real_stderr, 2);
	close(real_stderr);
	return done();
}
