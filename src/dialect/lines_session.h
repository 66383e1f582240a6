/*
 * lines_session.h - one client of JSON lines, for the three files of its session.
 *
 * The client's own ids go up as they are, with bits above 2^53 that say what
 * the answer will be about; the node's ids become small numbers (lines_ids).
 * A line that is wrong is answered and costs nothing else.
 */
#ifndef FEDX_LINES_SESSION_H
#define FEDX_LINES_SESSION_H

#include "dialect/dialect.h"
#include "dialect/lines_ids.h"
#include "dialect/lines_text.h"
#include "dialect/lines_wire.h"

#define ID_PUBLISH	((uint64_t)1 << 58)
#define ID_SUBSCRIBE	((uint64_t)1 << 59)	/* its id, for as long as it is there */
#define ID_DETACH	((uint64_t)1 << 60)	/* else ATTACH */
#define ID_ASKED	((uint64_t)1 << 61)	/* an ATTACH or DETACH; never 0, so it is answered */
#define ID_WATCH	((uint64_t)1 << 62)

struct lines_session {
	struct lines_ids ids;
	struct halves halves;
	struct buf scratch;		/* what the client said, unescaped: views during up() */
	struct buf line;		/* what it is told */
	struct buf events;		/* the line of events that is still coming in */
	bool watching;
	bool told_why;			/* the node refused all of this client, by an ERROR about nothing */
	uint64_t watch, watch_id;	/* our id; the client's, or 0 */
};

int lines_up(struct lines_session *, struct out *, struct str line);
int lines_down(struct lines_session *, struct out *, const struct envelope *);
	/* -1: the session is over, out->close() said why */

int lines_tell(struct lines_session *, struct out *, const struct lines_message *);
	/* -1: it has no room */
int lines_must_tell(struct lines_session *, struct out *, const struct lines_message *);
	/* -1: as above, and closed as a slow consumer */
int lines_tell_error(struct lines_session *, struct out *, enum lines_type, uint64_t id,
    unsigned error, enum fate, struct str text);	/* a must_tell */
int lines_too_slow(struct out *);	/* closes; -1 */
void lines_empty(struct buf *);		/* keeps a little memory for the next line */
int lines_up_error(struct out *, uint64_t id, unsigned error, enum fate, struct str text);
	/* REPLY with an error to a request that the node opened */
int lines_up_cancel(struct lines_session *, struct out *, uint64_t id);
void lines_over(struct lines_session *, struct lines_open *);	/* that request has ended */
int lines_end_watch(struct lines_session *, struct out *, uint64_t id);	/* a must_tell */

#endif
