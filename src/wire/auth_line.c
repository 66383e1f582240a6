/* auth_line.c - see auth_line.h. */
#include "base/clock.h"
#include "wire/auth_line.h"
#include "wire/hello.h"

/* days since 1970-01-01 of a proleptic Gregorian date */
static int64_t
days_of(int64_t y, int64_t m, int64_t d)
{
	int64_t era, yoe, doy;

	y -= m <= 2;
	era = (y >= 0 ? y : y - 399) / 400;
	yoe = y - era * 400;
	doy = (153 * (m + (m > 2 ? -3 : 9)) + 2) / 5 + d - 1;
	return era * 146097 + yoe * 365 + yoe / 4 - yoe / 100 + doy - 719468;
}

static int
time_parse(struct str s, int64_t *to)
{
	static const char shape[] = "dddd-dd-ddTdd:dd:ddZ";
	int64_t n[6] = { 0 };
	size_t field = 0;

	if (s.n != sizeof shape - 1)
		return -1;
	for (size_t i = 0; i < s.n; i++) {
		if (shape[i] == 'd') {
			if (s.p[i] < '0' || s.p[i] > '9')
				return -1;
			n[field] = n[field] * 10 + (s.p[i] - '0');
		} else if (s.p[i] != shape[i]) {
			return -1;
		} else {
			field++;
		}
	}
	if (n[1] < 1 || n[1] > 12 || n[2] < 1 || n[3] > 23 || n[4] > 59 || n[5] > 60 ||
	    n[2] > days_of(n[0], n[1] + 1, 1) - days_of(n[0], n[1], 1))
		return -1;
	*to = days_of(n[0], n[1], n[2]) * 86400 + n[3] * 3600 + n[4] * 60 + n[5];
	return 0;
}

static struct str
next_word(struct str *rest)
{
	size_t n = 0;
	struct str word;

	*rest = str_trim(*rest);
	while (n < rest->n && rest->p[n] != ' ' && rest->p[n] != '\t')
		n++;
	word = str_head(*rest, n);
	*rest = str_skip(*rest, n);
	return word;
}

static bool
pattern_ok(struct str s)
{
	return str_is(s, "*") || node_id_valid(str_starts(s, STR("*.")) ? str_skip(s, 2) : s);
}

static uint8_t
role_named(struct str s)
{
	for (uint8_t r = ROLE_LEAF; r < ROLE_COUNT; r++)
		if (str_is(s, role_name(r)))
			return r;
	return ROLE_NONE;
}

bool
node_pattern_is_exact(struct str pattern)
{
	return pattern.n && pattern.p[0] != '*';
}

bool
node_pattern_covers(struct str pattern, struct str node)
{
	if (node_pattern_is_exact(pattern))
		return str_eq(pattern, node);
	return pattern.n == 1 || str_ends(node, str_skip(pattern, 1));
}

int
auth_hash_parse(struct str word, uint8_t hash[HASH])
{
	return str_starts(word, STR("sha256:")) ? str_hex(str_skip(word, 7), hash, HASH) : -1;
}

static int
key_parse(struct str word, struct auth_line *l, struct err *e)
{
	struct str hex;

	if (!str_starts(word, STR("key:")))
		return err_set(e, "want key: and hex digits (fedx-probe keygen key makes the line)");
	hex = str_skip(word, 4);
	l->is.kind = CREDENTIAL_KEY;
	if (hex.n % 2 || hex.n < 2 * KEY_MIN || hex.n > 2 * KEY_MAX ||
	    str_hex(hex, l->key.bytes, hex.n / 2) == -1)
		return err_set(e, "want %d to %d hex digits behind key:, two for each byte",
		    2 * KEY_MIN, 2 * KEY_MAX);
	l->key.n = hex.n / 2;
	return 0;
}

