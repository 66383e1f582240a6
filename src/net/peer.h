/* peer.h - who is at the other end of a UNIX socket, by the kernel's word. */
#ifndef FEDX_PEER_H
#define FEDX_PEER_H

#include <stdbool.h>

bool peer_is_admin(int fd);	/* our own uid, or root; unknown: false */
bool peer_is_us(int fd);	/* our own uid; unknown: false */

#endif
