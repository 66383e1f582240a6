/* fabric-inflight.c - a conversation is found by either of its labels, and by no other. */
#include "fabric/inflight.h"
#include "tap.h"

enum { PORTS = 5, KEPT = 700, OPS = 100000, IDS = 400 };

static struct model { struct flight *fl; struct port *in, *out; uint64_t in_id, id; } live[KEPT];
static size_t count;
static uint64_t dead[4096];

static struct model *
model_by_opener(const struct port *in, uint64_t in_id)
{
	for (size_t i = 0; i < count; i++)
		if (live[i].in == in && live[i].in_id == in_id)
			return &live[i];
	return NULL;
}

static size_t
list_length(const struct list *l)
{
	size_t n = 0;

	list_each(at, l)
		n++;
	return n;
}

int
main(void)
{
	uint64_t seed = tap_seed();
	struct port ports[PORTS];
	struct inflight t;
	unsigned wrong = 0, late = 0, again = 0, deaths = 0, opened = 0, served = 0;

	inflight_init(&t);
	for (int i = 0; i < PORTS; i++) {
		ports[i] = (struct port){ .kind = PORT_CLIENT };
		list_init(&ports[i].opened);
		list_init(&ports[i].serving);
	}
	ok(inflight_by_id(&t, 0) == NULL && inflight_by_id(&t, UINT64_MAX) == NULL &&
	    inflight_by_opener(&t, &ports[0], 1) == NULL, "an empty table has nothing");
	for (int op = 0; op < OPS; op++) {
		struct port *in = &ports[tap_rand(&seed) % PORTS];
		uint64_t in_id = 1 + tap_rand(&seed) % IDS;
		/* in waves: a full table, then nearly an empty one */
		bool grow = tap_rand(&seed) % 100 < (op / 5000 % 2 ? 35 : 65);
		struct model *m = model_by_opener(in, in_id);
		struct flight *fl = inflight_by_opener(&t, in, in_id);

		wrong += (m ? m->fl : NULL) != fl;
		if (grow && !m && count < KEPT) {
			fl = inflight_open(&t, in, in_id);
			for (size_t i = 0; i < count; i++)
				again += live[i].id == fl->id;
			for (unsigned i = 0; i < deaths && i < 4096; i++)
				again += dead[i] == fl->id;
			live[count] = (struct model){ fl, in, NULL, in_id, fl->id };
			wrong += fl->in != in || fl->in_id != in_id || fl->onward.window != WINDOW;
			opened++;
			if (tap_rand(&seed) % 2) {
				live[count].out = &ports[tap_rand(&seed) % PORTS];
				inflight_serve(fl, live[count].out);
				served++;
			}
			count++;
		} else if (!grow && count) {
			m = &live[tap_rand(&seed) % count];
			wrong += inflight_by_id(&t, m->id) != m->fl;
			dead[deaths++ % 4096] = m->id;
			inflight_close(&t, m->fl);
			*m = live[--count];
		}
		if (count) {
			m = &live[tap_rand(&seed) % count];
			wrong += inflight_by_id(&t, m->id) != m->fl;
			wrong += inflight_by_opener(&t, m->in, m->in_id) != m->fl;
			wrong += inflight_by_id(&t, m->id ^ (uint64_t)1 << 32) != NULL;
		}
		if (deaths)
			late += inflight_by_id(&t, dead[tap_rand(&seed) % (deaths < 4096 ? deaths :
			    4096)]) != NULL;
		wrong += t.count != count;
	}
	ok(opened > 10000 && served > 5000 && deaths > 10000, "%u opened, %u closed", opened, deaths);
	is_int(wrong, 0, "each is found by both labels, and nothing else is");
	is_int(late, 0, "the label of one that is over never matches");
	is_int(again, 0, "no label is given twice");
	for (int i = 0; i < PORTS; i++) {
		size_t in = 0, out = 0;

		for (size_t j = 0; j < count; j++) {
			in += live[j].in == &ports[i];
			out += live[j].out == &ports[i];
		}
		ok(in == ports[i].opened_count && in == list_length(&ports[i].opened) &&
		    out == ports[i].serving_count && out == list_length(&ports[i].serving),
		    "port %d knows what it asked and what it serves", i);
	}
	while (count)
		inflight_close(&t, live[--count].fl);
	is_int(t.count, 0, "all closed");
	ok(inflight_open(&t, &ports[0], 0) && inflight_by_opener(&t, &ports[0], 0) == NULL,
	    "id 0 is in no index");
	inflight_free(&t);
	return done();
}
