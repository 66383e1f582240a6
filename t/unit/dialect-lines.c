/* dialect-lines.c - what a JSON line does as an envelope, and what an envelope reads like as a line. */
#include <stdio.h>
#include <stdlib.h>

#include "dialect/dialect.h"
#include "dialect/lines_wire.h"
#include "tap.h"
#include "wire/announce.h"
#include "wire/hello.h"
#include "wire/meta.h"

/* A session and a record of all that it did, as text. */
struct bench {
	struct out out;
	void *mem;
	struct buf did;
	bool up_full, down_full, refuses, closed;
	unsigned code;
	int ups;
};

static void
note(struct buf *b, const char *what, struct str value)
{
	if (value.n && buf_fmt(b, " %s=%.*s", what, STR_FMT(value)) == -1)
		abort();
}

static void
note_announcement(struct buf *b, struct str body)
{
	struct announcement a;
	struct err e;

	if (announcement_get(body, &a, &e) == -1) {
		buf_fmt(b, " bad announcement: %s", e.text);
		return;
	}
	buf_fmt(b, " %s=%.*s", family_name(a.family), STR_FMT(a.name));
	note(b, "version", a.version);
	note(b, "methods", a.methods);
	note(b, "tags", a.tags);
	buf_fmt(b, " weight=%u max=%u", a.weight, a.max_concurrency);
}

static void
note_envelope(struct buf *b, const struct envelope *e)
{
	static const struct { uint16_t flag; const char *name; } flags[] = {
		{ FLAG_ONWARD, "onward" }, { FLAG_MORE, "more" }, { FLAG_LAST, "last" },
		{ FLAG_ERROR, "error" }, { FLAG_IDEMPOTENT, "idempotent" }
	};
	struct hello h;
	struct err why;
	unsigned error;
	enum fate fate;

	buf_fmt(b, "%s%s %llu", buf_len(b) ? " | " : "", kind_name(e->kind),
	    (unsigned long long)(e->kind == KIND_REPLY ? e->id : e->id & LINES_ID_MAX));
	for (size_t i = 0; i < sizeof flags / sizeof *flags; i++)
		if (e->flags & flags[i].flag)
			buf_fmt(b, " +%s", flags[i].name);
	if (e->kind == KIND_ATTACH || e->kind == KIND_DETACH) {
		note_announcement(b, e->payload);
		return;
	}
	if (e->kind == KIND_HELLO) {
		if (hello_get(e->payload, &h, &why) == -1)
			buf_fmt(b, " bad hello: %s", why.text);
		buf_fmt(b, " role=%s", role_name(h.role));
		note(b, "token", h.token);
		note(b, "cluster", h.cluster);
		return;
	}
	note(b, "to", e->to);
	note(b, "subject", e->subject);
	if (e->deadline_ms)
		buf_fmt(b, " ms=%u", e->deadline_ms);
	note(b, "version", meta_find(e->meta, META_version));
	note(b, "key", meta_find(e->meta, META_key));
	note(b, "content", meta_find(e->meta, META_content));
	note(b, "traceparent", meta_find(e->meta, META_traceparent));
	if (meta_error_get(e->meta, &error, &fate) == 0)
		buf_fmt(b, " error=%s/%s", error_row(error)->name, fate_name(fate));
	if (e->payload.n > 200)
		buf_fmt(b, " %s[%zu]", type_name(e->type), e->payload.n);
	else
		note(b, type_name(e->type), e->payload);
}

static int
up(struct out *o, const struct envelope *e)
{
	struct bench *b = (struct bench *)(void *)o;

	b->ups++;
	if (b->refuses) {	/* as a link does: it says why, and takes nothing any more */
		uint8_t tlv[TLV_HEAD + 3];

		meta_error(tlv, E_unauthenticated, FATE_NOT_DELIVERED);
		dialect_lines.on(b->mem, &(struct event){ .kind = ON_ENVELOPE, .env = &(struct envelope){
		    .kind = KIND_ERROR, .flags = FLAG_ERROR, .meta = { (const char *)tlv, sizeof tlv },
		    .payload = STR("say HELLO first") } }, &b->out);
		return -1;
	}
	if (b->up_full && !(e->flags & FLAG_ERROR) && e->kind != KIND_CANCEL)
		return -1;
	note_envelope(&b->did, e);
	return 0;
}

static int
down(struct out *o, struct str bytes)
{
	struct bench *b = (struct bench *)(void *)o;

	if (b->down_full)
		return -1;
	buf_fmt(&b->did, "%s<", buf_len(&b->did) ? " | " : "");
	buf_str(&b->did, bytes);
	if (memchr(bytes.p, '\n', bytes.n))
		buf_fmt(&b->did, " IS NOT ONE LINE");
	return 0;
}

static void
timer(struct out *o, uint32_t ms)
{
	(void)o, (void)ms;
}

static void
close_(struct out *o, unsigned code, const char *text)
{
	struct bench *b = (struct bench *)(void *)o;

	b->closed = true;
	b->code = code;
	buf_fmt(&b->did, "%sclose %s: %s", buf_len(&b->did) ? " | " : "", error_row(code)->name, text);
}

static void
bench_open(struct bench *b)
{
	*b = (struct bench){ .out = { up, down, timer, close_ } };
	b->mem = calloc(1, dialect_lines.memory);
	buf_init(&b->did, 16 << 20);
	if (!b->mem || dialect_lines.on(b->mem, &(struct event){ .kind = ON_OPEN }, &b->out) == -1)
		abort();
}

static void
bench_close(struct bench *b)
{
	dialect_lines.free(b->mem);
	free(b->mem);
	buf_free(&b->did);
}

