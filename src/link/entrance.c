/* entrance.c - see entrance.h. */
#include "link/entrance.h"

static int
one_of(struct str v, const char *const words[], uint8_t *to)
{
	for (uint8_t i = 1; words[i]; i++)
		if (str_is(v, words[i])) {
			*to = i;
			return 0;
		}
	return -1;
}

static int
option(struct entrance *en, struct str name, struct str v, struct err *e)
{
	static const char *const tls[] = { "", "on", "off", "proxy", NULL };
	static const char *const auth[] = { "", "required", "guests", NULL };
	static const char *const dialects[] = { "", "fedx", "lines", NULL };
	int shown = v.n > 60 ? 60 : (int)v.n;
	uint8_t bit;

	if (str_is(name, "tls"))
		return one_of(v, tls, &en->tls) == 0 ? 0 :
		    err_set(e, "tls cannot be '%.*s': want on, off or proxy", shown, v.p);
	if (str_is(name, "auth"))
		return one_of(v, auth, &en->auth) == 0 ? 0 :
		    err_set(e, "auth cannot be '%.*s': want required or guests", shown, v.p);
	if (str_is(name, "guests.dialects")) {
		if (one_of(v, dialects, &bit) == -1)
			return err_set(e, "guests.dialects cannot be '%.*s': want fedx or lines", shown, v.p);
		en->dialects |= bit;
		return 0;
	}
	if (!str_is(name, "trust_proxy"))
		return err_set(e, "unknown option '%.*s' of a listener: want tls, auth, guests.dialects or "
		    "trust_proxy", name.n > 60 ? 60 : (int)name.n, name.p);
	if (en->trusted_count == ENTRANCE_TRUSTED)
		return err_set(e, "more than %d trust_proxy", ENTRANCE_TRUSTED);
	if (network_parse(v, &en->trusted[en->trusted_count]) == -1)
		return err_set(e, "trust_proxy cannot be '%.*s': want an address, or a network like 10.0.0.0/8",
		    shown, v.p);
	en->trusted_count++;
	return 0;
}

int
entrance_parse(struct str s, struct entrance *en, struct str *hostport, struct err *e)
{
	struct str rest, one, name, value;
	bool more = str_split(s, ',', hostport, &rest);

	*en = (struct entrance){ .tls = ENTRANCE_EITHER };
	while (more) {
		more = str_split(rest, ',', &one, &rest);
		if (!str_split(one, '=', &name, &value))
			return err_set(e, "'%.*s' is no NAME=VALUE; a listener is HOST:PORT[,NAME=VALUE...]",
			    one.n > 60 ? 60 : (int)one.n, one.n ? one.p : "");
		if (option(en, name, value, e) == -1)
			return -1;
	}
	if (en->tls == ENTRANCE_PROXY && en->trusted_count == 0)
		return err_set(e, "tls=proxy wants trust_proxy: the addresses of the proxies where TLS ends");
	if (en->dialects && en->auth != ENTRANCE_GUESTS)
		return err_set(e, "guests.dialects wants auth=guests");
	if (!en->dialects)
		en->dialects = ENTRANCE_FEDX | ENTRANCE_LINES;
	return 0;
}

static bool
trusts(const struct entrance *en, const struct addr *a)
{
	for (size_t i = 0; i < en->trusted_count; i++)
		if (network_has(&en->trusted[i], a))
			return true;
	return false;
}

bool
entrance_trusts(const struct entrance *en, const char *peer)
{
	struct addr a;

	return addr_numeric(peer_host(peer), 0, &a) == 0 && trusts(en, &a);
}

/* From the right, as each proxy has added who asked it: true as soon as one is no proxy. */
static bool
walk(const struct entrance *en, struct str list, char to[ADDR_TEXT], bool *found)
{
	struct str one;
	struct addr a;

	for (size_t at = list.n; ; at--) {
		if (at && list.p[at - 1] != ',')
			continue;
		one = str_trim(str_skip(list, at));
		list.n = at ? at - 1 : 0;
		if (addr_numeric(one, 0, &a) == -1)
			return true;	/* what stands before it is anybody's word */
		addr_text(&a, to);
		*found = true;
		if (at == 0 || !trusts(en, &a))
			return !trusts(en, &a);
	}
}

bool
entrance_forwarded(const struct entrance *en, const struct http_head *h, char to[ADDR_TEXT])
{
	bool found = false;

	for (size_t i = h->count; i-- > 0; )
		if (http_name_is(h->fields[i].name, "x-forwarded-for") &&
		    walk(en, h->fields[i].value, to, &found))
			break;
	return found;
}
