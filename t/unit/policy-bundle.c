/*
 * policy-bundle.c - each file of a policy is read once, whole, from where it
 * may come from, and nothing that lies in the directory makes us wait.
 */
#include <errno.h>
#include <fcntl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "policy/bundle.h"
#include "tap.h"

static char base[64], policies[100], at[200];
static struct err e;

static const char *
in_base(const char *name)
{
	snprintf(at, sizeof at, "%s/%s", base, name);
	return at;
}

static void
write_file(const char *name, const char *text)
{
	FILE *f = fopen(in_base(name), "w");

	if (f) {
		fputs(text, f);
		fclose(f);
	}
}

static void
make_large(const char *name, off_t size)
{
	int fd = open(in_base(name), O_CREAT | O_WRONLY | O_TRUNC, 0600);

	if (fd == -1 || ftruncate(fd, size) == -1)
		printf("# cannot make %s: %s\n", at, strerror(errno));
	close(fd);
}

static int
get(struct bundle *b, const char *name, struct str *text)
{
	e.text[0] = '\0';
	return bundle_file(b, str(name), BUNDLE_FILE_MAX, text, &e);
}

static bool
refused(const char *name, const char *why)
{
	struct bundle *b = bundle_open(policies, &e);
	struct str text;
	bool is = b && get(b, name, &text) == -1 && strstr(e.text, why) && text.n == 0;

	if (!is)
		printf("#   got \"%s\", want \"%s\"\n", e.text, why);
	bundle_close(b);
	return is;
}

static void
test_once(void)
{
	struct bundle *b = bundle_open(policies, &e);
	struct str text, again;

	write_file("p/policy.lua", "first");
	is_int(get(b, "policy.lua", &text), 1, "a file is there");
	is_str(text, "first", "with its text");
	write_file("p/policy.lua", "second");
	is_int(get(b, "policy.lua", &again), 1, "it is changed meanwhile");
	ok(again.p == text.p && str_is(again, "first"), "and is still what it was");
	unlink(in_base("p/policy.lua"));
	is_int(get(b, "policy.lua", &again), 1, "also when it is gone");
	is_int(get(b, "later.lua", &text), 0, "one that is not there");
	write_file("p/later.lua", "x");
	is_int(get(b, "later.lua", &text), 0, "will not be");
	write_file("p/empty.lua", "");
	is_int(get(b, "empty.lua", &text), 1, "an empty one is there");
	is_int((long long)text.n, 0, "and empty");
	is_int(get(b, "sub/x.lua", &text), 0, "no such folder: no such file");
	is_int(get(b, "later.lua/x.lua", &text), 0, "nor below a file");
	is_int(bundle_file(b, STR("policy.lua"), 4, &text, &e), -1, "a smaller bound later still holds");
	ok(text.n == 0 && strstr(e.text, "too large"), "%s", e.text);
	bundle_close(b);
	b = bundle_open(policies, &e);
	is_int(get(b, "later.lua", &text), 1, "the next bundle sees what is new");
	bundle_close(b);
	bundle_close(NULL);
}

static void
test_names(void)
{
	static const char *const bad[] = { "", "..", "../x", "a/../../x", "/etc/passwd", "./x", ".hidden", "a//b", "a/", "a/.b", "a\\b", "a\nb", "\x7f" };
	struct bundle *b = bundle_open(policies, &e);
	char text[300];
	struct str got;

	for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
		ok(get(b, bad[i], &got) == -1 && strstr(e.text, "is no name of a file"), "bad name %zu", i);
	is_int(bundle_file(b, (struct str){ "a\0b", 3 }, 10, &got, &e), -1, "a NUL");
	memset(text, 'x', sizeof text - 1);
	text[sizeof text - 1] = '\0';
	is_int(get(b, text, &got), -1, "a long one");
	bundle_close(b);
}

