/* SPDX-License-Identifier: GPL-3.0-or-later */
/* libcurl's functions, found when first needed: commands that use no network never load it. */
#ifndef TRAPKIT_TRANSFER_CURL_LIBRARY_H
#define TRAPKIT_TRANSFER_CURL_LIBRARY_H

#include <curl/curl.h>

struct error;

/* Each member has the type that <curl/curl.h> declares for the function of that name. */
struct curl_library {
	__typeof__(curl_global_init) *global_init;
	__typeof__(curl_version_info) *version_info;
	__typeof__(curl_getdate) *getdate;
	__typeof__(curl_easy_init) *easy_init;
	__typeof__(curl_easy_cleanup) *easy_cleanup;
	__typeof__(curl_easy_reset) *easy_reset;
	__typeof__(curl_easy_setopt) *easy_setopt;
	__typeof__(curl_easy_getinfo) *easy_getinfo;
	__typeof__(curl_easy_strerror) *easy_strerror;
	__typeof__(curl_slist_append) *slist_append;
	__typeof__(curl_slist_free_all) *slist_free_all;
	__typeof__(curl_multi_init) *multi_init;
	__typeof__(curl_multi_cleanup) *multi_cleanup;
	__typeof__(curl_multi_add_handle) *multi_add_handle;
	__typeof__(curl_multi_remove_handle) *multi_remove_handle;
	__typeof__(curl_multi_perform) *multi_perform;
	__typeof__(curl_multi_poll) *multi_poll;
	__typeof__(curl_multi_info_read) *multi_info_read;
	__typeof__(curl_multi_strerror) *multi_strerror;
};

/* Loads it once, from any thread. NULL with ERROR_UNAVAILABLE when it is not installed. */
const struct curl_library *curl_library(struct error *err);

#endif
