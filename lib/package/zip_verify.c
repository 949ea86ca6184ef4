/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Reads a finished ZIP back with libzip and compares it with its plan. */
#include "libzip.h"

#include "trapkit/error.h"
#include "trapkit/memory.h"
#include "trapkit/package.h"
#include "trapkit/progress.h"

#include <stdlib.h>
#include <string.h>

#define CHUNK (256u << 10)

static int bad(const char *path, const char *name, const char *what, struct error *err)
{
	return error_set(err, ERROR_INPUT, "'%s' is damaged: '%s' %s", path, name, what);
}

static int check_entry(zip_t *archive, const char *path, const struct zip_entry *entry,
	zip_uint64_t index, struct error *err)
{
	zip_stat_t status;

	if (zip_stat_index(archive, index, ZIP_FL_ENC_RAW, &status) != 0)
		return bad(path, entry->name, zip_strerror(archive), err);
	if (strcmp(status.name, entry->name) != 0)
		return bad(path, entry->name, "is not where it should be", err);
	if (status.size != entry->size || status.comp_size != entry->size)
		return bad(path, entry->name, "has another size than its file", err);
	if (status.crc != entry->crc)
		return bad(path, entry->name, "has another checksum than its file", err);
	if (status.comp_method != ZIP_CM_STORE)
		return bad(path, entry->name, "is compressed", err);
	return 0;
}

/* libzip checks the CRC when the end of the entry is read. */
static int read_entry(zip_t *archive, const char *path, const struct zip_entry *entry,
	zip_uint64_t index, uint8_t *buffer, const struct progress *progress, struct error *err)
{
	zip_file_t *file = zip_fopen_index(archive, index, 0);
	zip_int64_t got = 0;
	uint64_t total = 0;
	int result = 0;

	if (file == NULL)
		return bad(path, entry->name, zip_strerror(archive), err);
	while (result == 0 && (got = zip_fread(file, buffer, CHUNK)) > 0) {
		total += (uint64_t)got;
		result = progress_check(progress, err);
	}
	if (result == 0 && got < 0)
		result = bad(path, entry->name, zip_file_strerror(file), err);
	else if (result == 0 && total != entry->size)
		result = bad(path, entry->name, "is cut short", err);
	zip_fclose(file);
	return result;
}

/* With a `buffer`, every entry is read too. */
static int check_entries(zip_t *archive, const char *path, const struct zip_plan *plan,
	uint8_t *buffer, const struct progress *progress, struct error *err)
{
	zip_uint64_t index = 0, count = (zip_uint64_t)zip_get_num_entries(archive, 0);

	for (size_t i = 0; i < plan->count; i++) {
		const struct zip_entry *entry = &plan->items[i];

		if (entry->left_out)
			continue;
		if (index >= count)
			return bad(path, entry->name, "is missing", err);
		if (check_entry(archive, path, entry, index, err) != 0 ||
			(buffer != NULL &&
				read_entry(archive, path, entry, index, buffer, progress, err) !=
					0) ||
			progress_check(progress, err) != 0)
			return -1;
		index++;
	}
	if (index != count)
		return error_set(err, ERROR_INPUT, "'%s' holds %llu files instead of %llu", path,
			(unsigned long long)count, (unsigned long long)index);
	return 0;
}

int zip_verify(const char *path, const struct zip_plan *plan, bool read_all,
	const struct progress *progress, struct error *err)
{
	uint8_t *buffer = read_all ? xmalloc(CHUNK) : NULL;
	int code = 0, result = -1;
	zip_t *archive = NULL;
	zip_error_t reason;

	if (libzip_load(err) != 0)
		goto done;
	archive = zip_open(path, ZIP_RDONLY | ZIP_CHECKCONS, &code);
	if (archive == NULL) {
		zip_error_init_with_code(&reason, code);
		error_set(err, ERROR_INPUT, "cannot read '%s' back: %s", path,
			zip_error_strerror(&reason));
		zip_error_fini(&reason);
		goto done;
	}
	result = check_entries(archive, path, plan, buffer, progress, err);
done:
	if (archive != NULL)
		zip_discard(archive);
	free(buffer);
	return result;
}
