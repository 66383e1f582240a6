/*
 * policy-sandbox.c - whatever a policy tries, it ends in bounded time and
 * memory, the state can be used afterwards, and nothing outlives a call.
 */
#include <lauxlib.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "policy/sandbox.h"
#include "tap.h"

static struct sandbox box;
static struct err e;
static char base[64];

static int
open_box(struct bundle *b, size_t memory)
{
	e.text[0] = '\0';
	return sandbox_open(&box, b, memory, &e);
}

/* What the chunk returns as text; NULL: *e says why. */
static struct str
run_in(const char *chunk, uint32_t budget)
{
	struct str s = { NULL, 0 };

	lua_settop(box.L, 0);
	e.text[0] = '\0';
	if (sandbox_load(&box, STR("policy.lua"), str(chunk), &e) == 0 &&
	    sandbox_call(&box, 0, 1, budget, &e) == 0 && lua_type(box.L, -1) == LUA_TSTRING)
		s.p = lua_tolstring(box.L, -1, &s.n);
	return s;
}

static struct str
run(const char *chunk)
{
	return run_in(chunk, BUDGET_CALL);
}

static bool
fails(const char *chunk, const char *why)
{
	bool failed;

	run(chunk);
	if (!(failed = e.text[0] && strstr(e.text, why)))
		printf("#   got \"%s\", want \"%s\"\n", e.text, why);
	return failed && lua_gettop(box.L) == 0;
}

static const char too_long[] = "policy ran for too long";

/* Each of them would go on for ever, or for minutes. */
static const struct { const char *what, *chunk; } endless[] = {
	{ "an endless loop", "while true do end" },
	{ "an endless repeat", "repeat until false" },
	{ "a long for", "for i = 1, 1e15 do end" },
	{ "goto", "::again:: goto again" },
	{ "endless tail calls", "local function f() return f() end return f()" },
	{ "pcall in a loop", "local function loop() while true do end end while true do pcall(loop) end" },
	{ "pcall in a tail call", "return pcall(function() while true do end end)" },
	{ "pcall of pcall", "while true do pcall(pcall, pcall, pcall, function() while true do end end) end" },
	{ "xpcall whose handler loops", "return xpcall(function() while true do end end, function() while true do end end)" },
	{ "xpcall whose handler starts over", "local function f() return xpcall(f, f) end while true do f() end" },
	{ "xpcall of an error with a looping handler", "return xpcall(error, function() while true do end end)" },
	{ "xpcall with C as its handler", "while true do xpcall(function() while true do end end, pcall) end" },
	{ "an iterator without an end", "for _ in function() return 1 end do end" },
	{ "a comparison that loops", "table.sort({ 3, 2, 1 }, function() while true do end end)" },
	{ "gsub with a function that loops", "('abc'):gsub('.', function() while true do end end)" },
	{ "gsub within gsub", "local s = ('a'):rep(2000) s:gsub('.', function() s:gsub('.', function() s:gsub('.', '') end) end)" },
	{ "rep of nothing", "while true do (''):rep(1e18) end" },
	{ "rep many times", "while true do ('x'):rep(200000) end" },
	{ "concatenation", "local s = ('x'):rep(100000) while true do local t = s .. s end" },
	{ "upper of a long text", "local s = ('x'):rep(200000) while true do s:upper() end" },
	{ "utf8.len of a long text", "local s = ('x'):rep(200000) while true do utf8.len(s) end" },
	{ "utf8.offset in a long text", "local s = ('x'):rep(200000) while true do utf8.offset(s, -1) end" },
	{ "tonumber of a long text", "local s = ('0'):rep(200000) while true do tonumber(s) end" },
	{ "format of a long text", "local s = ('%%'):rep(50000) while true do s:format() end" },
	{ "insert at the front", "local t = {} for i = 1, 20000 do t[i] = i end while true do table.insert(t, 1, 1) end" },
	{ "remove at the front", "local t = {} for i = 1, 20000 do t[i] = i end while true do table.remove(t, 1) t[#t + 1] = 1 end" },
	{ "concat of nothing", "local t = {} for i = 1, 20000 do t[i] = '' end while true do table.concat(t) end" },
	{ "a move of nearly everything", "table.move({}, 1, math.maxinteger - 1, 2)" },
	{ "move in a loop", "local t = {} for i = 1, 20000 do t[i] = i end while true do table.move(t, 1, 20000, 1) end" },
	{ "sort in a loop", "local t = {} for i = 1, 5000 do t[i] = i % 7 end while true do table.sort(t) end" },
	{ "a comparison that lies", "local t = {} for i = 1, 5000 do t[i] = i end while true do table.sort(t, function() return true end) end" },
	{ "pairs in a loop", "local t = {} for i = 1, 5000 do t[i] = i end while true do pairs(t) end" },
	{ "next in a loop", "local t = {} for i = 1, 5000 do t[i] = i end while true do next(t) end" },
	{ "pairs over an emptied table", "local t = {} for i = 1, 5000 do t['k' .. i] = i end for i = 1, 5000 do t['k' .. i] = nil end "
	    "while true do next(t) end" },
	{ "pairs over long keys", "local t = {} local s = ('x'):rep(100000) for i = 1, 8 do t[s .. i] = 1 end while true do pairs(t) end" },
	{ "many arguments", "local function f(...) if select('#', ...) > 4000 then while true do select('#', ...) end end return f(1, 2, 3, ...) end "
	    "while true do pcall(f) end" },
	{ "many arguments, and a handler", "local function f(...) if select('#', ...) > 5000 then while true do end end return f(1, 2, 3, ...) end "
	    "xpcall(f, function() while true do end end)" },
	{ "unpack in a loop", "local t = {} for i = 1, 200 do t[i] = i end while true do table.unpack(t) table.unpack(t) end" },
	{ "a memory bomb in pcall", "while true do pcall(function() local t = {} for i = 1, 1e9 do t[i] = {} end end) end" },
	{ "a text that is too large, in pcall", "while true do pcall(function() return ('x'):rep(200000) .. ('x'):rep(200000) end) end" },
};

