/* SPDX-License-Identifier: GPL-3.0-or-later */
/* A source's bytes: as they are, or in pieces that a thread of their own unpacks. */
#include "read_ahead.h"

#include "ahead.h"
#include "trapkit/error.h"
#include "trapkit/memory.h"

#include <stdlib.h>
#include <string.h>

#define PIECES 4
#define PIECE (128u << 10)
#define SMALL (64u << 10) /* bytes, packed, that no thread is worth */

struct piece {
	uint8_t *bytes;
	size_t size;
	int status; /* of bytes_source_read: 1, 0 = the end, -1 */
	struct error err;
};

struct read_ahead {
	struct source *source;
	struct ahead *ahead;                 /* NULL: bytes are read when they are asked for */
	struct piece pieces[PIECES], *piece; /* the one that is being taken */
	size_t at;                           /* in the piece */
};

static bool read_piece(void *context, void *slot)
{
	struct source *source = context;
	struct piece *piece = slot;
	size_t got = 0;

	if (piece->bytes == NULL)
		piece->bytes = xmalloc(PIECE);
	piece->size = 0;
	do {
		piece->status = bytes_source_read(
			source, piece->bytes + piece->size, PIECE - piece->size, &got, &piece->err);
		piece->size += piece->status > 0 ? got : 0;
	} while (piece->status > 0 && piece->size < PIECE);
	return piece->status > 0;
}

struct read_ahead *read_ahead_new(struct source *source)
{
	struct read_ahead *read = xcalloc(1, sizeof *read);
	const struct ahead_work work = {.make = read_piece,
		.context = source,
		.slots = read->pieces,
		.slot_size = sizeof read->pieces[0],
		.count = PIECES};

	read->source = source;
	if (bytes_source_unpacks(source) && bytes_source_packed(source) > SMALL) {
		read->ahead = ahead_new(&work, true);
		read->piece = ahead_next(read->ahead);
	}
	return read;
}

int read_ahead_read(
	struct read_ahead *read, uint8_t *out, size_t size, size_t *got, struct error *err)
{
	struct piece *piece = read->piece;

	if (read->ahead == NULL)
		return bytes_source_read(read->source, out, size, got, err);
	if (read->at == piece->size && piece->status > 0) {
		piece = read->piece = ahead_next(read->ahead);
		read->at = 0;
	}
	/* What came before the end, or before the trouble, is handed out first. */
	if (read->at == piece->size) {
		if (piece->status < 0)
			*err = piece->err;
		return piece->status;
	}
	*got = piece->size - read->at < size ? piece->size - read->at : size;
	memcpy(out, piece->bytes + read->at, *got);
	read->at += *got;
	return 1;
}

void read_ahead_free(struct read_ahead *read)
{
	if (read == NULL)
		return;
	ahead_free(read->ahead);
	for (size_t i = 0; i < PIECES; i++)
		free(read->pieces[i].bytes);
	free(read);
}
