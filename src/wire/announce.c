/* announce.c - the body of an announcement: encoder, decoder, and what a name may be. */
#include "wire/announce.h"
#include "wire/envelope.h"
#include "wire/fields.h"
#include "wire/hello.h"

/* Critical: what the claim is identified by.  The path's TLVs come last. */
#define FIELDS(X)				\
	X(family,		0x8001, u8)	\
	X(name,			0x8002, text)	\
	X(version,		0x8003, text)	\
	X(hops,			0x0004, u8)	\
	X(methods,		0x0005, text)	\
	X(tags,			0x0006, text)	\
	X(weight,		0x0007, u32)	\
	X(max_concurrency,	0x0008, u32)	\
	X(origin,		0x8009, text)	\
	X(epoch,		0x000a, u64)	\
	X(lifetime_ms,		0x000b, u32)	\
	X(latency_us,		0x000c, u32)	\
	X(cost_milli,		0x000d, u32)	\
	X(reliability_ppm,	0x000e, u32)	\
	X(bandwidth_mbps,	0x000f, u32)	\
	X(moved,		0x0010, bit)	\
	X(partial,		0x0011, bit)	\
	X(shared,		0x0012, bit)

enum { WEIGHT_DEFAULT = 100, WEIGHT_MAX = 65535, LOCAL_MAX = 128, SUFFIX_MAX = 32 };

static bool
is_alnum(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
}

static bool
service_name_valid(struct str s)
{
	for (size_t i = 0; i < s.n; i++)
		if (!is_alnum(s.p[i]) && !memchr("._-:", s.p[i], 4))
			return false;
	return s.n > 0;
}

static bool
endpoint_name_valid(struct str s)
{
	struct str local, domain;

	if (str_starts(s, STR("*.")))
		return node_id_valid(str_skip(s, 2));
	if (!str_split(s, '@', &local, &domain) || local.n == 0 || local.n > LOCAL_MAX || local.p[0] == '/')
		return false;
	if (!str_is(local, "*"))
		for (size_t i = 0; i < local.n; i++)
			if (local.p[i] <= ' ' || local.p[i] > '~' || local.p[i] == '*')
				return false;
	return node_id_valid(domain);
}

/* "/a/b": segments are printable and not empty, a star is a whole segment. */
static bool
path_name_valid(struct str s)
{
	struct str segment;
	unsigned count = 0;

	if (s.n < 2 || s.p[0] != '/' || s.p[s.n - 1] == '/')
		return false;
	for (s = str_skip(s, 1); s.n; ) {
		str_split(s, '/', &segment, &s);
		if (segment.n == 0 || ++count > PATH_SEGMENTS_MAX)
			return false;
		if (str_is(segment, "*") || str_is(segment, "**"))
			continue;
		for (size_t i = 0; i < segment.n; i++)
			if (segment.p[i] <= ' ' || segment.p[i] > '~' || segment.p[i] == '*')
				return false;
	}
	return true;
}

/* "1", "1.2.0", "1.2.0.7-rc.1" */
static bool
version_valid(struct str s)
{
	struct str numbers, suffix, number;
	uint64_t v;
	unsigned count = 0;

	if (s.n == 0)
		return true;
	if (str_split(s, '-', &numbers, &suffix)) {
		if (suffix.n == 0 || suffix.n > SUFFIX_MAX)
			return false;
		for (size_t i = 0; i < suffix.n; i++)
			if (!is_alnum(suffix.p[i]) && suffix.p[i] != '.' && suffix.p[i] != '-')
				return false;
	}
	for (bool more = true; more; ) {
		more = str_split(numbers, '.', &number, &numbers);
		if (number.n > 9 || str_u64(number, UINT32_MAX, &v) == -1 || ++count > 4)
			return false;
	}
	return true;
}

static bool
is_reserved(struct str service)
{
	return str_is(service, "fedx") || str_starts(service, STR("fedx/"));
}