static struct str
said(struct bench *b, struct str line)	/* what it did; valid until the next */
{
	buf_eat(&b->did, buf_len(&b->did));
	dialect_lines.on(b->mem, &(struct event){ .kind = ON_MESSAGE, .bytes = line }, &b->out);
	return buf_view(&b->did);
}

static struct str
told(struct bench *b, const struct envelope *e)
{
	buf_eat(&b->did, buf_len(&b->did));
	dialect_lines.on(b->mem, &(struct event){ .kind = ON_ENVELOPE, .env = e }, &b->out);
	return buf_view(&b->did);
}

#define ERR(type, id, name, code, text, fate, retry) "<{\"type\":\"" type "\"" id ",\"error\":{\"name\":\"" \
	name "\",\"code\":" #code ",\"text\":\"" text "\",\"fate\":\"" fate "\",\"retry\":" retry "}}"
#define BAD(id, text) ERR("error", id, "malformed", 16, text, "not_delivered", "false")
#define NO_REQUEST(id, text) ERR("reply", id, "malformed", 16, text, "not_delivered", "false")

/* Each on a new session. */
static const struct { const char *line, *want; } lines[] = {
	/* attach, detach */
	{ "{\"type\":\"attach\",\"id\":1,\"service\":\"wc\",\"version\":\"1.0\",\"methods\":[\"count\",\"sum\"],"
	  "\"tags\":[],\"weight\":50,\"max_concurrency\":4}",
	  "ATTACH 1 service=wc version=1.0 methods=count sum weight=50 max=4" },
	{ "{\"type\":\"attach\",\"endpoint\":\"bob@site-b\"}", "ATTACH 0 endpoint=bob@site-b weight=100 max=0" },
	{ "{\"type\":\"attach\",\"path\":\"/site-a/lights/**\"}", "ATTACH 0 path=/site-a/lights/** weight=100 max=0" },
	{ "{\"type\":\"attach\",\"path\":\"/a\",\"service\":\"wc\"}",
	  BAD("", "attach needs one of \\\"service\\\", \\\"endpoint\\\" and \\\"path\\\"") },
	{ "{\"type\":\"attach\",\"path\":\"/a/\"}", BAD("", "'/a/' is no path name; want /segment/segment, with * and **") },
	{ "{\"type\":\"attach\",\"endpoint\":\"/a@b\"}", BAD("", "'/a@b' is no endpoint name; want local@domain, *@domain or *.domain") },
	{ "{\"type\":\"detach\",\"id\":2,\"service\":\"wc\",\"version\":\"1.0\"}",
	  "DETACH 2 service=wc version=1.0 weight=100 max=0" },
	{ "{\"type\":\"attach\",\"id\":3}", BAD(",\"id\":3", "attach needs one of \\\"service\\\", \\\"endpoint\\\" and \\\"path\\\"") },
	{ "{\"type\":\"attach\",\"service\":\"a\",\"endpoint\":\"b@c\"}",
	  BAD("", "attach needs one of \\\"service\\\", \\\"endpoint\\\" and \\\"path\\\"") },
	{ "{\"type\":\"attach\",\"service\":\"wc\",\"methods\":[\"two words\"]}",
	  BAD("", "member \\\"methods\\\" must be an array of words: strings without blanks, 4096 bytes in all") },
	{ "{\"type\":\"attach\",\"service\":\"wc\",\"weight\":70000}",
	  BAD("", "member \\\"weight\\\" must be an integer from 1 to 65535") },
	/* publish, subscribe */
	{ "{\"type\":\"publish\",\"path\":\"/a/b\",\"json\":[1]}", "PUBLISH 0 subject=/a/b json=[1]" },
	{ "{\"type\":\"publish\",\"id\":5,\"path\":\"/a\",\"payload\":\"x\",\"content\":\"text/html\",\"traceparent\":\"00-1\"}",
	  "PUBLISH 5 subject=/a content=text/html traceparent=00-1 text=x" },
	{ "{\"type\":\"publish\",\"id\":5,\"payload\":\"x\"}",
	  BAD(",\"id\":5", "member \\\"path\\\" is missing: a publish wants one like /a/b") },
	{ "{\"type\":\"publish\",\"path\":\"/a\",\"more\":true}", BAD("", "an event is one message: it has no \\\"more\\\"") },
	{ "{\"type\":\"subscribe\",\"id\":5,\"pattern\":\"/a/**\"}", "SUBSCRIBE 5 subject=/a/**" },
	{ "{\"type\":\"subscribe\",\"pattern\":\"/a/**\"}", BAD("", "member \\\"id\\\" is missing: subscribe wants the "
	  "number of a subscription, which you choose") },
	{ "{\"type\":\"subscribe\",\"id\":5}", BAD(",\"id\":5", "member \\\"pattern\\\" is missing: a subscribe wants one like /a/*") },
	{ "{\"type\":\"unsubscribe\",\"id\":5}", "UNSUBSCRIBE 5" },
	/* request */
	{ "{\"type\":\"request\",\"id\":7,\"service\":\"wc\",\"method\":\"count\",\"payload\":\"a b\"}",
	  "REQUEST 7 subject=wc/count text=a b" },
	{ "  {\"type\":\"request\",\"id\":7,\"service\":\"wc\",\"method\":\"count\",\"payload\":\"a\\n\\u00e4\",\"id\":7}\r",
	  BAD("", "not JSON: a name twice in one object at byte 81") },
	{ "{\"type\":\"request\",\"id\":7,\"service\":\"w\\u0063\",\"method\":\"a/b\",\"payload\":\"\\u00e4\\ud83d\\ude00\"}\r",
	  "REQUEST 7 subject=wc/a/b text=\xc3\xa4\xf0\x9f\x98\x80" },
	{ "{\"type\":\"request\",\"id\":8,\"endpoint\":\"lamp@hub\",\"method\":\"on\",\"json\":{\"a\":[1,null]}}",
	  "REQUEST 8 to=lamp@hub subject=on json={\"a\":[1,null]}" },
	{ "{\"type\":\"request\",\"id\":8,\"path\":\"/a/b\",\"method\":\"on\",\"payload\":\"x\"}",
	  "REQUEST 8 to=/a/b subject=on text=x" },
	{ "{\"type\":\"request\",\"id\":8,\"node\":\"site-b\",\"method\":\"fedx/ping\",\"json\":null}",
	  "REQUEST 8 to=site-b subject=fedx/ping json=null" },
	{ "{\"type\":\"request\",\"id\":9,\"service\":\"wc\",\"method\":\"m\",\"base64\":\"aGk=\",\"payload_type\":\"msgpack\"}",
	  "REQUEST 9 subject=wc/m msgpack=hi" },
	{ "{\"type\":\"request\",\"id\":9,\"service\":\"wc\",\"method\":\"m\",\"timeout_ms\":5000,\"key\":\"k\","
	  "\"version\":\">=1\",\"content\":\"text/html\",\"traceparent\":\"00-1\",\"idempotent\":true,\"tags\":null}",
	  "REQUEST 9 +idempotent subject=wc/m ms=5000 version=>=1 key=k content=text/html traceparent=00-1" },
	{ "{\"type\":\"request\",\"service\":\"log\",\"method\":\"put\",\"payload\":\"x\"}", "REQUEST 0 subject=log/put text=x" },
	{ "{\"type\":\"request\",\"id\":9,\"service\":\"wc\",\"method\":\"m\",\"more\":true}", "REQUEST 9 +more subject=wc/m" },
	{ "{\"type\":\"request\",\"service\":\"wc\",\"method\":\"m\",\"more\":true}",
	  BAD("", "a request with \\\"more\\\" needs an \\\"id\\\" for its parts") },
	{ "{\"type\":\"request\",\"id\":7,\"service\":\"wc\",\"method\":5}",
	  NO_REQUEST(",\"id\":7", "member \\\"method\\\" must be a string of 1 to 255 bytes without control characters") },
	{ "{\"type\":\"request\",\"id\":7,\"service\":\"wc\"}",
	  NO_REQUEST(",\"id\":7", "member \\\"method\\\" must be a string: a request needs one") },
	{ "{\"type\":\"request\",\"id\":7,\"service\":\"w/c\",\"method\":\"m\"}",
	  NO_REQUEST(",\"id\":7", "member \\\"service\\\" must not hold a \\\"/\\\": the method is a member of its own") },
	{ "{\"type\":\"request\",\"id\":7,\"method\":\"m\"}",
	  NO_REQUEST(",\"id\":7", "a request needs one of \\\"service\\\", \\\"endpoint\\\", \\\"path\\\" and \\\"node\\\"") },
	{ "{\"type\":\"request\",\"id\":0,\"service\":\"wc\",\"method\":\"m\"}",
	  BAD("", "member \\\"id\\\" must be an integer from 1 to 9007199254740991") },
	{ "{\"type\":\"request\",\"id\":9007199254740992,\"service\":\"wc\",\"method\":\"m\"}",
	  BAD("", "member \\\"id\\\" must be an integer from 1 to 9007199254740991") },
	{ "{\"type\":\"request\",\"id\":\"7\",\"service\":\"wc\",\"method\":\"m\"}",
	  BAD("", "member \\\"id\\\" must be an integer from 1 to 9007199254740991") },
	{ "{\"type\":\"request\",\"id\":7,\"service\":\"w\\nc\",\"method\":\"m\"}",
	  NO_REQUEST(",\"id\":7", "member \\\"service\\\" must be a string of 1 to 255 bytes without control characters") },
	{ "{\"type\":\"request\",\"id\":7,\"service\":\"wc\",\"methdo\":\"m\"}",
	  NO_REQUEST(",\"id\":7", "unknown member \\\"methdo\\\" in request; did you mean \\\"method\\\"?") },
	{ "{\"type\":\"request\",\"id\":7,\"service\":\"wc\",\"method\":\"m\",\"payload\":{}}",
	  NO_REQUEST(",\"id\":7", "member \\\"payload\\\" must be a string; a JSON value goes into \\\"json\\\"") },
	{ "{\"type\":\"request\",\"id\":7,\"service\":\"wc\",\"method\":\"m\",\"payload\":\"\",\"json\":1}",
	  NO_REQUEST(",\"id\":7", "want one of \\\"payload\\\", \\\"json\\\" and \\\"base64\\\", not two") },
	{ "{\"type\":\"request\",\"id\":7,\"service\":\"wc\",\"method\":\"m\",\"base64\":\"a\"}",
	  NO_REQUEST(",\"id\":7", "member \\\"base64\\\" must be a string of base64 with padding and no blanks") },
	{ "{\"type\":\"request\",\"id\":7,\"service\":\"wc\",\"method\":\"m\",\"timeout_ms\":0}",
	  NO_REQUEST(",\"id\":7", "member \\\"timeout_ms\\\" must be an integer from 1 to 600000") },
	{ "{\"type\":\"request\",\"id\":7,\"service\":\"wc\",\"method\":\"m\",\"more\":1}",
	  NO_REQUEST(",\"id\":7", "member \\\"more\\\" must be true or false") },
	/* parts, cancel */
	{ "{\"type\":\"part\",\"id\":7,\"payload\":\"x\",\"more\":true}", "PART 7 +onward +more text=x" },
	{ "{\"type\":\"part\",\"id\":7}", "PART 7 +onward" },
	{ "{\"type\":\"part\"}", BAD("", "member \\\"id\\\" is missing: a part needs the id of its request") },
	{ "{\"type\":\"cancel\",\"id\":7}", "CANCEL 7 +onward" },
	/* replies to nothing */
	{ "{\"type\":\"reply\",\"id\":1,\"payload\":\"x\"}",
	  ERR("error", ",\"id\":1", "not_found", 2, "no request with this id was sent to you", "not_delivered", "false") },
	{ "{\"type\":\"reply\",\"id\":1,\"error\":{\"name\":\"bussy\"}}",
	  BAD(",\"id\":1", "unknown error name \\\"bussy\\\"; did you mean \\\"busy\\\"") },
	{ "{\"type\":\"reply\",\"id\":1,\"error\":5}",
	  BAD(",\"id\":1", "member \\\"error\\\" must be a sentence, or an object with \\\"name\\\" and \\\"text\\\"") },
	{ "{\"type\":\"reply\",\"id\":1,\"error\":{\"fate\":\"none\"}}",
	  BAD(",\"id\":1", "member \\\"fate\\\" of \\\"error\\\" must be \\\"not_delivered\\\" or \\\"may_have_run\\\"") },
	/* the rest */
	{ "{\"type\":\"watch\",\"id\":5}", "REQUEST 1 subject=fedx/watch" },
	{ "{\"type\":\"unwatch\"}", ERR("error", "", "not_found", 2, "you are not watching", "not_delivered", "false") },
	{ "{\"type\":\"ping\"}", "PING 0" },
	{ "{\"type\":\"hello\",\"token\":\"s3cret\",\"cluster\":\"c\"}", "HELLO 0 role=client token=s3cret cluster=c" },
	{ "{\"type\":\"hello\",\"token\":[\"s3cret\"]}",
	  BAD("", "member \\\"token\\\" must be a string of 1 to 512 bytes without control characters") },
	{ "", "" }, { "  \r", "" },
	/* not a message at all */
	{ "hello", BAD("", "not JSON: want a value at byte 0") },
	{ "[]", BAD("", "want an object like {\\\"type\\\":\\\"ping\\\"} on each line") },
	{ "{}", BAD("", "member \\\"type\\\" is missing: want an object like {\\\"type\\\":\\\"ping\\\"}") },
	{ "{\"type\":1,\"id\":4}", BAD(",\"id\":4", "member \\\"type\\\" must be a plain string") },
	{ "{\"type\":\"atach\",\"id\":4}", ERR("error", ",\"id\":4", "unsupported", 17,
	  "unknown type \\\"atach\\\"; did you mean \\\"attach\\\"?", "not_delivered", "false") },
	{ "{\"type\":\"REGISTER\"}", ERR("error", "", "unsupported", 17, "unknown type \\\"REGISTER\\\": want attach, "
	  "detach, request, part, reply, cancel, watch, unwatch, publish, subscribe, unsubscribe, hello or ping", "not_delivered", "false") },
	{ "{\"type\":\"welcome\"}", ERR("error", "", "unsupported", 17,
	  "\\\"welcome\\\" is said by the node only", "not_delivered", "false") },
};

