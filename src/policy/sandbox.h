/*
 * sandbox.h - a Lua state that can hurt nobody: memory and instructions are
 * bounded, there is no door to the system, and what was loaded is frozen.
 *
 * The budget counts instructions of the virtual machine; C functions take
 * from it for what they do in one call, the allocator for every byte, so that
 * few instructions are worth much more than another.  What is left has no
 * price: texts compared or taken for numbers by an operator, keys that meet in
 * one slot.  For these there is a time as well, which no policy that means
 * well comes near, so that no verdict depends on the clock.  An overrun is not
 * an error like others: from then on every instruction raises, and so pcall
 * and xpcall are left as well.
 *
 * A frozen table is an empty one with what it held behind it.  C code sees
 * through it with lua_geti, lua_getfield, luaL_len; the raw functions and
 * lua_next want sandbox_contents() first.
 *
 * Lua raises by longjmp and aborts outside a protected call: what allocates
 * in the state (also lua_pushstring) belongs into a C function that is run by
 * sandbox_call(), with a light userdata as its argument.
 *
 * TESTING section 11 has the attacks; t/unit/policy-sandbox.c tries them.
 */
#ifndef FEDX_SANDBOX_H
#define FEDX_SANDBOX_H

#include <lua.h>

#include "base/clock.h"
#include "base/err.h"
#include "policy/bundle.h"

enum {
	SANDBOX_MEMORY = 64 << 20,	/* bytes of one state */
	SANDBOX_STRING = 256 << 10,	/* bytes of one string in it */
	SANDBOX_RESULTS = 250,		/* values from one table.unpack, string.byte, utf8.codepoint */
	BUDGET_LOAD = 50000000,		/* instructions to load a policy; lists are read in C */
	BUDGET_CALL = 200000,		/* of one hook */
	BUDGET_TEST = 50000000,		/* of one test file */
	TIME_CALL_MS = 2000, TIME_LOAD_MS = 20000	/* up to BUDGET_CALL; beyond */
};

struct sandbox {			/* stays where it is until it is closed */
	lua_State *L;
	struct bundle *bundle;		/* where require and lists read; NULL: nowhere */
	size_t used, most;		/* bytes */
	uint32_t budget;		/* instructions that are left */
	uint32_t look;			/* at the clock, when so many are */
	struct mono until;		/* the end of the outermost call */
	uint32_t depth;			/* calls under way, one within another */
	lua_State *still;		/* freeze.c: upvalues that no call may change, */
	const struct kept *kept;	/* and which they are */
	int kept_count;
	const char *overrun;		/* why nothing runs any more until the next call; NULL: it does */
	bool frozen;
};

int sandbox_open(struct sandbox *, struct bundle *, size_t memory, struct err *);
	/* string (with step-limited find, match, gmatch, gsub and no dump, pack,
	 * unpack; rep, format bounded), table, math without random, utf8, assert,
	 * error, ipairs, pairs in sorted order, next likewise, pcall, xpcall,
	 * select, tonumber, tostring (without addresses), type, rawequal, rawlen,
	 * rawget of plain tables, require; no setmetatable, getmetatable, load,
	 * io, os, debug, coroutine, collectgarbage, print (it goes to the log of
	 * who tests) */
void sandbox_close(struct sandbox *);
int sandbox_load(struct sandbox *, struct str name, struct str text, struct err *);
	/* compiles text (never bytecode) and leaves the function on the stack;
	 * -1: *e has "policy.lua:12: ..." */
int sandbox_call(struct sandbox *, int arguments, int results, uint32_t budget, struct err *);
	/* like lua_pcall, in budget; -1: *e has file, line and what; the stack
	 * is as before the function and its arguments.  One within another takes
	 * from the outer's budget as well.  In a frozen state a call that changed
	 * a local which outlives it is an error, and the local is put back */
int sandbox_freeze(struct sandbox *, struct err *);
	/* globals and all that they reach (also as a function's upvalue), modules,
	 * string: read only from now on, deeply; writing raises "policy is frozen
	 * after it is loaded".  -1: no memory */
void sandbox_table(lua_State *);
	/* makes the table on top, and the tables in it, read only (a value made
	 * for one call); raises, as the next three may */
void sandbox_module(lua_State *, const char *name);
	/* pops a value: what require(name) gives from now on */
void sandbox_charge(lua_State *, size_t steps);
	/* takes them from the budget: a C function that loops says so */
void sandbox_tostring(lua_State *, int index);
	/* pushes what tostring() gives: no addresses */
void sandbox_contents(lua_State *, int index);
	/* pushes the table itself, or the one behind a frozen one */
struct sandbox *sandbox_of(lua_State *);

#endif
