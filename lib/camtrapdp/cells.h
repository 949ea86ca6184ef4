/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Cells as values: numbers, times, choices (contracts/camtrap-dp.md sections 6 and 7). */
#ifndef TRAPKIT_CAMTRAPDP_CELLS_H
#define TRAPKIT_CAMTRAPDP_CELLS_H

#include "rows.h"
#include "schema.h"

/* Better is lower: a caller may go on with what is not VALUE_BAD. */
enum value_state {
	VALUE_MISSING,
	VALUE_GOOD,
	VALUE_ODD,    /* understood, but not as the standard writes it */
	VALUE_BAD,    /* not of its type */
	VALUE_LIMITS, /* below the minimum or over the maximum, not among the choices, no match */
};

struct value {
	const char *text; /* the cell; NULL = empty */
	uint32_t length;
	enum value_state state;
	union {
		int64_t choice; /* of a FIELD_CHOICE; of a boolean 0 or 1 */
		double number;  /* of numbers */
		int64_t time;   /* seconds since 1970 */
		uint64_t hash;  /* of a key */
		uint64_t bits;  /* of any of them */
	};
	const char *why; /* of VALUE_ODD and VALUE_BAD; static */
};

/* Usable: good or odd. */
static inline bool value_is(const struct value *value)
{
	return value->state == VALUE_GOOD || value->state == VALUE_ODD;
}
/* Exactly this text. */
bool value_equals(const struct value *value, const char *text);

/* `missing_words`: NA, NaN and nan stand for nothing, as of 1.0.2. */
void cell_read(const struct cell *cell, const struct field *field, bool missing_words,
	struct value *value);

/* "2024-05-01": days since 1970. */
bool date_read(const char *text, size_t length, int64_t *days);
/* A date and time as RFC 3339 has it; fractions and a missing zone allowed when `lenient`. */
bool datetime_read(const char *text, size_t length, bool lenient, struct value *value);
/* filePath's and a resource path's pattern. */
bool path_matches(const char *text, size_t length);

#endif