static void
test_lines(void)
{
	struct bench b;

	for (size_t i = 0; i < sizeof lines / sizeof *lines; i++) {
		bench_open(&b);
		is_str(said(&b, str(lines[i].line)), lines[i].want, lines[i].line);
		ok(!b.closed, "and the session goes on");
		bench_close(&b);
	}
}

static struct str
meta_text(struct buf *b, enum meta type, const char *text)
{
	tlv_put(b, (uint16_t)type, str(text));
	return buf_view(b);
}

static void
test_serving(void)
{
	struct bench b;
	struct envelope e = { .kind = KIND_REQUEST, .type = TYPE_TEXT, .id = 0xfeedfacecafe0001u,
	    .from = STR("bob@b"), .origin = STR("site-b"), .subject = STR("wc/count"),
	    .deadline_ms = 900, .payload = STR("a \"b\"\n") };

	bench_open(&b);
	is_str(told(&b, &e), "<{\"type\":\"request\",\"id\":1,\"service\":\"wc\",\"method\":\"count\","
	    "\"from\":\"bob@b\",\"origin\":\"site-b\",\"timeout_ms\":900,\"payload\":\"a \\\"b\\\"\\n\"}",
	    "a request gets a small number");
	is_str(said(&b, STR("{\"type\":\"reply\",\"id\":1,\"payload\":\"3\"}")),
	    "REPLY 18369614221189971969 +last text=3", "a reply finds its way back, under the node's id");
	is_str(said(&b, STR("{\"type\":\"reply\",\"id\":1,\"payload\":\"3\"}")), "", "a second reply is late, not wrong");

	e.id = 2;
	told(&b, &e);
	is_str(said(&b, STR("{\"type\":\"reply\",\"id\":2,\"more\":true,\"json\":[1]}")), "REPLY 2 +more json=[1]",
	    "an answer in parts starts with REPLY");
	is_str(said(&b, STR("{\"type\":\"reply\",\"id\":2,\"more\":true,\"payload\":\"x\"}")), "PART 2 +more text=x", "goes on as PART");
	is_str(said(&b, STR("{\"type\":\"reply\",\"id\":2}")), "PART 2 +last", "and ends");
	is_str(said(&b, STR("{\"type\":\"reply\",\"id\":2}")), "", "once");

	e.id = 3;
	told(&b, &e);
	is_str(said(&b, STR("{\"type\":\"reply\",\"id\":3,\"error\":\"no such file\"}")),
	    "REPLY 3 +last +error error=service_failed/may_have_run text=no such file", "an error may be a sentence");
	e.id = 4;
	told(&b, &e);
	is_str(said(&b, STR("{\"type\":\"reply\",\"id\":4,\"error\":{\"name\":\"busy\",\"fate\":\"not_delivered\",\"text\":\"later\"}}")),
	    "REPLY 4 +last +error error=busy/not_delivered text=later", "or an object");

	e.id = 5;
	told(&b, &e);
	is_str(told(&b, &(struct envelope){ .kind = KIND_CANCEL, .flags = FLAG_ONWARD, .id = 5 }),
	    "<{\"type\":\"cancel\",\"id\":5}", "a cancel names the request");
	is_str(said(&b, STR("{\"type\":\"reply\",\"id\":5}")), "", "a reply to a cancelled request is ignored");
	is_str(told(&b, &(struct envelope){ .kind = KIND_CANCEL, .flags = FLAG_ONWARD, .id = 5 }), "", "once");

	e.id = 0;
	is_str(str_head(told(&b, &e), 29), "<{\"type\":\"request\",\"id\":6,\"se", "a message that wants no answer has a number too");
	is_str(said(&b, STR("{\"type\":\"reply\",\"id\":6}")), "", "an answer to it goes nowhere");

	e = (struct envelope){ .kind = KIND_REQUEST, .type = TYPE_JSON, .id = 7, .to = STR("lamp@hub"),
	    .subject = STR("on"), .flags = FLAG_IDEMPOTENT, .payload = STR("{\n \"a\":\r\n1}") };
	is_str(told(&b, &e), "<{\"type\":\"request\",\"id\":7,\"endpoint\":\"lamp@hub\",\"method\":\"on\",\"idempotent\":true,"
	    "\"json\":{  \"a\":  1}}", "JSON is spliced in, on one line");
	e.to = STR("/oslo/l@mp");
	is_str(str_head(told(&b, &e), 59), "<{\"type\":\"request\",\"id\":8,\"method\":\"on\",\"path\":\"/oslo/l@mp\"", "to a path");
	e.to = STR("lamp@hub");
	e.payload = STR("{broken");
	e.id = 8;
	is_str(told(&b, &e), "<{\"type\":\"request\",\"id\":9,\"endpoint\":\"lamp@hub\",\"method\":\"on\",\"idempotent\":true,"
	    "\"payload\":\"{broken\"}", "what is no JSON is text");
	e = (struct envelope){ .kind = KIND_REQUEST, .type = TYPE_TEXT, .id = 9, .to = STR("n"),
	    .subject = STR("m"), .payload = STR("\xff\xfe") };
	is_str(told(&b, &e), "<{\"type\":\"request\",\"id\":10,\"node\":\"n\",\"method\":\"m\",\"base64\":\"//4=\"}",
	    "what is no text is base64");
	e = (struct envelope){ .kind = KIND_DIAL, .id = 10 };
	is_str(told(&b, &e), "REPLY 10 +last +error error=unsupported/not_delivered text=a client of JSON lines has requests only",
	    "a kind that lines do not have is refused");
	e.id = 0;
	is_str(told(&b, &e), "", "or left out where nobody waits");
	bench_close(&b);
}

