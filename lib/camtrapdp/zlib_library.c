/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Loads libz when first used. */
#include "zlib_library.h"

#include "trapkit/error.h"
#include "trapkit/lazy_library.h"

#include <pthread.h>

struct zlib zlib;
static struct error load_error;
static pthread_once_t once = PTHREAD_ONCE_INIT;

static void load(void)
{
	static const struct lazy_symbol symbols[] = {
		{"inflateInit2_", &zlib.init},
		{"inflate", &zlib.inflate},
		{"inflateReset", &zlib.reset},
		{"inflateEnd", &zlib.end},
		{"deflateInit2_", &zlib.deflate_init},
		{"deflate", &zlib.deflate},
		{"deflateEnd", &zlib.deflate_end},
	};

	lazy_library_load(
		"libz.so.1", "zlib1g", symbols, sizeof symbols / sizeof *symbols, &load_error);
}

int zlib_load(struct error *err)
{
	pthread_once(&once, load);
	if (load_error.kind == ERROR_NONE)
		return 0;
	*err = load_error;
	return -1;
}
