/* challenge.c - any bytes as CHALLENGE or PROVE: what is believed is whole and survives the wire. */
#include <stdlib.h>

#include "wire/challenge.h"
#include "wire/hello.h"
#include "wire/kinds.h"

int LLVMFuzzerTestOneInput(const uint8_t *p, size_t n);

static void
must(bool held)
{
	if (!held)
		abort();
}

int
LLVMFuzzerTestOneInput(const uint8_t *p, size_t n)
{
	static const uint8_t kinds[] = { KIND_CHALLENGE, KIND_PROVE };

	for (size_t i = 0; i < 2; i++) {
		struct challenge c, again;
		struct err e = { "", 0 };
		struct buf b;

		if (challenge_get((struct str){ (const char *)p, n }, kinds[i], &c, &e) == -1) {
			must(e.text[0] != '\0');
			continue;
		}
		must(c.proof.n == PROOF && c.nonce.n == (i ? 0 : NONCE));
		must(i || (node_id_valid(c.node) && node_id_valid(c.cluster)));
		buf_init(&b, CHALLENGE_MAX);
		must(challenge_put(&b, &c) == 0 && buf_len(&b) <= n);
		must(challenge_get(buf_view(&b), kinds[i], &again, &e) == 0);
		must(str_eq(c.node, again.node) && str_eq(c.cluster, again.cluster) &&
		    str_eq(c.nonce, again.nonce) && str_eq(c.proof, again.proof) &&
		    str_eq(c.fresh, again.fresh) && (c.fresh.n == 0 || (i && c.fresh.n == FRESH_KEY)));
		buf_free(&b);
	}
	return 0;
}
