/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Text as TRAPPER and people need it: slugs, UTF-8 checks, sizes, durations, nearest words. */
#ifndef TRAPKIT_TEXT_H
#define TRAPKIT_TEXT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

struct error;

/* True when the bytes are well-formed UTF-8 (no surrogates, no overlong forms, ≤ U+10FFFF). */
bool text_is_utf8(const char *bytes, size_t length);

/*
 * Bytes made fit to show: invalid UTF-8 and control characters become `\xHH`, all else stays.
 * Owned by the caller.
 */
char *text_escape(const char *bytes);

/*
 * Django's slugify in ASCII mode: NFKD, non-ASCII dropped, lower case, everything but letters,
 * digits, `_`, `-` and white space deleted, runs of `-` and white space become one `-`, `-` and
 * `_` trimmed at both ends. May return "". Owned by the caller. `name` must be UTF-8.
 */
char *text_slugify(const char *name);

/*
 * Equal for two names that a file system without regard to case or to the composition of accents
 * (Windows, macOS) takes for one: lower case, accents apart (NFD of Unicode's full case folding;
 * several accents on one letter keep the order they have). Owned by the caller.
 */
char *text_fold(const char *name);

/* "1.5 GB": powers of 1000, three digits. Owned by the caller. */
char *text_size(uint64_t bytes);

/* "1 h 05 min", "42 s". Owned by the caller. */
char *text_duration(double seconds);

/* `K M G T` are 1024-based, `KB MB GB TB` 1000-based, a bare number is bytes; "1.5G" is allowed. */
int text_parse_size(const char *text, uint64_t *bytes, struct error *err);

/* `90`, `90s`, `15m`, `48h`, `7d`; seconds out. */
int text_parse_duration(const char *text, double *seconds, struct error *err);

/* A plain decimal number, "-12.5" or "1e3", and nothing else; whatever the locale. */
bool text_parse_number(const char *text, double *number);

/*
 * The candidate nearest to `word` by edit distance, or NULL when none is near enough to suggest
 * (more than a third of the word differs). `candidates` ends with NULL. Case is ignored.
 */
const char *text_nearest(const char *word, const char *const *candidates);

/* The last part of a path. Borrowed. */
const char *text_base_name(const char *path);

/* Joins with exactly one slash. Owned by the caller. */
char *text_join_path(const char *folder, const char *name);

/* True when `name` ends with one of the NULL-terminated suffixes, ASCII case ignored. */
bool text_has_suffix(const char *name, const char *const *suffixes);

#ifdef __cplusplus
}
#endif

#endif
