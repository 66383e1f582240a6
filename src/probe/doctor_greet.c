/* doctor_greet.c - what is said there: the WebSocket upgrade, HELLO and its answer. */
#include <stdio.h>

#include "base/rand.h"
#include "net/sha256.h"
#include "probe/doctor.h"
#include "wire/envelope.h"
#include "wire/meta.h"
#include "wire/wshake.h"

enum { ANSWER_MAX = 64 * 1024 };

/* What came before may have waited for it. */
static void
listen_by(struct doctor *d, size_t (*hear)(struct doctor *, struct str))
{
	d->hear = hear;
	conn_pause(d->conn, false);
}

static void
not_ours(struct doctor *d, struct str in)
{
	struct str line, rest;

	str_split(in, '\n', &line, &rest);
	bus_text(str_trim(line), d->strange, sizeof d->strange);
	d->done = true;
}

/* --- the answer --- */

static void
take(const struct str from, char *to, size_t size)
{
	bus_text(from, to, size);
}

static void
take_answer(struct doctor *d, const struct envelope *e)
{
	struct answer *a = &d->answer;
	struct hello w;
	enum fate fate;
	struct err why = { .status = 0 };

	d->done = true;
	d->hear = NULL;
	a->kind = e->kind;
	if (e->kind == KIND_CHALLENGE && d->proving.key.n) {
		doctor_key_challenged(d, e->payload);
	} else if (e->kind == KIND_ERROR) {
		meta_error_get(e->meta, &a->error, &fate);
		take(e->payload, a->text, sizeof a->text);
	} else if (e->kind == KIND_WELCOME && hello_get(e->payload, &w, &why) == 0) {
		a->role = w.role;
		a->version_min = w.version_min;
		a->version_max = w.version_max;
		take(w.node, a->node, sizeof a->node);
		take(w.cluster, a->cluster, sizeof a->cluster);
		take(w.agent, a->agent, sizeof a->agent);
	} else {
		snprintf(d->strange, sizeof d->strange, "%s", e->kind == KIND_WELCOME ?
		    "a malformed WELCOME" : kind_name(e->kind));
	}
}

static size_t
hear_native(struct doctor *d, struct str in)
{
	struct envelope e;
	const char *why;
	size_t used;

	if (in.n == 0)
		return 0;
	if ((uint8_t)in.p[0] != ENVELOPE_MAGIC) {
		not_ours(d, in);
		return in.n;
	}
	switch (envelope_parse(in, ANSWER_MAX, &e, &used, &why)) {
	case PARSE_MORE:
		return 0;
	case PARSE_BAD:
		not_ours(d, str(why));
		return in.n;
	case PARSE_OK:
		take_answer(d, &e);
		return used;
	}
	return 0;
}

/* --- websocket --- */

static void
on_message(void *owner, bool text, struct str in)
{
	struct doctor *d = owner;

	if (text)
		not_ours(d, in);
	else if (!d->done)
		(void)hear_native(d, in);
}

static void
on_closed(void *owner, unsigned code, struct str reason)
{
	struct doctor *d = owner;

	if (d->answer.kind != KIND_NONE)
		return;
	err_set(&d->why, "the WebSocket was closed with %u: %.*s", code,
	    reason.n > 100 ? 100 : (int)reason.n, reason.n ? reason.p : "");
	d->lost = d->done = true;
}

static size_t
hear_ws(struct doctor *d, struct str in)
{
	return ws_input(d->ws, in);
}

static size_t
hear_http(struct doctor *d, struct str in)
{
	struct http_head head;
	struct str line, rest;
	char text[80];
	const char *why;
	size_t used;

	if (in.n == 0)
		return 0;
	if (!str_starts(in, str_head(STR("HTTP/"), in.n < 5 ? in.n : 5))) {
		not_ours(d, in);
		return in.n;
	}
	switch (http_response_parse(in, &head, &used, &why)) {
	case PARSE_MORE:
		return 0;
	case PARSE_BAD:
		not_ours(d, in);
		return in.n;
	case PARSE_OK:
		break;
	}
	d->done = true;
	d->hear = NULL;
	if (wshake_verify(&head, d->nonce, "fedx.v1", &why) == 0)
		return used;
	str_split(str_skip(in, used), '\n', &line, &rest);
	bus_text(head.status / 100 == 3 ? http_field(&head, "location") : str_trim(line), text,
	    sizeof text);
	snprintf(d->strange, sizeof d->strange, "HTTP status %u%s%s", head.status,
	    text[0] ? ": " : "", text);
	return in.n;
}