static void
test_endless(void)
{
	for (size_t i = 0; i < sizeof endless / sizeof *endless; i++) {
		clock_t begin = clock();
		bool ended = fails(endless[i].chunk, too_long);
		double took = (double)(clock() - begin) / CLOCKS_PER_SEC;

		ok(ended && box.overrun && took < 3, "%s ends", endless[i].what);
		if (took > 0.5)
			printf("#   after %.2f s\n", took);
		if (!str_is(run("return 'still ' .. #{ 1, 2 } .. ('x'):rep(3)"), "still 2xxx"))
			ok(false, "and the state can be used: %s", e.text);
	}
	ok(fails("local x\nwhile true do\n  x = 1\nend", "policy.lua:2: ") || strstr(e.text, "policy.lua:3: "), "the line is known: %s", e.text);
}

static void
test_memory(void)
{
	static const struct { const char *what, *chunk; } bombs[] = {
		{ "a table", "local t = {} for i = 1, 1e9 do t[i] = i end" },
		{ "tables", "local t for i = 1, 1e9 do t = { t, {}, {} } end" },
		{ "texts", "local t = {} for i = 1, 1e9 do t[i] = ('x'):rep(1000) .. i end" },
		{ "functions", "local t = {} for i = 1, 1e9 do t[i] = function() return i end end" },
		{ "a text that doubles", "local s = 'x' while true do s = s .. s end" },
		{ "concat of a large list", "local t = {} for i = 1, 1000 do t[i] = ('x'):rep(1000) end return table.concat(t)" },
		{ "format", "return ('%s%s'):format(('x'):rep(200000), ('x'):rep(200000))" },
		{ "gsub", "return ('x'):rep(100000):gsub('x', '%0%0%0%0')" },
		{ "gsub by a table", "return ('x'):rep(100000):gsub('x', { x = ('y'):rep(100) })" },
	};
	size_t before;

	sandbox_close(&box);
	open_box(NULL, 4 << 20);
	before = box.used;
	for (size_t i = 0; i < sizeof bombs / sizeof *bombs; i++) {
		run_in(bombs[i].chunk, BUDGET_LOAD);
		ok(strstr(e.text, "not enough memory") && box.used <= box.most, "%s: %s", bombs[i].what, e.text);
		is_str(run("local t = {} for i = 1, 100 do t[i] = ('x'):rep(i) end return 'usable'"), "usable", "and then");
	}
	is_str(run_in("local ok, why = pcall(function() local t = {} for i = 1, 1e9 do t[i] = {} end end) return why", BUDGET_LOAD),
	    "not enough memory", "pcall sees it");
	lua_gc(box.L, LUA_GCCOLLECT, 0);
	ok(box.used < before + 100000, "it is all given back: %zu, was %zu", box.used, before);
	ok(fails("return ('x'):rep(1e9)", "resulting string too large"), "rep says so before it begins");
	ok(fails("return ('x'):rep(10, ('y'):rep(100000))", "resulting string too large"), "with a separator as well");
	is_str(run("return ('x'):rep(3, '-') .. ('x'):rep(0) .. ('x'):rep(-1) .. ('x'):rep(1, '-') .. (''):rep(9)"), "x-x-xx", "rep");
	sandbox_close(&box);
	open_box(NULL, SANDBOX_MEMORY);
}

