/*
 * bundle.h - the files of one policy, each read once: what is checked, tested
 * and run is the same bytes, whatever happens to the files meanwhile.
 *
 * A name is relative to the policy's directory, without "..", an absolute
 * path or a symbolic link that leads out of it.  A FIFO, a directory, a
 * device, what others may write, or what is over its bound is refused with
 * the reason.  Nothing blocks.
 */
#ifndef FEDX_BUNDLE_H
#define FEDX_BUNDLE_H

#include "base/buf.h"
#include "base/err.h"

enum { BUNDLE_FILE_MAX = 1 << 20, BUNDLE_LIST_MAX = 16 << 20, BUNDLE_MAX = 64 << 20 };

struct bundle;
struct bundle *bundle_open(const char *directory, struct err *);	/* owned; NULL: no such directory */
void bundle_close(struct bundle *);
int bundle_file(struct bundle *, struct str name, size_t most, struct str *text, struct err *);
	/* 1: there, *text lives as long as the bundle; 0: there is no such file
	 * (and there will not be one in this bundle); -1: *e says why not */
int bundle_library(struct bundle *, struct str name, struct str *text, struct err *);
	/* the same for a file of fedx's own Lua, "fedx/lists.lua", in $FEDX_LUA or
	 * else DATADIR/fedx/lua; what was read there is of the bundle as well */
int bundle_list(struct bundle *, struct str below, struct buf *names, struct err *);
	/* the *.lua files in the folder `below` ("test"; "": the directory itself)
	 * as bundle_file() wants them, "test/a.lua", sorted, each ended by NUL;
	 * none, or no such folder: 0 */
void bundle_digest(const struct bundle *, uint8_t to[32]);
	/* SHA-256 over all names and texts that were read, sorted by name, tests aside */
int bundle_put(struct buf *, const struct bundle *);	/* all of it, to keep or to send */
struct bundle *bundle_get(struct str, struct err *);	/* reads from there only: no directory */

#endif