/* Nothing of ours came.  Whoever waits for TLS says nothing that we could read. */
static enum finding
no_answer(struct doctor *d, const char *what, bool in_time)
{
	char wrong[SEEN_MAX];
	bool alert = d->strange[0] == '?' || d->strange[0] == '\0' || d->lost ||
	    str_starts(str(d->strange), STR("HTTP status 400"));
	struct err why = d->why;

	if (d->strange[0])
		snprintf(wrong, sizeof wrong, "%s was answered with \"%s\"", what, d->strange);
	else if (in_time)
		snprintf(wrong, sizeof wrong, "no answer to %s: %s", what, why.text);
	else
		snprintf(wrong, sizeof wrong, "no answer to %s within %u ms", what, d->ms);
	if (in_time && !d->url.tls && alert && d->url.scheme != SCHEME_UNIX &&
	    doctor_dial(d, &d->addrs[d->addr]) == 0 && doctor_secure(d, d->anyone) == 0)
		return doctor_fail(d, EXIT_PEER, wrong, d->url.scheme == SCHEME_WS ?
		    "TLS is spoken there: use wss://" : "TLS is spoken there: use fedxs://");
	if (!in_time)
		return doctor_fail(d, EXIT_LATER, wrong, "it connects but says nothing: is the program "
		    "there stopped, or is it another one?");
	if (strncmp(d->strange, "HTTP", 4) == 0)
		return doctor_fail(d, EXIT_PEER, wrong, d->url.scheme == SCHEME_WS ||
		    d->url.scheme == SCHEME_WSS ? "is the path right, and does what is in front of the "
		    "hub pass on WebSocket upgrades?" : "that is a web server: is the port the hub's, "
		    "or does the hub want ws:// there?");
	return doctor_fail(d, EXIT_PEER, wrong, "that is no fedx hub: check host and port");
}

static int
ask_upgrade(struct doctor *d)
{
	struct str path = d->url.path.n ? d->url.path : STR("/");
	struct buf b;
	int r;

	buf_init(&b, 2 * HTTP_HEAD_MAX);
	rand_bytes(d->nonce, sizeof d->nonce);
	r = wshake_request(&b, d->url.host, path, "fedx.v1", d->nonce);
	if (r == 0)
		r = conn_put(d->conn, buf_view(&b));
	buf_free(&b);
	return r;
}

enum finding
doctor_websocket(struct doctor *d)
{
	static const struct ws_owner owner = { on_message, on_closed };
	bool in_time;

	if (d->url.scheme != SCHEME_WS && d->url.scheme != SCHEME_WSS)
		return doctor_saw(d, FOUND_SKIP, "not asked for: ws:// and wss:// have it");
	listen_by(d, hear_http);
	if (!d->lost && ask_upgrade(d) == -1)
		return doctor_fail(d, EXIT_USAGE, "the URL is too long for a WebSocket request",
		    "use a shorter one");
	in_time = d->lost || doctor_wait(d);
	if (!in_time || d->lost || d->strange[0])
		return no_answer(d, "the WebSocket request", in_time);
	if ((d->ws = ws_open(d->conn, false, ANSWER_MAX, &owner, d, &d->why)) == NULL)
		return doctor_fail(d, EXIT_SOFT, d->why.text, "try again");
	return doctor_saw(d, FOUND_OK, "fedx.v1");
}

/* --- hello --- */

static int
say(struct doctor *d, const struct envelope *e)
{
	struct buf b;
	int r;

	buf_init(&b, ANSWER_MAX);
	r = envelope_put(&b, e, STR(""));
	if (r == 0)
		r = d->ws ? ws_send(d->ws, false, buf_view(&b)) : conn_put(d->conn, buf_view(&b));
	buf_free(&b);
	return r;
}

