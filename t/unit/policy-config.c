/* policy-config.c - a settings file becomes lines that say where each setting is. */
#include "policy/policy.h"
#include "tap.h"

static struct buf lines;
static struct err e;

static struct str
read_text(const char *text)
{
	buf_eat(&lines, buf_len(&lines));
	e.text[0] = '\0';
	config_read(STR("fedx.lua"), str(text), &lines, &e);
	return buf_view(&lines);
}

static void
test_values(void)
{
	static const struct { const char *what, *text, *lines; } cases[] = {
		{ "nothing", "", "" },
		{ "comments", "-- nothing = 1\n", "" },
		{ "text", "id = 'oslo'\n", "id=oslo\tfedx.lua:1\n" },
		{ "numbers", "\na = 7 b = -1 c = 2.0\n d = 1e3", "a=7\tfedx.lua:2\nb=-1\tfedx.lua:2\nc=2\tfedx.lua:2\nd=1000\tfedx.lua:3\n" },
		{ "booleans", "a = true\nb = false", "a=on\tfedx.lua:1\nb=off\tfedx.lua:2\n" },
		{ "nil is not set", "a = nil\nb = a", "" },
		{ "a list", "listen = { 'x:1', 'y:2' }", "listen=x:1\tfedx.lua:1\nlisten=y:2\tfedx.lua:1\n" },
		{ "rows in a list", "listen = { 'x:1', { 'y:2', tls = 'on', n = 7, b = true } }",
		    "listen=x:1\tfedx.lua:1\nlisten=y:2,b=on,n=7,tls=on\tfedx.lua:1\n" },
		{ "a row with lists and tables", "listen = { { 'x', trust = { '10.0.0.0/8', 'y' }, guests = { dialects = { 'a', 'b' } } } }",
		    "listen=x,guests.dialects=a,guests.dialects=b,trust=10.0.0.0/8,trust=y\tfedx.lua:1\n" },
		{ "an empty table", "listen = {}", "" },
		{ "a table", "link = { ping = '10s', hold = 3 }", "link.hold=3\tfedx.lua:1\nlink.ping=10s\tfedx.lua:1\n" },
		{ "a deep one", "a = { b = { c = { d = { 1, 2 } } } }", "a.b.c.d=1\tfedx.lua:1\na.b.c.d=2\tfedx.lua:1\n" },
		{ "lines in a table", "link = {\n  ping = '10s',\n  -- hold = 4\n  hold = 3\n}\nid = 'x'",
		    "link.hold=3\tfedx.lua:4\nlink.ping=10s\tfedx.lua:2\nid=x\tfedx.lua:6\n" },
		{ "a list over lines", "listen = {\n\t'x',\n}\n", "listen=x\tfedx.lua:1\n" },
		{ "the same name twice: the line of what it is in", "a = {\n x = { n = 1 },\n y = { n = 2 }\n}\n",
		    "a.x.n=1\tfedx.lua:2\na.y.n=2\tfedx.lua:3\n" },
		{ "added later", "link = {}\nlink.ping = '1s'", "link.ping=1s\tfedx.lua:1\n" },
		{ "computed", "local base = 7000\nlisten = {}\nfor i = 1, 2 do listen[i] = ('h:%d'):format(base + i) end",
		    "listen=h:7001\tfedx.lua:2\nlisten=h:7002\tfedx.lua:2\n" },
		{ "read back", "a = 'x'\nb = a .. 'y'", "a=x\tfedx.lua:1\nb=xy\tfedx.lua:2\n" },
		{ "in a function", "local function set(v)\n  a = v\nend\nset(3)", "a=3\tfedx.lua:2\n" },
		{ "equals signs and UTF-8", "a = 'x=\xc3\xa9='", "a=x=\xc3\xa9=\tfedx.lua:1\n" },
		{ "empty text", "a = ''", "a=\tfedx.lua:1\n" },
	};

	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		is_str(read_text(cases[i].text), cases[i].lines, cases[i].what);
		if (e.text[0])
			ok(false, "%s", e.text);
	}
}

