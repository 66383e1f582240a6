/*
 * ws.c - see ws.h.  wslay takes frames apart and puts them together; the
 * messages are ours, so that nothing is allocated per message, a ping flood
 * queues one pong, and every Close is answered as RFC 6455 wants.
 */
#include <stdlib.h>
#include <wslay/wslay.h>

#include "base/rand.h"
#include "net/ws.h"
#include "wire/utf8.h"

enum { CONTROL_MAX = 125, HEAD_MAX = 14 };

/* UTF-8 that arrives in pieces: what the next byte may be. */
struct utf8_at { uint8_t need, low, high; };

struct ws {
	struct conn *conn;
	const struct ws_owner *owner;
	void *arg;
	wslay_frame_context_ptr frames;
	bool server;
	bool busy, freed;	/* in ws_input; freed by a callback of it */
	bool closing;		/* our Close is queued */
	bool ended;		/* closed() was called: nothing more is read */

	struct str in;		/* not yet taken by wslay */
	uint64_t frame_at;	/* payload bytes of the frame under way */
	uint8_t opcode;		/* of the message under way; 0: none */
	struct utf8_at utf8;
	struct buf message;	/* the parts of it so far */
	uint8_t control[CONTROL_MAX];
	size_t control_n;
	uint8_t pong[CONTROL_MAX];
	size_t pong_n;
	bool pong_due;

	uint8_t *out;		/* room in conn that a frame is put into */
	size_t made;
};

static ssize_t
give_input(uint8_t *to, size_t n, int flags, void *arg)
{
	struct ws *ws = arg;

	(void)flags;
	if (n > ws->in.n)
		n = ws->in.n;
	if (n == 0)
		return -1;	/* would block */
	memcpy(to, ws->in.p, n);
	ws->in = str_skip(ws->in, n);
	return (ssize_t)n;
}

static ssize_t
take_output(const uint8_t *p, size_t n, int flags, void *arg)
{
	struct ws *ws = arg;

	(void)flags;
	memcpy(ws->out + ws->made, p, n);
	ws->made += n;
	return (ssize_t)n;
}

static int
make_mask(uint8_t *to, size_t n, void *arg)
{
	(void)arg;
	rand_bytes(to, n);
	return 0;
}

static int
put_frame(struct ws *ws, uint8_t opcode, struct str payload)
{
	struct wslay_frame_iocb io = {
		.fin = 1,
		.opcode = opcode,
		.mask = !ws->server,
		.payload_length = payload.n,
		.data = (const uint8_t *)payload.p,
		.data_length = payload.n,
	};

	if (payload.n > SIZE_MAX - HEAD_MAX
	    || !(ws->out = conn_room(ws->conn, payload.n + HEAD_MAX)))
		return -1;
	ws->made = 0;
	if (wslay_frame_send(ws->frames, &io) < 0)
		return -1;
	conn_made(ws->conn, ws->made);
	return 0;
}

struct ws *
ws_open(struct conn *conn, bool server, size_t max_message, const struct ws_owner *owner,
    void *arg, struct err *e)
{
	static const struct wslay_frame_callbacks callbacks = {
		take_output, give_input, make_mask
	};
	struct ws *ws = calloc(1, sizeof *ws);

	if (!ws || wslay_frame_context_init(&ws->frames, &callbacks, ws) != 0) {
		free(ws);
		err_memory(e, "a WebSocket");
		return NULL;
	}
	ws->conn = conn;
	ws->server = server;
	ws->owner = owner;
	ws->arg = arg;
	buf_init(&ws->message, max_message);
	return ws;
}

void
ws_free(struct ws *ws)
{
	if (!ws)
		return;
	ws->freed = true;
	if (ws->busy)
		return;		/* ws_input is up the stack and does the rest */
	buf_free(&ws->message);
	wslay_frame_context_free(ws->frames);
	free(ws);
}

void
ws_set_max(struct ws *ws, size_t max_message)
{
	buf_set_max(&ws->message, max_message);
}

