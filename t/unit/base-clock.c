/* base-clock.c - intervals never go below zero; time is printed as RFC 3339. */
#include <time.h>

#include "base/clock.h"
#include "tap.h"

int
main(void)
{
	struct mono a = { 1000000 }, b = mono_add_ms(a, 250), was, now;
	static const struct { int64_t s; uint32_t ns; const char *text; } cases[] = {
		{ 0, 0, "1970-01-01T00:00:00.000Z" },
		{ 951782400, 999999999, "2000-02-29T00:00:00.999Z" },
		{ 2147483648, 1000000, "2038-01-19T03:14:08.001Z" },
		{ 4107542399, 0, "2100-02-28T23:59:59.000Z" },
		{ 4107542400, 0, "2100-03-01T00:00:00.000Z" },
		{ 253402300799, 0, "9999-12-31T23:59:59.000Z" },
		{ -1, 0, "1969-12-31T23:59:59.000Z" },
		{ -62167219200, 0, "0000-01-01T00:00:00.000Z" },
	};
	bool steps = false, agrees = true;
	char text[32];

	is_int(mono_ms_until(a, b), 250, "until a deadline");
	is_int(mono_ms_until(b, a), 0, "none is left once it is past");
	is_int(mono_ms_until(a, (struct mono){ 1000001 }), 1, "a part of a millisecond is one: no early timer");
	is_int(mono_us_since(a, b), 250000, "since then");
	is_int(mono_us_since(b, a), 0, "never negative");
	was = mono_now();
	for (int i = 0; i < 1000; i++) {
		now = mono_now();
		steps = steps || now.us < was.us;
		was = now;
	}
	ok(!steps, "the clock does not step back");
	ok(wall_now().s > 1600000000, "the other one knows the year");
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		wall_text((struct wall){ cases[i].s, cases[i].ns }, text);
		is_str(str(text), cases[i].text, cases[i].text);
	}
	for (int64_t s = 0; s < 4102444800; s += 86399) {	/* to 2100, each day once or twice */
		time_t t = (time_t)s;
		char want[32];

		if (t != s)
			break;	/* where time_t ends in 2038 */
		strftime(want, sizeof want, "%Y-%m-%dT%H:%M:%S.000Z", gmtime(&t));
		wall_text((struct wall){ s, 0 }, text);
		agrees = agrees && strcmp(text, want) == 0;
	}
	ok(agrees, "as the system says it, to the end of the century");
	wall_text((struct wall){ INT64_MAX, 0 }, text);
	ok(strlen(text) < sizeof text, "a year beyond all calendars stays in its bounds");
	return done();
}
