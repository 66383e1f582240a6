/*
 * inside.h - what the files of src/policy share about one loaded policy.
 *
 * Lua errors are longjmps: nothing here owns a C resource across a call into
 * Lua, and Lua is entered by sandbox_call() only.  Buffers that a C function
 * of Lua fills belong to the policy or to who asked.
 */
#ifndef FEDX_POLICY_INSIDE_H
#define FEDX_POLICY_INSIDE_H

#include <lauxlib.h>

#include "fabric/fields.h"
#include "policy/note.h"
#include "policy/policy.h"
#include "policy/rules.h"

/* The question that a hook is answering now. */
struct asking {
	const struct question *q;
	struct subject subject;
	const struct policy_world *world;
	struct notes notes;
	struct str facts;		/* on.*: the event */
	struct buf *actions;		/* on.*: where they go */
	struct instance last;		/* balance: the instance that was looked at last, */
	struct str after_last;		/* the run behind it, */
	size_t last_index;		/* and its index; 0: none yet */
};

struct policy {
	struct sandbox box;		/* first: policy_of() relies on it */
	uint32_t hooks;
	int refs[HOOK_COUNT];		/* in Lua's registry */
	struct { char file[RULE_FILE_MAX + 1]; uint32_t line; } defined[HOOK_COUNT];
	struct asking *now;		/* NULL: no hook runs */
	uint64_t asked;			/* calls so far: what msg, peer and env compare themselves with */
	struct rules rules;
	struct buf scratch, runs;
};

struct policy *policy_of(lua_State *);
struct policy *policy_open(struct bundle *, struct err *);	/* a state with `fedx`, and nothing loaded */
int policy_call(struct policy *, struct asking *, lua_CFunction inside, struct err *);
	/* runs `inside`, which gets the policy as light userdata and leaves one
	 * result; 0: it is on the stack; -1: as sandbox_call() */

/* lua_object.c: userdata that cannot be changed. */
enum object { OBJECT_FEDX, OBJECT_MSG, OBJECT_PEER, OBJECT_ENV, OBJECT_INSTANCES, OBJECT_INSTANCE,
	OBJECT_ROUTE, OBJECT_WORDS,
	OBJECT_VALUE, OBJECT_ACTION, OBJECT_LIST, OBJECT_PATTERN, OBJECT_COUNT };
struct handle { uint32_t tag; uint64_t number; };	/* of what is valid in one call only */

void object_define(lua_State *, enum object);
	/* leaves its metatable on the stack, for __index and others */
void object_index(lua_State *, lua_CFunction index);
	/* [table of names, metatable]: __index is `index` with the table as its
	 * first upvalue; pops the table */
void object_methods(lua_State *, const luaL_Reg *);
	/* [table]: adds functions to it, each with the table as its first upvalue */
void *object_new(lua_State *, enum object, size_t size, int slots);	/* its first member is the tag */
void *object_at(lua_State *, int at, enum object);	/* NULL: something else */
const char *object_type(lua_State *, int at);	/* "verdict", "msg", "number" */
struct asking *object_live(lua_State *, int at, enum object);
	/* of a struct handle: the question of now, or raises "msg is over" */
void text_push(lua_State *, struct str);	/* what a field of an object is; nil: empty */

/* lua_check.c: what came from a policy, looked at, with messages that help. */
bool policy_where(lua_State *, struct str *file, uint32_t *line);
	/* the innermost function of the policy itself, not of lua/fedx */
int policy_fail(lua_State *, const char *fmt, ...) __attribute__((noreturn));
	/* raises "policy.lua:12: ..."; fmt as lua_pushfstring() */
void check_keys(lua_State *, int table, const char *who, const char *const *known);
void fail_unknown(lua_State *, const char *who, int key, int names);
	/* raises "msg has no field 'form'; did you mean 'from'?"; names: a table of them */
const char *nearest(struct str word, const char *const *known);	/* NULL: none is near */
struct str check_text(lua_State *, int at, const char *who, size_t max);
	/* one line of UTF-8 */
bool field_text(lua_State *, int table, const char *who, const char *key, size_t max, struct str *);
	/* false: not there; else its value stays on the stack and *text looks at it */
uint32_t field_count(lua_State *, int table, const char *who, const char *key, uint32_t max);
	/* a whole number 0 .. max; 0: not there */
unsigned check_field(lua_State *, int at, const char *who);	/* enum ask_field by its name */
enum family check_family(lua_State *, int at, const char *who);
struct str check_pattern(lua_State *, int at, const char *who);
bool words_hold(lua_State *, struct str words, struct str word);	/* words_have(), at a price */
bool pattern_holds(lua_State *, struct str pattern, struct str value);	/* test_holds(), at a price */

/* lua_verdict.c: what fedx.allow and the others make; never changed. */
enum made { MADE_ALLOW, MADE_DENY, MADE_LIMIT, MADE_STRATEGY, MADE_PICK };
struct value {
	uint32_t tag;
	uint8_t made;			/* enum made */
	uint32_t fits;			/* bit for each hook that may return it */
	uint32_t line;
	struct str file, name;
	struct verdict v;		/* without what it was read from */
	char text[];			/* what the views above look at */
};
void verdict_library(lua_State *);	/* [fedx]: adds its functions */

struct act {
	uint32_t tag;
	struct action action;
	char text[];
};
void action_library(lua_State *);	/* react.c */
void list_library(lua_State *);		/* lua_list.c: defines, and adds to [fedx] */
void msg_define(lua_State *);		/* lua_msg.c */
void msg_push(lua_State *, const struct policy *);
void peer_push(lua_State *, const struct policy *);
void env_define(lua_State *);		/* lua_env.c */
void env_push(lua_State *, const struct policy *);
void instances_define(lua_State *);	/* lua_pick.c */
void instances_push(lua_State *, const struct policy *);
void route_define(lua_State *);		/* lua_route.c */
void route_push(lua_State *, const struct policy *);
bool instance_number(lua_State *, int at, uint32_t *number);
	/* of an instance, or of the index of one; false: neither */
int fedx_library(lua_State *);		/* lua_fedx.c: the global, and for require */

#endif