static void
test_refused(void)
{
	struct sockaddr_un sa = { .sun_family = AF_UNIX };
	char target[200];
	struct bundle *b;
	struct str text;
	int fd;

	mkfifo(in_base("p/fifo.lua"), 0600);
	ok(refused("fifo.lua", "not a regular file"), "a FIFO, at once");
	mkdir(in_base("p/folder.lua"), 0700);
	ok(refused("folder.lua", "not a regular file"), "a directory");
	snprintf(sa.sun_path, sizeof sa.sun_path, "%s/p/s.lua", base);
	fd = socket(AF_UNIX, SOCK_STREAM, 0);
	if (bind(fd, (struct sockaddr *)&sa, sizeof sa) == 0)
		ok(refused("s.lua", "cannot read"), "a socket");
	close(fd);
	write_file("outside.lua", "secret");
	snprintf(target, sizeof target, "%s/p/out.lua", base);
	if (symlink("../outside.lua", target) == 0)
		ok(refused("out.lua", "leads out of"), "a link that leads out");
	snprintf(target, sizeof target, "%s/p/etc", base);
	if (symlink("/etc", target) == 0)
		ok(refused("etc/passwd", "leads out of"), "a folder that leads out");
	snprintf(target, sizeof target, "%s/p/device.lua", base);
	if (symlink("/dev/zero", target) == 0)
		ok(refused("device.lua", "leads out of"), "a device");
	snprintf(target, sizeof target, "%s/p/dangling.lua", base);
	if (symlink("nowhere", target) == 0)
		ok(refused("dangling.lua", "link to nothing"), "a link to nothing");
	snprintf(target, sizeof target, "%s/p/self.lua", base);
	if (symlink("self.lua", target) == 0)
		ok(refused("self.lua", "cannot read"), "a link to itself");
	write_file("p/real.lua", "real");
	snprintf(target, sizeof target, "%s/p/inside.lua", base);
	if (symlink("real.lua", target) == 0) {
		b = bundle_open(policies, &e);
		is_int(get(b, "inside.lua", &text), 1, "a link within the directory is followed");
		is_str(text, "real", "to what it leads to");
		bundle_close(b);
	}
	snprintf(target, sizeof target, "%s-not/x.lua", policies);
	mkdir(in_base("p-not"), 0700);
	write_file("p-not/x.lua", "x");
	snprintf(at, sizeof at, "%s/sibling.lua", policies);
	if (symlink(target, at) == 0)
		ok(refused("sibling.lua", "leads out of"), "a directory whose name begins the same is another");
	chmod(in_base("p/real.lua"), 0664);
	ok(refused("real.lua", "can be written by others"), "a file that its group may write");
	chmod(in_base("p/real.lua"), 0602);
	ok(refused("real.lua", "can be written by others"), "or all may");
	chmod(in_base("p/real.lua"), 0444);
	mkdir(in_base("p/open"), 0700);
	write_file("p/open/x.lua", "x");
	chmod(in_base("p/open"), 0777);
	ok(refused("open/x.lua", "can be written by others"), "a folder that all may write");
	if (geteuid() == 0 && chown(in_base("p/real.lua"), 12345, 12345) == 0)
		ok(refused("real.lua", "belongs to uid 12345"), "a file of somebody else");
	if (geteuid() != 0 && chmod(in_base("p/real.lua"), 0) == 0)
		ok(refused("real.lua", "cannot read"), "a file that we may not read");
}

static void
test_directories(void)
{
	ok(bundle_open(in_base("none"), &e) == NULL && strstr(e.text, "cannot read"), "no such directory: %s", e.text);
	ok(bundle_open(in_base("outside.lua"), &e) == NULL && strstr(e.text, "is no directory"), "a file instead");
	mkdir(in_base("public"), 0700);
	chmod(at, 0777);
	ok(bundle_open(at, &e) == NULL && strstr(e.text, "written by others"), "one that all may write: %s", e.text);
	setenv("FEDX_LUA", in_base("none"), 1);
	ok(bundle_open(policies, &e) == NULL && strstr(e.text, "none"), "fedx's own Lua is not where it is said to be: %s", e.text);
	unsetenv("FEDX_LUA");
}