static int
name_check(const struct announcement *a, struct err *e)
{
	static const struct {
		bool (*valid)(struct str);
		const char *want;
	} families[FAMILY_COUNT] = {
		[FAMILY_NODE] = { node_id_valid, "lower-case labels with dots between" },
		[FAMILY_ENDPOINT] = { endpoint_name_valid, "local@domain, *@domain or *.domain" },
		[FAMILY_SERVICE] = { service_name_valid, "letters, digits and . _ - :" },
		[FAMILY_PATH] = { path_name_valid, "/segment/segment, with * and **" },
		[FAMILY_INTEREST] = { path_name_valid, "/segment/segment, with * and **" },
	};

	if (a->family >= FAMILY_COUNT)
		return err_set(e, "unknown family %u", a->family);
	if (a->name.n > NAME_MAX_BYTES)
		return err_set(e, "the name '%.*s...' is over %d bytes",
		    STR_FMT(excerpt(a->name)), NAME_MAX_BYTES);
	if (a->family == FAMILY_SERVICE && is_reserved(a->name))
		return err_set(e, "the service name '%.*s' is reserved; choose another",
		    STR_FMT(excerpt(a->name)));
	if (!families[a->family].valid(a->name))
		return err_set(e, "'%.*s' is no %s name; want %s", STR_FMT(excerpt(a->name)),
		    family_name(a->family), families[a->family].want);
	return 0;
}

int
announcement_check(const struct announcement *a, struct err *e)
{
	if (name_check(a, e) == -1)
		return -1;
	if (a->origin.n && !node_id_valid(a->origin))
		return err_set(e, "the origin '%.*s' is no node id", STR_FMT(excerpt(a->origin)));
	if (a->version.n && a->family != FAMILY_SERVICE)
		return err_set(e, "a %s has no version; only a service has one",
		    family_name(a->family));
	if (a->shared && a->family != FAMILY_PATH)
		return err_set(e, "a %s is not shared by policy; only a path is", family_name(a->family));
	if (!version_valid(a->version))
		return err_set(e, "'%.*s' is no version; want numbers like 1.2.0",
		    STR_FMT(excerpt(a->version)));
	if (!words_valid(a->methods, LIST_MAX_BYTES))
		return err_set(e, "the methods are not words with single spaces between, "
		    "%d bytes at most", LIST_MAX_BYTES);
	if (!words_valid(a->tags, LIST_MAX_BYTES))
		return err_set(e, "the tags are not words with single spaces between, "
		    "%d bytes at most", LIST_MAX_BYTES);
	if (a->weight > WEIGHT_MAX)
		return err_set(e, "the weight %lu is over %d", (unsigned long)a->weight, WEIGHT_MAX);
	if (a->max_concurrency > CONCURRENCY_MAX)
		return err_set(e, "the concurrency %lu is over %d",
		    (unsigned long)a->max_concurrency, CONCURRENCY_MAX);
	return 0;
}

