/*
 * pattern.h - which addresses does a pattern cover?
 *
 * Endpoints: an exact address, "*@D" (every local part at D), "*.D" (D and
 * everything below it).
 */
#ifndef FEDX_PATTERN_H
#define FEDX_PATTERN_H

#include "base/str.h"

bool pattern_is_wild(struct str pattern);
bool pattern_covers(struct str pattern, struct str address);

#endif
