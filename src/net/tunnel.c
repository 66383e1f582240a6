/* tunnel.c - see tunnel.h. */
#include <stdio.h>

#include "net/tunnel.h"
#include "wire/httpconnect.h"

enum { EXIT_UNREACHED = 69, REQUEST_MAX = 4096 };

static void
tunnel_failed(struct tunnel *t, struct err *why)
{
	struct err cause = *why;

	err_set(why, "the proxy %.100s:%u %s", t->proxy->host, t->proxy->port, cause.text);
	conn_own(t->conn, NULL, NULL);
	t->done(t->owner, why);
}

static size_t
on_answer(void *owner, struct str in)
{
	struct tunnel *t = owner;
	struct err why = { .status = 0 };
	size_t used = 0;

	switch (httpconnect_answer(in, t->proxy->login[0] != '\0', &used, &why)) {
	case PARSE_MORE:
		return 0;
	case PARSE_BAD:
		tunnel_failed(t, &why);
		return in.n;
	case PARSE_OK:
		break;
	}
	conn_own(t->conn, NULL, NULL);
	t->done(t->owner, NULL);
	return used;
}

static void
on_lost(void *owner, const struct err *lost)
{
	struct err why = { .status = EXIT_UNREACHED };

	err_set(&why, "gives no answer to CONNECT (%.80s): is it an HTTP proxy?", lost->text);
	tunnel_failed(owner, &why);
}

int
tunnel_begin(struct tunnel *t, struct conn *c, const struct proxy *p, const char *to,
    void (*done)(void *, struct err *), void *owner, struct err *e)
{
	static const struct conn_owner asking = { on_answer, NULL, on_lost };
	uint8_t room[REQUEST_MAX];
	struct buf b = { .p = room, .cap = sizeof room, .max = sizeof room };
	int r = httpconnect_request(&b, str(to), str(p->login));

	if (r == 0)
		r = conn_put(c, buf_view(&b));
	memset(room, 0, sizeof room);
	if (r == -1)
		return err_memory(e, "a request to the proxy");
	*t = (struct tunnel){ c, p, done, owner };
	conn_own(c, &asking, t);
	return 0;
}

void
tunnel_to(struct str host, uint16_t port, char to[TUNNEL_TO])
{
	bool v6 = host.n && memchr(host.p, ':', host.n);

	snprintf(to, TUNNEL_TO, v6 ? "[%.*s]:%u" : "%.*s:%u", STR_FMT(host), port);
}
