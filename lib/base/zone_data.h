/* SPDX-License-Identifier: GPL-3.0-or-later */
/* A zone in memory: the table of a TZif file (RFC 9636) and the rule for the times beyond it. */
#ifndef TRAPKIT_BASE_ZONE_DATA_H
#define TRAPKIT_BASE_ZONE_DATA_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct zone_type {
	int offset;   /* seconds east of UTC */
	int standard; /* the offset that counts with ignore_dst */
	bool dst;
};

/* One day of the year at which the footer's rule changes. */
struct zone_change {
	enum zone_change_kind { CHANGE_MONTH, CHANGE_JULIAN, CHANGE_DAY } kind;
	int month, week, day; /* Mm.w.d; `day` alone for Jn and n */
	int time;             /* seconds of local time, -167 to 167 hours */
};

/* The footer: a POSIX TZ string. */
struct zone_rule {
	bool is_set, has_dst;
	struct zone_type standard, summer;
	struct zone_change to_summer, to_standard;
};

#define ZONE_MOST_TYPES 256

struct zone {
	char *name;
	struct zone_type types[ZONE_MOST_TYPES];
	size_t type_count;
	int64_t *at;   /* instants at which a type begins */
	uint8_t *type; /* the type that begins */
	size_t count;
	struct zone_type before; /* what counts before the first */
	struct zone_rule rule;
};

/* Reads a POSIX TZ string with the extensions of RFC 9636 3.3.2. False when it is not one. */
bool zone_rule_parse(const char *text, struct zone_rule *rule);

/* Instants of the two changes of a year. */
void zone_rule_year(
	const struct zone_rule *rule, int year, int64_t *to_summer, int64_t *to_standard);

/* Fills a zone from a file's bytes. False when they are not a TZif file that can be used. */
bool zone_parse(struct zone *zone, const uint8_t *bytes, size_t size);

#endif
