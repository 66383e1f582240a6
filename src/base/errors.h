/*
 * errors.h - the errors that cross a link: one table for enum, name, HTTP
 * status, JSON-RPC code, exit status of fedx-probe, retry, and a sentence.
 *
 * Numbers are on the wire (meta TLV `error`): append, never renumber.
 * Whether the request may have run is not a property of the error but of
 * the moment: it travels beside the number (enum fate).
 */
#ifndef FEDX_ERRORS_H
#define FEDX_ERRORS_H

#include <stdbool.h>

#define ERRORS(X)							\
	/* name, number, HTTP, JSON-RPC, exit, retry, sentence */	\
	X(no_route,		1, 404, -32001,	1, true,  "nobody announces this name") \
	X(not_found,		2, 404, -32002,	1, false, "the name is known but has no such thing") \
	X(denied,		3, 403, -32003,	77, false, "policy does not allow this") \
	X(unauthenticated,	4, 401, -32004,	77, false, "the credential is missing, wrong or expired") \
	X(scope,		5, 403, -32005,	77, false, "this is outside the scopes that were granted") \
	X(route_conflict,	6, 409, -32006,	1, false, "another node holds an exclusive claim to this name") \
	X(node_id_in_use,	7, 409, -32007,	77, true,  "a node with this id is already connected") \
	X(busy,			8, 503, -32008,	75, true,  "the other side is busy") \
	X(timeout,		9, 504, -32009,	75, true,  "no answer before the deadline") \
	X(link_down,		10, 502, -32010, 75, true,  "the link to the other side was lost") \
	X(overloaded,		11, 503, -32011, 75, true,  "a queue on the way is full") \
	X(circuit_open,		12, 503, -32012, 75, true,  "the service failed too often and is being left alone") \
	X(hop_limit,		13, 508, -32013, 1, false, "the message passed too many nodes") \
	X(loop,			14, 508, -32014, 1, false, "the message came back to a node that it had passed") \
	X(too_large,		15, 413, -32015, 65, false, "the message is over a size limit") \
	X(malformed,		16, 400, -32016, 76, false, "the message cannot be understood") \
	X(unsupported,		17, 501, -32017, 76, false, "the other side does not support this") \
	X(policy_error,		18, 500, -32018, 77, true,  "a policy hook failed, and failing hooks deny") \
	X(policy_unavailable,	19, 503, -32019, 77, true,  "no policy answer in time, and no answer denies") \
	X(cluster_isolated,	20, 403, -32020, 77, false, "the two clusters have not both allowed this") \
	X(signature,		21, 401, -32021, 77, false, "a signature does not verify") \
	X(expired,		22, 410, -32022, 75, true,  "the message or lease is past its time") \
	X(slow_consumer,	23, 503, -32023, 75, true,  "the receiver did not read fast enough") \
	X(shutting_down,	24, 503, -32024, 75, true,  "the node is going away") \
	X(service_failed,	25, 500, -32025, 2, false, "the service answered with an error of its own") \
	X(cancelled,		26, 499, -32026, 75, false, "the caller gave up") \
	X(conflict,		27, 409, -32027, 1, true,  "the state has moved on since it was read") \
	X(locked,		28, 423, -32028, 75, true, "another holds the lock on this")

enum error {
	E_NONE,
#define X(name, number, http, rpc, exit, retry, sentence) E_##name = number,
	ERRORS(X)
#undef X
	E_COUNT
};

/* What is known of a request that did not end with an answer. */
enum fate { FATE_NOT_DELIVERED, FATE_MAY_HAVE_RUN };

struct error_row {
	const char *name;
	int http, rpc, exit;
	bool retry;
	const char *sentence;
};

const struct error_row *error_row(unsigned number);
	/* never NULL: an unknown number (a newer peer's) gets a row "unknown" */
unsigned error_named(const char *name, unsigned long len);
	/* E_NONE: no such name */
const char *fate_name(enum fate);	/* "not_delivered", "may_have_run" */

#endif
