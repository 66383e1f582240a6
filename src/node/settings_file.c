/* settings_file.c - see settings_file.h. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "net/inherit.h"
#include "node/join.h"
#include "node/options.h"
#include "node/route_child.h"
#include "node/settings_file.h"

int
settings_file(const struct settings *s, char to[512], struct err *e)
{
	const char *dir = settings_confdir(s), *conf = getenv("FEDX_CONF");
	struct stat st;

	err_exit(e, 78);
	if (snprintf(to, 512, "%s/fedx.lua", dir) >= 512)
		return err_set(e, "the path of the configuration directory is too long");
	if (lstat(to, &st) == 0 || (errno != ENOENT && errno != ENOTDIR))
		return 1;	/* also what is no file: the child says what is wrong with it */
	if ((s->confdir || (conf && *conf)) && stat(dir, &st) == -1)
		return err_sys(e, "cannot look at the configuration directory %s", dir);
	if ((s->confdir || (conf && *conf)) && !S_ISDIR(st.st_mode))
		return err_set(e, "the configuration directory %s is no directory", dir);
	return err_exit(e, 0), 0;
}

/* One line, cut in place: KEY=VALUE and where it is written. */
static int
apply(struct settings *s, char *line, struct err *e)
{
	char *where = strrchr(line, '\t');

	if (!where || !strchr(line, '=')) {
		err_exit(e, 70);
		return err_set(e, "fedx-route said '%.60s' about the settings: are both of one version?",
		    line);
	}
	*where++ = '\0';
	if (strncmp(line, "route.", 6) == 0)
		return 0;
	if (strcmp(line, "cluster=") == 0) {
		err_exit(e, 78);
		return err_set(e, "%.100s: cluster cannot be empty: want a name like a node id, or leave it "
		    "out", where);
	}
	return settings_set(s, line, e) == -1 ? err_at(e, "%.100s", where) : 0;
}

static int
apply_all(struct settings *s, struct err *e)
{
	char *next;

	for (char *line = s->text; line && *line; line = next) {
		next = strchr(line, '\n');
		if (next)
			*next++ = '\0';
		if (apply(s, line, e) == -1)
			return -1;
		if (!next)
			break;
	}
	settings_from_file(s);
	return 0;
}

/* Who says nothing of where to listen means what was bound for us. */
static void
listen_inherited(struct settings *s)
{
	if (s->listen_count == 0)
		s->listen_count = inherit_tcp_names(s->listen, LISTEN_MAX);
}

int
settings_readable(const struct settings *s, struct err *e)
{
	static const char *const names[] = { "fedx.lua", "policy.lua" };
	char path[600];

	for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
		snprintf(path, sizeof path, "%s/%s", settings_confdir(s), names[i]);
		if (access(path, R_OK) == -1 && errno == EACCES) {
			err_exit(e, 77);
			return err_set(e, "user '%.60s' cannot read %.150s, which a reload reads again: let "
			    "its group read it", s->user, path);
		}
	}
	return 0;
}

int
settings_build(struct settings *s, uint8_t role, struct str text, struct arguments a, struct err *e)
{
	settings_init(s, role);
	if (text.n) {
		if ((s->text = malloc(text.n + 1)) == NULL)
			return err_memory(e, "the settings");
		if (str_c(text, s->text, text.n + 1) == -1) {
			settings_free(s);
			return err_set(e, "the settings hold a byte NUL");
		}
		s->text_n = text.n;
		if (apply_all(s, e) == -1) {
			settings_free(s);
			return -1;
		}
	}
	/* it was parsed before, and found good */
	if (options_parse(s, a.argc, a.argv) == -1) {
		listen_inherited(s);
		if (join_settings(s, e) == 0 && settings_check(s, e) == 0)
			return 0;
	}
	settings_free(s);
	return -1;
}

int
settings_load(struct settings *s, struct arguments a, struct err *e)
{
	char path[512];
	struct buf text;
	pid_t pid;
	int out, there = settings_file(s, path, e), r = -1;

	buf_init(&text, SETTINGS_TEXT_MAX);
	if (there == 0)
		r = settings_build(s, s->role, STR(""), a, e);
	else if (there == 1 && (pid = route_settings(s->program, path, &out, e)) != -1 &&
	    route_settings_wait(pid, out, &text, e) == 0)
		r = settings_build(s, s->role, buf_view(&text), a, e);
	buf_free(&text);
	return r;
}
