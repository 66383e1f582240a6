/*
 * credentials.c - tokens, keys and certificates: what a node shows and whom it
 * lets in, loaded at the start and again by a reload, all of it or nothing.
 */
#include "link/roster.h"
#include "net/tls.h"
#include "node/credentials.h"
#include "node/join.h"

/* What the URLs that it dials want. */
static void
look_at_urls(const struct settings *s, bool *tls, bool *far)
{
	size_t n = s->uplink_count + s->peer_count;
	struct err e;
	struct url url;

	*tls = *far = false;
	for (size_t i = 0; i < n; i++) {
		const char *one = i < s->uplink_count ? s->uplink[i] : s->peers[i - s->uplink_count];

		if (url_parse(str(one), &url, &e) == -1)
			continue;
		*tls = *tls || url.tls;
		*far = *far || (url.scheme != SCHEME_UNIX && !host_is_loopback(url.host));
	}
}

static const char *
key_file(const struct settings *s)
{
	return s->role == ROLE_LEAF ? s->psk_file : s->uplink_psk_file;
}

int
credentials_node(const struct settings *s, char node[256], struct err *e)
{
	struct own_key own;

	*node = '\0';
	if (s->joining)
		strcpy(node, s->joining->node);
	if (s->joining || !key_file(s))
		return 0;
	if (auth_read_key(key_file(s), &own, e) == -1)
		return -1;
	if (node_pattern_is_exact(str(own.node)))
		strcpy(node, own.node);
	tls_wipe(&own, sizeof own);
	return 0;
}

/* What we show or prove to whom we dial. */
static int
load_own(struct credentials *c, const struct settings *s, struct err *e)
{
	bool leaf = s->role == ROLE_LEAF;
	const char *token = leaf ? s->token_file : s->uplink_token_file;
	const char *key = s->joining ? s->joining->path : key_file(s);

	if (token && key)
		return err_set(e, "one of %s is enough: the key is proven, and the token would never be shown",
		    leaf ? "--token-file and --psk-file" : "uplink.token_file and uplink.psk_file");
	if (token && auth_read_token(token, c->token, e) == -1)
		return -1;
	if (!key)
		return 0;
	if ((s->joining ? join_keys(s, &c->own, &c->fresh, e) : auth_read_key(key, &c->own, e)) == -1)
		return -1;
	if (c->own.role != s->role)
		return err_set(e, "the key of %s is for a %s, and this is a %s", key, role_name(c->own.role),
		    role_name(s->role));
	if (s->id && !node_pattern_covers(str(c->own.node), str(s->id)))
		return err_set(e, "the key of %s is for node '%.80s', not for '%.80s': start with -i %.80s, or ask "
		    "for another key", key, c->own.node, s->id, c->own.node);
	return 0;
}

/* Whom we let in. */
static int
load_lists(struct credentials *c, const struct settings *s, struct roster *roster, struct err *e)
{
	struct auth_files files = { s->token_file, s->psk_file, roster };

	if (roster && roster_renew(roster, e) == -1)
		return -1;
	if (s->role == ROLE_HUB && (files.tokens || files.keys || roster) && (c->auth = auth_open(&files, e)) == NULL)
		return -1;
	if (s->blocked_file && (c->blocked = blocked_open(s->blocked_file, e)) == NULL)
		return -1;
	return 0;
}

/* What we show to who dials us.  A leaf may have a certificate for clients alone. */
static int
load_server(struct credentials *c, const struct settings *s, struct tls_sessions *sessions, struct err *e)
{
	struct tls_settings server = { .cert = s->tls_cert, .key = s->tls_key, .ca = s->tls_client_ca,
	    .sessions = sessions,
	    .ask_client = s->tls_client_ca || (c->auth && auth_asks_certificates(c->auth)) };

	if (c->auth && auth_asks_ca(c->auth) && !s->tls_client_ca)
		return err_set(e, "%s takes certificates (cert), and no CA is given for them: "
		    "set tls.client_ca", s->token_file);
	if (!s->tls_cert)
		return 0;
	if ((c->server = tls_ctx_open(&server, e)) == NULL)
		return -1;
	c->visits = tls_ctx_visits(c->server);
	if (tls_ctx_serves(c->server))
		return 0;
	if (s->role == ROLE_HUB)
		return err_set(e, "the certificate '%s' is not for servers: its extendedKeyUsage "
		    "lacks serverAuth", s->tls_cert);
	tls_ctx_close(c->server);
	c->server = NULL;
	return 0;
}

/*
 * Whom we believe when we dial, and what we show when we are asked.  Who proves
 * our key is who it is, whatever certificate it shows: the proof is bound to that.
 */
static int
load_client(struct credentials *c, const struct settings *s, struct tls_sessions *sessions, struct err *e)
{
	struct tls_settings client = { .ca = s->tls_ca, .pin = s->tls_pin, .insecure = s->insecure || c->own.key.n,
	    .sessions = sessions, .cert = c->visits ? s->tls_cert : NULL, .key = c->visits ? s->tls_key : NULL };
	struct proxy_settings proxy = { s->proxy, s->proxy_file, s->no_proxy };
	bool tls, far;

	look_at_urls(s, &tls, &far);
	/* who dials nobody does not care what the environment has */
	if ((far || s->proxy || s->proxy_file) && proxy_find(&c->proxy, &proxy, e) == -1)
		return -1;
	if (!tls)
		return 0;
	if (!client.ca && !client.pin && !client.insecure)
		return err_set(e, "the hub's certificate must be checked: give "
		    "--tls-ca, --psk-file, --set tls.pin=sha256:..., or --insecure for a demonstration");
	return (c->client = tls_ctx_open(&client, e)) == NULL ? -1 : 0;
}

int
credentials_open(struct credentials *c, const struct settings *s, struct tls_sessions *sessions,
    struct roster *roster, struct err *e)
{
	*c = (struct credentials){ .auth = NULL };
	if (load_own(c, s, e) == 0 && load_lists(c, s, roster, e) == 0 && load_server(c, s, sessions, e) == 0 &&
	    load_client(c, s, sessions, e) == 0)
		return 0;
	credentials_close(c);
	return err_exit(e, e->status ? e->status : 78);
}

void
credentials_close(struct credentials *c)
{
	auth_close(c->auth);
	tls_ctx_close(c->server);
	blocked_close(c->blocked);
	tls_ctx_close(c->client);
	tls_wipe(c, sizeof *c);
}
