/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Shared libraries that are loaded when first used, so that commands without them start at once. */
#ifndef TRAPKIT_LAZY_LIBRARY_H
#define TRAPKIT_LAZY_LIBRARY_H

#include <stddef.h>

#ifdef __cplusplus
extern "C" {
#endif

struct error;

struct lazy_symbol {
	const char *name;
	void *target; /* the address of the function pointer that gets it */
};

/*
 * Opens `soname` and fills every target; the library stays loaded for the life of the program. Not
 * thread-safe by itself: call it under pthread_once. ERROR_UNAVAILABLE naming the Debian `package`
 * to install when the library, or one of the functions, is not there.
 */
int lazy_library_load(const char *soname, const char *package, const struct lazy_symbol *symbols,
	size_t count, struct error *err);

#ifdef __cplusplus
}
#endif

#endif
