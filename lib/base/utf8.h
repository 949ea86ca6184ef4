/* SPDX-License-Identifier: GPL-3.0-or-later */
/* One character of UTF-8, for the files of this room. */
#ifndef TRAPKIT_BASE_UTF8_H
#define TRAPKIT_BASE_UTF8_H

#include <stddef.h>
#include <stdint.h>

/* Bytes used by the character that begins at `bytes`, or 0 when it is not well-formed. */
size_t utf8_decode(const char *bytes, size_t length, uint32_t *code);

/*
 * The row of a sorted table whose first member is the character's code (uint32_t); NULL when there
 * is none.
 */
const void *code_find(uint32_t code, const void *rows, size_t count, size_t row_size);

#endif