/* Two bodies at once, in both directions, cut within characters. */
static void
test_parts(void)
{
	struct bench b;
	struct envelope in = { .kind = KIND_REQUEST, .type = TYPE_TEXT, .flags = FLAG_MORE, .id = 50,
	    .subject = STR("s/m"), .payload = STR("a\xc3") };
	struct envelope part = { .kind = KIND_PART, .type = TYPE_TEXT, .id = 50,
	    .flags = FLAG_ONWARD | FLAG_MORE, .payload = STR("\xa4""b\xe2\x82") };
	struct envelope answer = { .kind = KIND_REPLY, .type = TYPE_TEXT, .flags = FLAG_MORE, .id = 50,
	    .payload = STR("\xf0") };

	bench_open(&b);
	is_str(told(&b, &in), "<{\"type\":\"request\",\"id\":1,\"service\":\"s\",\"method\":\"m\",\"payload\":\"a\",\"more\":true}",
	    "half a character waits");
	is_str(told(&b, &answer), "<{\"type\":\"reply\",\"id\":50,\"payload\":\"\",\"more\":true}", "in each direction");
	is_str(told(&b, &part), "<{\"type\":\"part\",\"id\":1,\"payload\":\"\xc3\xa4\",\"more\":true} | "
	    "<{\"type\":\"part\",\"id\":1,\"payload\":\"b\",\"more\":true}", "its other half makes it whole");
	answer.kind = KIND_PART;
	answer.payload = STR("\x9f");
	is_str(told(&b, &answer), "", "a part within a character");
	part.payload = STR("\xac");
	part.flags = FLAG_ONWARD;
	is_str(told(&b, &part), "<{\"type\":\"part\",\"id\":1,\"payload\":\"\xe2\x82\xac\"}", "whole at the end");
	answer.payload = STR("\x98""x");
	answer.flags = 0;
	is_str(told(&b, &answer), "<{\"type\":\"reply\",\"id\":50,\"base64\":\"8J+Y\",\"more\":true} | "
	    "<{\"type\":\"reply\",\"id\":50,\"payload\":\"x\"}", "what never becomes a character is base64");

	in.id = 51;
	in.payload = STR("\xc3");
	told(&b, &in);
	part = (struct envelope){ .kind = KIND_PART, .type = TYPE_TEXT, .id = 51, .flags = FLAG_ONWARD };
	is_str(told(&b, &part), "<{\"type\":\"part\",\"id\":2,\"base64\":\"ww==\"}", "a cut end comes as bytes");
	is_str(told(&b, &(struct envelope){ .kind = KIND_PART, .flags = FLAG_ONWARD, .id = 99 }), "", "a part of nothing is ignored");

	is_str(told(&b, &(struct envelope){ .kind = KIND_CREDIT, .id = 7, .payload = STR("\0\1\0\0") }),
	    "<{\"type\":\"credit\",\"id\":7,\"for\":\"request\",\"bytes\":65536}", "credit for our request");
	is_str(told(&b, &(struct envelope){ .kind = KIND_CREDIT, .flags = FLAG_ONWARD, .id = 51, .payload = STR("\0\1\0\0") }),
	    "<{\"type\":\"credit\",\"id\":2,\"for\":\"reply\",\"bytes\":65536}", "credit for our reply");
	bench_close(&b);
}

