/* table.c - see table.h. */
#include "bus/client.h"
#include "probe/table.h"
#include "wire/json.h"

enum { CELLS_MAX = 64 * 1024 * 1024, JSON_DEPTH = 64 };

void
table_open(struct table *t, const struct column *columns, size_t count)
{
	*t = (struct table){ .columns = columns, .count = count };
	buf_init(&t->cells, CELLS_MAX);
	for (size_t i = 0; i < count; i++)
		t->width[i] = strlen(columns[i].title);
}

void
table_close(struct table *t)
{
	buf_free(&t->cells);
}

static size_t
characters(const char *cell)
{
	size_t n = 0;

	for (; *cell; cell++)
		n += ((unsigned char)*cell & 0xc0) != 0x80;
	return n;
}

void
value_text(struct str value, struct buf *to)
{
	struct str rest = value, element;
	bool first = true;

	switch (json_type(value)) {
	case JSON_STRING:
		json_text(value, to);
		break;
	case JSON_ARRAY:
		while (json_next_element(&rest, &element)) {
			if (!first)
				buf_put(to, " ", 1);
			value_text(element, to);
			first = false;
		}
		break;
	case JSON_BAD:
	case JSON_NULL:
		break;
	default:
		buf_str(to, str_trim(value));
	}
}

int
table_add(struct table *t, struct str json, struct err *e)
{
	struct json_fault fault;
	struct buf text;
	char cell[CELL_MAX];
	int r = 0;

	if (json_check(json, JSON_DEPTH, &fault) == -1)
		return err_set(e, "the node sent a line that is no JSON: %s", fault.why);
	if (json_type(str_trim(json)) != JSON_OBJECT)
		return err_set(e, "the node sent a line that is no JSON object");
	buf_init(&text, 64 * 1024);
	for (size_t i = 0; r == 0 && i < t->count; i++) {
		size_t n, wide;

		buf_eat(&text, buf_len(&text));
		value_text(json_member(str_trim(json), t->columns[i].field), &text);
		n = bus_text(buf_view(&text), cell, sizeof cell);
		if (n == 0)
			n = bus_text(STR("-"), cell, sizeof cell);
		wide = characters(cell);
		if (wide > t->width[i])
			t->width[i] = wide;
		r = buf_put(&t->cells, cell, n + 1);
	}
	buf_free(&text);
	if (r == -1)
		return err_set(e, "the list is too long to show; try -j");
	t->rows++;
	return 0;
}

static const char *
state_colour(const char *field, const char *cell)
{
	if (strcmp(field, "state") != 0)
		return NULL;
	if (strcmp(cell, "up") == 0)
		return "\033[32m";
	return strcmp(cell, "refused") == 0 ? "\033[31m" : "\033[33m";
}

static int
pad(struct buf *to, size_t n)
{
	while (n--)
		if (buf_put(to, " ", 1) == -1)
			return -1;
	return 0;
}

static int
cell_print(const struct table *t, size_t i, enum table_style style,
    const char *cell, const char *colour, struct buf *to)
{
	size_t gap = t->width[i] - characters(cell);
	bool last = i + 1 == t->count, aligned = style == TABLE_ALIGNED;

	if (aligned && t->columns[i].number && pad(to, gap) == -1)
		return -1;
	if (colour && buf_str(to, str(colour)) == -1)
		return -1;
	if (buf_str(to, str(cell)) == -1)
		return -1;
	if (colour && buf_str(to, STR("\033[0m")) == -1)
		return -1;
	if (last)
		return buf_put(to, "\n", 1);
	if (!aligned)
		return buf_put(to, "\t", 1);
	return pad(to, 2 + (t->columns[i].number ? 0 : gap));
}

int
table_print(const struct table *t, enum table_style style, bool header, bool colour,
    struct buf *to)
{
	const char *cell = buf_view(&t->cells).p;

	for (size_t i = 0; header && i < t->count; i++)
		if (cell_print(t, i, style, t->columns[i].title, colour ? "\033[1m" : NULL, to) == -1)
			return -1;
	for (size_t at = 0; at < t->rows * t->count; at++, cell += strlen(cell) + 1) {
		size_t i = at % t->count;

		if (cell_print(t, i, style, cell,
		    colour ? state_colour(t->columns[i].field, cell) : NULL, to) == -1)
			return -1;
	}
	return 0;
}
