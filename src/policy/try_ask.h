/* try_ask.h - inside of try*.c: a table as a question, a verdict as a table. */
#ifndef FEDX_POLICY_TRY_ASK_H
#define FEDX_POLICY_TRY_ASK_H

#include "policy/inside.h"

enum { TRY_NAMES = 64 };

struct trying {
	struct policy *policy, *tester;	/* who is asked, who asks: two states */
	struct policy_world world;
	struct buf *tap, answer, run;
	unsigned count, failed;		/* tests */
	bool full;			/* *tap is */
	struct known { uint8_t family; uint32_t count; char name[NAME_MAX_BYTES + 1]; } known[TRY_NAMES];
	size_t known_count;
};

int try_ask(lua_State *);
	/* ask(hook, { from = , to = , service = , method = , peer = { ... }, ... }) -> table;
	 * its upvalue is the struct trying */
int try_react(lua_State *);
	/* react(hook, { event = , subject = , ... }) -> list of { rule = , to = , subject = ,
	 * payload = , type = , log = } */

#endif
