/*
 * fates_judge.c - do the logs of callers and services agree with the promise:
 * each request ended once; what was not delivered never ran; nothing ran
 * twice, unless it was marked idempotent; what was answered ran; what came,
 * came in order.
 */
#include <stdio.h>
#include <stdlib.h>

#include "base/map.h"
#include "fates.h"

enum told { TOLD_ANSWER, TOLD_NOT_DELIVERED, TOLD_MAY_HAVE_RUN, TOLD_WRONG, TOLD_COUNT };

static const char *const words[TOLD_COUNT] = {
	"answer", "not_delivered", "may_have_run", "wrong_answer"
};

struct fate_of {
	unsigned sent, ran, disorder, told[TOLD_COUNT];
	bool idempotent;
	char id[FATES_ID_MAX];
	struct fate_of *next;
};

static struct map by_id;
static struct fate_of *all;
static unsigned wrong;

static struct fate_of *
of(const char *id)
{
	struct fate_of *f = map_get(&by_id, str(id));

	if (f)
		return f;
	if ((f = calloc(1, sizeof *f)) == NULL)
		abort();
	snprintf(f->id, sizeof f->id, "%s", id);
	f->next = all;
	all = f;
	if (map_put(&by_id, str(f->id), f) == -1)
		abort();
	return f;
}

static void
note(const char *word, const char *id, const char *rest)
{
	struct fate_of *f = of(id);

	if (strcmp(word, "ran") == 0)
		f->ran++;
	if (strcmp(word, "disorder") == 0)
		f->disorder++;
	if (strcmp(word, "sent") == 0) {
		f->sent++;
		f->idempotent = strcmp(rest, "idempotent") == 0;
	}
	for (int i = 0; i < TOLD_COUNT; i++)
		f->told[i] += strcmp(word, words[i]) == 0;
}

static int
read_log(const char *path)
{
	FILE *in = fopen(path, "r");
	char line[256], word[32], id[FATES_ID_MAX], rest[64];

	if (!in) {
		perror(path);
		return -1;
	}
	while (fgets(line, sizeof line, in)) {
		rest[0] = '\0';
		if (sscanf(line, "%31s %63s %63s", word, id, rest) >= 2)
			note(word, id, rest);
	}
	fclose(in);
	return 0;
}

static void
must(bool holds, const struct fate_of *f, const char *what)
{
	if (holds)
		return;
	if (wrong++ < 40)
		printf("%s: %s (sent %u, ran %u, answer %u, not_delivered %u, may_have_run %u)\n",
		    f->id, what, f->sent, f->ran, f->told[0], f->told[1], f->told[2]);
}

static void
judge(const struct fate_of *f)
{
	unsigned ends = f->told[TOLD_ANSWER] + f->told[TOLD_NOT_DELIVERED] +
	    f->told[TOLD_MAY_HAVE_RUN] + f->told[TOLD_WRONG];

	must(f->sent == 1, f, f->sent ? "was sent twice" : "was never sent");
	must(ends > 0, f, "never ended");
	must(ends < 2, f, "ended more than once");
	must(!f->told[TOLD_WRONG], f, "got the answer of another, or not all of it");
	must(!f->told[TOLD_NOT_DELIVERED] || !f->ran, f, "was reported not delivered and ran");
	must(!f->told[TOLD_ANSWER] || f->ran, f, "was answered and never ran");
	must(!f->disorder, f, "came with its bytes out of order");
	must(f->ran < 2 || f->idempotent, f, "ran more than once");
}

int
fates_judge(int argc, char **argv)
{
	unsigned sent = 0, ran = 0, told[TOLD_COUNT] = { 0 };

	for (int i = 0; i < argc; i++)
		if (strcmp(argv[i], "--") != 0 && read_log(argv[i]) == -1)
			return 66;
	for (const struct fate_of *f = all; f; f = f->next) {
		judge(f);
		sent += f->sent;
		ran += f->ran;
		for (int i = 0; i < TOLD_COUNT; i++)
			told[i] += f->told[i];
	}
	printf("sent %u answered %u not_delivered %u may_have_run %u ran %u wrong %u\n", sent,
	    told[TOLD_ANSWER], told[TOLD_NOT_DELIVERED], told[TOLD_MAY_HAVE_RUN], ran, wrong);
	while (all) {
		struct fate_of *f = all;

		all = f->next;
		free(f);
	}
	map_free(&by_id);
	return wrong || sent == 0;
}
