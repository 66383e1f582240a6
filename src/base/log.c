/*
 * log.c - see log.h: build a line, drop it if it only repeats, write it once.
 *
 * Nothing is allocated: a log must also work when memory does not.
 */
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <syslog.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/log.h"
#include "base/map.h"

enum {
	LINE_BYTES = 4096,	/* a pipe takes as much in one piece */
	VALUE_BYTES = 512,	/* of one value, before it is escaped */
	REPEATS = 10,		/* written before a repeated line is counted... */
	WINDOW_MS = 10000,	/* ...in this time */
	BURSTS = 64
};

static struct {
	const char *program;
	enum log_format format;
	enum log_level up_to;
	bool to_syslog, to_journal;
} out = { NULL, LOG_LOGFMT, LOG_LEVEL_INFO, false, false };

static const struct { const char *name; int priority; } levels[] = {
	[LOG_LEVEL_ERROR]	= { "error",	LOG_ERR },
	[LOG_LEVEL_WARNING]	= { "warning",	LOG_WARNING },
	[LOG_LEVEL_INFO]	= { "info",	LOG_INFO },
	[LOG_LEVEL_DEBUG]	= { "debug",	LOG_DEBUG },
};

struct line { size_t n, start; bool full; char p[LINE_BYTES]; };

static void
add(struct line *l, const char *p, size_t n)
{
	/* the last 4 bytes are for the end of the line */
	if (l->full || n > sizeof l->p - 4 - l->n) {
		l->full = true;
		return;
	}
	memcpy(l->p + l->n, p, n);
	l->n += n;
}

static void
add_text(struct line *l, const char *s)
{
	add(l, s, strlen(s));
}

/* The bytes of the character at s, 0 if it is not UTF-8; wire/utf8.c lies
 * outside of this ring. */
static size_t
character(const char *s, uint32_t *code)
{
	static const uint32_t least[] = { 0, 0, 0x80, 0x800, 0x10000 };
	uint8_t first = (uint8_t)*s;
	size_t n = first < 0x80 ? 1 : first < 0xc2 ? 0 : first < 0xe0 ? 2 :
	    first < 0xf0 ? 3 : first < 0xf5 ? 4 : 0;

	if (n < 2) {
		*code = first;
		return n;
	}
	*code = first & (0x7fu >> n);
	for (size_t i = 1; i < n; i++) {
		uint8_t c = (uint8_t)s[i];

		if ((c & 0xc0) != 0x80)
			return 0;
		*code = *code << 6 | (c & 0x3f);
	}
	if (*code < least[n] || *code > 0x10ffff || (*code >= 0xd800 && *code < 0xe000))
		return 0;
	return n;
}

/* What moves a cursor, ends a line or turns the direction of reading. */
static bool
is_control(uint32_t code)
{
	return code < 0x20 || (code >= 0x7f && code < 0xa0) ||
	    (code >= 0x2028 && code <= 0x202e) || (code >= 0x2066 && code <= 0x2069);
}

static void
add_escaped(struct line *l, const char *s)
{
	const char *end = s + VALUE_BYTES;
	char text[16];
	uint32_t code;

	while (*s && s < end) {
		size_t n = character(s, &code);

		text[0] = '\0';
		if (n == 0 && out.format == LOG_JSON)
			add_text(l, "\\ufffd");
		else if (n == 0)
			snprintf(text, sizeof text, "\\x%02x", (unsigned)(uint8_t)*s);
		else if (code == '"' || code == '\\')
			snprintf(text, sizeof text, "\\%c", *s);
		else if (code == '\n')
			add_text(l, "\\n");
		else if (is_control(code))
			snprintf(text, sizeof text, "\\u%04x", (unsigned)code);
		else
			add(l, s, n);
		add_text(l, text);
		s += n ? n : 1;
	}
	if (*s)
		add_text(l, "...");
}

static bool
is_bare(const char *s)
{
	if (!*s || strlen(s) > VALUE_BYTES)
		return false;
	for (; *s; s++)
		if (*s <= ' ' || *s >= 0x7f || *s == '"' || *s == '=' || *s == '\\')
			return false;
	return true;
}

/* A pair that does not fit is left out whole, and so are those behind it. */
static void
field(struct line *l, const char *key, const char *value)
{
	size_t was = l->n;

	if (!value)
		return;
	if (out.format == LOG_JSON) {
		add_text(l, ",\"");
		add_escaped(l, key);
		add_text(l, "\":\"");
		add_escaped(l, value);
		add_text(l, "\"");
	} else {
		if (l->n > l->start)
			add_text(l, " ");
		add_text(l, key);
		add_text(l, "=");
		if (is_bare(value)) {
			add_text(l, value);
		} else {
			add_text(l, "\"");
			add_escaped(l, value);
			add_text(l, "\"");
		}
	}
	if (l->full)
		l->n = was;
}

