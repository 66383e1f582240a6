/* entrance.c - a listener's options, and whom X-Forwarded-For names: an address, or nobody. */
#include <stdlib.h>

#include "link/entrance.h"

#define MUST(holds) do { if (!(holds)) abort(); } while (0)

int LLVMFuzzerTestOneInput(const uint8_t *, size_t);

/* "LISTENER LF the value of the field" */
int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
	static struct http_head h;
	struct str in = { (const char *)data, n }, text, value, hostport;
	struct entrance en;
	struct addr a;
	struct err e;
	char to[ADDR_TEXT] = "";

	str_split(in, '\n', &text, &value);
	if (entrance_parse(text, &en, &hostport, &e) == -1)
		return 0;
	MUST(en.trusted_count <= ENTRANCE_TRUSTED && (en.tls != ENTRANCE_PROXY || en.trusted_count));
	h.count = 1;
	h.fields[0] = (struct http_field){ STR("X-Forwarded-For"), value };
	if (entrance_forwarded(&en, &h, to))
		MUST(addr_numeric(peer_host(to), 0, &a) == 0);
	else
		MUST(!to[0]);
	return 0;
}