int
ws_send(struct ws *ws, bool text, struct str payload)
{
	return ws->closing ? -1
	    : put_frame(ws, text ? WSLAY_TEXT_FRAME : WSLAY_BINARY_FRAME, payload);
}

int
ws_ping(struct ws *ws)
{
	return ws->closing ? -1 : put_frame(ws, WSLAY_PING, (struct str){ NULL, 0 });
}

void
ws_close(struct ws *ws, unsigned code, struct str reason)
{
	char body[CONTROL_MAX];
	size_t n = 0;

	if (ws->closing)
		return;
	ws->closing = true;
	if (code != WSLAY_CODE_NO_STATUS_RCVD) {
		reason = utf8_head(reason, sizeof body - 2);
		body[0] = (char)(code >> 8);
		body[1] = (char)(code & 0xff);
		if (reason.n)
			memcpy(body + 2, reason.p, reason.n);
		n = 2 + reason.n;
	}
	put_frame(ws, WSLAY_CONNECTION_CLOSE, (struct str){ body, n });
}

static void
end(struct ws *ws, unsigned code, struct str reason)
{
	ws->ended = true;
	buf_free(&ws->message);
	ws->owner->closed(ws->arg, code, reason);
}

static void
fail(struct ws *ws, unsigned code, const char *why)
{
	ws_close(ws, code, str(why));
	end(ws, code, str(why));
}

static bool
utf8_take(struct utf8_at *at, const uint8_t *p, size_t n)
{
	for (; n; p++, n--) {
		if (at->need) {
			if (*p < at->low || *p > at->high)
				return false;
			at->need--;
			at->low = 0x80, at->high = 0xbf;
		} else if (*p >= 0x80) {
			if (*p < 0xc2 || *p > 0xf4)
				return false;
			at->need = *p >= 0xf0 ? 3 : *p >= 0xe0 ? 2 : 1;
			/* no overlong forms, no surrogates, nothing over U+10FFFF */
			at->low = *p == 0xe0 ? 0xa0 : *p == 0xf0 ? 0x90 : 0x80;
			at->high = *p == 0xed ? 0x9f : *p == 0xf4 ? 0x8f : 0xbf;
		}
	}
	return true;
}

static bool
close_code_valid(unsigned code)
{
	return (code >= 1000 && code <= 1003) || (code >= 1007 && code <= 1014)
	    || (code >= 3000 && code <= 4999);
}

static void
take_close(struct ws *ws)
{
	struct utf8_at utf8 = { 0, 0, 0 };
	unsigned code = WSLAY_CODE_NO_STATUS_RCVD;
	struct str reason = { NULL, 0 };

	if (ws->control_n == 1) {
		fail(ws, WSLAY_CODE_PROTOCOL_ERROR, "a close code has two octets");
		return;
	}
	if (ws->control_n) {
		code = (unsigned)ws->control[0] << 8 | ws->control[1];
		reason = (struct str){ (const char *)ws->control + 2, ws->control_n - 2 };
		if (!close_code_valid(code)) {
			fail(ws, WSLAY_CODE_PROTOCOL_ERROR, "no such close code");
			return;
		}
		if (!utf8_take(&utf8, ws->control + 2, reason.n) || utf8.need) {
			fail(ws, WSLAY_CODE_INVALID_FRAME_PAYLOAD_DATA, "the reason is not UTF-8");
			return;
		}
	}
	ws_close(ws, code, (struct str){ NULL, 0 });
	end(ws, code, reason);
}

static void
control_done(struct ws *ws, uint8_t opcode)
{
	if (opcode == WSLAY_CONNECTION_CLOSE) {
		take_close(ws);
	} else if (opcode == WSLAY_PING) {
		memcpy(ws->pong, ws->control, ws->control_n);
		ws->pong_n = ws->control_n;
		ws->pong_due = true;
	}
}

static void
message_done(struct ws *ws, struct str payload)
{
	bool text = ws->opcode == WSLAY_TEXT_FRAME;

	ws->opcode = 0;
	if (!ws->closing)	/* after our Close only the peer's is of interest */
		ws->owner->message(ws->arg, text, payload);
	if (!ws->freed)
		buf_eat(&ws->message, buf_len(&ws->message));
}