static void
test_large(void)
{
	struct bench b;
	struct buf line;
	size_t whole = LINES_PAYLOAD_MAX, i;
	static const char head[] = "{\"type\":\"part\",\"id\":1,\"more\":true,\"payload\":\"";
	struct envelope e = { .kind = KIND_REQUEST, .type = TYPE_TEXT, .id = 1, .subject = STR("s/m") };
	char *zeros;

	bench_open(&b);
	buf_init(&line, 8 << 20);
	buf_fmt(&line, "{\"type\":\"request\",\"id\":1,\"service\":\"s\",\"method\":\"m\",\"payload\":\"");
	for (i = 0; i < whole; i++)
		buf_put(&line, "x", 1);
	buf_fmt(&line, "\"}");
	is_str(said(&b, buf_view(&line)), "REQUEST 1 subject=s/m text[1048576]", "1 MiB of text in one request");
	line.tail -= 2;
	buf_fmt(&line, "x\"}");
	is_str(said(&b, buf_view(&line)), ERR("reply", ",\"id\":1", "too_large", 15,
	    "the payload has 1048577 bytes, the limit is 1048576: send it in parts", "not_delivered", "false"), "a byte more is too large");
	buf_eat(&line, buf_len(&line));
	buf_fmt(&line, "%s", head);
	for (i = 0; i < 35000; i++)
		buf_fmt(&line, "\xe2\x82\xac");
	buf_fmt(&line, "\"}");
	is_str(said(&b, buf_view(&line)), "PART 1 +onward +more text[65535] | PART 1 +onward +more text[39465]",
	    "a large part is cut between characters");
	buf_eat(&line, buf_len(&line));
	buf_fmt(&line, "{\"type\":\"request\",\"id\":1,\"service\":\"s\",\"method\":\"m\",\"more\":true,\"payload\":\"");
	for (i = 0; i < 70000; i++)
		buf_put(&line, "x", 1);
	buf_fmt(&line, "\"}");
	is_str(said(&b, buf_view(&line)), "REQUEST 1 +more subject=s/m text[65536] | PART 1 +onward +more text[4464]",
	    "so is the head of a request in parts");
	buf_eat(&line, buf_len(&line));
	while (buf_len(&line) <= LINES_IN_MAX)
		buf_put(&line, "          ", 10);
	ok(str_ends(said(&b, buf_view(&line)), STR("close too_large: a line is over its limit: send a large body in parts")),
	    "a line over the limit ends the session");
	zeros = calloc(1, whole);
	e.payload = (struct str){ zeros, whole };
	ok(str_starts(told(&b, &e), STR("<{\"type\":\"request\",\"id\":1,\"service\":\"s\",\"method\":\"m\",\"base64\":\"AAAA")),
	    "text that would not fit as a string is base64");
	free(zeros);
	buf_free(&line);
	bench_close(&b);
}

