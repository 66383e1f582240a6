/* link-blocked.c - the list of what is refused: what it may hold, and whom it names. */
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "link/blocked.h"
#include "tap.h"

static char path[] = "/tmp/fedx-blocked-XXXXXX";

static struct blocked *
from(const char *text, mode_t mode, struct err *e)
{
	FILE *f = fopen(path, "w");

	*e = (struct err){ .status = 0 };
	if (!f || fputs(text, f) < 0 || fclose(f) != 0 || chmod(path, mode) == -1)
		abort();
	return blocked_open(path, e);
}

#define A "00112233445566778899aabbccddeeff00112233445566778899aabbccddeeff"
#define B "ff112233445566778899aabbccddeeff00112233445566778899aabbccddeeff"
#define C "80112233445566778899aabbccddeeff00112233445566778899aabbccddeeff"

static bool
has(const struct blocked *b, const char *hex)
{
	uint8_t hash[HASH];

	return str_hex(str(hex), hash, HASH) == 0 && blocked_has(b, hash);
}

static void
hashes(void)
{
	struct err e;
	struct blocked *b = from("# who is out\n\nsha256:" B " # stolen\r\nsha256:" A "\n  sha256:" B, 0644, &e);

	if (!ok(b != NULL, "a list %s", e.text))
		return;
	is_int((long)blocked_count(b), 3, "of three lines");
	ok(has(b, A) && has(b, B) && !has(b, C), "those are blocked, and no other");
	blocked_close(b);
	b = from("", 0600, &e);
	ok(b && blocked_count(b) == 0 && !has(b, A), "an empty list blocks nobody");
	blocked_close(b);
	ok(!has(NULL, A) && blocked_count(NULL) == 0, "nor does none");
}

static void
refusals(void)
{
	static const struct { const char *what, *text, *why; } bad[] = {
		{ "half a hash", "sha256:0011\n", ":1: want sha256: and 64 hex digits" },
		{ "a name", "sha256:" A "\nleaf a\n", ":2: want sha256:" },
		{ "two on a line", "sha256:" A " sha256:" B "\n", ":1: want sha256:" },
		{ "a remark without #", "\n\nsha256:" A " stolen\n", ":3: want sha256:" },
	};
	struct err e;

	for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
		ok(!from(bad[i].text, 0600, &e) && strstr(e.text, bad[i].why) && e.status == 78, "%s: %s",
		    bad[i].what, e.text);
	ok(!from("", 0620, &e) && strstr(e.text, "chmod go-w"), "one that others may write: %s", e.text);
	ok(!blocked_open("/nowhere/at/all", &e) && strstr(e.text, "/nowhere"), "none: %s", e.text);
}

int
main(void)
{
	int fd = mkstemp(path);

	if (fd == -1)
		return 1;
	close(fd);
	hashes();
	refusals();
	unlink(path);
	return done();
}
