/* SPDX-License-Identifier: GPL-3.0-or-later */
/* TOML 1.0 documents as a plain tree: values, and where in the text each of them stands. */
#ifndef TRAPKIT_TOML_H
#define TRAPKIT_TOML_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

struct error;

enum toml_type {
	TOML_TABLE,
	TOML_ARRAY, /* `[1, 2]` and `[[TABLE]]` alike */
	TOML_STRING,
	TOML_INTEGER,
	TOML_FLOAT,
	TOML_BOOLEAN,
	TOML_DATE_TIME /* dates, times and both together */
};

struct toml_value {
	enum toml_type type;
	char *key;     /* name in the table that holds it; NULL in arrays and for the root */
	unsigned line; /* of the key, counted from 1; in an array of the value itself */
	size_t begin;  /* first byte of the value in the text … */
	size_t end;    /* … and the byte after it; both 0 for the root and for `[TABLE]`s */
	char *text;    /* TOML_STRING, and TOML_DATE_TIME as it was written */
	size_t length; /* bytes of text: a string may hold NUL characters (`\u0000`) */
	int64_t integer;
	double number; /* TOML_FLOAT, and TOML_INTEGER too */
	bool boolean;
	struct toml_value *items; /* of a table or array, in the order of the text */
	size_t count;
};

/* The largest text that is read, in bytes, and how deep dotted keys and arrays may nest. */
#define TOML_LARGEST (4u << 20)
#define TOML_DEEPEST 64

/*
 * Parses `length` bytes (specification: toml.io/en/v1.0.0). `name` is what messages blame:
 * "default.toml:12: …", ERROR_INPUT. The caller releases *root with toml_free().
 */
int toml_parse(const char *text, size_t length, const char *name, struct toml_value **root,
	struct error *err);
/* NULL is fine. */
void toml_free(struct toml_value *root);

/* The member of a table with exactly this name, or NULL. Borrowed. */
const struct toml_value *toml_find(const struct toml_value *table, const char *key);

/* "a string", "a whole number": for messages. */
const char *toml_type_name(enum toml_type type);

/* The text as a TOML basic string, quotes included. Owned by the caller. `text` must be UTF-8. */
char *toml_quote(const char *text);

#ifdef __cplusplus
}
#endif

#endif