static void
test_limits(void)
{
	struct bench b;
	struct envelope e = { .kind = KIND_REQUEST, .type = TYPE_TEXT, .subject = STR("s/m") };
	uint64_t seed = tap_seed();
	bool open[1025] = { false }, good = true;
	char line[80], want[80];
	uint64_t ids[1025], next = 1;
	int i, told_all = 1;

	bench_open(&b);
	for (i = 1; i <= 1024; i++) {
		e.id = (uint64_t)i << 32;
		told_all &= str_starts(told(&b, &e), STR("<"));
	}
	ok(told_all, "1024 requests may be open");
	e.id = 1;
	is_str(told(&b, &e), "REPLY 1 +last +error error=overloaded/not_delivered text=the service has too many requests open", "not one more");
	is_str(said(&b, STR("{\"type\":\"reply\",\"id\":1024}")), "REPLY 4398046511104 +last", "any of them may end first");
	is_str(told(&b, &e), "<{\"type\":\"request\",\"id\":2048,\"service\":\"s\",\"method\":\"m\",\"payload\":\"\"}", "and makes room");
	bench_close(&b);

	/* opened and answered in any order, each answer carries the id of its request */
	bench_open(&b);
	for (int step = 0; step < 4000; step++) {
		uint64_t slot = tap_rand(&seed) % 900;

		if (!open[slot]) {
			e.id = next++ << 20 | slot;
			if (sscanf(told(&b, &e).p, "<{\"type\":\"request\",\"id\":%llu", (unsigned long long *)&ids[slot]) != 1)
				good = false;
		} else {
			snprintf(line, sizeof line, "{\"type\":\"reply\",\"id\":%llu}", (unsigned long long)ids[slot]);
			said(&b, str(line));
			snprintf(want, sizeof want, "REPLY ");
			good = good && str_starts(buf_view(&b.did), str(want)) &&
			    (strtoull((const char *)b.did.p + b.did.head + 6, NULL, 10) & 0xfffff) == slot;
		}
		open[slot] = !open[slot];
	}
	ok(good, "numbers and ids agree over 4000 steps");
	bench_close(&b);
}

