/* SPDX-License-Identifier: GPL-3.0-or-later */
/* zlib's functions, found when the first compressed table is read or written. */
#ifndef TRAPKIT_CAMTRAPDP_ZLIB_LIBRARY_H
#define TRAPKIT_CAMTRAPDP_ZLIB_LIBRARY_H

#include <zlib.h>

struct error;

/* Each member has the type that <zlib.h> declares for the function of that name. */
struct zlib {
	__typeof__(inflateInit2_) *init;
	__typeof__(inflate) *inflate;
	__typeof__(inflateReset) *reset;
	__typeof__(inflateEnd) *end;
	__typeof__(deflateInit2_) *deflate_init;
	__typeof__(deflate) *deflate;
	__typeof__(deflateEnd) *deflate_end;
};
extern struct zlib zlib;

/* Loads it once, from any thread; to be called before any of the functions. */
int zlib_load(struct error *err);

#endif
