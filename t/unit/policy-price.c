/*
 * policy-price.c - whatever takes long for the length of a text is paid by
 * the length, and what cannot be paid for ends with its time.
 */
#include <lauxlib.h>
#include <stdlib.h>

#include "policy/sandbox.h"
#include "tap.h"

static struct sandbox box;
static struct err e;

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
	run(chunk);
	return strstr(e.text, why) != NULL;
}

/* left() -> instructions of the budget */
static int
l_left(lua_State *L)
{
	lua_pushinteger(L, (lua_Integer)box.budget);
	return 1;
}

/* hurry(): the time of this call is over soon */
static int
l_hurry(lua_State *L)
{
	(void)L;
	box.until = mono_add_ms(mono_now(), 20);
	return 0;
}

/* digits, zeros, tails: long texts, made in few steps */
static const char long_texts[] =
    "function make(c) local s = '' for i = 1, 200000 / 500 do s = s .. c:rep(500) end return s end\n"
    "digits, zeros, tails = make '0', make '\\0', make '\\x80'\n"
    "other, codes = ('\\0'):rep(500) .. zeros:sub(501), utf8.codes('x')\n"
    "longer = zeros .. '1'\n";

static int
l_install(lua_State *L)
{
	lua_register(L, "left", l_left);
	lua_register(L, "hurry", l_hurry);
	return 0;
}

static void
install(void)
{
	lua_settop(box.L, 0);
	lua_pushcfunction(box.L, l_install);
	sandbox_call(&box, 0, 0, BUDGET_CALL, &e);
	run_in(long_texts, BUDGET_LOAD);
	ok(!e.text[0], "there are long texts: %s", e.text);
}

