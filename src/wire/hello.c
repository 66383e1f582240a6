/* hello.c - the body of HELLO and WELCOME: encoder, decoder, and what a node id is. */
#include "wire/challenge.h"
#include "wire/fields.h"
#include "wire/hello.h"

/* Critical: what must not be misunderstood in silence. */
#define FIELDS(X)				\
	X(node,			0x8001, text)	\
	X(cluster,		0x8002, text)	\
	X(role,			0x8003, u8)	\
	X(version_min,		0x8004, u8)	\
	X(version_max,		0x8005, u8)	\
	X(capabilities,		0x0006, text)	\
	X(instance,		0x0007, u64)	\
	X(token,		0x8008, text)	\
	X(agent,		0x0009, text)	\
	X(again,		0x000a, bit)	\
	X(linked,		0x000b, bit)	\
	X(instead,		0x000c, bit)	\
	X(key_id,		0x800d, text)	\
	X(nonce,		0x800e, text)

enum { ID_MAX = 253, CAPABILITIES_MAX = 1024, AGENT_MAX = 128 };

bool
node_id_valid(struct str s)
{
	char before = '.';

	if (s.n == 0 || s.n > ID_MAX)
		return false;
	for (size_t i = 0; i < s.n; i++) {
		char c = s.p[i];

		if (c == '.' && before == '.')
			return false;
		if (c != '.' && c != '-' && c != '_' && !(c >= 'a' && c <= 'z') &&
		    !(c >= '0' && c <= '9'))
			return false;
		before = c;
	}
	return before != '.';
}

int
hello_put(struct buf *b, const struct hello *h)
{
	size_t was = buf_len(b);

#define X(name, type, kind)						\
	if (field_put_##kind(b, type, h->name) == -1)			\
		return fields_undo(b, was);
	FIELDS(X)
#undef X
	return buf_len(b) - was > HELLO_MAX ? fields_undo(b, was) : 0;
}

/* 1: it is a field of ours; 0: unknown; -1: it has a wrong length */
static int
field_read(const struct tlv *t, struct hello *h, const char **what, unsigned *bit)
{
	unsigned at = 0;

#define X(name, number, kind)						\
	at++;								\
	if (t->type == (number)) {					\
		*what = #name;						\
		*bit = 1u << at;					\
		return field_get_##kind(t->value, &h->name) == -1 ? -1 : 1; \
	}
	FIELDS(X)
#undef X
	return 0;
}

static int
hello_check(const struct hello *h, struct err *e)
{
	if (h->node.n && !node_id_valid(h->node))
		return err_set(e, "'%.*s' is no node id; want lower-case labels with dots between",
		    STR_FMT(excerpt(h->node)));
	if (h->cluster.n && !node_id_valid(h->cluster))
		return err_set(e, "'%.*s' is no cluster name; want lower-case labels with dots between",
		    STR_FMT(excerpt(h->cluster)));
	if (h->role == ROLE_NONE || h->role >= ROLE_COUNT)
		return err_set(e, "unknown role %u; want leaf, hub or client", h->role);
	if (h->version_min == 0 || h->version_min > h->version_max)
		return err_set(e, "no protocol version between %u and %u",
		    h->version_min, h->version_max);
	if (!words_valid(h->capabilities, CAPABILITIES_MAX))
		return err_set(e, "the capabilities are not words with single spaces between, "
		    "%d bytes at most", CAPABILITIES_MAX);
	if (!words_valid(h->agent, AGENT_MAX))
		return err_set(e, "the agent is not words with single spaces between, "
		    "%d bytes at most", AGENT_MAX);
	/* says nothing of the token itself: messages are logged */
	if (!words_valid(h->token, TOKEN_MAX) || (h->token.n && memchr(h->token.p, ' ', h->token.n)))
		return err_set(e, "the token is not one printable word of at most %d bytes", TOKEN_MAX);
	if (h->key_id.n != (h->nonce.n ? KEY_ID : 0) || (h->nonce.n && h->nonce.n != NONCE))
		return err_set(e, "the id of a key has %d bytes, and comes with a nonce of %d", KEY_ID, NONCE);
	if (h->key_id.n && h->token.n)
		return err_set(e, "a token is not shown along with a key");
	return 0;
}

int
hello_get(struct str body, struct hello *h, struct err *e)
{
	unsigned seen = 0, bit = 0;
	const char *what = "";
	struct tlv t;
	enum parse p;

	*h = (struct hello){ .role = ROLE_NONE };
	if (body.n > HELLO_MAX)
		return err_set(e, "a hello of %zu bytes is over %d", body.n, HELLO_MAX);
	while ((p = tlv_next(&body, &t)) == PARSE_OK) {
		switch (field_read(&t, h, &what, &bit)) {
		case -1:
			return err_set(e, "the field '%s' has a wrong length", what);
		case 0:
			if (t.type & TLV_CRITICAL)
				return err_set(e, "unknown critical field 0x%04x", t.type);
			continue;
		}
		if (seen & bit)
			return err_set(e, "the field '%s' is there twice", what);
		seen |= bit;
	}
	if (p == PARSE_BAD)
		return err_set(e, "a field passes the end of the hello");
	return hello_check(h, e);
}

const char *
role_name(uint8_t role)
{
	static const char *const names[ROLE_COUNT] = {
		[ROLE_LEAF] = "leaf", [ROLE_HUB] = "hub", [ROLE_CLIENT] = "client"
	};

	return role < ROLE_COUNT && names[role] ? names[role] : "unknown";
}
