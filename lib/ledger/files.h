/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The columns of a file's row, in the order in which every statement names them. */
#ifndef TRAPKIT_LEDGER_FILES_H
#define TRAPKIT_LEDGER_FILES_H

#include "store.h"

enum file_column {
	FILE_NAME,
	FILE_SUB,
	FILE_SIZE,
	FILE_MTIME,
	FILE_RACY,
	FILE_TYPE,
	FILE_TROUBLE,
	FILE_TAKEN_SOURCE,
	FILE_TAKEN,
	FILE_TAKEN_OFFSET,
	FILE_WIDTH, /* from here on what a brief row lacks */
	FILE_HEIGHT,
	FILE_ORIENTATION,
	FILE_FPS,
	FILE_DURATION,
	FILE_LATITUDE,
	FILE_LONGITUDE,
	FILE_MAKE,
	FILE_MODEL,
	FILE_SERIAL,
	FILE_SHA256,
	FILE_FOLDER /* only where a row is put */
};

#define FILE_COLUMNS_BRIEF                                                                         \
	"name, sub, size, mtime_ns, racy, type, trouble, taken_source, taken, taken_offset"
#define FILE_COLUMNS                                                                               \
	FILE_COLUMNS_BRIEF ", width, height, orientation, fps, duration, latitude, longitude, "    \
			   "make, model, serial, sha256"

/* Everything, or what a brief row has, but the four texts, which are NULL afterwards. */
void files_read_row(sqlite3_stmt *statement, struct resource *resource);

#endif