static void
test_bounds(void)
{
	struct bundle *b;
	struct str text;
	char name[40];
	int r = 1, n = 0;

	make_large("p/exact.lua", BUNDLE_FILE_MAX);
	b = bundle_open(policies, &e);
	is_int(get(b, "exact.lua", &text), 1, "as large as may be");
	is_int((long long)text.n, BUNDLE_FILE_MAX, "all of it");
	bundle_close(b);
	make_large("p/over.lua", BUNDLE_FILE_MAX + 1);
	ok(refused("over.lua", "too large; want at most 1048576 bytes"), "a byte more");
	make_large("p/huge.lua", (off_t)100 << 20);
	ok(refused("huge.lua", "too large"), "100 MiB");
	b = bundle_open(policies, &e);
	for (; n < 5 && r == 1; n++) {
		snprintf(name, sizeof name, "list%d.txt", n);
		snprintf(at, sizeof at, "%s/p/%s", base, name);
		make_large(at + strlen(base) + 1, BUNDLE_LIST_MAX);
		r = bundle_file(b, str(name), BUNDLE_LIST_MAX, &text, &e);
	}
	ok(r == -1 && n == 5, "four lists of 16 MiB, and no more: %s", e.text);
	is_int(get(b, "later.lua", &text), -1, "nothing else fits");
	bundle_close(b);
	b = bundle_open(policies, &e);
	for (n = 0, r = 0; n < 1001 && r == 0; n++) {
		snprintf(name, sizeof name, "n%d.lua", n);
		r = get(b, name, &text);
	}
	ok(r == -1 && strstr(e.text, "too many files"), "a thousand names: %s", e.text);
	bundle_close(b);
}

static void
test_list(void)
{
	struct buf names;
	struct bundle *b = bundle_open(policies, &e);

	buf_init(&names, 4096);
	is_int(bundle_list(b, STR("test"), &names, &e), 0, "no folder, no names");
	is_int((long long)buf_len(&names), 0, "none at all");
	mkdir(in_base("p/test"), 0700);
	write_file("p/test/b.lua", "");
	write_file("p/test/a.lua", "");
	write_file("p/test/.hidden.lua", "");
	write_file("p/test/notes.txt", "");
	write_file("p/test/A.lua", "");
	is_int(bundle_list(b, STR("test"), &names, &e), 0, "a list");
	ok(str_eq(buf_view(&names), STR("test/A.lua\0test/a.lua\0test/b.lua\0")), "sorted, as bundle_file() wants them");
	buf_eat(&names, buf_len(&names));
	is_int(bundle_list(b, STR("../p"), &names, &e), -1, "not elsewhere");
	is_int(bundle_list(b, STR("etc"), &names, &e), -1, "not by a link");
	is_int(bundle_list(b, STR("open"), &names, &e), -1, "not where all may write");
	is_int(bundle_list(b, STR("real.lua"), &names, &e), -1, "not in a file");
	buf_free(&names);
	buf_init(&names, 12);
	is_int(bundle_list(b, STR("test"), &names, &e), -1, "more than fits");
	buf_free(&names);
	buf_init(&names, 4096);
	is_int(bundle_list(b, STR(""), &names, &e), 0, "the directory itself");
	ok(str_starts(buf_view(&names), STR("dangling.lua")), "by name");
	buf_free(&names);
	bundle_close(b);
}

static void
digest_of(const char *text, bool with_test, bool with_library, uint8_t to[32])
{
	struct bundle *b;
	struct str got;

	write_file("p/d.lua", text);
	setenv("FEDX_LUA", in_base("lua"), 1);
	b = bundle_open(policies, &e);
	if (with_test)
		get(b, "test/a.lua", &got);
	if (with_library)
		bundle_library(b, STR("fedx/lists.lua"), &got, &e);
	get(b, "d.lua", &got);
	get(b, "missing.lua", &got);
	bundle_digest(b, to);
	bundle_close(b);
}

static void
test_digest(void)
{
	uint8_t one[32], two[32];

	mkdir(in_base("lua"), 0700);
	mkdir(in_base("lua/fedx"), 0700);
	write_file("lua/fedx/lists.lua", "lists");
	digest_of("a", false, false, one);
	digest_of("a", true, false, two);
	ok(memcmp(one, two, 32) == 0, "tests are not part of the digest");
	digest_of("b", false, false, two);
	ok(memcmp(one, two, 32) != 0, "texts are");
	digest_of("a", false, true, two);
	ok(memcmp(one, two, 32) != 0, "what is used of fedx's own Lua is, too");
}

