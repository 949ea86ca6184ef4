/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Reads a source; a large packed one is unpacked by a thread, before it is needed. */
#ifndef TRAPKIT_CAMTRAPDP_READ_AHEAD_H
#define TRAPKIT_CAMTRAPDP_READ_AHEAD_H

#include "source.h"

struct read_ahead;

/* The source stays the caller's and is not to be touched until read_ahead_free. */
struct read_ahead *read_ahead_new(struct source *source);
/* As bytes_source_read. */
int read_ahead_read(
	struct read_ahead *ahead, uint8_t *out, size_t size, size_t *got, struct error *err);
void read_ahead_free(struct read_ahead *ahead);

#endif