static void
test_own_requests(void)
{
	struct bench b;
	uint8_t tlv[TLV_HEAD + 3];
	struct envelope e = { .kind = KIND_REPLY, .type = TYPE_TEXT, .flags = FLAG_LAST, .id = 7, .payload = STR("3") };
	struct hello h = { .node = STR("hub-a"), .cluster = STR("c"), .role = ROLE_HUB, .version_min = 1, .version_max = 1 };
	struct buf body;

	bench_open(&b);
	is_str(told(&b, &e), "<{\"type\":\"reply\",\"id\":7,\"payload\":\"3\"}", "a reply");
	meta_error(tlv, E_no_route, FATE_NOT_DELIVERED);
	e.flags = FLAG_ERROR | FLAG_LAST;
	e.meta = (struct str){ (const char *)tlv, sizeof tlv };
	e.payload = STR("nobody announces service 'wc'");
	is_str(told(&b, &e), ERR("reply", ",\"id\":7", "no_route", 1, "nobody announces service 'wc'", "not_delivered", "true"),
	    "an error of the fabric");
	e.payload = STR("\xff");
	is_str(told(&b, &e), ERR("reply", ",\"id\":7", "no_route", 1, "nobody announces this name", "not_delivered", "true"),
	    "whose sentence is no text");
	said(&b, STR("{\"type\":\"attach\",\"id\":4,\"service\":\"wc\"}"));
	is_str(told(&b, &(struct envelope){ .kind = KIND_DONE, .id = (uint64_t)1 << 61 | 4 }), "<{\"type\":\"attached\",\"id\":4}", "attached");
	is_str(told(&b, &(struct envelope){ .kind = KIND_DONE, .id = (uint64_t)1 << 58 | 4 }), "<{\"type\":\"published\",\"id\":4}", "published");
	is_str(told(&b, &(struct envelope){ .kind = KIND_ACK, .id = (uint64_t)1 << 59 | 4 }), "<{\"type\":\"subscribed\",\"id\":4}", "subscribed");
	is_str(told(&b, &(struct envelope){ .kind = KIND_DONE, .id = (uint64_t)1 << 59 | 4 }), "<{\"type\":\"unsubscribed\",\"id\":4}", "unsubscribed");
	is_str(told(&b, &(struct envelope){ .kind = KIND_PUBLISH, .type = TYPE_TEXT, .subject = STR("/a"), .from = STR("x@y"),
	    .origin = STR("site"), .payload = STR("hi") }),
	    "<{\"type\":\"publish\",\"path\":\"/a\",\"from\":\"x@y\",\"origin\":\"site\",\"payload\":\"hi\"}", "an event");
	is_str(told(&b, &(struct envelope){ .kind = KIND_DONE, .id = (uint64_t)3 << 60 | 4 }), "<{\"type\":\"detached\",\"id\":4}", "detached");
	e.kind = KIND_ERROR;
	e.id = (uint64_t)1 << 61;
	is_str(told(&b, &e), ERR("error", "", "no_route", 1, "nobody announces this name", "not_delivered", "true"), "an error without an id");
	is_str(told(&b, &(struct envelope){ .kind = KIND_PING, .id = 3 }), "PONG 3", "keepalive is not the script's business");
	is_str(told(&b, &(struct envelope){ .kind = KIND_PONG }), "<{\"type\":\"pong\"}", "its own ping is answered");
	is_str(told(&b, &(struct envelope){ .kind = KIND_GOODBYE }), ERR("error", "", "shutting_down", 24, "the node is going away", "not_delivered", "true"), "goodbye");
	buf_init(&body, 1000);
	hello_put(&body, &h);
	is_str(told(&b, &(struct envelope){ .kind = KIND_WELCOME, .payload = buf_view(&body) }),
	    "<{\"type\":\"welcome\",\"node\":\"hub-a\",\"cluster\":\"c\"}", "welcome");
	buf_free(&body);
	bench_close(&b);
}

static void
test_watch(void)
{
	struct bench b;
	struct envelope e = { .kind = KIND_REPLY, .type = TYPE_TEXT, .flags = FLAG_MORE, .id = ((uint64_t)1 << 62) + 1 };

	bench_open(&b);
	said(&b, STR("{\"type\":\"watch\",\"id\":3}"));
	is_str(told(&b, &e), "<{\"type\":\"watching\",\"id\":3}", "the stream opens");
	e.kind = KIND_PART;
	e.payload = STR("{\"a\":1}\n{\"b\"");
	is_str(told(&b, &e), "<{\"type\":\"event\",\"id\":3,\"json\":{\"a\":1}}", "a whole line is an event");
	e.payload = STR(":2}");
	is_str(told(&b, &e), "", "the rest waits");
	e.payload = STR("\n\n{\"c\":3}\n");
	is_str(told(&b, &e), "<{\"type\":\"event\",\"id\":3,\"json\":{\"b\":2}} | <{\"type\":\"event\",\"id\":3,\"json\":{\"c\":3}}",
	    "for its line end");
	is_str(said(&b, STR("{\"type\":\"watch\"}")), ERR("error", "", "busy", 8, "you are watching already", "not_delivered", "true"), "one at a time");
	is_str(said(&b, STR("{\"type\":\"unwatch\"}")), "CANCEL 1 +onward | <{\"type\":\"unwatched\"}", "until unwatch");
	is_str(told(&b, &e), "", "what was under way is left out");
	said(&b, STR("{\"type\":\"watch\"}"));
	e.id++;
	e.flags = 0;
	e.payload = STR("{}\n");
	is_str(told(&b, &e), "<{\"type\":\"event\",\"json\":{}} | <{\"type\":\"unwatched\"}", "the node may end it");
	bench_close(&b);
}

