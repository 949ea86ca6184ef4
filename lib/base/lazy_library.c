/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Shared libraries that are loaded when first used. */
#include "trapkit/lazy_library.h"

#include "trapkit/error.h"

#include <dlfcn.h>
#include <string.h>

/* It is there, but too little memory is (ulimit -v), or it is broken: the loader's words tell. */
static int cannot_load(const char *soname, const char *package, struct error *err)
{
	const char *why = dlerror();

	if (why == NULL || strstr(why, "No such file") != NULL)
		return error_set(err, ERROR_UNAVAILABLE,
			"the library '%s' is not installed; install it: apt install %s", soname,
			package);
	return error_set(err, ERROR_UNAVAILABLE,
		"cannot load the library '%s': %s; if that is no lack of memory, apt install "
		"--reinstall %s",
		soname, why, package);
}

int lazy_library_load(const char *soname, const char *package, const struct lazy_symbol *symbols,
	size_t count, struct error *err)
{
	void *handle = dlopen(soname, RTLD_NOW | RTLD_LOCAL);

	if (handle == NULL)
		return cannot_load(soname, package, err);
	for (size_t i = 0; i < count; i++) {
		void *address = dlsym(handle, symbols[i].name);

		if (address == NULL)
			return error_set(err, ERROR_UNAVAILABLE,
				"the installed '%s' lacks '%s'; install a newer one: apt install "
				"%s",
				soname, symbols[i].name, package);
		/* ISO C casts no object pointer to a function's; POSIX gives both one form. */
		memcpy(symbols[i].target, &address, sizeof address);
	}
	return 0;
}
