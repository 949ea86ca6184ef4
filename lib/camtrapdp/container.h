/* SPDX-License-Identifier: GPL-3.0-or-later */
/* A package as it lies there: a folder or a ZIP, whose files are found by name. */
#ifndef TRAPKIT_CAMTRAPDP_CONTAINER_H
#define TRAPKIT_CAMTRAPDP_CONTAINER_H

#include "source.h"

struct container {
	char *folder;     /* real path; NULL = a ZIP */
	char *descriptor; /* file name of the descriptor, "datapackage.json" */
	struct bytes_at archive;
	struct zip_directory directory;
	char *root; /* "" or "folder/" in the ZIP */
};

/* One of its files, open. */
struct container_file {
	int fd; /* of a folder's file, else -1 */
	struct bytes_at bytes;
	struct source_range range;
};

enum container_found { CONTAINER_FOUND, CONTAINER_MISSING, CONTAINER_OUTSIDE };

/* -1 when there is nothing to read at `path`. */
int container_open(const char *path, struct container *container, struct error *err);
void container_close(struct container *container);
/* Root of the ZIP's descriptor: "" or "folder/"; NULL = there is none. Owned. */
char *container_zip_root(const struct zip_directory *directory);

/* Is it there, a regular file? `size` (may be NULL) of the unpacked file. */
enum container_found container_find(
	const struct container *container, const char *name, uint64_t *size);
int container_file_open(const struct container *container, const char *name,
	struct container_file *file, struct error *err);
void container_file_close(struct container_file *file);
/* The whole of a small file, NUL-terminated, owned; ERROR_INPUT when over `limit`. */
char *container_read_all(const struct container *container, const char *name, size_t limit,
	size_t *size, struct error *err);

#endif
