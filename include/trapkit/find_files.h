/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Walks a folder in bytewise order, without following links or opening what could hang. */
#ifndef TRAPKIT_FIND_FILES_H
#define TRAPKIT_FIND_FILES_H

#include <stdbool.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

struct error;

enum found_kind {
	FOUND_FILE,
	FOUND_FOLDER,
	FOUND_SYMLINK,   /* never followed */
	FOUND_SPECIAL,   /* FIFO, socket, device: never opened */
	FOUND_UNREADABLE /* a file or folder that could not be looked at; `error_number` says why */
};

/* Names are bytes as on disk, whatever their encoding. Valid during the call of `visit` only. */
struct found {
	enum found_kind kind;
	const char *path; /* below the root, parts joined with '/', no "./" before */
	const char *name; /* the last part of path */
	unsigned depth;   /* 0 for what lies in the root itself */
	int folder_fd;    /* the folder it lies in, for openat; stays the walk's */
	uint64_t size;    /* bytes; files only */
	int64_t mtime_ns; /* nanoseconds since 1970; files only */
	int64_t ctime_ns; /* likewise */
	bool was_entered; /* FOUND_UNREADABLE: a folder that `visit` had asked to enter */
	int error_number; /* errno, FOUND_UNREADABLE only */
	bool to_folder;   /* FOUND_SYMLINK: the link leads to a folder */
};

enum find_answer {
	FIND_ON,    /* go on; a folder is not entered */
	FIND_ENTER, /* enter the folder; for all else the same as FIND_ON */
	FIND_LEAVE, /* visit nothing more of the folder that this lies in */
	FIND_STOP   /* stop everything: `err` is set */
};

struct find_files {
	/* Called for every entry, folders before what is in them. */
	enum find_answer (*visit)(void *context, const struct found *found, struct error *err);
	/* Called after the last entry of an entered folder; may be NULL. -1 stops with `err`. */
	int (*leave)(void *context, const char *path, unsigned depth, struct error *err);
	void *context;
};

#define FIND_DEEPEST 64            /* folders below each other */
#define FIND_MOST_NAMES (4u << 20) /* entries in one folder */

/*
 * Entries of a folder come in bytewise order of their names. Memory: the names of the folders that
 * are being visited. One descriptor per level. A folder deeper than FIND_DEEPEST (ELOOP), with more
 * than FIND_MOST_NAMES entries (E2BIG), or whose listing breaks off is told as FOUND_UNREADABLE
 * *instead of* its entries, never with half of them. -1 when the root cannot be read, or stopped.
 * A root that is a link to a folder is followed.
 */
int find_files(const char *root, const struct find_files *walk, struct error *err);

/* False (with errno) when a folder can no longer be opened, as on a card that was pulled out. */
bool find_is_there(const char *folder);

/*
 * Names that operating systems and tools leave behind, never a camera: those that begin with `.`,
 * `Thumbs.db`, `desktop.ini`, `System Volume Information`, `$RECYCLE.BIN`, `lost+found`, and what
 * ends with `_exiftool_tmp`. ASCII case is ignored.
 */
bool find_is_junk(const char *name);

/* `DCIM`, or three digits and then up to 8 letters, digits or `_` (DCF: 100RECNX, 101_BTCF). */
bool find_is_camera_folder(const char *name);

#ifdef __cplusplus
}
#endif

#endif
