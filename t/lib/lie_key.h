/*
 * lie_key.h - what a liar says of shared keys: right proofs, and right proofs
 * of something else.
 *
 *	a -> hello node=evil key=HEX		(then a <- CHALLENGE proof=HEX)
 *	b -> hello node=evil of=a key=HEX	(with the nonce that a has said)
 *	a -> prove key=HEX			(the proof that is asked for)
 *	a -> prove key=HEX of=b			(... that b was asked for: an old one)
 *	a -> prove key=HEX by=dialled		(... that the other side gave: sent back)
 *	a -> prove key=HEX certificate=HEX	(... that was made for that TLS)
 *	a -> prove key=HEX fresh=HEX		(who joins by a code: this key is to take its place)
 *	h <- HELLO ; h -> challenge key=HEX node=hub cluster=home	(and of=, by=, certificate=)
 *	h <- PROVE proof=HEX			(it holds for that key)
 */
#ifndef FEDX_LIE_KEY_H
#define FEDX_LIE_KEY_H

#include "net/proof.h"
#include "wire/auth_line.h"
#include "wire/challenge.h"
#include "wire/envelope.h"
#include "wire/hello.h"

struct lie_key {		/* what one party has said and heard */
	uint8_t hello[HASH], said[NONCE], nonce[NONCE], id[KEY_ID], certificate[HASH];
	uint8_t fresh[FRESH_KEY];	/* of who joins */
	char node[256], cluster[256];
	enum prover by;		/* whose label stands in its proofs */
	struct shared_key key;
};

bool lie_key_word(struct lie_key *, struct str name, struct str value);
	/* one word of the script; false: it is none of those */
void lie_key_hello(struct lie_key *, const struct lie_key *of, struct hello *);
	/* adds id and nonce, if there is a key; of: whose nonce, NULL: a new one */
void lie_key_saw(struct lie_key *, const struct envelope *);	/* a HELLO or CHALLENGE went either way */
int lie_key_put(const struct lie_key *, const struct lie_key *of, uint8_t kind, struct buf *);
	/* the body of CHALLENGE or PROVE, as if it was asked for as `of` was */
bool lie_key_holds(const struct lie_key *, const struct envelope *, struct str key);

#endif
