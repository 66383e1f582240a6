/* load.c - see load.h. */
#include <errno.h>
#include <stdlib.h>
#include <sys/stat.h>

#include "net/sha256.h"
#include "route/load.h"

void
trial_init(struct trial *t)
{
	*t = (struct trial){ .fine = false };
	buf_init(&t->tap, TAP_BYTES);
	buf_init(&t->bytes, LOAD_BYTES);
}

void
trial_free(struct trial *t)
{
	buf_free(&t->tap);
	buf_free(&t->bytes);
}

/* The first test that failed, by its name. */
static struct str
first_failure(struct str tap)
{
	struct str line, name;

	for (bool more = true; more; ) {
		more = str_split(tap, '\n', &line, &tap);
		if (!str_starts(line, STR("not ok")))
			continue;
		name = str_trim(str_skip(line, 6));
		while (name.n && ((name.p[0] >= '0' && name.p[0] <= '9') || name.p[0] == ' ' || name.p[0] == '-'))
			name = str_skip(name, 1);
		return str_head(name, name.n < 120 ? name.n : 120);
	}
	return (struct str){ NULL, 0 };
}

static int
try_tests(struct trial *t, struct bundle *b)
{
	struct str name;

	switch (policy_test(b, &t->tap, &t->why)) {
	case 0:
		return 0;
	case 1:
		name = first_failure(buf_view(&t->tap));
		return err_set(&t->why, "a test of the policy fails: %.*s", STR_FMT(name));
	default:
		return -1;
	}
}

static int
try_bundle(struct trial *t, struct bundle *b)
{
	struct policy *p;
	struct str text;

	switch (bundle_file(b, STR("policy.lua"), BUNDLE_FILE_MAX, &text, &t->why)) {
	case -1:
		return -1;
	case 0:
		t->absent = true;
		return 0;
	}
	if ((p = policy_load(b, &t->why)) == NULL)
		return -1;
	policy_free(p);
	/* before the tests: what they read is no part of the policy */
	if (bundle_put(&t->bytes, b) == -1)
		return err_set(&t->why, "the files of the policy are over %d bytes", BUNDLE_MAX);
	return try_tests(t, b);
}

void
trial_run(struct trial *t, const char *confdir)
{
	struct bundle *b;
	struct stat st;

	if (stat(confdir, &st) == -1 && errno == ENOENT) {
		t->fine = t->absent = true;
		return;
	}
	if ((b = bundle_open(confdir, &t->why)) == NULL)
		return;
	t->fine = try_bundle(t, b) == 0;
	bundle_close(b);
}

/* --- over the pipe --- */

static int
part_put(struct buf *to, struct str part)
{
	uint8_t n[4] = { (uint8_t)(part.n >> 24), (uint8_t)(part.n >> 16), (uint8_t)(part.n >> 8),
	    (uint8_t)part.n };

	return buf_put(to, n, sizeof n) == -1 ? -1 : buf_str(to, part);
}

int
trial_put(struct buf *to, const struct trial *t)
{
	uint8_t bits[2] = { t->fine, t->absent };

	return buf_put(to, bits, sizeof bits) == -1 || part_put(to, str(t->why.text)) == -1 ||
	    part_put(to, buf_view(&t->tap)) == -1 || part_put(to, buf_view(&t->bytes)) == -1 ? -1 : 0;
}

static int
part_get(struct str *in, struct str *part)
{
	const uint8_t *p = (const uint8_t *)in->p;
	size_t n;

	if (in->n < 4)
		return -1;
	n = (size_t)p[0] << 24 | (size_t)p[1] << 16 | (size_t)p[2] << 8 | p[3];
	*in = str_skip(*in, 4);
	if (in->n < n)
		return -1;
	*part = str_head(*in, n);
	*in = str_skip(*in, n);
	return 0;
}

int
trial_get(struct trial *t, struct str in)
{
	struct str why, tap, bytes;

	if (in.n < 2)
		return -1;
	t->fine = in.p[0] == 1;
	t->absent = in.p[1] == 1;
	in = str_skip(in, 2);
	if (part_get(&in, &why) == -1 || part_get(&in, &tap) == -1 || part_get(&in, &bytes) == -1 ||
	    in.n || why.n >= sizeof t->why.text)
		return -1;
	err_set(&t->why, "%.*s", STR_FMT(why));
	return buf_str(&t->tap, tap) == -1 || buf_str(&t->bytes, bytes) == -1 ? -1 : 0;
}

/* --- in force --- */

static int
list_rules(struct loaded *l)
{
	for (size_t i = 1; i <= policy_rules(l->policy); i++) {
		const struct rule *r = policy_rule(l->policy, i);

		if (buf_fmt(&l->rules, "%s\t%s:%u\t%s\n", hook_name(r->hook), r->file,
		    (unsigned)r->line, r->name) == -1)
			return -1;
	}
	return 0;
}

static struct loaded *
make(void)
{
	struct loaded *l = calloc(1, sizeof *l);

	if (!l)
		return NULL;
	buf_init(&l->rules, TAP_BYTES);
	buf_init(&l->bytes, LOAD_BYTES);
	return l;
}

struct loaded *
loaded_open(struct buf *bytes, struct err *e)
{
	struct loaded *l = make();

	if (!l) {
		err_memory(e, "a policy");
		buf_free(bytes);
		return NULL;
	}
	l->bytes = *bytes;
	buf_init(bytes, bytes->max);
	if ((l->bundle = bundle_get(buf_view(&l->bytes), e)) == NULL ||
	    (l->policy = policy_load(l->bundle, e)) == NULL) {
		loaded_close(l);
		return NULL;
	}
	bundle_digest(l->bundle, l->digest);
	l->hooks = policy_hooks(l->policy);
	(void)list_rules(l);	/* of those that do not fit, a report is silent */
	return l;
}

struct loaded *
loaded_none(void)
{
	struct loaded *l = make();

	if (l)
		sha256(STR(""), l->digest);
	return l;
}

struct loaded *
loaded_failed(const char *why)
{
	struct loaded *l = make();

	if (!l)
		return NULL;
	l->failed = true;
	l->hooks = (1u << HOOK_COUNT) - 1;
	memcpy(l->why, why, strlen(why) < sizeof l->why ? strlen(why) : sizeof l->why - 1);
	return l;
}

void
loaded_close(struct loaded *l)
{
	if (!l)
		return;
	policy_free(l->policy);
	bundle_close(l->bundle);
	buf_free(&l->bytes);
	buf_free(&l->rules);
	free(l);
}
