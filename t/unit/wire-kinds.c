/* wire-kinds.c - a kind's number says its class, and its row says who may say it. */
#include "tap.h"
#include "wire/kinds.h"

static void
classes(void)
{
	static const struct { unsigned number; enum kind_class class; const char *name; } edges[] = {
		{ 0x00, CLASS_LINK, "UNKNOWN_LINK" },	{ 0x3f, CLASS_LINK, "UNKNOWN_LINK" },
		{ 0x40, CLASS_OPEN, "REQUEST" },	{ 0x7f, CLASS_OPEN, "UNKNOWN_OPEN" },
		{ 0x80, CLASS_FOLLOW, "REPLY" },	{ 0xbf, CLASS_FOLLOW, "UNKNOWN_FOLLOW" },
		{ 0xc0, CLASS_ONEWAY, "PUBLISH" },	{ 0xff, CLASS_ONEWAY, "UNKNOWN_ONEWAY" },
	};

	for (size_t i = 0; i < sizeof edges / sizeof *edges; i++) {
		is_int(kind_class((uint8_t)edges[i].number), edges[i].class, "class at the edge");
		is_str(str(kind_name((uint8_t)edges[i].number)), edges[i].name, edges[i].name);
	}
}

static void
permissions(void)
{
	static const struct { const char *what; unsigned kind, never; } cases[] = {
		{ "no client announces",		KIND_ANNOUNCE,	BY_CLIENT | BY_NEW | BY_ROUTE },
		{ "no client withdraws",		KIND_WITHDRAW,	BY_CLIENT | BY_NEW | BY_ROUTE },
		{ "no stranger compares digests",	KIND_DIGEST,	BY_NEW },
		{ "no stranger ends a set",		KIND_END,	BY_NEW },
		{ "a bundle is no link's",		KIND_BUNDLE,	BY_LINK | BY_NEW },
		{ "no link attaches",			KIND_ATTACH,	BY_LINK | BY_NEW },
		{ "no link detaches",			KIND_DETACH,	BY_LINK | BY_NEW },
		{ "nobody says DONE to us",		KIND_DONE,	BY_LINK | BY_CLIENT | BY_NEW | BY_ROUTE },
		{ "HELLO is for strangers only",	KIND_HELLO,	BY_LINK | BY_CLIENT },
		{ "WELCOME, too",			KIND_WELCOME,	BY_LINK | BY_CLIENT },
		{ "a stranger requests nothing",	KIND_REQUEST,	BY_NEW },
		{ "a stranger publishes nothing",	KIND_PUBLISH,	BY_NEW },
	};
	bool strangers = true, unknown = true;

	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
		ok((kind_by((uint8_t)cases[i].kind) & cases[i].never) == 0, "%s", cases[i].what);
	for (unsigned k = 0; k < 256; k++) {
		unsigned by = kind_by((uint8_t)k);
		bool named = strncmp(kind_name((uint8_t)k), "UNKNOWN", 7) != 0;

		if (kind_class((uint8_t)k) != CLASS_LINK && (by & BY_NEW))
			strangers = false;
		if (!named && by != (kind_class((uint8_t)k) == CLASS_LINK ? 0u : (unsigned)BY_LINK))
			unknown = false;
	}
	ok(strangers, "who is not proven says nothing that would be forwarded");
	ok(unknown, "an unknown kind may be forwarded from a link, else it is refused");
	is_int(kind_by(KIND_REQUEST), BY_LINK | BY_CLIENT, "links and clients request");
}

/* Verdicts and the like are policy's; no such kind exists on the network. */
static void
nobody_says_policy(void)
{
	static const char *const names[] = { "VERDICT", "UPCALL", "FIB", "POLICY", "ROUTE" };
	bool absent = true;

	for (unsigned k = 0; k < 256; k++)
		for (size_t i = 0; i < sizeof names / sizeof *names; i++)
			if (strcmp(kind_name((uint8_t)k), names[i]) == 0)
				absent = absent && !(kind_by((uint8_t)k) & (BY_LINK | BY_CLIENT | BY_NEW));
	ok(absent, "neither link nor client may say VERDICT or its like");
}

static void
list(void)
{
	static const struct { const char *name; unsigned number; } rows[] = {
#define X(name, number, conversation, by) { #name, number },
		KINDS(X)
#undef X
	};
	bool found = true, unique = true;

	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		found = found && strcmp(kind_name((uint8_t)rows[i].number), rows[i].name) == 0 &&
		    rows[i].number > 0 && rows[i].number < 256;
		for (size_t j = 0; j < i; j++)
			unique = unique && rows[i].number != rows[j].number;
	}
	ok(found, "each kind has its name under its number");
	ok(unique, "no two kinds share a number");
	ok(kind_class(KIND_PART) == CLASS_FOLLOW && kind_class(KIND_CREDIT) == CLASS_FOLLOW &&
	    kind_class(KIND_CANCEL) == CLASS_FOLLOW, "parts, credit and cancel belong to a conversation");
	is_int(KIND_REQUEST, 0x40, "REQUEST is 0x40 on the wire, for ever");
	is_int(KIND_REPLY, 0x80, "REPLY is 0x80");
}

int
main(void)
{
	classes();
	permissions();
	nobody_says_policy();
	list();
	return done();
}
