/* interest.c - see interest.h. */
#include <stdlib.h>

#include "fabric/fib.h"

enum { KEY_MAX = sizeof(uint64_t) + NAME_MAX_BYTES };

struct segment {
	struct interested here;		/* its name: the pattern that ends here, or NULL */
	struct segment *up, *one, *any;	/* its parent; its children * and ** */
	uint64_t number;
	uint32_t children, exact;	/* all; those without a wildcard */
	size_t n;
	char key[];			/* the parent's number, then the text */
};

static struct str
key_of(char to[KEY_MAX], const struct segment *up, struct str text)
{
	memcpy(to, &up->number, sizeof up->number);
	memcpy(to + sizeof up->number, text.p, text.n);
	return (struct str){ to, sizeof up->number + text.n };
}

static struct segment *
child(const struct interest *in, const struct segment *up, struct str text)
{
	char key[KEY_MAX];

	return map_get(&in->all, key_of(key, up, text));
}

static struct segment *
segment_open(struct interest *in, struct segment *up, struct str text)
{
	struct segment *s = calloc(1, sizeof *s + sizeof s->number + text.n);

	if (!s)
		return NULL;
	s->up = up;
	s->number = ++in->last;
	if (!up)
		return s;
	s->n = key_of(s->key, up, text).n;
	if (map_put(&in->all, (struct str){ s->key, s->n }, s) == -1) {
		free(s);
		return NULL;
	}
	up->children++;
	if (str_is(text, "*"))
		up->one = s;
	else if (str_is(text, "**"))
		up->any = s;
	else
		up->exact++;
	return s;
}

/* From here to the root, what leads to no pattern any more. */
static void
prune(struct interest *in, struct segment *s)
{
	while (s && !s->here.name && s->children == 0) {
		struct segment *up = s->up;

		if (!up) {
			in->root = NULL;
		} else {
			map_del(&in->all, (struct str){ s->key, s->n });
			up->children--;
			if (up->one == s)
				up->one = NULL;
			else if (up->any == s)
				up->any = NULL;
			else
				up->exact--;
		}
		free(s);
		s = up;
	}
}

void
interest_free(struct interest *in)
{
	struct segment *s;
	size_t at = 0;

	while ((s = map_next(&in->all, &at)) != NULL)
		free(s);
	free(in->root);
	map_free(&in->all);
	*in = (struct interest){ .root = NULL };
}

int
interest_add(struct interest *in, struct name *name)
{
	struct str rest = str_skip(name_text(name), 1), text;
	struct segment *at = in->root, *next;

	if (!at && (at = in->root = segment_open(in, NULL, STR(""))) == NULL)
		return -1;
	for (bool more = true; more; at = next) {
		more = str_split(rest, '/', &text, &rest);
		if ((next = child(in, at, text)) == NULL &&
		    (next = segment_open(in, at, text)) == NULL) {
			prune(in, at);
			return -1;
		}
	}
	at->here.name = name;
	return 0;
}

void
interest_del(struct interest *in, struct name *name)
{
	struct str rest = str_skip(name_text(name), 1), text;
	struct segment *at = in->root;

	for (bool more = true; more; at = child(in, at, text))
		more = str_split(rest, '/', &text, &rest);
	at->here.name = NULL;
	prune(in, at);
}

/* One walk: bit i of a set says that i segments of the path are behind us. */
struct walk {
	const struct interest *in;
	struct str text[PATH_SEGMENTS_MAX];
	uint64_t same[PATH_SEGMENTS_MAX];	/* this one, and those behind it with its text */
	uint64_t all;			/* every position, 0 .. n */
	unsigned n;
	bool compared;			/* same[] is filled in */
	uint64_t visits;
	struct interested *found;
};

static unsigned
lowest(uint64_t set)
{
	unsigned at = 0;

	for (unsigned step = 32; step; step /= 2)
		if ((set & (((uint64_t)1 << step) - 1)) == 0) {
			set >>= step;
			at += step;
		}
	return at;
}

static void
compare(struct walk *w)
{
	for (unsigned i = 0; i < w->n; i++) {
		w->same[i] |= (uint64_t)1 << i;
		for (unsigned j = i + 1; j < w->n; j++)
			if (str_eq(w->text[i], w->text[j]))
				w->same[i] |= (uint64_t)1 << j;
	}
	w->compared = true;
}

static void
visit(struct walk *w, struct segment *at, uint64_t where)
{
	uint64_t left = where & ~((uint64_t)1 << w->n), here;
	struct segment *next;
	unsigned i;

	w->visits++;
	if (at->here.name && where >> w->n & 1) {
		at->here.also = w->found;
		w->found = &at->here;
	}
	if (at->any)
		visit(w, at->any, ~((where & (~where + 1)) - 1) & w->all);
	if (at->one && left)
		visit(w, at->one, left << 1);
	if (at->exact && (left & (left - 1)) && !w->compared)
		compare(w);
	while (at->exact && left) {
		i = lowest(left);
		here = left & (left - 1) ? w->same[i] & left : left;
		left &= ~here;
		if ((next = child(w->in, at, w->text[i])) != NULL)
			visit(w, next, here << 1);
	}
}

struct interested *
interest_match(struct interest *in, struct str path)
{
	struct walk w;
	struct str rest = str_skip(path, 1);

	if (!in->root || path.n < 2)
		return NULL;
	w.in = in;
	w.n = 0;
	w.compared = false;
	w.visits = 0;
	w.found = NULL;
	for (bool more = true; more && w.n < PATH_SEGMENTS_MAX; w.n++) {
		more = str_split(rest, '/', &w.text[w.n], &rest);
		w.same[w.n] = 0;
	}
	w.all = UINT64_MAX >> (PATH_SEGMENTS_MAX - w.n);
	visit(&w, in->root, 1);
	in->visits += w.visits;
	return w.found;
}

bool
path_plain(struct str path)
{
	unsigned segments = 0;

	if (path.n < 2 || path.n > NAME_MAX_BYTES || path.p[0] != '/' || path.p[path.n - 1] == '/')
		return false;
	for (size_t i = 0; i < path.n; i++) {
		unsigned char c = (unsigned char)path.p[i];

		if (c <= ' ' || c > '~' || c == '*')
			return false;
		if (c == '/' && (path.p[i + 1] == '/' || ++segments > PATH_SEGMENTS_MAX))
			return false;
	}
	return true;
}
