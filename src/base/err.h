/*
 * err.h - one sentence for a person, carried to the one who can act.
 *
 * Library code returns 0, or -1 with *e filled; only main prints and exits.
 * A message is lower case without a full stop and says what is wrong (the
 * value in quotes), where, and what to do next.
 */
#ifndef FEDX_ERR_H
#define FEDX_ERR_H

/* `status` is the exit status of CONVENTIONS: 0 until someone knows better. */
struct err { char text[240]; int status; };

int err_set(struct err *, const char *fmt, ...)
	__attribute__((format(printf, 2, 3)));	/* the cause;         returns -1 */
int err_sys(struct err *, const char *fmt, ...)
	__attribute__((format(printf, 2, 3)));	/* ": strerror";      returns -1;
	 * with a status where the system has run out of memory or descriptors */
int err_memory(struct err *, const char *what);
	/* "no memory for WHAT", with the status of a system that has none; -1 */
int err_at(struct err *, const char *fmt, ...)
	__attribute__((format(printf, 2, 3)));	/* "where: " before;  returns -1 */
int err_exit(struct err *, int status);		/* sets the status;   returns -1 */

#endif
