/* join_code.c - any bytes as a code, and as what a leaf keeps of one: what is believed survives being written. */
#include <stdlib.h>

#include "wire/hello.h"
#include "wire/join_code.h"

int LLVMFuzzerTestOneInput(const uint8_t *p, size_t n);

static void
must(bool held)
{
	if (!held)
		abort();
}

static void
as_code(struct str text)
{
	uint8_t room[CODE_TEXT_MAX];
	struct buf b = { .p = room, .cap = sizeof room, .max = sizeof room };
	struct join_code c, again;
	struct err e = { "", 0 };

	if (join_code_parse(text, &c, &e) == -1) {
		must(e.text[0] != '\0' && e.status == 65);
		return;
	}
	must(node_id_valid(str(c.node)) && node_id_valid(str(c.cluster)) && c.url[0]);
	must(join_code_put(&b, &c) == 0);
	must(join_code_parse(buf_view(&b), &again, &e) == 0 && memcmp(&c, &again, sizeof c) == 0);
}

static void
as_kept(struct str text)
{
	struct joined j, again;
	struct err e = { "", 0 };
	struct buf b;

	if (joined_parse(text, &j, &e) == -1) {
		must(e.text[0] != '\0');
		return;
	}
	must(j.url.n && j.url.n <= CODE_URL_MAX && j.who.key.n >= KEY_MIN);
	buf_init(&b, 16384);
	if (j.who.expires >= 0) {	/* years before 1970 are not written alike */
		must(joined_put(&b, &j) == 0 && joined_parse(str_trim(buf_view(&b)), &again, &e) == 0);
		must(str_eq(j.url, again.url) && str_eq(j.who.node, again.who.node) && str_eq(j.who.cluster, again.who.cluster) &&
		    j.who.expires == again.who.expires && str_eq(key_view(&j.who.key), key_view(&again.who.key)));
	}
	buf_free(&b);
}

int
LLVMFuzzerTestOneInput(const uint8_t *p, size_t n)
{
	struct str text = { (const char *)p, n };

	as_code(text);
	as_kept(text);
	return 0;
}
