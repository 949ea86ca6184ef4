/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The bytes of a ZIP besides the files' own: headers, central directory, end records. */
#ifndef TRAPKIT_LIB_PACKAGE_ZIP_LAYOUT_H
#define TRAPKIT_LIB_PACKAGE_ZIP_LAYOUT_H

#include "trapkit/package.h"

/* PKWARE's APPNOTE 4.4: a name's length has 16 bits. */
#define ZIP_NAME_LIMIT 65535u
/* Room enough for any local or central header or the end records. */
#define ZIP_HEADER_LIMIT (ZIP_NAME_LIMIT + 128u)

size_t zip_local_size(const struct zip_entry *entry);
/* Writes zip_local_size() bytes; entry->crc must be known. */
size_t zip_local_header(const struct zip_entry *entry, uint8_t *out);
/* `offset` is where the entry's local header begins. */
size_t zip_central_size(const struct zip_entry *entry, uint64_t offset);
size_t zip_central_header(const struct zip_entry *entry, uint64_t offset, uint8_t *out);

struct zip_end {
	uint64_t count, directory_offset, directory_size;
};
size_t zip_end_size(const struct zip_end *end);
size_t zip_end_records(const struct zip_end *end, uint8_t *out);

#endif
