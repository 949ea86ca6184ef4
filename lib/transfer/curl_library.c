/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Loads libcurl when first used. */
#include "curl_library.h"

#include "trapkit/error.h"
#include "trapkit/lazy_library.h"

#include <pthread.h>

static struct curl_library library;
static struct error failure;
static pthread_once_t once = PTHREAD_ONCE_INIT;

/* clang-format off */
static const struct lazy_symbol symbols[] = {
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

static void load(void)
{
	if (lazy_library_load("libcurl.so.4", "libcurl4", symbols,
		    sizeof symbols / sizeof symbols[0], &failure) != 0)
		return;
	if (library.global_init(CURL_GLOBAL_DEFAULT) != CURLE_OK)
		error_set(&failure, ERROR_UNAVAILABLE, "libcurl could not be started");
}

const struct curl_library *curl_library(struct error *err)
{
	pthread_once(&once, load);
	if (failure.kind != ERROR_NONE) {
		*err = failure;
		return NULL;
	}
	return &library;
}
