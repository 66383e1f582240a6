/* rules.c - see rules.h. */
#include <stdlib.h>

#include "policy/policy.h"
#include "policy/rules.h"

enum { KEY_HEAD = 5 };	/* hook, line; behind it file, NUL, name, NUL */

struct known_rule { struct rule rule; size_t n; char key[]; };

void
rules_free(struct rules *r)
{
	for (size_t i = 0; i < r->count; i++)
		free(r->all[i]);
	free(r->all);
	map_free(&r->by_place);
	*r = (struct rules){ .count = 0 };
}

static struct str
cut(struct str s, size_t most)
{
	const char *nul;

	if (s.n > most)
		s.n = most;
	nul = s.n > 0 ? memchr(s.p, '\0', s.n) : NULL;
	return nul ? str_head(s, (size_t)(nul - s.p)) : s;
}

static char *
put_text(char *to, struct str s)
{
	if (s.n > 0)
		memcpy(to, s.p, s.n);
	to[s.n] = '\0';
	return to + s.n + 1;
}

static uint32_t
add(struct rules *r, struct str key, uint8_t hook, uint32_t line, size_t file_bytes)
{
	struct known_rule *k;

	if (r->count == r->cap) {
		size_t cap = r->cap ? 2 * r->cap : 64;
		struct known_rule **all = realloc(r->all, cap * sizeof *all);

		if (all == NULL)
			return 0;
		r->all = all;
		r->cap = cap;
	}
	if ((k = malloc(sizeof *k + key.n)) == NULL)
		return 0;
	memcpy(k->key, key.p, key.n);
	k->n = r->count + 1;
	k->rule = (struct rule){ .hook = hook, .line = line, .file = k->key + KEY_HEAD,
	    .name = k->key + KEY_HEAD + file_bytes + 1 };
	if (map_put(&r->by_place, (struct str){ k->key, key.n }, k) == -1) {
		free(k);
		return 0;
	}
	r->all[r->count++] = k;
	return (uint32_t)k->n;
}

uint32_t
rules_number(struct rules *r, uint8_t hook, struct str file, uint32_t line, struct str name)
{
	char key[KEY_HEAD + RULE_FILE_MAX + RULE_NAME_MAX + 2], *end;
	const struct known_rule *k;
	struct str whole;

	file = cut(file, RULE_FILE_MAX);
	name = cut(name, RULE_NAME_MAX);
	key[0] = (char)hook;
	memcpy(key + 1, &line, sizeof line);
	end = put_text(put_text(key + KEY_HEAD, file), name);
	whole = (struct str){ key, (size_t)(end - key) };
	if ((k = map_get(&r->by_place, whole)) != NULL)
		return (uint32_t)k->n;
	if (r->count >= RULES_NAMED && name.n > 0)
		return rules_number(r, hook, file, line, STR(""));
	return r->count < RULES_MAX ? add(r, whole, hook, line, file.n) : 0;
}

const struct rule *
rules_get(const struct rules *r, size_t number)
{
	return number > 0 && number <= r->count ? &r->all[number - 1]->rule : NULL;
}
