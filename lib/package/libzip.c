/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Loads libzip when first used. */
#include "trapkit/error.h"
#include "trapkit/lazy_library.h"
#include "trapkit/package.h"

#include <pthread.h>

#include "libzip.h"

struct libzip libzip;
static struct error load_error;
static pthread_once_t once = PTHREAD_ONCE_INIT;

static void load(void)
{
	static const struct lazy_symbol symbols[] = {
		{"zip_open", &libzip.open},
		{"zip_get_name", &libzip.get_name},
		{"zip_name_locate", &libzip.name_locate},
		{"zip_discard", &libzip.discard},
		{"zip_stat_index", &libzip.stat_index},
		{"zip_strerror", &libzip.strerror},
		{"zip_fopen_index", &libzip.fopen_index},
		{"zip_fread", &libzip.fread},
		{"zip_fclose", &libzip.fclose},
		{"zip_get_num_entries", &libzip.get_num_entries},
		{"zip_error_init_with_code", &libzip.error_init_with_code},
		{"zip_error_strerror", &libzip.error_strerror},
		{"zip_error_fini", &libzip.error_fini},
		{"zip_file_strerror", &libzip.file_strerror},
		{"zip_libzip_version", &libzip.libzip_version},
	};

	/* Debian 13 has a newer one under a newer name; what is used here is the same in both. */
	if (lazy_library_load("libzip.so.5", "libzip5", symbols, sizeof symbols / sizeof *symbols,
		    &load_error) == 0)
		return;
	error_clear(&load_error);
	lazy_library_load("libzip.so.4", "libzip4 (from Debian 13 on: libzip5)", symbols,
		sizeof symbols / sizeof *symbols, &load_error);
}

int libzip_load(struct error *err)
{
	pthread_once(&once, load);
	if (load_error.kind == ERROR_NONE)
		return 0;
	*err = load_error;
	return -1;
}

const char *zip_version(struct error *err)
{
	return libzip_load(err) == 0 ? zip_libzip_version() : NULL;
}