static void
test_errors(void)
{
	static const struct { const char *what, *text, *says; } cases[] = {
		{ "syntax", "id = 'x'\nlisten = = 1", "fedx.lua:2: unexpected symbol near '='" },
		{ "an error", "\n\nerror 'no'", "fedx.lua:3: no" },
		{ "an endless loop", "id = 'x'\nwhile true do end", "fedx.lua:2: policy ran for too long" },
		{ "a loop that sets", "while true do x = nil end", "fedx.lua:1: policy ran for too long" },
		{ "a memory bomb", "local t = {} for i = 1, 1e9 do t[i] = {} end", "not enough memory" },
		{ "a function of its own", "\nlisten = function() end", "fedx.lua:2: 'listen' is a function; want text" },
		{ "a fraction", "ping = 1.5", "fedx.lua:1: 'ping' is no whole number" },
		{ "infinity", "ping = 1/0", "fedx.lua:1: 'ping' is no whole number" },
		{ "twice", "id = 'a'\n\nid = 'b'", "fedx.lua:3: 'id' is already set at line 1" },
		{ "a row without a text", "listen = { { tls = 'on' } }", "fedx.lua:1: 'listen' is a list that holds a table without" },
		{ "a row with two texts", "listen = { { 'x', 'y' } }", "fedx.lua:1: 'listen' is a list that holds a table without" },
		{ "a row with a number", "listen = { { 1 } }", "fedx.lua:1: 'listen' is a list that holds a table without" },
		{ "a row with a comma", "listen = { { 'x', a = 'b,c' } }", "fedx.lua:1: 'listen' has an option with a comma" },
		{ "a row with a function", "listen = { { 'x', a = function() end } }", "fedx.lua:1: 'listen' is a function" },
		{ "a row in itself", "local t = { 'x' } t.a = t listen = { t }", "fedx.lua:1: 'listen' is nested too deeply" },
		{ "a row without end", "listen = { { 'x', a = ('b'):rep(2000) } }", "fedx.lua:1: 'listen' has a row that is too long" },
		{ "a list and names", "listen = { 'x', y = 1 }", "fedx.lua:1: 'listen' has both a list and names" },
		{ "a list with gaps", "listen = { [1] = 'x', [5] = 'y' }", "fedx.lua:1: 'listen' has both" },
		{ "a function in a list", "a = { 'x', type }", "fedx.lua:1: 'a' is a function" },
		{ "a line end in a text", "a = 'x\\nid=evil'", "fedx.lua:1: 'a' holds a control character" },
		{ "a tab in a text", "a = 'x\\ty'", "holds a control character" },
		{ "a NUL in a text", "a = 'x\\0y'", "holds a control character" },
		{ "an odd name", "_ENV['a b'] = 1", "fedx.lua:1: a setting's name is a word" },
		{ "a line end in a name", "_ENV['a\\nb'] = 1", "is a word" },
		{ "a number as a name", "_ENV[1] = 1", "is a word" },
		{ "an odd name in a table", "a = { ['b=c'] = 1 }", "fedx.lua:1: 'a' has a name that is no word" },
		{ "a table as a name", "a = { [{}] = 1 }", "fedx.lua:1: 'a' has both" },
		{ "a table within itself", "a = {} a.a = a", "is nested too deeply" },
		{ "a field of nothing", "link.ping = 1", "fedx.lua:1: attempt to index a nil value (global 'link')" },
		{ "a value", "return { id = 'x' }", "a settings file returns nothing" },
		{ "a way around", "_G.id = 'x'", "attempt to index a nil value (global '_G')" },
		{ "a door", "os.exit(1)", "fedx.lua:1: attempt to index a nil value (global 'os')" },
		{ "bytecode", "\x1bLua", "binary chunk" },
		{ "no module", "require 'x'", "fedx.lua:1: there is no module 'x'" },
	};

	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		struct str got = read_text(cases[i].text);

		if (!ok(got.n == 0 && strstr(e.text, cases[i].says), "%s", cases[i].what))
			printf("#   got \"%s\", want \"%s\"; %zu bytes\n", e.text, cases[i].says, got.n);
	}
}

static void
test_bounds(void)
{
	struct buf few;

	buf_init(&few, 64);
	buf_str(&few, STR("before\n"));
	is_int(config_read(STR("x.lua"), STR("for i = 1, 9 do _ENV['key' .. i] = 'value' end"), &few, &e), -1, "more lines than there is room for");
	ok(strstr(e.text, "one setting too many"), "%s", e.text);
	is_str(buf_view(&few), "before\n", "what was there before is all there is");
	is_int(config_read(STR("x.lua"), STR("a = 1"), &few, &e), 0, "one that fits");
	is_str(buf_view(&few), "before\na=1\tx.lua:1\n", "is appended");
	buf_free(&few);
	read_text("for i = 1, 3000 do _ENV['k' .. i] = i end");
	ok(!e.text[0] && str_ends(buf_view(&lines), STR("k3000=3000\tfedx.lua:1\n")), "3000 settings are no problem %s", e.text);
	read_text("t = {} for i = 1, 1000 do t['k' .. i] = i end");
	ok(!e.text[0], "nor are 1000 in a table %s", e.text);
}

int
main(void)
{
	buf_init(&lines, 1 << 20);
	test_values();
	test_errors();
	test_bounds();
	buf_free(&lines);
	return done();
}
