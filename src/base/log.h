/*
 * log.h - one line an event, logfmt or JSON, on stderr or syslog.
 *
 *	log_event(LOG_LEVEL_INFO, "link_up", "link", name, "peer", addr, NULL);
 *
 * The first field names the stable event id.  Values may come from strangers:
 * control bytes and invalid UTF-8 are escaped, long values cut.  A line that
 * repeats (same event, same first value) more than 10 times in 10 s is
 * counted, not written; the count follows when the burst ends.
 */
#ifndef FEDX_LOG_H
#define FEDX_LOG_H

#include <stdbool.h>

enum log_level { LOG_LEVEL_ERROR, LOG_LEVEL_WARNING, LOG_LEVEL_INFO, LOG_LEVEL_DEBUG };
enum log_format { LOG_LOGFMT, LOG_JSON };

void log_open(const char *program, enum log_format, enum log_level up_to, bool to_syslog);
	/* program must outlive the process; before this: logfmt, info, stderr;
	 * with JOURNAL_STREAM set, stderr lines start with "<N>" (priority) */
void log_event(enum log_level, const char *event, ...)
	__attribute__((sentinel));
	/* then pairs: const char *key, const char *value (NULL value: pair is
	 * left out), then NULL */
bool log_wants(enum log_level);

#endif
