/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Where findings are put from inside the room. */
#ifndef TRAPKIT_CAMTRAPDP_FINDINGS_H
#define TRAPKIT_CAMTRAPDP_FINDINGS_H

#include "trapkit/camtrapdp.h"

#include <stdarg.h>

/* Where something was found. */
struct place {
	const char *table;  /* static, or NULL: the descriptor, the archive */
	uint64_t row;       /* 0 = none */
	const char *column; /* static when `table` is set */
};

/* `value` (may be NULL) has `length` bytes of any kind. */
void report_add(struct camtrapdp_report *report, const char *rule, enum camtrapdp_severity severity,
	const struct place *place, const char *value, size_t length, const char *format, ...)
	__attribute__((format(printf, 7, 8)));
void report_vadd(struct camtrapdp_report *report, const char *rule,
	enum camtrapdp_severity severity, const struct place *place, const char *value,
	size_t length, const char *format, va_list arguments) __attribute__((format(printf, 7, 0)));

#endif
