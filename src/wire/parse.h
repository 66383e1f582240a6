/*
 * parse.h - what every pure parser answers.
 *
 * A parser takes a view and fills a struct of views into it; it touches no
 * socket, no clock, no log and allocates nothing.
 */
#ifndef FEDX_PARSE_H
#define FEDX_PARSE_H

enum parse { PARSE_OK, PARSE_MORE, PARSE_BAD };	/* MORE: feed me, ask again */

#endif
