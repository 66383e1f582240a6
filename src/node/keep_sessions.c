/* keep_sessions.c - see keep_sessions.h; what is in the file, and by which key, is in net/tls_store.c. */
#include "base/log.h"
#include "net/tls.h"
#include "node/node.h"

enum { WRITE_MS = 10000, NO_FILE = 66 };

/* The key of the file, from what we prove with who we are. */
static bool
key_of(const struct node *n, uint8_t key[TLS_STORE_KEY])
{
	const struct credentials *c = &n->credentials;

	return tls_store_key(c->server ? c->server : c->client,
	    c->token[0] ? str(c->token) : key_view(&c->own.key), key);
}

static void
write_new(struct node *n)
{
	struct keep_sessions *k = &n->tls_sessions;
	struct err e = { .text = "there is neither a private key nor a token to encrypt them by" };
	const char *path = n->set->tls_session_file;
	uint8_t key[TLS_STORE_KEY];

	if (!path || k->written == tls_sessions_news(k->all))
		return;
	k->written = tls_sessions_news(k->all);
	if (!key_of(n, key) || tls_sessions_write(k->all, path, key, &e) == -1)
		log_event(LOG_LEVEL_WARNING, "tls_sessions_not_kept", "why", e.text, NULL);
	memset(key, 0, sizeof key);
}

static void
on_timer(struct wheel *w, struct timer *t)
{
	struct node *n = list_of(t, struct node, tls_sessions.timer);

	write_new(n);
	timer_set(w, t, n->fabric.now, WRITE_MS);
}

void
keep_sessions_start(struct node *n)
{
	struct keep_sessions *k = &n->tls_sessions;
	struct err e = { .status = 0 };
	uint8_t key[TLS_STORE_KEY];

	if (n->set->tls_session_file && key_of(n, key)
	    && tls_sessions_read(k->all, n->set->tls_session_file, key, &e) == -1 && e.status != NO_FILE)
		log_event(LOG_LEVEL_WARNING, "tls_sessions_ignored", "why", e.text,
		    "next", "who comes back shakes hands in full", NULL);
	memset(key, 0, sizeof key);
	k->written = tls_sessions_news(k->all);
	timer_init(&k->timer, on_timer);
	timer_set(&n->fabric.wheel, &k->timer, n->fabric.now, WRITE_MS);
}

void
keep_sessions_stop(struct node *n)
{
	if (n->tls_sessions.all)
		write_new(n);
}
