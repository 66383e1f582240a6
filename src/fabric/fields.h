/*
 * fields.h - what policy may ask of a message: its fields, those that are cut
 * out of others, and tests of them.  The data plane and fedx-route use these
 * very functions, so that both mean the same by `to_domain`.
 */
#ifndef FEDX_FABRIC_FIELDS_H
#define FEDX_FABRIC_FIELDS_H

#include "wire/ask.h"
#include "wire/envelope.h"

struct subject {	/* a message, or whatever else a hook is asked about */
	const struct question *q;	/* peer is not looked at */
	const struct peer_facts *peer;	/* who handed it to us; NULL: not known, its fields are empty */
};

struct str field_get(const struct subject *, enum ask_field);
	/* a view that lives as long as what the subject points to; domain: behind the '@', of
	 * a node all; service and method: of subject SERVICE/METHOD; path1..3:
	 * segments of a subject that starts with '/' */
bool test_holds(enum test_op, struct str value, struct str what);
	/* UNDER: `what` is a pattern of pattern.h (address, *@D, *.D), or a
	 * path pattern with * and **, if it starts with '/' */
struct question question_of(const struct envelope *, struct str version);
	/* hook ROUTE, views into the envelope, peer 0 */

#endif