int
announcement_put(struct buf *b, const struct announcement *a)
{
	size_t was = buf_len(b);

#define X(name, type, kind)						\
	if (field_put_##kind(b, type, a->name) == -1)			\
		return fields_undo(b, was);
	FIELDS(X)
#undef X
	return buf_str(b, a->path) == -1 || buf_str(b, a->clusters) == -1 ? fields_undo(b, was) : 0;
}

/* 1: it is a field of ours; 0: unknown; -1: it has a wrong length */
static int
field_read(const struct tlv *t, struct announcement *a, const char **what, unsigned *bit)
{
	unsigned at = 0;

#define X(name, number, kind)						\
	at++;								\
	if (t->type == (number)) {					\
		*what = #name;						\
		*bit = 1u << at;					\
		return field_get_##kind(t->value, &a->name) == -1 ? -1 : 1; \
	}
	FIELDS(X)
#undef X
	return 0;
}

/* The path and the clusters are views, so their TLVs must lie side by side. */
static int
run_add(struct str *run, const char *what, const struct tlv *t, struct err *e)
{
	const char *at = t->value.p - TLV_HEAD;

	if (!run->p)
		run->p = at;
	if (run->p + run->n != at)
		return err_set(e, "the %s is in pieces", what);
	run->n += TLV_HEAD + t->value.n;
	return run->n <= ENVELOPE_META_MAX ? 0 : err_set(e, "the %s is over %d bytes", what, ENVELOPE_META_MAX);
}

static int
passed_add(struct announcement *a, const struct tlv *t, struct err *e)
{
	if (t->type == META_path && !node_id_valid(t->value))
		return err_set(e, "'%.*s' in the path is no node id", STR_FMT(excerpt(t->value)));
	if (t->type == META_cluster && !node_id_valid(t->value))
		return err_set(e, "'%.*s' among the clusters is no cluster id", STR_FMT(excerpt(t->value)));
	return t->type == META_path ? run_add(&a->path, "path", t, e) : run_add(&a->clusters, "run of clusters", t, e);
}

int
announcement_get(struct str body, struct announcement *a, struct err *e)
{
	unsigned seen = 0, bit = 0;
	const char *what = "";
	struct tlv t;
	enum parse p;

	*a = (struct announcement){ .family = FAMILY_COUNT, .hops = HOPS_DEFAULT };
	while ((p = tlv_next(&body, &t)) == PARSE_OK) {
		if (t.type == META_path || t.type == META_cluster) {
			if (passed_add(a, &t, e) == -1)
				return -1;
			continue;
		}
		switch (field_read(&t, a, &what, &bit)) {
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
		return err_set(e, "a field passes the end of the announcement");
	if (a->weight == 0)
		a->weight = WEIGHT_DEFAULT;
	if (a->family == FAMILY_COUNT)
		return err_set(e, "the announcement has no family, or an unknown one");
	return announcement_check(a, e);
}

enum family
address_family(struct str to)
{
	return to.n == 0 ? FAMILY_SERVICE : to.p[0] == '/' ? FAMILY_PATH :
	    memchr(to.p, '@', to.n) ? FAMILY_ENDPOINT : FAMILY_NODE;
}

const char *
family_name(uint8_t family)
{
	static const char *const names[FAMILY_COUNT] = { "node", "endpoint", "service", "path", "interest" };

	return family < FAMILY_COUNT ? names[family] : "unknown";
}

static uint64_t
fnv(uint64_t h, const void *from, size_t n)
{
	const uint8_t *p = from;

	for (size_t i = 0; i < n; i++)
		h = (h ^ p[i]) * 0x100000001b3u;
	return h;
}

static uint64_t
fnv_u32(uint64_t h, uint32_t v)
{
	uint8_t be[4] = { (uint8_t)(v >> 24), (uint8_t)(v >> 16), (uint8_t)(v >> 8), (uint8_t)v };

	return fnv(h, be, sizeof be);
}

static uint64_t
fnv_text(uint64_t h, struct str s)	/* with its length: "ab","c" is not "a","bc" */
{
	return fnv(fnv_u32(h, (uint32_t)s.n), s.p, s.n);
}

uint64_t
announcement_digest(const struct announcement *a)
{
	uint64_t h = 0xcbf29ce484222325u;

	h = fnv(h, &a->family, 1);
	h = fnv_text(h, a->name);
	h = fnv_text(h, a->version);
	h = fnv_text(h, a->methods);
	h = fnv_text(h, a->tags);
	h = fnv_u32(h, a->weight ? a->weight : WEIGHT_DEFAULT);
	h = fnv_u32(h, a->max_concurrency);
	if (a->origin.n)
		h = fnv_text(h, a->origin);
	return a->shared ? fnv(h, &a->shared, 1) : h;
}

uint64_t
route_digest(const struct announcement *a)
{
	uint64_t h = 0x9ae16a3b2f90404fu;

	h = fnv_text(h, a->name);
	h = fnv_text(h, a->path);
	h = fnv_text(h, a->clusters);
	h = fnv_u32(h, a->latency_us);
	h = fnv_u32(h, a->cost_milli);
	h = fnv_u32(h, a->reliability_ppm);
	h = fnv_u32(h, a->bandwidth_mbps);
	if (a->tags.n)
		h = fnv_text(h, a->tags);
	return a->partial ? fnv(h, &a->partial, 1) : h;
}
