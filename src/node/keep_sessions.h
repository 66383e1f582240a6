/*
 * keep_sessions.h - TLS sessions in a file (tls.session_file), so that after a
 * restart those who come back need no full handshake.
 */
#ifndef FEDX_KEEP_SESSIONS_H
#define FEDX_KEEP_SESSIONS_H

#include "fabric/wheel.h"

struct node;
struct tls_sessions;

struct keep_sessions {
	struct tls_sessions *all;
	struct timer timer;
	uint64_t written;		/* tls_sessions_news() of what the file has */
};

void keep_sessions_start(struct node *);
	/* reads the file, if it is good: if not, a line in the log and nothing
	 * else; writes what is new every 10 s */
void keep_sessions_stop(struct node *);		/* writes it; not started: no harm */

#endif
