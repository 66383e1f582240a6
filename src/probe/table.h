/*
 * table.h - JSON lines become a table for people or tab-separated values; pure.
 */
#ifndef FEDX_TABLE_H
#define FEDX_TABLE_H

#include "base/buf.h"
#include "base/err.h"

enum table_style { TABLE_ALIGNED, TABLE_TABS };
enum { COLUMNS_MAX = 20, CELL_MAX = 256 };

struct column { const char *field, *title; bool number; };

struct table {
	const struct column *columns;	/* must outlive the table */
	size_t count, rows;
	size_t width[COLUMNS_MAX];	/* characters of the widest cell */
	struct buf cells;		/* each with a NUL behind it, row by row */
};

void value_text(struct str value, struct buf *);
	/* as a cell has it: text without quotes, an array with blanks between; absent, null: nothing */

void table_open(struct table *, const struct column *, size_t count);
void table_close(struct table *);
int table_add(struct table *, struct str json, struct err *);
	/* one object: absent, null and empty fields show as "-"; -1: it is
	 * no JSON object, or there is no room */
int table_print(const struct table *, enum table_style, bool header, bool colour,
    struct buf *to);	/* -1: full */

#endif