static void
test_full(void)
{
	struct bench b;
	struct envelope e = { .kind = KIND_REQUEST, .type = TYPE_TEXT, .id = 9, .subject = STR("s/m") };

	bench_open(&b);
	b.up_full = true;
	is_str(said(&b, STR("{\"type\":\"request\",\"id\":1,\"service\":\"s\",\"method\":\"m\"}")), ERR("reply", ",\"id\":1",
	    "overloaded", 11, "the node has no room for this request now", "not_delivered", "true"), "a request that found no room has ended");
	is_str(said(&b, STR("{\"type\":\"part\",\"id\":1}")), "CANCEL 1 +onward | " ERR("reply", ",\"id\":1", "overloaded", 11,
	    "the node has no room for this part now; the request was cancelled", "may_have_run", "true"), "so has one whose part did not");
	told(&b, &e);
	is_str(said(&b, STR("{\"type\":\"reply\",\"id\":1}")), "REPLY 9 +last +error error=overloaded/may_have_run "
	    "text=the answer was larger than the node has room for | " ERR("error", ",\"id\":1", "overloaded", 11,
	    "the node has no room for this reply; its request has ended", "not_delivered", "true"), "and a reply that did not");
	b.up_full = false;
	b.down_full = true;
	is_str(told(&b, &e), "REPLY 9 +last +error error=overloaded/not_delivered text=the service does not read its requests",
	    "a request to a client that does not read was not delivered");
	ok(!b.closed, "and costs nothing else");
	e.kind = KIND_REPLY;
	is_str(told(&b, &e), "close slow_consumer: it does not read what it is told", "a reply that it does not read costs it the session");
	bench_close(&b);
}

static void
test_closing(void)
{
	struct bench b;

	bench_open(&b);
	dialect_lines.on(b.mem, &(struct event){ .kind = ON_CLOSING, .code = E_shutting_down, .text = "bye" }, &b.out);
	is_str(buf_view(&b.did), ERR("error", "", "shutting_down", 24, "bye", "may_have_run", "true"), "the end is told with its reason");
	b.refuses = true;
	is_str(said(&b, STR("{\"type\":\"request\",\"id\":1,\"service\":\"s\",\"method\":\"m\"}")),
	    ERR("error", "", "unauthenticated", 4, "say HELLO first", "not_delivered", "false"), "one reason, not two");
	bench_close(&b);
}

static void
test_recognise(void)
{
	static const struct { const char *first; bool ours; } cases[] = {
		{ "{\"type\":\"watch\"}", true },
		{ " { \"type\" : \"attach\", \"service\":\"wc\"}", true },
		{ "{\"type\":\"hello\",\"token\":\"x\"}", true },
		{ "{\"id\":1,\"type\":\"watch\"}", false },
		{ "{\"type\":\"REGISTER\",\"address\":\"a@b\"}", false },
		{ "{\"type\":\"request\",\"message_id\":\"m-1\",\"service\":\"shop\"}", false },
		{ "{\"type\":\"ping\",\"timestamp\":\"x\",\"data\":{}}", false },
		{ "{\"type\":\"event\"}", false },
		{ "{\"role\":\"x\"}", false },
		{ "S\x01", false }, { "", false }
	};

	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
		ok(dialect_lines.recognise(str(cases[i].first)) == cases[i].ours, "recognise %s", cases[i].first);
}

/* An envelope told to a client, and said back by it, is the same envelope. */
static void
test_roundtrip(void)
{
	static const struct { uint8_t type; const char *payload; } bodies[] = {
		{ TYPE_TEXT, "plain" }, { TYPE_TEXT, "" }, { TYPE_TEXT, "q\"\\\x01\n\xc3\xa4\xf0\x9f\x98\x80" },
		{ TYPE_JSON, "{\"a\":[1,2.5e3,true,null,\"\\u0041\"]}" }, { TYPE_JSON, "\"x\"" },
		{ TYPE_BYTES, "\xff\xfe" }, { TYPE_BYTES, "readable" }, { TYPE_MSGPACK, "\x81\xa1k\x01" },
		{ TYPE_CLASP, "S" }
	};
	struct bench b, want;
	struct buf meta;
	struct str line, said_back;
	char echo[1000];

	for (size_t i = 0; i < sizeof bodies / sizeof *bodies; i++)
		for (int shape = 0; shape < 3; shape++) {
			struct envelope e = { .kind = KIND_REQUEST, .type = bodies[i].type, .id = 1,
			    .flags = shape == 2 ? FLAG_IDEMPOTENT : 0, .subject = STR("s/m"),
			    .deadline_ms = shape == 1 ? 5000 : 0, .payload = str(bodies[i].payload) };

			bench_open(&b);
			bench_open(&want);
			buf_init(&meta, 1000);
			if (shape == 1) {
				e.to = STR("lamp@hub");
				e.subject = STR("on");
			} else if (shape == 2) {
				meta_text(&meta, META_version, ">=2");
				meta_text(&meta, META_key, "k");
				e.meta = meta_text(&meta, META_content, "a/b");
			}
			line = told(&b, &e);
			snprintf(echo, sizeof echo, "%.*s", (int)line.n - 1, line.p + 1);
			note_envelope(&want.did, &e);
			said_back = said(&b, str(echo));
			ok(str_eq(said_back, buf_view(&want.did)), "request %zu.%d comes back: %s", i, shape, echo);

			/* the same as a reply: our request 1 is answered; the answer is said to request 1 of the node */
			e = (struct envelope){ .kind = KIND_REPLY, .type = bodies[i].type, .id = 1, .flags = FLAG_LAST,
			    .payload = str(bodies[i].payload) };
			line = told(&b, &e);
			snprintf(echo, sizeof echo, "%.*s", (int)line.n - 1, line.p + 1);
			buf_eat(&want.did, buf_len(&want.did));
			note_envelope(&want.did, &e);
			ok(str_eq(said(&b, str(echo)), buf_view(&want.did)), "reply %zu.%d comes back: %s", i, shape, echo);
			buf_free(&meta);
			bench_close(&b);
			bench_close(&want);
		}
}

int
main(void)
{
	test_lines();
	test_serving();
	test_parts();
	test_large();
	test_limits();
	test_own_requests();
	test_watch();
	test_full();
	test_closing();
	test_recognise();
	test_roundtrip();
	return done();
}
