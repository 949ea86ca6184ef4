/* SPDX-License-Identifier: GPL-3.0-or-later */
/* JSON (RFC 8259) read token by token: files of any size, memory for one token. */
#ifndef TRAPKIT_JSON_READER_H
#define TRAPKIT_JSON_READER_H

#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#ifdef __cplusplus
extern "C" {
#endif

struct error;

enum json_kind {
	JSON_END, /* of the document */
	JSON_OBJECT,
	JSON_OBJECT_END,
	JSON_ARRAY,
	JSON_ARRAY_END,
	JSON_NAME, /* of a member; its value follows */
	JSON_STRING,
	JSON_NUMBER,
	JSON_TRUE,
	JSON_FALSE,
	JSON_NULL
};

struct json_token {
	enum json_kind kind;
	const char *text; /* of names, strings and numbers, NUL-terminated, until the next call */
	size_t length;    /* bytes of text: a string may hold NUL characters (`\u0000`) */
	double number;    /* JSON_NUMBER; also `NaN` and `Infinity`, which Python's json writes */
};

/* Zeros are the usual choice. */
struct json_settings {
	const char *name;    /* of the file, for messages; borrowed; NULL = "the document" */
	size_t most_text;    /* bytes of a name, string or number; 0 = 1 MiB */
	size_t most_kept;    /* bytes that json_keep may keep; 0 = 64 MiB */
	size_t buffer;       /* bytes read at a time; 0 = 64 KiB */
	uint64_t first_line; /* number of the line it begins in; 0 = 1 */
};

/* How deep objects and arrays may nest. */
#define JSON_DEEPEST 64

/*
 * A byte order mark is skipped. Text that is not UTF-8 is refused; half of a surrogate pair
 * (`\ud800`) becomes U+FFFD.
 */
struct json_reader;

/* The stream stays the caller's. */
struct json_reader *json_open(FILE *stream, const struct json_settings *settings);
/* The bytes stay the caller's, and must stay. */
struct json_reader *json_open_memory(
	const void *bytes, size_t size, const struct json_settings *settings);
/* NULL is fine. */
void json_close(struct json_reader *reader);

/*
 * The next token; after JSON_END always that. -1 = ERROR_INPUT with file and line: not JSON, cut
 * short, over a limit; ERROR_SYSTEM: cannot be read. After -1 it is over.
 */
int json_next(struct json_reader *reader, struct json_token *token, struct error *err);

/*
 * Passes over the rest of the value that `token` began; after a JSON_NAME over the member's value.
 * Faster than reading: of what is passed over, only brackets and strings are looked at.
 */
int json_skip(struct json_reader *reader, const struct json_token *token, struct error *err);

/* Right after a JSON_OBJECT or JSON_ARRAY: its bytes are kept from here on. */
void json_keep(struct json_reader *reader);
/* The bytes from there to the last token read, until the next call; keeping ends. */
const char *json_kept(struct json_reader *reader, size_t *size);

/* Where the last token began: bytes from where reading began; and in which line. */
uint64_t json_offset(const struct json_reader *reader);
uint64_t json_line(const struct json_reader *reader);

/* ERROR_INPUT "'NAME', line N: …" for what is wrong with the last token's value. Returns -1. */
int json_refuse(const struct json_reader *reader, struct error *err, const char *format, ...)
	__attribute__((format(printf, 3, 4)));

#ifdef __cplusplus
}
#endif

#endif