static void
test_depth(void)
{
	static const struct { const char *what, *chunk; } deep[] = {
		{ "recursion", "local function f() return 1 + f() end return f()" },
		{ "recursion by pcall", "local function f() return pcall(f) end f() error('deep enough')" },
		{ "recursion by gsub", "local function f() return (('x'):gsub('x', f)) end f()" },
		{ "recursion by sort", "local function f() table.sort({ 1, 2 }, f) end f()" },
		{ "a deep expression", "return nil .. {}" },
	};

	for (size_t i = 0; i < sizeof deep / sizeof *deep; i++) {
		run_in(deep[i].chunk, BUDGET_LOAD);
		ok(e.text[0], "%s: %s", deep[i].what, e.text);
		is_str(run("return 'usable'"), "usable", "and then");
	}
	{
		static char text[200000];
		size_t n = 0;

		memcpy(text, "return ", n = 7);
		memset(text + n, '(', 50000);
		ok(fails(text, "overflow") || strstr(e.text, "too many"), "a file that nests too deeply: %s", e.text);
	}
}

static void
test_doors(void)
{
	static const char *const absent[] = { "load", "loadstring", "loadfile", "dofile", "io", "os", "debug", "coroutine", "package",
		"collectgarbage", "setmetatable", "getmetatable", "rawset", "print", "warn", "module", "string.dump", "string.pack",
		"string.unpack", "math.random", "math.randomseed", "newproxy", "unpack", "jit", "bit32", "ffi" };
	static const char *const there[] = { "assert", "error", "ipairs", "next", "pairs", "pcall", "rawequal", "rawget", "rawlen", "require",
		"select", "tonumber", "tostring", "type", "xpcall", "_VERSION", "string.find", "string.match", "string.gmatch",
		"string.gsub", "string.rep", "string.format", "string.byte", "string.char", "string.len", "string.lower", "string.upper",
		"string.reverse", "string.sub", "table.concat", "table.insert", "table.remove", "table.sort", "table.unpack", "table.pack",
		"table.move", "math.floor", "math.huge", "math.tointeger", "utf8.char", "utf8.len", "utf8.codes", "_G._G" };
	char chunk[100];

	for (size_t i = 0; i < sizeof absent / sizeof *absent; i++) {
		snprintf(chunk, sizeof chunk, "return type(%s)", absent[i]);
		is_str(run(chunk), "nil", absent[i]);
	}
	for (size_t i = 0; i < sizeof there / sizeof *there; i++) {
		snprintf(chunk, sizeof chunk, "return %s ~= nil and 'there' or 'absent'", there[i]);
		is_str(run(chunk), "there", there[i]);
	}
	is_str(run("local n = 0 for k in pairs(_G) do n = n + 1 end return '' .. n"), "21", "and no more globals than these");
	ok(fails("\x1bLua", "binary chunk"), "no bytecode");
	ok(fails("local t = {} t.__gc = 1 return ('').__gc.x", "policy.lua:1:"), "a text has no __gc");
	run("string.upper = nil");
	ok(fails("return ('x'):upper()", "policy.lua:1: attempt to call a nil value"), "string methods are those of the table");
	lua_settop(box.L, 0);
	lua_pushliteral(box.L, "");
	ok(luaL_getmetafield(box.L, -1, "__metatable") == LUA_TBOOLEAN, "the metatable of texts is locked");
	sandbox_close(&box);
	open_box(NULL, SANDBOX_MEMORY);
}

