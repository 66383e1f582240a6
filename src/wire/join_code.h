/*
 * join_code.h - a one-time code for who is to join: one word, to be pasted.
 *
 *	fedx1-0123...	base32 (Crockford's: no i, l, o, u) of
 *			seed (16)  node NUL  cluster NUL  url NUL  CRC-32 (4)
 *
 * The seed is what nobody can guess; net/proof.h makes a key of it.  The rest
 * says as whom, and where.  Small letters and capitals are the same, i and l are
 * 1, o is 0, and blanks within are left out: somebody may have typed it.
 *
 * What a leaf keeps once it has made its own key is one line
 *
 *	joined CODE URL leaf node cluster key:HEX
 *
 * where CODE is the id of the code's key (challenge.h), so that the same
 * command goes on with it, and one with another code does not.
 */
#ifndef FEDX_JOIN_CODE_H
#define FEDX_JOIN_CODE_H

#include "base/buf.h"
#include "wire/auth_line.h"
#include "wire/challenge.h"

enum { CODE_SEED = 16, CODE_URL_MAX = 255, CODE_TEXT_MAX = 1400 };	/* bytes */

struct join_code {
	uint8_t seed[CODE_SEED];
	char node[254], cluster[254], url[CODE_URL_MAX + 1];
};

bool join_url_valid(struct str);	/* one word of ASCII, and not too long */
int join_code_put(struct buf *, const struct join_code *);	/* -1: full */
int join_code_parse(struct str text, struct join_code *, struct err *);
	/* -1: *e says in which way it is none, and does not repeat it; status 65 */

struct joined {
	uint8_t code[KEY_ID];
	struct str url;			/* into the text, as are the views of who */
	struct auth_line who;
};
int joined_put(struct buf *, const struct joined *);		/* with its LF; -1: full */
int joined_parse(struct str line, struct joined *, struct err *);

#endif