/* HELLO or PROVE, and what comes to it; -1: nothing in time */
static int
ask(struct doctor *d, uint8_t kind, struct str body)
{
	d->answer = (struct answer){ .kind = KIND_NONE };
	d->strange[0] = '\0';
	listen_by(d, d->ws ? hear_ws : hear_native);
	if (say(d, &(struct envelope){ .kind = kind, .hops = 1, .payload = body }) == -1)
		return -1;
	d->late = !doctor_wait(d);
	return d->late ? -1 : 0;
}

/* The hub wants to see a proof; it has given its own. */
static int
prove(struct doctor *d)
{
	uint8_t room[CHALLENGE_MAX];
	struct buf body = { .p = room, .cap = sizeof room, .max = sizeof room };

	if (!d->proving.known) {
		d->answer = (struct answer){ .kind = KIND_ERROR, .error = E_unauthenticated,
		    .text = "the hub cannot prove that it has this key" };
		return 0;
	}
	challenge_put(&body, &(struct challenge){ .proof = { (const char *)d->proving.proof, PROOF } });
	return ask(d, KIND_PROVE, buf_view(&body));
}

int
doctor_greet(struct doctor *d, bool credential)
{
	struct hello h = { .role = ROLE_CLIENT, .version_min = 1, .version_max = 1,
	    .agent = STR("fedx-probe doctor") };
	uint8_t room[HELLO_MAX];
	struct buf body = { .p = room, .cap = sizeof room, .max = sizeof room };

	if (d->lost)
		return -1;
	rand_bytes(&h.instance, sizeof h.instance);
	if (credential) {
		h.cluster = str(d->cluster);
		if (!d->bare) {
			h.role = d->role;
			h.node = str(d->as);
			h.token = str(d->token);
			if (d->proving.key.n)
				doctor_key_hello(d, &h);
		}
	}
	if (hello_put(&body, &h) == -1)
		return -1;
	sha256(buf_view(&body), d->proving.hello);
	if (ask(d, KIND_HELLO, buf_view(&body)) == -1 ||
	    (d->answer.kind == KIND_CHALLENGE && prove(d) == -1))
		return -1;
	return (d->answer.kind == KIND_ERROR ||
	    (d->answer.kind == KIND_WELCOME && d->strange[0] == '\0')) ? 0 : -1;
}

/* Whoever had welcomed us need not wait for us to be silent. */
static void
say_goodbye(struct doctor *d)
{
	static const char soon[4];
	struct envelope e = { .kind = KIND_GOODBYE, .hops = 1, .payload = { soon, sizeof soon } };

	if (d->as && say(d, &e) == 0)
		ev_run(d->loop, EVRUN_NOWAIT);
}

static enum finding
welcomed(struct doctor *d)
{
	const struct answer *a = &d->answer;

	say_goodbye(d);
	if (a->version_min > 1 || a->version_max < 1)
		return doctor_fail(d, EXIT_PEER, "it does not speak version 1 of the protocol",
		    "use a fedx-probe of the hub's version");
	if (a->role != ROLE_HUB && d->url.scheme != SCHEME_UNIX)
		return doctor_fail(d, EXIT_PEER, "who welcomes us is not a hub", "dial a hub");
	return doctor_saw(d, FOUND_OK, "%s %s welcomes us, %s", role_name(a->role), a->node, a->agent);
}

enum finding
doctor_hello(struct doctor *d)
{
	const struct answer *a = &d->answer;
	int status;

	if (doctor_greet(d, true) == -1)
		return no_answer(d, "HELLO", !d->late);
	if (a->kind == KIND_WELCOME)
		return welcomed(d);
	status = error_row(a->error)->exit;
	if (status == EXIT_PEER)
		return doctor_fail(d, status, a->text, "use programs of one version");
	if (status != EXIT_DENIED)
		return doctor_fail(d, EXIT_LATER, a->text, "try again later");
	return doctor_saw(d, FOUND_OK, "a fedx hub answers");
}
