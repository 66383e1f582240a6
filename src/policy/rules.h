/*
 * rules.h - the places of a policy that have decided something, numbered.
 *
 * A rule is (hook, file, line, name).  How many there can be is bounded, also
 * for a policy that makes up names: beyond RULES_NAMED a new name is left
 * out, beyond RULES_MAX a new rule is number 0, "unknown".
 */
#ifndef FEDX_POLICY_RULES_H
#define FEDX_POLICY_RULES_H

#include "base/map.h"

enum { RULES_MAX = 8192, RULES_NAMED = 4096, RULE_FILE_MAX = 255, RULE_NAME_MAX = 64 };

struct rule;
struct known_rule;
struct rules { struct map by_place; struct known_rule **all; size_t count, cap; };

void rules_free(struct rules *);
uint32_t rules_number(struct rules *, uint8_t hook, struct str file, uint32_t line, struct str name);
	/* of this place, from 1 on; longer texts are cut; 0: full, or no memory */
const struct rule *rules_get(const struct rules *, size_t number);	/* NULL: no such number */

#endif
