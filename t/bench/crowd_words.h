/*
 * crowd_words.h - what a leaf of the crowd, and who calls it, say to a node.
 */
#ifndef FEDX_CROWD_WORDS_H
#define FEDX_CROWD_WORDS_H

#include <stdio.h>

#include "net/conn.h"
#include "wire/announce.h"
#include "wire/envelope.h"
#include "wire/hello.h"

enum { LEAF_ID_MAX = 32 };

static inline void
leaf_id(unsigned number, char id[LEAF_ID_MAX])
{
	snprintf(id, LEAF_ID_MAX, "l%u.crowd", number);
}

static inline void
say(struct conn *c, const struct envelope *e)
{
	size_t size = envelope_size(e);
	uint8_t *to = conn_room(c, size);

	if (!to)
		return;		/* what is missing then is noticed at the end */
	envelope_write(to, e, STR(""));
	conn_made(c, size);
}

static inline void
say_ping(struct conn *c)
{
	say(c, &(struct envelope){ .kind = KIND_PING, .hops = 1, .payload = STR("12345678") });
}

static inline void
say_pong(struct conn *c, const struct envelope *ping)
{
	say(c, &(struct envelope){ .kind = KIND_PONG, .hops = 1, .payload = ping->payload });
}

static inline void
say_hello(struct conn *c, unsigned number, const char *token)
{
	char id[LEAF_ID_MAX];
	uint8_t room[HELLO_MAX];
	struct buf b = { .p = room, .cap = sizeof room, .max = sizeof room };
	struct hello h = { .role = ROLE_LEAF, .version_min = 1, .version_max = 1, .token = str(token),
	    .capabilities = STR("parts credit trace digest"), .agent = STR("crowd"), .instance = number + 1 };

	leaf_id(number, id);
	h.node = str(id);
	hello_put(&b, &h);
	say(c, &(struct envelope){ .kind = KIND_HELLO, .hops = 1, .payload = buf_view(&b) });
}

/* The service of that leaf.  PONG then says that the hub has read what is before PING. */
static inline void
say_announce(struct conn *c, unsigned number)
{
	char id[LEAF_ID_MAX], name[LEAF_ID_MAX];
	uint8_t room[512], path[64];
	struct buf b = { .p = room, .cap = sizeof room, .max = sizeof room };
	struct announcement a = { .family = FAMILY_SERVICE, .weight = 100, .hops = HOPS_DEFAULT };

	leaf_id(number, id);
	snprintf(name, sizeof name, "s%u", number);
	a.name = str(name);
	a.path = (struct str){ (const char *)path, (size_t)(tlv_write(path, META_path, str(id)) - path) };
	announcement_put(&b, &a);
	say(c, &(struct envelope){ .kind = KIND_ANNOUNCE, .hops = 1, .payload = buf_view(&b) });
	say(c, &(struct envelope){ .kind = KIND_END, .hops = 1 });
	say_ping(c);
}

/* Of that service; the id of the request is the number and one. */
static inline void
say_request(struct conn *c, unsigned number)
{
	char subject[40];

	snprintf(subject, sizeof subject, "s%u/echo", number);
	say(c, &(struct envelope){ .kind = KIND_REQUEST, .hops = HOPS_DEFAULT, .id = number + 1,
	    .subject = str(subject), .payload = STR("0123456789abcdef") });
}

static inline void
say_reply(struct conn *c, const struct envelope *request)
{
	say(c, &(struct envelope){ .kind = KIND_REPLY, .type = request->type, .hops = HOPS_DEFAULT,
	    .flags = FLAG_LAST, .id = request->id, .payload = request->payload });
}

#endif