/* Is this head allowed here?  -1: it was not, and the end is told. */
static int
frame_begins(struct ws *ws, const struct wslay_frame_iocb *io)
{
	const char *why = NULL;

	if (io->rsv)
		why = "a reserved bit is set";
	else if ((io->mask != 0) != ws->server)
		why = ws->server ? "frames of a client are masked"
		    : "frames of a server are not masked";
	else if (wslay_is_ctrl_frame(io->opcode) ? io->opcode > WSLAY_PONG
	    : io->opcode > WSLAY_BINARY_FRAME)
		why = "no such opcode";
	else if (io->opcode == WSLAY_CONTINUATION_FRAME && !ws->opcode)
		why = "a continuation of nothing";
	else if (!wslay_is_ctrl_frame(io->opcode) && io->opcode && ws->opcode)
		why = "a new message inside another";
	if (why) {
		fail(ws, WSLAY_CODE_PROTOCOL_ERROR, why);
		return -1;
	}
	if (wslay_is_ctrl_frame(io->opcode)) {
		ws->control_n = 0;
		return 0;
	}
	if (io->payload_length > ws->message.max - buf_len(&ws->message)) {
		fail(ws, WSLAY_CODE_MESSAGE_TOO_BIG, "the message is over the size limit");
		return -1;
	}
	if (io->opcode) {
		ws->opcode = io->opcode;
		ws->utf8 = (struct utf8_at){ 0, 0, 0 };
	}
	return 0;
}

static void
take_data(struct ws *ws, const struct wslay_frame_iocb *io, bool last)
{
	struct str part = { (const char *)io->data, io->data_length };

	if (ws->opcode == WSLAY_TEXT_FRAME && (!utf8_take(&ws->utf8, io->data, io->data_length)
	    || (last && io->fin && ws->utf8.need))) {
		fail(ws, WSLAY_CODE_INVALID_FRAME_PAYLOAD_DATA, "text that is not UTF-8");
	} else if (last && io->fin && !buf_len(&ws->message)) {
		message_done(ws, part);		/* whole in wslay's window: no copy */
	} else if (buf_str(&ws->message, part) == -1) {
		fail(ws, WSLAY_CODE_INTERNAL_SERVER_ERROR, "no memory");
	} else if (last && io->fin) {
		message_done(ws, buf_view(&ws->message));
	}
}

static void
take_frame(struct ws *ws, const struct wslay_frame_iocb *io)
{
	bool last;

	if (ws->frame_at == 0 && frame_begins(ws, io) == -1)
		return;
	ws->frame_at += io->data_length;
	last = ws->frame_at == io->payload_length;
	if (last)
		ws->frame_at = 0;
	if (!wslay_is_ctrl_frame(io->opcode)) {
		take_data(ws, io, last);
		return;
	}
	memcpy(ws->control + ws->control_n, io->data, io->data_length);	/* wslay: 125 at most */
	ws->control_n += io->data_length;
	if (last)
		control_done(ws, io->opcode);
}

size_t
ws_input(struct ws *ws, struct str in)
{
	ws->in = in;
	ws->busy = true;
	while (!ws->ended && !ws->freed) {
		struct wslay_frame_iocb io = { 0 };
		ssize_t n = wslay_frame_recv(ws->frames, &io);

		if (n >= 0)
			take_frame(ws, &io);
		else if (n == WSLAY_ERR_WANT_READ && ws->in.n == 0)
			break;
		else if (n != WSLAY_ERR_WANT_READ)
			fail(ws, WSLAY_CODE_PROTOCOL_ERROR, "a frame breaks the rules");
	}
	if (!ws->freed && !ws->closing && ws->pong_due
	    && put_frame(ws, WSLAY_PONG, (struct str){ (char *)ws->pong, ws->pong_n }) == 0)
		ws->pong_due = false;	/* else with the next input: conn is full */
	ws->busy = false;
	if (ws->freed)
		ws_free(ws);
	else
		buf_rest(&ws->message);
	return in.n;
}
