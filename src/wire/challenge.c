/* challenge.c - see challenge.h. */
#include "wire/challenge.h"
#include "wire/fields.h"
#include "wire/hello.h"
#include "wire/kinds.h"

#define FIELDS(X)				\
	X(node,			0x8001)		\
	X(cluster,		0x8002)		\
	X(nonce,		0x8003)		\
	X(proof,		0x8004)		\
	X(fresh,		0x8005)

int
challenge_put(struct buf *b, const struct challenge *c)
{
	size_t was = buf_len(b);

#define X(name, type)							\
	if (field_put_text(b, type, c->name) == -1)			\
		return fields_undo(b, was);
	FIELDS(X)
#undef X
	return 0;
}

/* NULL: unknown */
static struct str *
field_at(struct challenge *c, uint16_t type)
{
	switch (type) {
#define X(name, number)							\
	case number:							\
		return &c->name;
	FIELDS(X)
#undef X
	}
	return NULL;
}

int
challenge_get(struct str body, uint8_t kind, struct challenge *c, struct err *e)
{
	bool first = kind == KIND_CHALLENGE;
	struct str *field;
	struct tlv t;
	enum parse p;

	*c = (struct challenge){ .proof = STR("") };
	while ((p = tlv_next(&body, &t)) == PARSE_OK) {
		if ((field = field_at(c, t.type)) != NULL && field->n)
			return err_set(e, "the field 0x%04x is there twice", t.type);
		if (field)
			*field = t.value;
		else if (t.type & TLV_CRITICAL)
			return err_set(e, "unknown critical field 0x%04x", t.type);
	}
	if (p == PARSE_BAD)
		return err_set(e, "a field passes the end of the %s", kind_name(kind));
	if (c->proof.n != PROOF)
		return err_set(e, "a proof has %d bytes", PROOF);
	if (c->fresh.n && (first || c->fresh.n != FRESH_KEY))
		return err_set(e, "a fresh key has %d bytes, and comes in PROVE", FRESH_KEY);
	if (!first && (c->node.n || c->cluster.n || c->nonce.n))
		return err_set(e, "who proves a key says nothing else");
	if (first && (!node_id_valid(c->node) || !node_id_valid(c->cluster) || c->nonce.n != NONCE))
		return err_set(e, "want a node id, a cluster and a nonce of %d bytes", NONCE);
	return 0;
}