/* Nothing that differs from one run or machine to the next can be seen. */
static void
test_determinism(void)
{
	static const struct { const char *what, *chunk, *gives; } same[] = {
		{ "a table", "return tostring({})", "table" },
		{ "a function", "return tostring(print) .. tostring(type) .. tostring(function() end)", "nilfunctionfunction" },
		{ "numbers", "return tostring(1) .. ' ' .. tostring(1.5) .. ' ' .. tostring(1e100) .. ' ' .. tostring(-0.0)", "1 1.5 1e+100 -0.0" },
		{ "the rest", "return tostring(nil) .. tostring(true) .. tostring('x')", "niltruex" },
		{ "format", "return ('%s %5s|%-4s|%d %q'):format({}, nil, true, 7, 'x')", "table   nil|true|7 \"x\"" },
		{ "format of many", "return ('%%%s%%%s'):format({}, type)", "%table%function" },
		{ "sorted keys", "local t = { 'x', 'y', b = 1, a = 2, [0.5] = 1, [-3] = 1, [true] = 1, [false] = 1, [10] = 1, B = 1, aa = 1 } "
		    "local s = '' for k in pairs(t) do s = s .. tostring(k) .. ' ' end return s", "-3 0.5 1 2 10 B a aa b false true " },
		{ "infinite keys", "local t = { [math.huge] = 1, [-math.huge] = 1, [math.maxinteger] = 1, [math.mininteger] = 1, [0] = 1 } local s = '' "
		    "for k in pairs(t) do s = s .. k .. ' ' end return s", "-inf -9223372036854775808 0 9223372036854775807 inf " },
		{ "next", "local t, s, k = { c = 1, a = 2, 9, b = 3 }, '', nil repeat k = next(t, k) s = s .. tostring(k) until k == nil return s", "1abcnil" },
		{ "next of nothing", "return tostring(next({}))", "nil" },
		{ "one odd key", "local t = { [{}] = 1, a = 2 } local s = '' for k in pairs(t) do s = s .. type(k) end return s", "stringtable" },
		{ "keys with NUL", "local s = '' for k in pairs { ['a\\0b'] = 1, a = 1, ['a\\0a'] = 1 } do s = s .. #k .. k:sub(-1) end return s", "1a3a3b" },
		{ "removal meanwhile", "local t, s = { a = 1, b = 2, c = 3 }, '' for k in pairs(t) do s = s .. k t.b = nil t[k] = nil end return s .. tostring(next(t))", "acnil" },
		{ "change meanwhile", "local t, s = { a = 1, b = 2 }, '' for k, v in pairs(t) do s = s .. k .. v t.b = 9 end return s", "a1b9" },
		{ "many keys", "local t = {} for i = 1, 500 do t[(i * 7919) % 1000] = true t['k' .. (i * 31) % 997] = true end local last, n for k in pairs(t) do "
		    "n = (n or 0) + 1 if last and math.type(last) and math.type(k) and k <= last or type(last) == 'string' and (type(k) ~= 'string' or k <= last) "
		    "then return 'unsorted' end last = k end return 'sorted ' .. n", "sorted 1000" },
		{ "ipairs", "local s = '' for i, v in ipairs { 3, 2, 1, nil, 5 } do s = s .. i .. v end return s", "132231" },
		{ "sort keeps what is equal", "local t = {} for i = 1, 300 do t[i] = { i % 3, i } end table.sort(t, function(a, b) return a[1] < b[1] end) "
		    "for i = 2, 300 do if t[i - 1][1] == t[i][1] and t[i - 1][2] > t[i][2] or t[i - 1][1] > t[i][1] then return 'unstable' end end return 'stable'", "stable" },
		{ "sort", "local t = { 5, 2, 8, 1, 9, 3, 7 } table.sort(t) return table.concat(t, ' ')", "1 2 3 5 7 8 9" },
		{ "sort by a function", "local t = { 'b', 'c', 'a' } table.sort(t, function(a, b) return a > b end) return table.concat(t)", "cba" },
		{ "sort of one", "local t = { 1 } table.sort(t) table.sort({}) return '' .. #t", "1" },
		{ "a lying comparison leaves all there", "local t = { 1, 2, 3, 4, 5 } table.sort(t, function() return true end) "
		    "table.sort(t) return table.concat(t)", "12345" },
		{ "concat", "return table.concat({ 1, 'a', 2.5 }, ', ') .. table.concat({}, 'x') .. table.concat({ 1, 2, 3 }, '-', 2, 3) .. table.concat({ 'z' }, '', 1)", "1, a, 2.52-3z" },
		{ "insert, remove", "local t = { 1, 2, 3 } table.insert(t, 4) table.insert(t, 1, 0) return table.remove(t) .. table.remove(t, 1) .. table.concat(t)", "40123" },
		{ "unpack, pack, move", "local a, b = table.unpack { 1, 2 } return a .. b .. table.pack(1, nil, 3).n .. table.concat(table.move({ 1, 2, 3 }, 2, 3, 1))", "123233" },
		{ "byte, codepoint", "return ('%d %d %d'):format(('abc'):byte(-1), ('x'):byte(), utf8.codepoint('\\u{263a}'))", "99 120 9786" },
		{ "select, rawlen, rawget", "return select(-1, 1, 'x') .. rawlen { 1, 2 } .. rawlen 'abc' .. rawget({ a = 'v' }, 'a')", "x23v" },
		{ "xpcall", "local ok, m = xpcall(function(a) error(a .. '!', 0) end, function(m) return m .. '?' end, 'x') return tostring(ok) .. m", "falsex!?" },
		{ "xpcall that goes well", "return select(2, xpcall(function(a, b) return a .. b end, error, 'x', 'y'))", "xy" },
		{ "an error in a handler", "return tostring(xpcall(error, function(m) error(m) end, 'x'))", "false" },
	};

	for (size_t i = 0; i < sizeof same / sizeof *same; i++)
		if (!is_str(run(same[i].chunk), same[i].gives, same[i].what) && e.text[0])
			printf("#   %s\n", e.text);
	ok(fails("for k in pairs { [{}] = 1, [{}] = 2 } do end", "no fixed order"), "two odd keys have no order");
	ok(fails("next({ [{}] = 1, [type] = 2 })", "no fixed order"), "nor for next");
	ok(fails("return ('%p'):format({})", "addresses"), "no addresses by format");
	ok(fails("return ('%5.3p'):format({})", "addresses"), "nor by a wide one");
	ok(fails("return ('%1000s'):format('x')", "invalid conversion"), "no huge width");
	ok(fails("return ('%s'):format()", "policy.lua:1: bad argument"), "format without an argument");
	ok(fails("return table.unpack({}, 1, 1e7)", "too many results"), "few results of unpack");
	ok(fails("return table.unpack({}, math.mininteger, math.maxinteger)", "too many results"), "also by extremes");
	ok(fails("return ('x'):rep(300):byte(1, -1)", "too long"), "few results of byte");
	ok(fails("return utf8.codepoint(('x'):rep(300), 1, -1)", "too long"), "few results of codepoint");
	ok(fails("table.concat({ {} })", "invalid value (at index 1)"), "concat of a table");
	ok(fails("table.concat({ 1 }, '', 1, math.maxinteger)", "invalid value (at index 2)"), "concat of what is not there");
	ok(fails("pairs(nil)", "bad argument #1 to 'pairs'"), "pairs of nothing");
	ok(fails("table.sort({ 1, 'x' })", "attempt to compare"), "sort of what has no order");
}