/* A text may stand where a number is wanted, and is read each time: by its length. */
static void
test_priced(void)
{
	static const struct { const char *what, *call; } priced[] = {
		{ "sum", "return digits + 1" }, { "sum on the right", "return 1 + digits" }, { "difference", "return digits - 1" },
		{ "product", "return digits * 1" }, { "quotient", "return digits / 1" }, { "floor division", "return digits // 1" },
		{ "rest", "return digits % 1" }, { "power", "return digits ^ 1" }, { "negation", "return -digits" },
		{ "tonumber", "return tonumber(digits)" }, { "tonumber by a base", "return tonumber(digits, 10)" },
		{ "a long base", "return tonumber('1', digits)" },
		{ "floor", "return math.floor(digits)" }, { "ceil", "return math.ceil(digits)" }, { "abs", "return math.abs(digits)" },
		{ "sqrt", "return math.sqrt(digits)" }, { "exp", "return math.exp(digits)" }, { "log", "return math.log(10, digits)" },
		{ "max", "return math.max(1, 2, digits)" }, { "min", "return math.min(1, 2, digits)" }, { "fmod", "return math.fmod(1, digits)" },
		{ "modf", "return math.modf(digits)" }, { "ult", "return math.ult(1, digits)" }, { "tointeger", "return math.tointeger(digits)" },
		{ "sin", "return math.sin(digits)" }, { "deg", "return math.deg(digits)" }, { "atan", "return math.atan(1, digits)" },
		{ "select", "return select(digits, 1)" }, { "error", "error('x', digits)" }, { "rawequal", "return rawequal(zeros, other)" },
		{ "rep", "return ('x'):rep(digits)" }, { "find", "return ('x'):find('x', digits)" }, { "match", "return ('x'):match('x', digits)" },
		{ "gmatch", "return ('x'):gmatch('x', digits)" }, { "gsub", "return ('x'):gsub('x', 'y', digits)" },
		{ "byte", "return ('x'):byte(digits)" }, { "byte up to", "return ('x'):byte(1, digits)" }, { "sub", "return ('x'):sub(1, digits)" },
		{ "char", "return string.char(digits)" }, { "format", "return ('%d'):format(digits)" }, { "a long format", "return digits:format()" },
		{ "upper", "return digits:upper()" }, { "reverse", "return digits:reverse()" },
		{ "utf8.char", "return utf8.char(digits)" }, { "utf8.len", "return utf8.len('x', digits)" },
		{ "utf8.offset", "return utf8.offset('x', digits)" }, { "codepoint", "return utf8.codepoint('x', 1, digits)" },
		{ "the iterator of codes", "return codes(tails, 1)" }, { "also of lax ones", "return utf8.codes('x', true)(tails, 1)" },
		{ "concat", "return table.concat({}, '', 1, digits)" }, { "concat from", "return table.concat({}, '', digits)" },
		{ "unpack", "return table.unpack({}, 1, digits)" }, { "unpack from", "return table.unpack({}, digits)" },
		{ "move", "return table.move({}, 1, 0, digits)" }, { "insert", "table.insert({ 1 }, digits, 1)" },
		{ "remove", "table.remove({ 1 }, digits)" }, { "sort", "table.sort { zeros, other }" },
		{ "sorted keys", "return pairs { [zeros] = 1, [longer] = 2 }" }, { "next", "return next({ [zeros] = 1, [longer] = 2 })" },
	};
	char chunk[200];

	for (size_t i = 0; i < sizeof priced / sizeof *priced; i++) {
		snprintf(chunk, sizeof chunk, "local was = left() pcall(function() %s end) return '' .. was - left()", priced[i].call);
		run(chunk);
		ok(atoi(lua_isstring(box.L, -1) ? lua_tostring(box.L, -1) : "0") >= 200000 / 32, "%s of a long text has a price", priced[i].what);
	}
	is_str(run("local was = left() for i = 1, 10 do local x = '10' + i x = math.floor('3') x = ('x'):rep('2') end return was - left() < 200 and 'cheap' or 'dear'"),
	    "cheap", "a short one is cheap");
	is_str(run("local s = '' for at, code in utf8.codes('a\\u{e9}\\u{263a}z') do s = s .. at .. ':' .. code .. ' ' end return s"),
	    "1:97 2:233 4:9786 7:122 ", "utf8.codes");
	ok(fails("for _ in utf8.codes('a\\xff') do end", "invalid UTF-8"), "of what is none");
	ok(fails("utf8.codes('x')('x', digits)", "number expected"), "its iterator wants a number");
	is_str(run("return '' .. ('10' + 5) .. '10' * '2' .. -'3' .. 7 // '2'"), "1520-33", "texts that are numbers");
	ok(fails("return 'x' + 1", "attempt to add a 'string' with a 'number'"), "and one that is none");
}

/* What has no price is bounded by time. */
static void
test_late(void)
{
	static const struct { const char *what, *chunk; } unpriced[] = {
		{ "a for up to a long text", "while true do for i = 1, digits do break end end" },
		{ "texts compared", "while true do local x = zeros < other end" },
		{ "texts compared, and pcall", "local function f() while true do local x = zeros < other end end while true do pcall(f) end" },
		{ "long texts as keys", "local t = { [zeros] = 1 } while true do local x = t[other] end" },
		{ "keys that meet", "local t, m = {}, (1 << 13) - 1 for i = 1, 1 << 12 do t[i * m] = i end while true do local x = t[m] end" },
	};

	for (size_t i = 0; i < sizeof unpriced / sizeof *unpriced; i++) {
		static char chunk[300];

		snprintf(chunk, sizeof chunk, "hurry() %s", unpriced[i].chunk);
		run_in(chunk, BUDGET_LOAD);
		ok(strstr(e.text, "policy.lua:1: policy ran for too long: its time was over"), "%s: %s", unpriced[i].what, e.text);
	}
	is_str(run("local x = zeros < other return 'in time'"), "in time", "the next call has its own time");
}

int
main(void)
{
	if (sandbox_open(&box, NULL, SANDBOX_MEMORY, &e) == -1) {
		printf("# %s\n", e.text);
		return 1;
	}
	install();
	test_priced();
	test_late();
	sandbox_close(&box);
	return done();
}
