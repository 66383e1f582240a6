/* link-crowd.c - one address, and the bus, hold only so many connections. */
#include "link/crowd.h"
#include "tap.h"

int
main(void)
{
	struct crowd c = { .places = { NULL, 0, 0, 0 } };

	is_int(crowd_enter(&c, "198.51.100.7:1", 2), 0, "the first of an address");
	is_int(crowd_enter(&c, "198.51.100.7:2", 2), 0, "the second, from another port");
	is_int(crowd_enter(&c, "198.51.100.7:3", 2), -1, "the third is one too many");
	is_int(crowd_enter(&c, "198.51.100.8:3", 2), 0, "another address is another place");
	crowd_leave(&c, "198.51.100.7:1");
	is_int(crowd_enter(&c, "198.51.100.7:4", 2), 0, "who leaves makes room");
	is_int(crowd_enter(&c, "[2001:db8::1]:5", 1), 0, "IPv6: the first");
	is_int(crowd_enter(&c, "[2001:db8::1]:6", 1), -1, "and the second");
	is_int(crowd_enter(&c, "[2001:db8::2]:6", 1), 0, "its neighbour");
	for (int i = 0; i < 3; i++) {
		is_int(crowd_enter(&c, "127.0.0.1:9", 1), 0, "this host is not counted");
		is_int(crowd_enter(&c, "[::1]:9", 1), 0, "by neither family");
	}
	is_int(crowd_enter(&c, "unix", 1), 0, "the bus is a place");
	is_int(crowd_enter(&c, "unix", 1), -1, "with a limit of its own");
	crowd_leave(&c, "unix");
	crowd_leave(&c, "unix");
	crowd_leave(&c, "203.0.113.1:1");
	is_int(crowd_enter(&c, "unix", 1), 0, "leaving twice gives nothing away");
	crowd_free(&c);
	return done();
}
