/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Files that appear whole or not at all. */
#ifndef TRAPKIT_OUTPUT_FILE_H
#define TRAPKIT_OUTPUT_FILE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>

#ifdef __cplusplus
extern "C" {
#endif

struct error;

/*
 * Written under a temporary name in the folder of the final one; publishing flushes it to the
 * disk, renames it and flushes the folder. `{ 0 }` is valid and may be discarded.
 * Temporary names are `.NAME.trapkit-RANDOM`; what a killed run left is removed by the next
 * output_file_open of the same path.
 */
struct output_file {
	char *path;      /* final name, owned */
	char *temporary; /* owned; NULL when nothing is open */
	int fd;          /* open for reading and writing */
	FILE *stream;    /* buffered writer on fd; use either the stream or the descriptor */
};

/* Mode is 0666 less the umask, or 0600 when `secret`. */
int output_file_open(struct output_file *file, const char *path, bool secret, struct error *err);

/*
 * The same for one of many files of a folder: what was left behind is not looked for each time, but
 * once for all with output_file_sweep, at any depth below `folder`, while nobody else writes there.
 */
int output_file_open_swept(
	struct output_file *file, const char *path, bool secret, struct error *err);
void output_file_sweep(const char *folder);

/* What to do with a file of the final name that is there already. */
enum output_existing {
	OUTPUT_REFUSE,
	OUTPUT_REPLACE,
	OUTPUT_REPLACE_UNSYNCED /* the caller flushes the folder later, with sync_parent */
};

/*
 * Makes the file appear. On failure nothing appears and the temporary file is removed. Either way
 * the struct is released. With OUTPUT_REFUSE an existing file is ERROR_INPUT and stays untouched.
 */
int output_file_publish(struct output_file *file, enum output_existing existing, struct error *err);

/* Drops what was written. Safe to call after publish and on `{ 0 }`. */
void output_file_discard(struct output_file *file);

/* Writes `size` bytes to `path` whole, replacing what was there. */
int output_file_write(
	const char *path, const void *bytes, size_t size, bool secret, struct error *err);

/* Makes every missing folder of `path`, like `mkdir -p`. */
int make_folders(const char *path, struct error *err);

/* fsync of the folder that holds `path`. */
int sync_parent(const char *path, struct error *err);

#ifdef __cplusplus
}
#endif

#endif
