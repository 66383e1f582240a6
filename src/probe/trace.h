/*
 * trace.h - what a traced answer says of its way: META_hop TLVs, far end first.
 */
#ifndef FEDX_TRACE_H
#define FEDX_TRACE_H

#include "probe/probe.h"

struct hop { uint8_t role; uint32_t us; struct str node; };

int hop_get(struct str value, struct hop *);	/* -1: malformed */
int hops_json(struct str meta, struct buf *);
	/* one JSON object a line, the near end first; -1: full */
void hops_warn(const struct probe *, struct str meta);
	/* one line on stderr: "way: leaf-a 812 us > hub 410 us > leaf-b 95 us" */

#endif
