-- .luacheckrc - fedx's own Lua, policies and their tests: luacheck lua share/examples
std = "lua54"
read_globals = { "fedx" }
globals = { "admit", "route", "scope", "balance", "import", "export", "on" }
unused_args = false
max_line_length = 120
files["**/fedx.lua"] = { allow_defined_top = true, ignore = { "111", "131" } }
files["lua/fedx/meta"] = { ignore = { "111", "112", "113", "121", "131", "211", "212", "231", "241" } }