static void
test_errors(void)
{
	static const struct { const char *what, *chunk, *says; } errors[] = {
		{ "a plain one", "\n\nerror 'no'", "policy.lua:3: no" },
		{ "without a position", "\nerror('no', 0)", "policy.lua:2: no" },
		{ "a number", "error(7)", "policy.lua:1: 7" },
		{ "nil", "error()", "policy.lua:1: error object is a nil" },
		{ "a table", "\nerror {}", "policy.lua:2: error object is a table" },
		{ "a function", "error(type)", "policy.lua:1: error object is a function" },
		{ "of C", "\nstring.rep()", "policy.lua:2: bad argument #1 to 'rep' (string expected, got no value)" },
		{ "syntax", "x =", "policy.lua:1: unexpected symbol near <eof>" },
		{ "control characters", "error('a\\0b\\27[31m\\n\\xff', 0)", "policy.lua:1: a?b?[31m ?" },
		{ "a global that is not there", "\n\n\nnothing.x = 1", "policy.lua:4: attempt to index a nil value (global 'nothing')" },
		{ "rethrown", "local ok, m = pcall(error, 'x') error(m)", "policy.lua:1: x" },
	};
	static char chunk[2000];

	for (size_t i = 0; i < sizeof errors / sizeof *errors; i++) {
		run(errors[i].chunk);
		is_str(str(e.text), errors[i].says, errors[i].what);
	}
	snprintf(chunk, sizeof chunk, "error(('\\u{e9}'):rep(1000), 0)");
	run(chunk);
	ok(strlen(e.text) >= 230 && (unsigned char)e.text[strlen(e.text) - 1] == 0xa9, "a long one is cut between characters");
	is_str(run("\xef\xbb\xbfreturn 'bom'"), "bom", "a byte order mark is no error");
	run("#!/usr/bin/lua\nerror 'x'");
	is_str(str(e.text), "policy.lua:2: x", "a first line for the shell counts");
}

