/*
 * clienthello.h - the first record of a TLS client, read before TLS reads it:
 * is it one of our own nodes?
 */
#ifndef FEDX_CLIENTHELLO_H
#define FEDX_CLIENTHELLO_H

#include "base/str.h"

bool clienthello_is_ours(struct str record);
	/* it is one whole record with one whole ClientHello that offers the
	 * protocol fedx/1, and has no extension twice; a node's is no other */

#endif
