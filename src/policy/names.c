/* names.c - see names.h. */
#include <arpa/inet.h>
#include <stdlib.h>

#include "policy/names.h"

enum { V4_BITS = 96, VALUE_MAX = 4096 };

static bool
address_of(struct str text, struct net *net)
{
	static const uint8_t mapped[12] = { 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff };
	const char *zone = text.n > 0 ? memchr(text.p, '%', text.n) : NULL;
	char c[64];

	if (zone != NULL)
		text.n = (size_t)(zone - text.p);
	if (text.n == 0 || str_c(text, c, sizeof c) == -1)
		return false;
	if (inet_pton(AF_INET, c, net->address + 12) == 1) {
		memcpy(net->address, mapped, sizeof mapped);
		return true;
	}
	return inet_pton(AF_INET6, c, net->address) == 1;
}

static struct net
masked(const struct net *net, unsigned bits)
{
	struct net m = *net;

	for (unsigned i = 0; i < sizeof m.address; i++) {
		unsigned keep = bits > 8 * i ? bits - 8 * i : 0;

		if (keep < 8)
			m.address[i] &= (uint8_t)(0xff00u >> keep);
	}
	return m;
}

static bool
word_good(struct str s)	/* like a name, or "*@D" or "*.D" */
{
	if (s.n > 2 && s.p[0] == '*' && (s.p[1] == '@' || s.p[1] == '.'))
		s = str_skip(s, 2);
	for (size_t i = 0; i < s.n; i++)
		if ((unsigned char)s.p[i] <= ' ' || s.p[i] == 0x7f || s.p[i] == '*')
			return false;
	return s.n > 0;
}

enum entry
entry_parse(struct str s, struct net *net, unsigned *bits, const char **why)
{
	struct str address, length;
	bool cut = str_split(s, '/', &address, &length), v4;
	struct net m;
	uint64_t n;

	if (!address_of(address, net)) {
		if (word_good(s) && s.n <= VALUE_MAX)
			return ENTRY_WORD;
		*why = "want a name, *@DOMAIN, *.DOMAIN, an address or a network";
		return ENTRY_BAD;
	}
	v4 = memchr(address.p, ':', address.n) == NULL;
	n = v4 ? 32 : 128;
	if (cut && str_u64(length, n, &n) == -1) {
		*why = v4 ? "want a prefix length from 0 to 32" : "want a prefix length from 0 to 128";
		return ENTRY_BAD;
	}
	*bits = (unsigned)n + (v4 ? V4_BITS : 0);
	m = masked(net, *bits);
	if (memcmp(&m, net, sizeof m) != 0) {
		*why = "the address has bits beyond the prefix length";
		return ENTRY_BAD;
	}
	return ENTRY_NET;
}

static int
by_word(const void *a, const void *b)
{
	return str_cmp(*(const struct str *)a, *(const struct str *)b);
}

static int
by_address(const void *a, const void *b)
{
	return memcmp(a, b, sizeof(struct net));
}

void
names_sort(struct names *s, const uint8_t *bits)
{
	size_t at = 0;

	if (s->word_count > 0)
		qsort(s->words, s->word_count, sizeof *s->words, by_word);
	for (unsigned n = 0; n < 129; n++) {
		s->first[n] = at;
		while (at < s->net_count && bits[at] == n)
			at++;
		if (at > s->first[n])
			qsort(s->nets + s->first[n], at - s->first[n], sizeof *s->nets, by_address);
	}
	s->first[129] = at;
}

static bool
has_word(const struct names *s, struct str word)
{
	return bsearch(&word, s->words, s->word_count, sizeof *s->words, by_word) != NULL;
}

static bool
has_pattern(const struct names *s, char kind, struct str domain)
{
	char key[VALUE_MAX + 2] = { '*', kind };

	memcpy(key + 2, domain.p, domain.n);
	return has_word(s, (struct str){ key, domain.n + 2 });
}

static bool
has_name(const struct names *s, struct str value)
{
	struct str local, domain, label;

	if (has_word(s, value))
		return true;
	if (!str_split(value, '@', &local, &domain))
		domain = value;
	else if (domain.n > 0 && has_pattern(s, '@', domain))
		return true;
	while (domain.n > 0) {
		if (has_pattern(s, '.', domain))
			return true;
		str_split(domain, '.', &label, &domain);
	}
	return false;
}

bool
names_have(const struct names *s, struct str value)
{
	struct net net, m;

	if (value.n == 0 || value.n > VALUE_MAX)
		return false;
	if (s->word_count > 0 && has_name(s, value))
		return true;
	if (s->net_count == 0 || !address_of(value, &net))
		return false;
	for (unsigned n = 0; n < 129; n++) {
		size_t count = s->first[n + 1] - s->first[n];

		if (count == 0)
			continue;
		m = masked(&net, n);
		if (bsearch(&m, s->nets + s->first[n], count, sizeof m, by_address) != NULL)
			return true;
	}
	return false;
}