static void
line_start(struct line *l, enum log_level level, const char *event)
{
	char text[32];

	l->n = 0;
	l->full = false;
	if (out.to_journal) {
		snprintf(text, sizeof text, "<%d>", levels[level].priority);
		add_text(l, text);
	}
	l->start = l->n;
	if (out.format == LOG_JSON)
		add_text(l, "{\"v\":1");
	if (!out.to_journal && !out.to_syslog) {	/* those two keep the time */
		wall_text(wall_now(), text);
		field(l, "time", text);
	}
	field(l, "level", levels[level].name);
	if (!out.to_syslog)
		field(l, "program", out.program);
	field(l, "event", event);
}

static void
line_end(struct line *l, enum log_level level)
{
	if (out.format == LOG_JSON)
		l->p[l->n++] = '}';
	if (out.to_syslog) {
		l->p[l->n] = '\0';
		syslog(levels[level].priority, "%s", l->p);
		return;
	}
	l->p[l->n++] = '\n';
	while (write(STDERR_FILENO, l->p, l->n) == -1 && errno == EINTR)
		;
}

/* A line that was written lately: its event and the value of its first pair. */
static struct burst {
	uint64_t hash;
	struct mono start;
	unsigned seen;		/* 0: a free place */
	enum log_level level;
	char event[32], key[32], value[128];
} bursts[BURSTS];
static unsigned holding;	/* bursts with lines that were counted only */

static void
burst_end(struct burst *b)
{
	struct line l;
	char times[16];

	if (b->seen > REPEATS) {
		holding--;
		snprintf(times, sizeof times, "%u", b->seen - REPEATS);
		line_start(&l, b->level, "repeated");
		field(&l, "of", b->event);
		if (b->key[0])
			field(&l, b->key, b->value);
		field(&l, "times", times);
		line_end(&l, b->level);
	}
	b->seen = 0;
}

static void
bursts_end(void)	/* at exit */
{
	for (size_t i = 0; i < BURSTS; i++)
		burst_end(&bursts[i]);
}

static bool
burst_is_over(const struct burst *b, struct mono now)
{
	return mono_us_since(b->start, now) >= (uint64_t)WINDOW_MS * 1000;
}

static void
bursts_sweep(void)
{
	struct mono now;

	if (holding == 0)
		return;
	now = mono_now();
	for (size_t i = 0; i < BURSTS; i++)
		if (bursts[i].seen > REPEATS && burst_is_over(&bursts[i], now))
			burst_end(&bursts[i]);
}

/* Is this line one to count and not to write? */
static bool
burst_holds(enum log_level level, const char *event, const char *key, const char *value)
{
	uint64_t hash = map_hash(str(event)) * 31 + map_hash(str(value));
	struct mono now = mono_now();
	struct burst *b = NULL, *oldest = &bursts[0];

	for (size_t i = 0; i < BURSTS; i++) {
		struct burst *at = &bursts[i];

		if (at->seen && burst_is_over(at, now))
			burst_end(at);
		if (at->seen && at->hash == hash) {
			b = at;
			break;
		}
		if (at->seen == 0 || (oldest->seen && at->start.us < oldest->start.us))
			oldest = at;
	}
	if (!b) {
		b = oldest;
		burst_end(b);
		*b = (struct burst){ .hash = hash, .start = now, .level = level };
		snprintf(b->event, sizeof b->event, "%s", event);
		snprintf(b->key, sizeof b->key, "%s", key ? key : "");
		snprintf(b->value, sizeof b->value, "%s", value ? value : "");
	}
	if (b->seen == REPEATS)
		holding++;
	b->seen++;
	return b->seen > REPEATS;
}

void
log_open(const char *program, enum log_format format, enum log_level up_to, bool to_syslog)
{
	static bool at_exit;

	out.program = program;
	out.format = format;
	out.up_to = up_to;
	out.to_syslog = to_syslog;
	out.to_journal = !to_syslog && getenv("JOURNAL_STREAM") != NULL;
	if (to_syslog)
		openlog(program, LOG_PID, LOG_DAEMON);
	if (!at_exit)
		at_exit = atexit(bursts_end) == 0;
}

bool
log_wants(enum log_level level)
{
	return level <= out.up_to;
}

void
log_event(enum log_level level, const char *event, ...)
{
	int saved = errno;
	const char *key, *value;
	struct line l;
	va_list ap;

	bursts_sweep();
	if (!log_wants(level))
		return;
	va_start(ap, event);
	key = va_arg(ap, const char *);
	value = key ? va_arg(ap, const char *) : NULL;
	if (!burst_holds(level, event, key, value)) {
		line_start(&l, level, event);
		while (key) {
			field(&l, key, value);
			if ((key = va_arg(ap, const char *)) != NULL)
				value = va_arg(ap, const char *);
		}
		line_end(&l, level);
	}
	va_end(ap);
	errno = saved;
}
