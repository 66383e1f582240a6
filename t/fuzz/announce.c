/* announce.c - any bytes as an announcement: what is believed is well formed and survives the wire. */
#include <stdlib.h>

#include "wire/announce.h"
#include "wire/hello.h"
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
	struct announcement a, again;
	struct err e = { "", 0 };
	struct str path;
	struct buf b;
	struct tlv t;

	if (announcement_get((struct str){ (const char *)p, n }, &a, &e) == -1) {
		must(e.text[0] != '\0');
		return 0;
	}
	must(announcement_check(&a, &e) == 0);
	must(a.shared <= 1 && (!a.shared || a.family == FAMILY_PATH));
	must(a.name.n > 0 && a.name.n <= NAME_MAX_BYTES && a.family < FAMILY_COUNT);
	must(a.weight >= 1 && a.weight <= 65535 && a.max_concurrency <= CONCURRENCY_MAX);
	for (size_t i = 0; i < a.name.n; i++)
		must(a.name.p[i] > ' ' && a.name.p[i] <= '~');
	for (path = a.path; tlv_next(&path, &t) == PARSE_OK; )
		must(t.type == META_path && node_id_valid(t.value));
	must(path.n == 0);
	for (path = a.clusters; tlv_next(&path, &t) == PARSE_OK; )
		must(t.type == META_cluster && t.value.n > 0 && t.value.n <= NAME_MAX_BYTES);
	must(path.n == 0);
	must(a.origin.n == 0 || node_id_valid(a.origin));

	buf_init(&b, n + 64);
	must(announcement_put(&b, &a) == 0);
	must(announcement_get(buf_view(&b), &again, &e) == 0);
	must(announcement_digest(&a) == announcement_digest(&again));
	must(a.hops == again.hops && str_eq(a.path, again.path) && str_eq(a.name, again.name) &&
	    str_eq(a.version, again.version) && a.family == again.family);
	must(route_digest(&a) == route_digest(&again) && str_eq(a.origin, again.origin) &&
	    str_eq(a.clusters, again.clusters) && a.epoch == again.epoch && a.lifetime_ms == again.lifetime_ms &&
	    !a.moved == !again.moved && !a.partial == !again.partial);
	buf_free(&b);
	return 0;
}
