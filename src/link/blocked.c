/* blocked.c - see blocked.h. */
#include <stdlib.h>
#include <sys/stat.h>

#include "base/fd.h"
#include "link/blocked.h"

enum { FILE_MAX = 16 << 20 };

struct blocked { size_t count; uint8_t (*hashes)[HASH]; };	/* in order */

static int
order(const void *a, const void *b)
{
	return memcmp(a, b, HASH);
}

static int
line_parse(struct str text, uint8_t hash[HASH], struct err *e)
{
	struct str comment;

	str_split(text, '#', &text, &comment);
	text = str_trim(text);
	if (text.n == 0)
		return 1;
	return auth_hash_parse(text, hash) == 0 ? 0 :
	    err_set(e, "want sha256: and 64 hex digits, and # before a remark");
}

static int
read_lines(struct blocked *b, const char *path, struct str rest, struct err *e)
{
	struct str text;
	int number = 0, r;

	for (bool more = rest.n > 0; more; ) {
		more = str_split(rest, '\n', &text, &rest);
		number++;
		if ((r = line_parse(text, b->hashes[b->count], e)) == -1)
			return err_at(e, "%s:%d", path, number);
		b->count += r == 0;
	}
	qsort(b->hashes, b->count, HASH, order);
	return 0;
}

struct blocked *
blocked_open(const char *path, struct err *e)
{
	struct blocked *b = calloc(1, sizeof *b);
	struct stat st;
	struct buf text;
	int r = -1;

	buf_init(&text, FILE_MAX);
	if (fd_read_file(path, FILE_MAX, &text, e) == -1)
		r = -1;
	else if (stat(path, &st) == 0 && (st.st_mode & (S_IWGRP | S_IWOTH)))
		err_set(e, "%s may be written by others, who could then let in whom it blocks: chmod go-w it",
		    path);
	/* a hash is longer than 64 bytes of text; one place more for the line that is being read */
	else if (!b || (b->hashes = malloc((buf_len(&text) / 64 + 1) * HASH)) == NULL)
		err_memory(e, "the list of what is blocked");
	else
		r = read_lines(b, path, buf_view(&text), e);
	buf_free(&text);
	if (r == 0)
		return b;
	err_exit(e, e->status ? e->status : 78);
	blocked_close(b);
	return NULL;
}

void
blocked_close(struct blocked *b)
{
	if (b)
		free(b->hashes);
	free(b);
}

size_t
blocked_count(const struct blocked *b)
{
	return b ? b->count : 0;
}

bool
blocked_has(const struct blocked *b, const uint8_t hash[HASH])
{
	return b && b->count && bsearch(hash, b->hashes, b->count, HASH, order);
}
