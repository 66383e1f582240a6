/*
 * crowd_caller.h - who calls the leaves of the crowd: a client of a bus socket,
 * with a bound on what is in flight.
 */
#ifndef FEDX_CROWD_CALLER_H
#define FEDX_CROWD_CALLER_H

#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/fd.h"
#include "net/addr.h"
#include "crowd_words.h"

enum { IN_FLIGHT = 50 };

struct caller {
	struct net *net;
	const char *path;		/* NULL: nobody calls */
	struct conn *conn;		/* NULL: not connected */
	unsigned in_flight;
	bool (*next)(unsigned *number);	/* which leaf to call; false: none now */
	bool (*answered)(const struct envelope *);	/* false: it was not in flight */
	void (*heard)(void);		/* all that came at once was handed on */
	void (*settled)(void);		/* PONG: so was what came before it */
	void (*lost)(void);
};

static inline void
caller_pump(struct caller *c)
{
	unsigned number;

	while (c->conn && c->in_flight < IN_FLIGHT && c->next(&number)) {
		c->in_flight++;
		say_request(c->conn, number);
	}
}

static inline size_t
caller_input(void *owner, struct str in)
{
	struct caller *c = owner;
	struct envelope e;
	const char *why;
	size_t used, total = 0;

	while (envelope_parse(str_skip(in, total), PART_MAX, &e, &used, &why) == PARSE_OK) {
		total += used;
		if (e.kind == KIND_REPLY)
			c->in_flight -= c->answered(&e);
		else if (e.kind == KIND_PING)
			say_pong(c->conn, &e);
		else if (e.kind == KIND_PONG)
			c->settled();
	}
	caller_pump(c);
	c->heard();
	return total;
}

static inline void
caller_lost(void *owner, const struct err *why)
{
	struct caller *c = owner;

	(void)why;
	conn_close(c->conn);
	c->conn = NULL;
	c->lost();
}

static inline void
caller_dial(struct caller *c)
{
	static const struct conn_owner owner = { caller_input, NULL, caller_lost };
	int fd = socket(AF_UNIX, SOCK_STREAM, 0);
	struct addr at;
	struct err e;

	if (fd == -1 || fd_prepare(fd) == -1 || addr_unix(str(c->path), &at, &e) == -1) {
		fprintf(stderr, "crowd: no socket for %s\n", c->path);
		exit(71);
	}
	if (connect(fd, (struct sockaddr *)&at.at, at.len) == -1) {
		close(fd);
		return;
	}
	if ((c->conn = conn_open(c->net, fd, &e)) == NULL)
		exit(71);
	conn_own(c->conn, &owner, c);
	say_ping(c->conn);	/* who says nothing is a stranger, and turned away before others */
	caller_pump(c);
}

#endif
