/*
 * policydir.h - a policy from a text: a directory of its own, gone at the end.
 *
 *	struct policydir d;
 *	policydir_make(&d);
 *	policydir_write(&d, "policy.lua", "function route() end");
 *	p = policydir_load(&d);		// NULL: d.e says why
 *	policydir_done(&d);
 */
#ifndef FEDX_POLICYDIR_H
#define FEDX_POLICYDIR_H

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "policy/policy.h"

struct policydir {
	char path[64];
	char files[16][128];
	size_t count;
	struct bundle *bundle;
	struct policy *policy;
	struct err e;
};

static inline void
policydir_lua(void)	/* fedx's own Lua is that of the tree */
{
	const char *src = getenv("FEDX_SRC");
	char path[1024];

	snprintf(path, sizeof path, "%s/lua", src ? src : ".");
	if (getenv("FEDX_LUA") == NULL)
		setenv("FEDX_LUA", path, 1);
}

static inline void
policydir_make(struct policydir *d)
{
	memset(d, 0, sizeof *d);
	policydir_lua();
	snprintf(d->path, sizeof d->path, "/tmp/fx-policy-XXXXXX");
	if (mkdtemp(d->path) == NULL)
		abort();
}

static inline void
policydir_write(struct policydir *d, const char *name, const char *text)
{
	char file[sizeof d->files[0]], folder[96];
	FILE *f;

	if (d->count == 16)
		abort();
	snprintf(folder, sizeof folder, "%s/test", d->path);
	if (strncmp(name, "test/", 5) == 0)
		mkdir(folder, 0700);
	snprintf(file, sizeof file, "%s/%s", d->path, name);
	memcpy(d->files[d->count++], file, sizeof file);
	if ((f = fopen(file, "w")) == NULL || fputs(text, f) == EOF || fchmod(fileno(f), 0600) == -1)
		abort();
	fclose(f);
}

static inline void
policydir_close(struct policydir *d)
{
	policy_free(d->policy);
	bundle_close(d->bundle);
	d->policy = NULL;
	d->bundle = NULL;
}

static inline struct policy *
policydir_load(struct policydir *d)
{
	policydir_close(d);
	memset(&d->e, 0, sizeof d->e);
	if ((d->bundle = bundle_open(d->path, &d->e)) == NULL)
		return NULL;
	return d->policy = policy_load(d->bundle, &d->e);
}

static inline void
policydir_done(struct policydir *d)
{
	char folder[96];

	policydir_close(d);
	for (size_t i = 0; i < d->count; i++)
		unlink(d->files[i]);
	snprintf(folder, sizeof folder, "%s/test", d->path);
	rmdir(folder);
	rmdir(d->path);
}

#endif
