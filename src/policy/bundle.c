/* bundle.c - see bundle.h. */
#include "config.h"

#include <stdlib.h>

#include "net/sha256.h"
#include "policy/bundle_dir.h"

struct file {
	char *name;
	struct buf text;
	bool there;
	bool ours;			/* of fedx's own Lua */
};

struct bundle {
	char *directory, *library;	/* real paths; NULL: nothing is read from there */
	struct file files[FILES_MAX];	/* sorted by ours, name */
	size_t count, bytes;
};

static int
file_cmp(const struct file *f, struct str name, bool ours)
{
	return f->ours != ours ? f->ours - ours : str_cmp(str(f->name), name);
}

/* Where it is, or has its place. */
static size_t
find(const struct bundle *b, struct str name, bool ours, bool *found)
{
	size_t low = 0, high = b->count, mid;

	while (low < high) {
		mid = (low + high) / 2;
		if (file_cmp(&b->files[mid], name, ours) < 0)
			low = mid + 1;
		else
			high = mid;
	}
	*found = low < b->count && file_cmp(&b->files[low], name, ours) == 0;
	return low;
}

static struct file *
add(struct bundle *b, struct str name, bool ours, struct err *e)
{
	bool found;
	size_t at = find(b, name, ours, &found);
	char *copy;

	if (b->count == FILES_MAX) {
		err_set(e, "too many files in one policy; at most %d", FILES_MAX);
		return NULL;
	}
	if ((copy = malloc(name.n + 1)) == NULL) {
		err_memory(e, "the files of the policy");
		return NULL;
	}
	memcpy(copy, name.p, name.n);
	copy[name.n] = '\0';
	memmove(b->files + at + 1, b->files + at, (b->count - at) * sizeof *b->files);
	b->count++;
	b->files[at] = (struct file){ .name = copy, .ours = ours };
	return &b->files[at];
}

struct bundle *
bundle_open(const char *directory, struct err *e)
{
	struct bundle *b = calloc(1, sizeof *b);
	const char *library = getenv("FEDX_LUA");
	struct err ignored;

	if (!b) {
		err_memory(e, "the files of the policy");
		return NULL;
	}
	if ((b->directory = dir_open(directory, e)) == NULL) {
		free(b);
		return NULL;
	}
	if (!library || !*library)
		b->library = dir_open(DATADIR "/fedx/lua", &ignored);
	else if ((b->library = dir_open(library, e)) == NULL) {
		bundle_close(b);
		return NULL;
	}
	return b;
}

void
bundle_close(struct bundle *b)
{
	if (!b)
		return;
	for (size_t i = 0; i < b->count; i++) {
		free(b->files[i].name);
		buf_free(&b->files[i].text);
	}
	free(b->directory);
	free(b->library);
	free(b);
}

static int
get(struct bundle *b, const char *directory, struct str name, bool ours, size_t most, struct str *text, struct err *e)
{
	struct buf read = { .p = NULL };
	struct file *f;
	bool found;
	size_t at;
	int r = 0;

	*text = (struct str){ NULL, 0 };
	if (!file_name_good(name))
		return err_set(e, "'%.*s' is no name of a file below the policy's directory",
		    (int)(name.n < NAME_BYTES ? name.n : NAME_BYTES), name.p);
	at = find(b, name, ours, &found);
	if (!found) {
		most = most < BUNDLE_MAX - b->bytes ? most : BUNDLE_MAX - b->bytes;
		if (directory && (r = dir_read(directory, name, most, &read, e)) == -1)
			return -1;
		if ((f = add(b, name, ours, e)) == NULL) {
			buf_free(&read);
			return -1;
		}
		f->text = read;
		f->there = r == 1;
		b->bytes += buf_len(&read);
		at = (size_t)(f - b->files);
	}
	f = &b->files[at];
	if (buf_len(&f->text) > most)
		return err_set(e, "'%s' is too large; want at most %zu bytes", f->name, most);
	*text = buf_view(&f->text);
	return f->there;
}

int
bundle_file(struct bundle *b, struct str name, size_t most, struct str *text, struct err *e)
{
	return get(b, b->directory, name, false, most, text, e);
}

int
bundle_library(struct bundle *b, struct str name, struct str *text, struct err *e)
{
	return get(b, b->library, name, true, BUNDLE_FILE_MAX, text, e);
}

/* What was read before from such a folder. */
static int
list_read(const struct bundle *b, struct str below, struct buf *names, struct err *e)
{
	for (size_t i = 0; i < b->count; i++) {
		struct str name = str(b->files[i].name);
		struct str rest = below.n && name.n > below.n ? str_skip(name, below.n + 1) : name;

		if (b->files[i].ours || !b->files[i].there || !file_name_is_lua(rest) ||
		    (below.n && !(str_starts(name, below) && name.p[below.n] == '/')))
			continue;
		if (buf_put(names, name.p, name.n + 1) == -1)
			return err_set(e, "too many files in '%.*s'", STR_FMT(below));
	}
	return 0;
}

