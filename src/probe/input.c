/* input.c - see input.h. */
#include <errno.h>
#include <unistd.h>

#include "probe/input.h"
#include "probe/probe.h"

int
input_read(struct buf *b, bool *ended, struct err *e)
{
	uint8_t *to = buf_room(b, READ_STEP);
	ssize_t n;

	if (!to) {
		err_set(e, "no memory for standard input");
		return err_exit(e, EXIT_SOFT);
	}
	while ((n = read(STDIN_FILENO, to, READ_STEP)) == -1 && errno == EINTR)
		;
	if (n == -1 && (errno == EAGAIN || errno == EWOULDBLOCK))
		return 0;	/* somebody made it non-blocking */
	if (n == -1) {
		err_sys(e, "cannot read standard input");
		return err_exit(e, EXIT_WRITE);
	}
	*ended = n == 0;
	buf_made(b, (size_t)n);
	return 0;
}
