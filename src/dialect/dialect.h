/*
 * dialect.h - a language that others speak to us, in two layers.
 *
 * `wire` parses and prints over views.  `session` decides: on(mem, event,
 * out) gets an event and answers with actions through out.  No socket, no
 * clock, no allocation that outlives its memory block.
 */
#ifndef FEDX_DIALECT_H
#define FEDX_DIALECT_H

#include "base/buf.h"
#include "wire/envelope.h"

enum event_kind {
	ON_OPEN,	/* the session begins */
	ON_MESSAGE,	/* one whole message of the dialect: bytes */
	ON_ENVELOPE,	/* one of ours, to be told to the other side: env */
	ON_TIMER,	/* the timer that it asked for */
	ON_CLOSING	/* we are about to close: code, text */
};

struct event {
	enum event_kind kind;
	struct str bytes;
	const struct envelope *env;
	unsigned code;		/* enum error */
	const char *text;
};

struct out {	/* what a session may do; each answers -1 when the other end has no room */
	int (*up)(struct out *, const struct envelope *);	/* to the fabric; may call on() again before it returns */
	int (*down)(struct out *, struct str bytes);		/* one whole message, to the peer */
	void (*timer)(struct out *, uint32_t ms);		/* ON_TIMER in ms; 0: none */
	void (*close)(struct out *, unsigned code, const char *text);	/* enum error */
};

struct dialect {
	const char *name;
	size_t memory;		/* bytes kept per session, zeroed at open */
	size_t max_message;	/* bytes */
	bool lines;		/* on a bare stream a message ends with LF */
	bool auto_credit;	/* its peer cannot grant credit: what left for it is granted for it */
	bool (*recognise)(struct str first_message);
	int (*on)(void *mem, const struct event *, struct out *);
		/* -1: the session is over; out->close() said why.  Of a PUBLISH: or
		 * only, the other end had no room for it */
	void (*free)(void *mem);	/* may be NULL */
};

extern const struct dialect dialect_lines;	/* JSON lines, the scripts' own */

#endif
