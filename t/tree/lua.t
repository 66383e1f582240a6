#!/bin/sh
# lua.t - fedx's own Lua and the examples are clean, and the editor's file knows all that there is.
. "${0%/*}/../lib/tap.sh"
cd "$FEDX_SRC" || exit 1

registered=$(cat src/policy/lua_verdict.c src/policy/lua_list.c src/policy/lua_fedx.c src/policy/react.c src/policy/lua_msg.c src/policy/lua_env.c |
	tr '{}' '\n\n' | sed -n 's/^ "\([a-z_]*\)", l_[a-z_]* *$/\1/p' | sort -u)
ok 'there are functions in C' test -n "$registered"
missing=''
for name in $registered
do grep -q "^function [A-Za-z]*[.:]$name(" lua/fedx/meta/fedx.lua || missing="$missing $name"
done
is "$missing" '' 'lua/fedx/meta/fedx.lua has each of them'
missing=''
for name in $(sed -n '/define ASK_FIELDS/,/peer_admin/p' src/wire/ask.h | grep -o 'X([a-z_0-9]*)' | sed 's/X(\(.*\))/\1/')
do
	test "$name" != name || continue
	grep -q "\"$name\"" lua/fedx/meta/fedx.lua || missing="$missing $name"
done
is "$missing" '' 'and each field of a message'
missing=''
for name in $(sed -n 's/^	X(\([a-z_]*\),[[:space:]]*[0-9]*, [0-9].*/\1/p' src/base/errors.h)
do grep -q "\"$name\"" lua/fedx/meta/fedx.lua || missing="$missing $name"
done
is "$missing" '' 'and each error'

if command -v luacheck >/dev/null
then ok 'luacheck finds nothing' luacheck --no-color -q lua share/examples
else skip 'no luacheck here'
fi
done_testing
