/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Loads libcurl when first used. */
#include "curl_library.h"

#include "trapkit/error.h"

#include <dlfcn.h>
#include <pthread.h>
#include <stdio.h>
#include <string.h>

static struct curl_library library;
static char failure[256];
static pthread_once_t once = PTHREAD_ONCE_INIT;

struct symbol {
	const char *name;
	void *target; /* the member that takes the address */
};

/* clang-format off */
static const struct symbol symbols[] = {
	{"curl_global_init", &library.global_init},
	{"curl_version_info", &library.version_info},
	{"curl_getdate", &library.getdate},
	{"curl_easy_init", &library.easy_init},
	{"curl_easy_cleanup", &library.easy_cleanup},
	{"curl_easy_reset", &library.easy_reset},
	{"curl_easy_setopt", &library.easy_setopt},
	{"curl_easy_getinfo", &library.easy_getinfo},
	{"curl_easy_strerror", &library.easy_strerror},
	{"curl_slist_append", &library.slist_append},
	{"curl_slist_free_all", &library.slist_free_all},
	{"curl_multi_init", &library.multi_init},
	{"curl_multi_cleanup", &library.multi_cleanup},
	{"curl_multi_add_handle", &library.multi_add_handle},
	{"curl_multi_remove_handle", &library.multi_remove_handle},
	{"curl_multi_perform", &library.multi_perform},
	{"curl_multi_poll", &library.multi_poll},
	{"curl_multi_info_read", &library.multi_info_read},
	{"curl_multi_strerror", &library.multi_strerror},
};
/* clang-format on */

/* The handle stays open for the life of the program: libcurl may keep threads of its own. */
static void load(void)
{
	void *handle = dlopen("libcurl.so.4", RTLD_NOW | RTLD_LOCAL);

	if (handle == NULL) {
		snprintf(failure, sizeof failure,
			"libcurl is not installed, and web services need it: apt install libcurl4");
		return;
	}
	for (size_t i = 0; i < sizeof symbols / sizeof symbols[0]; i++) {
		void *address = dlsym(handle, symbols[i].name);

		if (address == NULL) {
			snprintf(failure, sizeof failure,
				"the installed libcurl is too old (it lacks %s): apt install "
				"libcurl4",
				symbols[i].name);
			return;
		}
		/* ISO C has no cast from object to function pointers; POSIX gives both one form. */
		memcpy(symbols[i].target, &address, sizeof address);
	}
	if (library.global_init(CURL_GLOBAL_DEFAULT) != CURLE_OK)
		snprintf(failure, sizeof failure, "libcurl could not be started");
}

const struct curl_library *curl_library(struct error *err)
{
	pthread_once(&once, load);
	if (failure[0] != '\0') {
		error_set(err, ERROR_UNAVAILABLE, "%s", failure);
		return NULL;
	}
	return &library;
}
