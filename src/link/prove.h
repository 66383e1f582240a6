/*
 * prove.h - a shared key between HELLO and WELCOME: who is dialled proves it
 * first, and who dials proves nothing to anyone else.
 */
#ifndef FEDX_PROVE_H
#define FEDX_PROVE_H

#include "wire/hello.h"

struct link;
struct envelope;

int prove_hello(struct link *, struct hello *);	/* we dialled: HELLO with our key's id; -1: no memory */
void prove_challenge(struct link *, struct str body, const struct hello *);
	/* such a HELLO came, with that body */
void prove_hear(struct link *, const struct envelope *);	/* CHALLENGE or PROVE came */
bool prove_welcomed(struct link *, const struct hello *welcome);
	/* who welcomes us may; else the link is closed */
void prove_given_up(struct link *);	/* who dialled did not believe us: to the log */
void prove_free(struct link *);		/* wipes it; NULL is fine */

#endif