int
bundle_list(struct bundle *b, struct str below, struct buf *names, struct err *e)
{
	return b->directory ? dir_list(b->directory, below, names, e) : list_read(b, below, names, e);
}

void
bundle_digest(const struct bundle *b, uint8_t to[32])
{
	struct buf all;
	uint8_t one[33];
	bool whole = true;

	buf_init(&all, (size_t)FILES_MAX * (NAME_BYTES + 1 + sizeof one));
	for (size_t i = 0; i < b->count; i++) {
		const struct file *f = &b->files[i];

		if (!f->there || (!f->ours && str_starts(str(f->name), STR("test/"))))
			continue;
		one[0] = f->ours;
		sha256(buf_view(&f->text), one + 1);
		whole = whole && buf_put(&all, f->name, strlen(f->name) + 1) == 0 &&
		    buf_put(&all, one, sizeof one) == 0;
	}
	if (whole)
		sha256(buf_view(&all), to);
	else	/* no memory: like no other policy */
		memset(to, 0, 32);
	buf_free(&all);
}

/*
 * As bytes: "fedxpol1", then for each file in order its flags (1: there, 2: of
 * fedx's own Lua), u32 length of its name and of its text, name, text.
 */
static const char magic[] = "fedxpol1";
enum { MAGIC = sizeof magic - 1, HEAD = 9, FLAG_THERE = 1, FLAG_OURS = 2 };

static void
put32(uint8_t *p, size_t v)
{
	for (int i = 0; i < 4; i++)
		p[i] = (uint8_t)(v >> (24 - 8 * i));
}

static size_t
get32(const char *p)
{
	size_t v = 0;

	for (int i = 0; i < 4; i++)
		v = v << 8 | (unsigned char)p[i];
	return v;
}

int
bundle_put(struct buf *to, const struct bundle *b)
{
	uint8_t head[HEAD];

	if (buf_put(to, magic, MAGIC) == -1)
		return -1;
	for (size_t i = 0; i < b->count; i++) {
		const struct file *f = &b->files[i];
		struct str text = buf_view(&f->text);

		head[0] = (uint8_t)((f->there ? FLAG_THERE : 0) | (f->ours ? FLAG_OURS : 0));
		put32(head + 1, strlen(f->name));
		put32(head + 5, text.n);
		if (buf_put(to, head, HEAD) == -1 || buf_str(to, str(f->name)) == -1 || buf_str(to, text) == -1)
			return -1;
	}
	return 0;
}

/* One file off the head of *in. */
static int
unpack(struct bundle *b, struct str *in, struct err *e)
{
	struct str name, text;
	struct file *f;
	unsigned flags;
	size_t at;
	bool found;

	if (in->n < HEAD)
		return err_set(e, "a kept policy is cut short");
	flags = (unsigned char)in->p[0];
	name.n = get32(in->p + 1);
	text.n = get32(in->p + 5);
	*in = str_skip(*in, HEAD);
	if (name.n > in->n || text.n > in->n - name.n)
		return err_set(e, "a kept policy is cut short");
	name = str_head(*in, name.n);
	text = str_head(str_skip(*in, name.n), text.n);
	*in = str_skip(*in, name.n + text.n);
	if (flags > (FLAG_THERE | FLAG_OURS) || !file_name_good(name) || memchr(name.p, 0, name.n) ||
	    text.n > BUNDLE_LIST_MAX || text.n > BUNDLE_MAX - b->bytes || (text.n && !(flags & FLAG_THERE)))
		return err_set(e, "a kept policy is damaged");
	at = find(b, name, flags & FLAG_OURS, &found);
	if (found || at != b->count)
		return err_set(e, "a kept policy is damaged: its files are in no order");
	if ((f = add(b, name, flags & FLAG_OURS, e)) == NULL)
		return -1;
	f->there = flags & FLAG_THERE;
	buf_init(&f->text, text.n);
	if (buf_str(&f->text, text) == -1)
		return err_memory(e, "the files of the policy");
	b->bytes += text.n;
	return 0;
}

struct bundle *
bundle_get(struct str in, struct err *e)
{
	struct bundle *b;

	if (!str_starts(in, STR("fedxpol1"))) {
		err_set(e, "this is no kept policy");
		return NULL;
	}
	if ((b = calloc(1, sizeof *b)) == NULL) {
		err_memory(e, "the files of the policy");
		return NULL;
	}
	for (in = str_skip(in, MAGIC); in.n;)
		if (unpack(b, &in, e) == -1) {
			bundle_close(b);
			return NULL;
		}
	return b;
}
