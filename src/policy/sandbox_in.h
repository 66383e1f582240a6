/* sandbox_in.h - what the files of the sandbox share. */
#ifndef FEDX_SANDBOX_IN_H
#define FEDX_SANDBOX_IN_H

#include <lauxlib.h>

#include "policy/sandbox.h"

enum {
	BYTES_A_STEP = 32,		/* copied or allocated for the price of an instruction */
	BYTES_A_STEP_READ = 8		/* looked at one by one: also each number may be a text */
};

void base_open(lua_State *);		/* base.c: a new table of globals */
void strings_open(lua_State *);		/* strings.c: [string library]: replaces in it */
void formats_open(lua_State *);		/* formats.c: the same */
int formats_few(lua_State *);		/* (text, i, j): its upvalue, but for a few bytes only */
bool strings_write(lua_CFunction);	/* strings.c, order.c: an iterator that writes to its upvalues? */
bool order_writes(lua_CFunction);	/* no other C function of this folder does, once all is loaded */
void tables_open(lua_State *);		/* tables.c: leaves the table library */
void order_open(lua_State *);		/* order.c: [globals]: pairs and next */
void modules_open(lua_State *);		/* modules.c: [globals]: require */

enum { EACH = 0xff };			/* up to the last argument */
void meter(lua_State *, int table, const char *name, int first, int last);
	/* its C function `name` takes from the budget for the length of each of
	 * these arguments from now on; it must have no upvalues */
void charge_texts(lua_State *, int first, int last);
	/* for those of them that are texts */

void freeze_all(lua_State *);		/* freeze.c: for sandbox_freeze() */
bool freeze_kept(struct sandbox *, struct err *);
	/* is each upvalue as it was then?  It is afterwards.  Allocates nothing */
bool table_is_frozen(lua_State *, int index);
void modules_push(lua_State *);		/* name -> what require gives; nil: none yet */

int load_text(lua_State *, struct str name, struct str text);
	/* compiles it; as lua_load */

#endif
