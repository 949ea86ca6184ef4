/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The bytes below the grammar of JSON: the buffer, strings and numbers. */
#ifndef TRAPKIT_BASE_JSON_BYTES_H
#define TRAPKIT_BASE_JSON_BYTES_H

#include "trapkit/json_reader.h"

#include <stdbool.h>

enum json_state {
	JSON_AT_START,   /* nothing read yet */
	JSON_AT_VALUE,   /* a value must come */
	JSON_AT_FIRST,   /* after an opening bracket: the first of it, or its end */
	JSON_AT_NAME,    /* after a comma in an object */
	JSON_AFTER_VALUE /* a comma or a closing bracket must come; at depth 0 the end */
};

struct json_reader {
	struct json_settings settings;
	FILE *stream; /* NULL: everything is in `at` … `end` from the start */
	char *buffer;
	size_t buffer_size;
	const char *at, *end;
	const char *base;      /* in memory: the beginning of the document */
	const char *kept;      /* json_keep: the first byte that must stay in the buffer */
	uint64_t read;         /* bytes taken from the stream, up to `end` */
	uint64_t line;         /* at `at` */
	uint64_t token_line;   /* where the last token began … */
	uint64_t token_offset; /* … and its first byte */
	bool keeping, failed;
	bool overfull; /* what must stay has grown over the limit */
	int read_errno;
	enum json_state state;
	size_t depth;
	char nest[JSON_DEEPEST]; /* the bracket that closes each level */
	struct {
		char *items;
		size_t count, capacity;
	} text;
};

/* Makes at least one byte available, if there is one. */
bool json_fill(struct json_reader *reader);

/* The error for a file that ends, or cannot be read on, within a value. Returns -1. */
int json_cut_short(struct json_reader *reader, struct error *err);

/* Bytes of the document before `at`. */
uint64_t json_position(const struct json_reader *reader);

/* Reads the string that begins at `at` into token->text. */
int json_read_string(struct json_reader *reader, struct json_token *token, struct error *err);

/* Reads what may be a number or a word (letters, digits, `+-.`) into token->text. */
int json_read_plain(struct json_reader *reader, struct json_token *token, struct error *err);

/* False when token->text is no number of JSON's grammar; else kind and number are set. */
bool json_read_number(struct json_token *token);

#endif
