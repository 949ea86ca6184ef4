/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Compares a definition with its ZIP, file for file. */
#include "libzip.h"

#include "trapkit/error.h"
#include "trapkit/memory.h"
#include "trapkit/package.h"

#include <stdlib.h>
#include <string.h>

/* A foreign archive's directory must not make us hold more entries than this. */
#define ENTRIES_LIMIT 5000000

struct comparison {
	zip_t *archive;
	struct definition_summary summary; /* names of the collections, from a first walk */
	uint8_t *seen;                     /* one byte an entry of the ZIP */
	uint64_t count;
	int (*report)(void *context, enum package_mismatch kind, const char *subject, size_t line);
	void *context;
	bool stopped;
	uint64_t mismatches;
};

static void tell(
	struct comparison *comparison, enum package_mismatch kind, const char *subject, size_t line)
{
	comparison->mismatches++;
	if (comparison->report != NULL &&
		comparison->report(comparison->context, kind, subject, line) != 0)
		comparison->stopped = true;
}

static int compare_entry(void *context, const struct definition_entry *entry, struct error *err)
{
	struct comparison *comparison = context;
	const char *folder;
	char *path;
	zip_int64_t index;
	zip_stat_t status;

	if (entry->collection >= comparison->summary.count)
		return error_set(err, ERROR_INPUT, "changed while it was read");
	folder = comparison->summary.items[entry->collection].resources_dir;
	path = entry->deployment_id == NULL
		? xasprintf("%s/%s", folder, entry->file)
		: xasprintf("%s/%s/%s", folder, entry->deployment_id, entry->file);
	index = zip_name_locate(comparison->archive, path, ZIP_FL_ENC_GUESS);
	if (index < 0 ||
		zip_stat_index(comparison->archive, (zip_uint64_t)index, 0, &status) != 0) {
		tell(comparison, PACKAGE_FILE_MISSING, path, entry->line);
	} else {
		if (comparison->seen[index]++ != 0) {
			comparison->seen[index] = 1;
			tell(comparison, PACKAGE_FILE_TWICE, path, entry->line);
		}
		if (entry->has_size && entry->size != status.size)
			tell(comparison, PACKAGE_FILE_SIZE, path, entry->line);
		if (status.comp_method != ZIP_CM_STORE)
			tell(comparison, PACKAGE_FILE_COMPRESSED, path, entry->line);
	}
	free(path);
	return comparison->stopped ? error_set(err, ERROR_CANCELLED, "stopped") : 0;
}

static int open_archive(struct comparison *comparison, const char *path, struct error *err)
{
	int code = 0;
	zip_int64_t count;
	zip_error_t reason;

	if (libzip_load(err) != 0)
		return -1;
	comparison->archive = zip_open(path, ZIP_RDONLY, &code);
	if (comparison->archive == NULL) {
		zip_error_init_with_code(&reason, code);
		error_set(err, ERROR_INPUT, "cannot read '%s': %s", path,
			zip_error_strerror(&reason));
		zip_error_fini(&reason);
		return -1;
	}
	count = zip_get_num_entries(comparison->archive, 0);
	if (count > ENTRIES_LIMIT)
		return error_set(
			err, ERROR_INPUT, "'%s' holds more than %d files", path, ENTRIES_LIMIT);
	comparison->count = (uint64_t)count;
	comparison->seen = xcalloc((size_t)count + 1, 1);
	return 0;
}

static void tell_extras(struct comparison *comparison)
{
	for (uint64_t i = 0; i < comparison->count && !comparison->stopped; i++) {
		const char *name = zip_get_name(comparison->archive, i, ZIP_FL_ENC_GUESS);
		size_t length = name == NULL ? 0 : strlen(name);

		/* Entries of folders are harmless. */
		if (!comparison->seen[i] && length > 0 && name[length - 1] != '/')
			tell(comparison, PACKAGE_FILE_EXTRA, name, 0);
	}
}

int package_compare(const char *yaml_path, const char *zip_path,
	int (*report)(void *context, enum package_mismatch kind, const char *subject, size_t line),
	void *context, uint64_t *mismatches, struct error *err)
{
	struct comparison comparison = {.report = report, .context = context};
	const struct definition_visitor visitor = {
		.resource = compare_entry, .context = &comparison};
	int result = -1;

	/* The folder of a collection may be told after its files: names first, files then. */
	if (definition_read(yaml_path, &comparison.summary, err) != 0 ||
		open_archive(&comparison, zip_path, err) != 0)
		goto done;
	if (definition_walk(yaml_path, &visitor, NULL, err) != 0 && !comparison.stopped)
		goto done;
	tell_extras(&comparison);
	error_clear(err);
	result = 0;
done:
	*mismatches = comparison.mismatches;
	definition_summary_release(&comparison.summary);
	free(comparison.seen);
	if (comparison.archive != NULL)
		zip_discard(comparison.archive);
	return result;
}