static int
shown_parse(struct str word, struct auth_line *l, struct err *e)
{
	static const struct { const char *prefix; enum credential_kind kind; } kinds[] = {
		{ "", CREDENTIAL_TOKEN }, { "cert:", CREDENTIAL_CERTIFICATE }, { "key:", CREDENTIAL_PUBLIC_KEY },
	};

	l->is.kind = CREDENTIAL_CA;
	if (str_is(word, "cert"))
		return 0;
	for (size_t i = 0; i < sizeof kinds / sizeof *kinds; i++)
		if (str_starts(word, str(kinds[i].prefix))) {
			l->is.kind = kinds[i].kind;
			if (auth_hash_parse(str_skip(word, strlen(kinds[i].prefix)), l->is.hash) == 0)
				return 0;
		}
	return err_set(e, "want cert, or sha256:, cert:sha256: or key:sha256: and 64 hex digits "
	    "(fedx-probe keygen token makes the line)");
}

bool
auth_scope_next(struct str *scopes, struct str *pattern)
{
	struct str word = next_word(scopes);

	*pattern = str_skip(word, word.n < 6 ? word.n : 6);
	return word.n > 0;
}

static int
scopes_parse(struct str text, struct auth_line *l, struct err *e)
{
	struct str word;
	int n = 0;

	l->scopes = str_trim(text);
	if (l->scopes.n && l->role == ROLE_HUB)
		return err_set(e, "scopes are for leaves and clients: what a hub may say is for import and export "
		    "of the policy, and for federation");
	while ((word = next_word(&text)).n) {
		if (!str_starts(word, STR("scope=")))
			return err_set(e, "there is more on the line than role, node, cluster, credential, expiry, "
			    "scope=PATTERN");
		if (word.n == 6 || word.n > 6 + AUTH_SCOPE_MAX)
			return err_set(e, "want a pattern of at most %d bytes behind scope=", AUTH_SCOPE_MAX);
		if (++n > AUTH_SCOPES_MAX)
			return err_set(e, "there are more than %d scopes on the line", AUTH_SCOPES_MAX);
	}
	return 0;
}

int
auth_line_parse(struct str text, bool keys, struct auth_line *l, struct err *e)
{
	struct str comment, role, credential, expires, rest;

	str_split(text, '#', &text, &comment);
	if (str_trim(text).n == 0)
		return 1;
	role = next_word(&text);
	*l = (struct auth_line){ .role = role_named(role) };
	l->node = next_word(&text);
	l->cluster = next_word(&text);
	credential = next_word(&text);
	rest = text;
	expires = next_word(&rest);
	if (str_starts(expires, STR("scope=")))
		expires.n = 0;
	else
		text = rest;
	if (l->role == ROLE_NONE)
		return err_set(e, "unknown role '%.*s': want leaf, hub or client",
		    role.n > 40 ? 40 : (int)role.n, role.p);
	if (!pattern_ok(l->node))
		return err_set(e, "'%.*s' is no node id and no pattern like *.example.net",
		    l->node.n > 80 ? 80 : (int)l->node.n, l->node.p);
	if (!node_id_valid(l->cluster))
		return err_set(e, "'%.*s' is no cluster name",
		    l->cluster.n > 80 ? 80 : (int)l->cluster.n, l->cluster.p);
	if ((keys ? key_parse(credential, l, e) : shown_parse(credential, l, e)) == -1)
		return -1;
	if (expires.n && time_parse(expires, &l->expires) == -1)
		return err_set(e, "'%.*s' is no time like 2027-01-31T00:00:00Z",
		    expires.n > 40 ? 40 : (int)expires.n, expires.p);
	return scopes_parse(text, l, e);
}

int
auth_key_put(struct buf *b, const struct auth_line *l)
{
	char until[32] = "";
	int r = buf_fmt(b, "%s %.*s %.*s key:", role_name(l->role), STR_FMT(l->node), STR_FMT(l->cluster));

	for (size_t i = 0; i < l->key.n && r == 0; i++)
		r = buf_fmt(b, "%02x", l->key.bytes[i]);
	wall_text((struct wall){ l->expires, 0 }, until);
	if (l->expires && r == 0)
		r = buf_fmt(b, " %.19sZ", until);	/* without the milliseconds */
	if (l->scopes.n && r == 0)
		r = buf_str(b, STR(" "));
	return r == -1 || buf_str(b, l->scopes) == -1 ? -1 : buf_str(b, STR("\n"));
}
