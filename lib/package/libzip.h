/* SPDX-License-Identifier: GPL-3.0-or-later */
/* libzip's functions under their own names, found when first needed: it brings libcrypto along. */
#ifndef PACKAGE_LIBZIP_H
#define PACKAGE_LIBZIP_H

#include <zip.h>

struct error;

/* Each member has the type that <zip.h> declares for the function of that name. */
struct libzip {
	__typeof__(zip_open) *open;
	__typeof__(zip_get_name) *get_name;
	__typeof__(zip_name_locate) *name_locate;
	__typeof__(zip_discard) *discard;
	__typeof__(zip_stat_index) *stat_index;
	__typeof__(zip_strerror) *strerror;
	__typeof__(zip_fopen_index) *fopen_index;
	__typeof__(zip_fread) *fread;
	__typeof__(zip_fclose) *fclose;
	__typeof__(zip_get_num_entries) *get_num_entries;
	__typeof__(zip_error_init_with_code) *error_init_with_code;
	__typeof__(zip_error_strerror) *error_strerror;
	__typeof__(zip_error_fini) *error_fini;
	__typeof__(zip_file_strerror) *file_strerror;
	__typeof__(zip_libzip_version) *libzip_version;
};
extern struct libzip libzip;

/* Loads it once, from any thread; to be called before any of the functions. */
int libzip_load(struct error *err);

#define zip_open libzip.open
#define zip_get_name libzip.get_name
#define zip_name_locate libzip.name_locate
#define zip_discard libzip.discard
#define zip_stat_index libzip.stat_index
#define zip_strerror libzip.strerror
#define zip_fopen_index libzip.fopen_index
#define zip_fread libzip.fread
#define zip_fclose libzip.fclose
#define zip_get_num_entries libzip.get_num_entries
#define zip_error_init_with_code libzip.error_init_with_code
#define zip_error_strerror libzip.error_strerror
#define zip_error_fini libzip.error_fini
#define zip_file_strerror libzip.file_strerror
#define zip_libzip_version libzip.libzip_version

#endif