static void
test_packed(void)
{
	struct bundle *b = bundle_open(policies, &e), *kept;
	struct str text, packed;
	struct buf bytes, again, names;
	uint8_t one[32], two[32];
	size_t bad = 0;

	write_file("p/d.lua", "of the policy");
	get(b, "d.lua", &text);
	get(b, "missing.lua", &text);
	get(b, "test/b.lua", &text);
	get(b, "test/a.lua", &text);
	is_int(bundle_library(b, STR("fedx/lists.lua"), &text, &e), 1, "fedx's own");
	is_str(text, "lists", "from its directory");
	is_int(bundle_library(b, STR("fedx/none.lua"), &text, &e), 0, "or not at all");
	is_int(get(b, "fedx/lists.lua", &text), 0, "the policy's directory is another");
	buf_init(&bytes, BUNDLE_MAX);
	buf_init(&again, BUNDLE_MAX);
	buf_init(&names, 1000);
	is_int(bundle_put(&bytes, b), 0, "packed");
	bundle_digest(b, one);
	bundle_close(b);
	packed = buf_view(&bytes);
	kept = bundle_get(packed, &e);
	ok(kept != NULL, "and unpacked");
	if (!kept)
		return;
	bundle_digest(kept, two);
	ok(memcmp(one, two, 32) == 0, "it is the same policy");
	is_int(get(kept, "d.lua", &text), 1, "with its files");
	is_str(text, "of the policy", "and their texts");
	is_int(bundle_library(kept, STR("fedx/lists.lua"), &text, &e), 1, "also fedx's own");
	is_int(get(kept, "missing.lua", &text), 0, "what was missing is missing");
	is_int(get(kept, "later.lua", &text), 0, "and the directory is not looked at");
	bundle_list(kept, STR("test"), &names, &e);
	ok(str_eq(buf_view(&names), STR("test/a.lua\0test/b.lua\0")), "its tests are listed");
	bundle_put(&again, kept);
	ok(buf_len(&again) > packed.n && str_starts(buf_view(&again), str_head(packed, 8)), "packed again it has the one more");
	bundle_close(kept);
	for (size_t n = 0; n < packed.n; n++) {		/* cut anywhere; a cut between files is a smaller bundle */
		char *copy = malloc(n ? n : 1);

		memcpy(copy, packed.p, n);
		kept = bundle_get((struct str){ copy, n }, &e);
		bad += kept == NULL;
		bundle_close(kept);
		free(copy);
	}
	ok(bad > packed.n - 10, "cut short it is refused");
	for (size_t n = 0; n < packed.n; n++) {		/* any byte changed: refused or another, never a crash */
		bytes.p[bytes.head + n] ^= 0x81;
		bundle_close(bundle_get(buf_view(&bytes), &e));
		bytes.p[bytes.head + n] ^= 0x81;
	}
	ok(bundle_get(STR("fedxpol1\1\0\0\0\3\0\0\0\0..x"), &e) == NULL && strstr(e.text, "damaged"), "a bad name in it is refused");
	ok(bundle_get(STR("fedxpol1\1\0\0\0\1\0\0\0\0b\1\0\0\0\1\0\0\0\0a"), &e) == NULL && strstr(e.text, "order"), "so is another order");
	ok(bundle_get(STR("nonsense"), &e) == NULL, "and nonsense");
	buf_free(&bytes);
	buf_free(&again);
	buf_free(&names);
}

int
main(void)
{
	char command[100];

	umask(022);
	unsetenv("FEDX_LUA");
	snprintf(base, sizeof base, "/tmp/fedx-bundle.XXXXXX");
	if (!mkdtemp(base))
		return 1;
	snprintf(policies, sizeof policies, "%s/p", base);
	mkdir(policies, 0700);
	test_once();
	test_names();
	test_refused();
	test_directories();
	test_bounds();
	test_list();
	test_digest();
	test_packed();
	snprintf(command, sizeof command, "rm -rf %s", base);
	if (system(command) != 0)
		printf("# %s stays\n", base);
	return done();
}
