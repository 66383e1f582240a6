/* meta.c - any bytes as a run of TLVs: the walks agree, and copies hold no more than they may. */
#include <stdlib.h>

#include "wire/meta.h"

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
	struct str meta = { (const char *)p, n }, rest = meta;
	struct meta_facts f, g;
	struct buf same, copy, client;
	struct tlv t;
	enum parse r;
	enum fate fate;
	unsigned passed = 0, error;

	if (n > 65536)
		return 0;
	buf_init(&same, 65536);
	buf_init(&copy, 65536);
	buf_init(&client, 65536);
	while ((r = tlv_next(&rest, &t)) == PARSE_OK) {
		passed += t.type == META_path;
		must(tlv_put(&same, t.type, t.value) == 0);
	}
	must(r == PARSE_BAD || str_eq(buf_view(&same), meta));

	meta_look(meta, STR("me"), &f);
	must(f.malformed == (r == PARSE_BAD) && f.passed == passed);
	must(str_eq(f.first, meta_find(meta, META_path)));
	must(str_eq(f.auth, meta_find(meta, META_auth)));
	must(str_eq(f.version, meta_find(meta, META_version)));

	must(meta_copy(&copy, meta, false) == 0 && buf_len(&copy) <= n);
	meta_look(buf_view(&copy), STR("me"), &g);
	must(!g.malformed && !g.strip && g.passed == f.passed && g.looped == f.looped);
	if (!f.strip && !f.malformed)
		must(str_eq(buf_view(&copy), meta));
	must(meta_copy(&client, meta, true) == 0);
	meta_look(buf_view(&client), STR("me"), &g);
	must(!g.malformed && !g.passed && !g.auth.p && !meta_find(buf_view(&client), META_hop).p &&
	    !meta_find(buf_view(&client), META_cluster).p);

	if (meta_error_get(meta, &error, &fate) == -1)
		must(error == E_service_failed && fate == FATE_MAY_HAVE_RUN);
	must(error_row(error)->name != NULL);
	buf_free(&same);
	buf_free(&copy);
	buf_free(&client);
	return 0;
}
