/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Bytes of a table one after another, whatever they are packed in. */
#ifndef TRAPKIT_CAMTRAPDP_SOURCE_H
#define TRAPKIT_CAMTRAPDP_SOURCE_H

#include "zip_directory.h"

struct error;

/* What a source reads: a range of bytes, and how it is packed. */
struct source_range {
	const struct bytes_at *from; /* borrowed, must stay */
	uint64_t offset, packed;
	bool is_member;  /* of a ZIP: method, size and crc count */
	uint16_t method; /* 0 stored, 8 deflated */
	uint64_t size;   /* unpacked */
	uint32_t crc;
};

struct source;

/* `gzip`: unpack that, too. ERROR_INPUT for a method we do not know. */
struct source *bytes_source_new(const struct source_range *range, bool gzip, struct error *err);
/*
 * Reads up to `size` bytes: 1 = some (*got > 0), 0 = the end, all checks passed, -1 = ERROR_INPUT
 * (damaged, not whole, bytes after the end, unpacks to far too much).
 */
int bytes_source_read(
	struct source *source, uint8_t *out, size_t size, size_t *got, struct error *err);
/* How many bytes there are to read, before they are unpacked. */
uint64_t bytes_source_packed(const struct source *source);
/* Are they unpacked while they are read? */
bool bytes_source_unpacks(const struct source *source);
void bytes_source_free(struct source *source);

#endif