/* --- frozen --- */

static const char policy[] =
    "local cache, count = {}, 0\n"
    "local last\n"
    "settings = { list = { 'a', 'b' }, deep = { er = { x = 1 } } }\n"
    "local shared = { n = 1 }\n"
    "function uses_shared() shared.n = 2 end\n"
    "function caches(k) cache[k] = true end\n"
    "function counts() count = count + 1 return 'counted' end\n"
    "function counts_and_fails() count = count + 1 error 'failed' end\n"
    "function remembers(x) local was = last last = x return was and 'remembered' or 'forgotten' end\n"
    "local flag = 1\n"
    "function flips() local was = math.type(flag) flag = flag == 1 and math.type(flag) == 'integer' and 1.0 or 1 return was end\n"
    "local nan = 0/0\n"
    "function has_nan() return nan ~= nan and 'nan' or 'number' end\n"
    "local it = ('abc'):gmatch('.')\n"
    "function iterates() return it() end\n"
    "local walk = pairs { a = 1, b = 2 }\n"
    "function walks() return (walk()) end\n"
    "local held = { inner = { f = function() count = count - 1 return 'down' end } }\n"
    "function through(t) return held.inner.f() end\n"
    "function env() _ENV = { x = 1 } end\n"
    "function works() local t = {} for i, v in ipairs(settings.list) do t[#t + 1] = i .. v end\n"
    "  for k in pairs(settings) do t[#t + 1] = k end\n"
    "  return table.concat(t, ' ') .. ' ' .. #settings.list .. rawlen(settings.list) .. settings.deep.er.x .. ('up'):upper()\n"
    "  .. tostring(next(settings)) .. rawget(settings.list, 2) .. table.concat(settings.list) .. select('#', table.unpack(settings.list)) end\n";

static void
test_frozen(void)
{
	static const struct { const char *what, *chunk; } writes[] = {
		{ "a global", "x = 1" }, { "a global by _G", "_G.x = 1" }, { "one that is there", "settings = nil" },
		{ "a field", "settings.list = {}" }, { "a new field", "settings.x = 1" }, { "a deep field", "settings.deep.er.x = 2" },
		{ "an element", "settings.list[1] = 'c'" }, { "insert", "table.insert(settings.list, 'c')" },
		{ "insert at", "table.insert(settings.list, 1, 'c')" }, { "remove", "table.remove(settings.list)" },
		{ "remove of nothing", "table.remove(settings.deep)" }, { "sort", "table.sort(settings.list)" },
		{ "sort of nothing", "table.sort(settings.deep)" }, { "move", "table.move({ 1 }, 1, 1, 1, settings.list)" },
		{ "string", "string.upper = nil" }, { "a new string method", "string.evil = type" }, { "table", "table.insert = nil" },
		{ "math", "math.pi = 3" }, { "utf8", "utf8.x = 1" }, { "a cache", "caches 'k'" }, { "a shared local table", "uses_shared()" },
		{ "removal while iterating", "for k in pairs(settings) do settings[k] = nil end" },
		{ "a function over it", "function works() end" },
	};

	ok(run_in(policy, BUDGET_LOAD).p == NULL && !e.text[0], "a policy is loaded");
	is_str(run("return works()"), "1a 2b deep list 221UPdeepbab2", "it works");
	is_int(sandbox_freeze(&box, &e), 0, "it is frozen");
	is_str(run("return works()"), "1a 2b deep list 221UPdeepbab2", "it works as before");
	for (size_t i = 0; i < sizeof writes / sizeof *writes; i++)
		ok(fails(writes[i].chunk, "policy is frozen after it is loaded"), "%s", writes[i].what);
	is_str(run("local ok, why = pcall(function() x = 1 end) return why"),
	    "policy.lua:1: cannot set 'x': policy is frozen after it is loaded", "it says what");
	is_str(run("local t = { 3, 1, 2 } t.x = 1 table.sort(t) return table.concat(t)"), "123", "tables of a call are free");

	ok(fails("return counts()", "'count' was changed"), "a local number that outlives the call: %s", e.text);
	ok(strstr(e.text, "policy.lua:") == e.text, "with its place");
	ok(fails("return counts_and_fails()", "failed"), "an error says its own reason");
	ok(fails("return through()", "'count' was changed"), "also by a function in a local table");
	ok(fails("return remembers 'x'", "'last' was changed"), "a local that was nil");
	ok(fails("return flips()", "'flag' was changed"), "1 and 1.0 are two values");
	is_str(run("return has_nan()"), "nan", "NaN is the same as before");
	ok(fails("return iterates()", "outlives"), "an iterator");
	ok(fails("return iterates()", "outlives"), "which begins anew");
	ok(fails("return walks()", "outlives"), "one of pairs as well");
	run("return env()");
	ok(strstr(e.text, "'_ENV' was changed"), "_ENV: %s", e.text);
	is_str(run("return works()"), "1a 2b deep list 221UPdeepbab2", "and all is as it was");
	ok(fails("return require 'x'", "frozen"), "require comes too late");
	sandbox_close(&box);
	open_box(NULL, SANDBOX_MEMORY);
}

