/*
 * pattern.h - which addresses does a pattern cover?
 *
 * Endpoints: an exact address, "*@D" (every local part at D), "*.D" (D and
 * everything below it).  Paths: segments, where * is one and ** any number of
 * them; which of these cover a path says interest.h.
 */
#ifndef FEDX_PATTERN_H
#define FEDX_PATTERN_H

#include "base/str.h"

bool pattern_is_good(struct str);	/* a name, or either kind of pattern, with its * where they may be */
bool pattern_is_wild(struct str pattern);
bool pattern_covers(struct str pattern, struct str address);
int pattern_path_order(struct str a, struct str b);
	/* below 0: of two paths or patterns of paths a is the more specific one; 0: they are the same */

#endif
