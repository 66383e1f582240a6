/* members.h - an object of JSON, member by member: each writes ",\"name\":value". */
#ifndef FEDX_MEMBERS_H
#define FEDX_MEMBERS_H

#include "base/buf.h"

void put_member(struct buf *, const char *name, struct str value);
void put_number(struct buf *, const char *name, uint64_t value);
void put_words(struct buf *, const char *name, struct str list);	/* as an array */

#endif
