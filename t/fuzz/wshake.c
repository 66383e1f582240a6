/* wshake.c - whatever a head says: a status with a reason, or an answer that a client believes. */
#include <stdlib.h>

#include "wire/base64.h"
#include "wire/wshake.h"

#define MUST(holds) do { if (!(holds)) abort(); } while (0)

int LLVMFuzzerTestOneInput(const uint8_t *, size_t);

static struct http_head head;

static void
answer(const struct wshake_ask *ask)
{
	struct buf key, b;
	struct str name = ask->protocols;
	const char *why;
	char protocol[64];
	size_t used;

	if (name.n)
		str_split(name, ',', &name, &(struct str){ NULL, 0 });
	if (str_c(str_trim(name), protocol, sizeof protocol) == -1)
		return;
	MUST(name.n == 0 || wshake_offers(ask->protocols, protocol));
	MUST(ask->path.n && ask->path.p[0] == '/' && ask->host.n);
	buf_init(&key, 18);
	buf_init(&b, 1024);
	MUST(base64_get(&key, ask->key) == 0 && buf_len(&key) == 16);
	MUST(wshake_accept(&b, ask->key, name.n ? protocol : NULL) == 0);
	MUST(http_response_parse(buf_view(&b), &head, &used, &why) == PARSE_OK && used == buf_len(&b));
	MUST(wshake_verify(&head, key.p + key.head, name.n ? protocol : NULL, &why) == 0);
	buf_free(&key);
	buf_free(&b);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
	static const uint8_t nonce[16] = "the sample nonce";
	struct str in = { (const char *)data, n };
	struct wshake_ask ask;
	const char *why = NULL;
	uint8_t hash[20];
	unsigned status;
	size_t used;

	sha1(in, hash);
	if (http_request_parse(in, &head, &used, &why) == PARSE_OK) {
		why = NULL;
		status = wshake_check(&head, &ask, &why);
		MUST(status == 0 || ((status == 400 || status == 405 || status == 426) && why));
		MUST(status != 0 || wshake_is_upgrade(&head));
		if (status == 0)
			answer(&ask);
	}
	if (http_response_parse(in, &head, &used, &why) == PARSE_OK) {
		why = NULL;
		if (wshake_verify(&head, nonce, NULL, &why) == -1)
			MUST(why != NULL);
		else
			MUST(head.status == 101);
	}
	return 0;
}
