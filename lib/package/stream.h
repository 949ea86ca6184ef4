/* SPDX-License-Identifier: GPL-3.0-or-later */
/* A file written by a thread of its own while the caller fills the next piece. */
#ifndef TRAPKIT_LIB_PACKAGE_STREAM_H
#define TRAPKIT_LIB_PACKAGE_STREAM_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct error;

/* What is written must fit into one slot at a time; a few slots are in flight. */
#define STREAM_SLOT (8u << 20)

/* Hashes and writes slot after slot to `fd`; `name` is for messages. One filling thread. */
struct stream;
struct stream *stream_open(int fd, const char *name, bool digest, struct error *err);
/*
 * `size` bytes to fill, at most STREAM_SLOT; hands the present slot over when they do not fit.
 * NULL when writing failed: then stream_close tells why. Nothing is written before stream_commit.
 */
uint8_t *stream_space(struct stream *stream, size_t size);
void stream_commit(struct stream *stream, size_t size);
/* Waits until everything is written (unless `abandon`) and frees the stream. */
int stream_close(struct stream *stream, bool abandon, uint8_t sha256[32], struct error *err);

#endif
