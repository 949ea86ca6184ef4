/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The beginning of a file, or all of it. */
#ifndef TRAPKIT_FLOW_READ_HEAD_H
#define TRAPKIT_FLOW_READ_HEAD_H

#include <stddef.h>
#include <stdint.h>

struct error;

/* Up to `size` bytes from the beginning; *length tells how many there were. */
int read_head(int fd, uint8_t *bytes, size_t size, size_t *length, struct error *err);

#endif
