/* SPDX-License-Identifier: GPL-3.0-or-later */
/* A ZIP archive's directory, read from a file or from memory with bounds on everything. */
#ifndef TRAPKIT_CAMTRAPDP_ZIP_DIRECTORY_H
#define TRAPKIT_CAMTRAPDP_ZIP_DIRECTORY_H

#include "findings.h"

struct error;

/* Bytes that can be read at any offset: a file, or memory. */
struct bytes_at {
	int fd;               /* -1 = memory */
	const uint8_t *bytes; /* borrowed */
	uint64_t size;
};
/* Exactly `size` bytes; ERROR_INPUT when there are fewer. */
int bytes_read(
	const struct bytes_at *from, uint64_t offset, void *out, size_t size, struct error *err);

struct zip_member {
	char *name;      /* NUL-terminated, in zip_directory.names */
	uint64_t offset; /* of the local header */
	uint64_t packed, size;
	uint32_t crc;
	uint16_t method, flags;
	bool is_link;
};

struct zip_directory {
	struct zip_member *items; /* sorted by name once read */
	size_t count;
	char *names;    /* owned: the central directory's bytes, names cut out of it */
	uint64_t start; /* where the central directory begins */
};

/* Reads the directory. ERROR_INPUT when it is not one, or over a limit. */
int zip_directory_read(
	const struct bytes_at *from, struct zip_directory *directory, struct error *err);
void zip_directory_release(struct zip_directory *directory);
/* By name; NULL = none. */
const struct zip_member *zip_directory_find(
	const struct zip_directory *directory, const char *name);
/* Adds S07 for names, links, repeats and overlaps. */
void zip_directory_check(const struct zip_directory *directory, struct camtrapdp_report *report);
/* Where the entry's data begins; ERROR_INPUT when the local header says something else. */
int zip_member_data(const struct bytes_at *from, const struct zip_directory *directory,
	const struct zip_member *member, uint64_t *offset, struct error *err);

#endif