static int
l_value(lua_State *L)
{
	lua_newtable(L);
	lua_newtable(L);
	lua_pushinteger(L, 7);
	lua_setfield(L, -2, "seven");
	lua_setfield(L, -2, "inner");
	sandbox_table(L);
	return 1;
}

/* A C function that calls back in a call of its own. */
static int
l_nested(lua_State *L)
{
	struct sandbox *s = sandbox_of(L);
	struct err why;

	lua_settop(L, 1);
	if (sandbox_call(s, 0, 1, 10000, &why) == -1)
		lua_pushstring(L, why.text);
	return 1;
}

static int
l_install(lua_State *L)
{
	lua_register(L, "value", l_value);
	lua_register(L, "nested", l_nested);
	lua_newtable(L);
	lua_pushliteral(L, "of C");
	lua_setfield(L, -2, "who");
	sandbox_module(L, "made");
	return 0;
}

static void
test_for_c(void)
{
	lua_pushcfunction(box.L, l_install);
	is_int(sandbox_call(&box, 0, 0, BUDGET_CALL, &e), 0, "C installs what it has");
	ok(fails("value().x = 1", "frozen") && fails("value().inner.seven = 1", "frozen"), "a value for one call is read only");
	is_str(run("return '' .. value().inner.seven"), "7", "and can be read");
	is_str(run("return require 'made'.who"), "of C", "a module of C");
	is_str(run("return nested(function() return 'inner' end)"), "inner", "a call in a call");
	is_str(run("return nested(function() while true do end end)"), "policy.lua:1: policy ran for too long", "has its own budget");
	is_str(run("return nested(error)"), "policy.lua:1: error object is a nil", "and its own errors");
	ok(fails("while true do nested(function() while true do end end) end", too_long), "but takes from the outer one");
	ok(fails("while true do pcall(nested, function() while true do end end) end", too_long), "also in pcall");
	run_in("for i = 1, 1000 do end", 500);
	ok(strstr(e.text, too_long), "a small budget is small");
	run_in("for i = 1, 1000 do end", 5000);
	ok(!e.text[0], "and a larger one is enough");
	is_int(lua_gettop(box.L), 1, "a result more or less: the stack holds what was asked for");
}

/* --- require --- */

static void
write_file(const char *name, const char *text)
{
	char path[200];
	FILE *f;

	snprintf(path, sizeof path, "%s/%s", base, name);
	if ((f = fopen(path, "w")) != NULL) {
		fputs(text, f);
		fclose(f);
	}
}

static void
make_folder(const char *name)
{
	char path[200];

	snprintf(path, sizeof path, "%s/%s", base, name);
	mkdir(path, 0700);
}

