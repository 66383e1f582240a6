/*
 * version.h - versions of services and what a caller asks of them.
 *
 * A version is 1 to 4 numbers with dots and an optional -suffix.  A
 * constraint is a list of terms with blanks or commas between, all of which
 * must hold: "1.2" (1.2 and 1.2.x), "=1.2.0", ">=1.2", "<2", ">1", "<=1.9",
 * "^1.2" (>=1.2, <2), "~1.2.3" (>=1.2.3, <1.3).  A suffix sorts before the
 * same version without one.
 */
#ifndef FEDX_VERSION_H
#define FEDX_VERSION_H

#include "base/str.h"

bool version_valid(struct str);
int version_cmp(struct str, struct str);	/* both valid; -1, 0, 1 */
bool constraint_valid(struct str);
bool version_fits(struct str version, struct str constraint);
	/* an empty constraint takes all; an empty version fits only that */

#endif
