/* lua_json.h - a JSON text as Lua values. */
#ifndef FEDX_POLICY_LUA_JSON_H
#define FEDX_POLICY_LUA_JSON_H

#include "policy/inside.h"

enum { LUA_JSON_DEPTH = 16 };

void json_push(lua_State *, struct policy *, struct str value);
	/* a value that json_check() has passed with that depth; null is nil;
	 * uses the policy's scratch */

#endif
