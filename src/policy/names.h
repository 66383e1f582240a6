/*
 * names.h - a set of names, patterns and networks, from a file of one entry a
 * line: is this value in it?
 *
 *	a@x.net  hub.x.net	itself
 *	*@x.net  *.x.net	as in pattern.h
 *	10.0.0.0/8  2001:db8::1	addresses, however they are written
 *
 * A lookup is a few binary searches, whatever the size.
 */
#ifndef FEDX_POLICY_NAMES_H
#define FEDX_POLICY_NAMES_H

#include "base/str.h"

struct net { uint8_t address[16]; };	/* IPv4 as ::ffff:a.b.c.d */
struct names {
	struct str *words;		/* sorted; memory of who made it */
	struct net *nets;		/* sorted by length of prefix, then address */
	size_t word_count, net_count;
	size_t first[130];		/* of nets of that many bits; [129] is the end */
};

enum entry { ENTRY_WORD, ENTRY_NET, ENTRY_BAD };
enum entry entry_parse(struct str, struct net *, unsigned *bits, const char **why);
void names_sort(struct names *, const uint8_t *bits);
	/* words and nets are filled in, bits[i] is of nets[i], sorted by bits;
	 * now they can be looked up */
bool names_have(const struct names *, struct str value);

#endif
