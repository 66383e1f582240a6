/* crowd.c - see crowd.h. */
#include <stdlib.h>

#include "link/crowd.h"
#include "net/net.h"

struct place { uint32_t count; size_t n; char text[]; };

/* the address without its port; {NULL, 0}: not counted */
static struct str
place_of(const char *peer)
{
	return peer_is_loopback(peer) ? (struct str){ NULL, 0 } : peer_host(peer);
}

int
crowd_enter(struct crowd *c, const char *peer, uint32_t most)
{
	struct str at = place_of(peer);
	struct place *p;

	if (!at.n)
		return 0;
	if ((p = map_get(&c->places, at)) != NULL) {
		if (p->count >= most)
			return -1;
		p->count++;
		return 0;
	}
	if (most == 0 || (p = malloc(sizeof *p + at.n)) == NULL)
		return -1;
	*p = (struct place){ .count = 1, .n = at.n };
	memcpy(p->text, at.p, at.n);
	if (map_put(&c->places, (struct str){ p->text, p->n }, p) == -1) {
		free(p);
		return -1;
	}
	return 0;
}

void
crowd_leave(struct crowd *c, const char *peer)
{
	struct place *p = map_get(&c->places, place_of(peer));

	if (!p || --p->count)
		return;
	map_del(&c->places, (struct str){ p->text, p->n });
	free(p);
}

void
crowd_free(struct crowd *c)
{
	struct place *p;
	size_t at = 0;

	while ((p = map_next(&c->places, &at)) != NULL)
		free(p);
	map_free(&c->places);
}