static void
test_require(void)
{
	static const char *const bad[] = { "../x", "/etc/passwd", "a/b", "", ".", "a.", ".a", "a..b", "..", "a\\0b", "a b", "~", "c:" };
	char chunk[120], policies[100], library[100];
	struct bundle *b;

	snprintf(base, sizeof base, "/tmp/fedx-sandbox.XXXXXX");
	if (!mkdtemp(base))
		return;
	make_folder("p");
	make_folder("p/a");
	make_folder("lua");
	make_folder("lua/fedx");
	write_file("p/a/b.lua", "local name = ... return { name = name, n = 1 }");
	write_file("p/nothing.lua", "x = 1");
	write_file("p/self.lua", "return require 'self'");
	write_file("p/one.lua", "return require 'two'");
	write_file("p/two.lua", "return require 'one'");
	write_file("p/broken.lua", "\nx = = 1");
	write_file("p/fails.lua", "\n\nerror 'on purpose'");
	write_file("p/loops.lua", "while true do end");
	write_file("p/both.lua", "return 'ours'");
	write_file("lua/both.lua", "return 'library'");
	write_file("lua/fedx/lists.lua", "return { from = 'library' }");
	snprintf(policies, sizeof policies, "%s/p", base);
	snprintf(library, sizeof library, "%s/lua", base);
	setenv("FEDX_LUA", library, 1);
	if ((b = bundle_open(policies, &e)) == NULL) {
		ok(false, "%s", e.text);
		return;
	}
	sandbox_close(&box);
	open_box(b, SANDBOX_MEMORY);
	is_str(run("return require 'a.b'.name .. require 'a.b'.n"), "a.b1", "require from the policy's directory");
	is_str(run("return tostring(require 'a.b' == require 'a.b')"), "true", "once");
	is_str(run("return require 'fedx.lists'.from"), "library", "then from fedx's own");
	is_str(run("return require 'both'"), "ours", "the policy's comes first");
	is_str(run("return tostring(require 'nothing')"), "true", "a module that returns nothing");
	for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
		snprintf(chunk, sizeof chunk, "return require '%s'", bad[i]);
		ok(fails(chunk, "is no name of a module"), "'%s' is none", bad[i]);
	}
	ok(fails("require 'absent'", "there is no module 'absent'"), "one that is not there: %s", e.text);
	ok(fails("require 'self'", "requires itself"), "a cycle of one");
	ok(fails("require 'one'", "module 'one' requires itself"), "a cycle of two");
	ok(fails("require 'broken'", "broken.lua:2:"), "syntax: %s", e.text);
	ok(fails("require 'fails'", "fails.lua:3: on purpose"), "an error: %s", e.text);
	ok(fails("require 'loops'", too_long), "an endless one");
	ok(fails("while true do pcall(require, 'loops') end", too_long), "again and again");
	is_int(sandbox_freeze(&box, &e), 0, "frozen");
	is_str(run("return require 'a.b'.name"), "a.b", "what was required is still there");
	ok(fails("require 'a.b'.n = 2", "frozen"), "and frozen");
	sandbox_close(&box);
	bundle_close(b);
	snprintf(chunk, sizeof chunk, "rm -rf %s", base);
	if (system(chunk) != 0)
		printf("# %s stays\n", base);
	open_box(NULL, SANDBOX_MEMORY);
	ok(fails("require 'a.b'", "there is no module"), "without a bundle there is nothing");
}

/* A state that cannot even begin says so. */
static void
test_no_memory(void)
{
	struct sandbox s;
	bool opened = false;
	size_t least = 0;

	for (size_t memory = 0; memory < 200000 && !opened; memory += 500) {
		opened = sandbox_open(&s, NULL, memory, &e) == 0;
		least = memory;
		if (!opened && !strstr(e.text, "memory"))
			break;
		if (opened) {
			struct err why;
			bool loaded = sandbox_load(&s, STR("x"), STR("x = {}"), &why) == 0 && sandbox_call(&s, 0, 0, 1000, &why) == 0;

			ok(loaded || strstr(why.text, "memory"), "the smallest state is one, or says why not");
			sandbox_freeze(&s, &why);
			sandbox_close(&s);
		}
	}
	ok(opened, "a state wants %zu bytes, with less it says 'no memory'", least);
	for (size_t memory = least; memory < least + 20000; memory += 100) {	/* freezing fails half way */
		struct err why;

		if (sandbox_open(&s, NULL, memory, &e) == -1)
			continue;
		if (sandbox_freeze(&s, &why) == -1 && !strstr(why.text, "memory"))
			ok(false, "%s", why.text);
		sandbox_close(&s);
	}
}

int
main(void)
{
	if (open_box(NULL, SANDBOX_MEMORY) == -1) {
		printf("# %s\n", e.text);
		return 1;
	}
	test_endless();
	test_memory();
	test_depth();
	test_doors();
	test_determinism();
	test_errors();
	test_frozen();
	test_for_c();
	test_require();
	test_no_memory();
	sandbox_close(&box);
	return done();
}
