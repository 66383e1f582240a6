/* peer.c - see peer.h. */
#define _GNU_SOURCE		/* struct ucred */
#include "config.h"

#include <sys/socket.h>
#include <sys/types.h>
#include <unistd.h>

#include "net/peer.h"

static int
peer_uid(int fd, uid_t *uid)
{
#if defined(HAVE_SO_PEERCRED)
	struct ucred who;
	socklen_t n = sizeof who;

	if (getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &who, &n) == -1 || n != sizeof who)
		return -1;
	*uid = who.uid;
	return 0;
#elif defined(HAVE_GETPEEREID)
	gid_t gid;

	return getpeereid(fd, uid, &gid);
#else
	(void)fd, (void)uid;
	return -1;
#endif
}

bool
peer_is_admin(int fd)
{
	uid_t uid;

	return peer_uid(fd, &uid) == 0 && (uid == geteuid() || uid == 0);
}

bool
peer_is_us(int fd)
{
	uid_t uid;

	return peer_uid(fd, &uid) == 0 && uid == geteuid();
}
