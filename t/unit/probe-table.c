/* probe-table.c - lists of JSON lines as tables and as tab-separated values. */
#include "probe/table.h"
#include "probe/lines.h"
#include "tap.h"

static const struct column columns[] = {
	{ "name", "name", false }, { "state", "state", false }, { "rtt_us", "rtt", true }
};

static struct str
shown(const char *const lines[], size_t n, enum table_style style, bool header, bool colour,
    struct buf *to)
{
	struct table t;
	struct err e = { .text = "" };

	buf_free(to);
	table_open(&t, columns, 3);
	for (size_t i = 0; i < n; i++)
		if (table_add(&t, str(lines[i]), &e) == -1)
			printf("# %s\n", e.text);
	table_print(&t, style, header, colour, to);
	table_close(&t);
	return buf_view(to);
}

int
main(void)
{
	static const char *const two[] = {
		"{\"v\":1,\"name\":\"oslo\",\"state\":\"up\",\"rtt_us\":1234,\"new\":[1]}",
		"{\"name\":\"\xc3\xa9t\xc3\xa9\",\"state\":\"refused\",\"rtt_us\":null}",
	};
	static const char *const hostile[] = { "{\"name\":\"a\\tb\\n\\u001b[2J\",\"state\":[\"x\",\"y z\"]}" };
	static const char *const bad[] = { "{\"name\":", "[1]", "" };
	struct buf to;
	struct table t;
	struct err e;
	struct str line;
	size_t used;

	buf_init(&to, 65536);
	is_str(shown(two, 2, TABLE_TABS, true, false, &to),
	    "name\tstate\trtt\noslo\tup\t1234\n\xc3\xa9t\xc3\xa9\trefused\t-\n",
	    "tabs: a header, each row, absent and null as a dash, unknown fields left out");
	is_str(shown(two, 1, TABLE_TABS, false, false, &to), "oslo\tup\t1234\n", "no header");
	is_str(shown(two, 2, TABLE_ALIGNED, true, false, &to),
	    "name  state     rtt\noslo  up       1234\n\xc3\xa9t\xc3\xa9   refused     -\n",
	    "a table: columns line up by characters, numbers to the right");
	is_str(shown(two, 1, TABLE_ALIGNED, false, true, &to),
	    "oslo  \033[32mup\033[0m     1234\n", "colour does not count as width");
	is_str(shown(hostile, 1, TABLE_TABS, false, false, &to), "a?b??[2J\tx y z\t-\n",
	    "a name from a peer breaks no row and moves no cursor; lists are words");
	for (size_t i = 0; i < 3; i++) {
		table_open(&t, columns, 3);
		ok(table_add(&t, str(bad[i]), &e) == -1, "refused: '%s'", bad[i]);
		table_close(&t);
	}
	ok(line_next(STR("ab\ncd"), false, &line, &used) && used == 3, "a line and its newline");
	is_str(line, "ab", "without it");
	ok(!line_next(STR("cd"), false, &line, &used), "half a line waits");
	ok(line_next(STR("cd"), true, &line, &used) && used == 2, "at the end it is one");
	ok(line_next(STR("\n"), true, &line, &used) && line.n == 0, "an empty line is a line");
	ok(!line_next(STR(""), true, &line, &used), "nothing is none");
	buf_free(&to);
	return done();
}
