/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Between the parts of a repair: rows and descriptor made what the standard asks for. */
#ifndef TRAPKIT_CAMTRAPDP_REPAIR_H
#define TRAPKIT_CAMTRAPDP_REPAIR_H

#include "descriptor.h"
#include "schema.h"
#include "trapkit/camtrapdp_write.h"

#include <cjson/cJSON.h>

/* Longest number, time or word that is written anew. */
#define REPAIRED_SIZE 40

/* One row by the standard's columns: NUL-terminated texts, which may be changed in place. */
struct repair_row {
	enum table_kind kind;
	char *cells[MOST_FIELDS];
	char written[MOST_FIELDS][REPAIRED_SIZE]; /* what stands instead */
};

/* Counts a change; the texts are static. */
void repair_note(
	struct camtrapdp_repair *repair, const char *table, const char *column, const char *what);
/* Cells of the row become what the standard asks for, where it is plain what they mean. */
void repair_cells(struct repair_row *row, struct camtrapdp_repair *repair);
/* The field that a column is, "tags" and other letter case too; -1 = none. */
int repair_column(enum table_kind kind, const char *name, size_t length);

/* Letter case, blanks, dashes and underlines do not count. */
bool repair_same_word(const char *left, const char *right);

/* The properties that a person wrote, in place: what is wrong with them and plain to mend. */
void repair_properties(cJSON *json, struct camtrapdp_repair *repair);

#endif
