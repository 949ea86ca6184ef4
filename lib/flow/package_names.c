/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Finds names of a deployment that a case-blind or normalizing file system takes for one. */
#include "package_job.h"

#include "trapkit/text.h"

#include <stdlib.h>
#include <string.h>

/* FNV-1a (Fowler, Noll, Vo), 64 bits: equal names meet; strangers that meet are told apart later.
 */
static uint64_t hash_of(const char *folded)
{
	uint64_t hash = 0xcbf29ce484222325u;

	for (; *folded != '\0'; folded++)
		hash = (hash ^ (unsigned char)*folded) * 0x100000001b3u;
	return hash;
}

void package_names_add(struct package_names *names, const char *name)
{
	char *folded = text_fold(name);

	ARRAY_APPEND(names, hash_of(folded));
	free(folded);
}

static int by_value(const void *left, const void *right)
{
	uint64_t a = *(const uint64_t *)left, b = *(const uint64_t *)right;

	return a < b ? -1 : a > b;
}

/* The chosen files of one folder whose name has this hash, compared in full. */
struct search {
	uint64_t hash;
	char *folded, *path, *name; /* of the first one */
};

static int look_at(struct search *search, const struct package_file *file, struct error *err)
{
	char *folded = text_fold(file->name);
	int result = 0;

	if (hash_of(folded) == search->hash && search->folded == NULL) {
		search->path = xstrdup(file->resource->path);
		search->name = xstrdup(file->name);
		search->folded = folded;
		return 0;
	}
	if (search->folded != NULL && strcmp(folded, search->folded) == 0)
		result = error_set(err, ERROR_INPUT,
			"'%s' and '%s' would have the same name in the package for many "
			"computers ('%s' and '%s'); rename one of them",
			search->path, file->resource->path, search->name, file->name);
	free(folded);
	return result;
}

static int search_folder(struct package_job *job, const struct package_folder *folder,
	uint64_t hash, struct error *err)
{
	struct search search = {.hash = hash};
	struct package_file file = {0};
	struct resource resource;
	struct ledger_files *files =
		ledger_files_open(job->ledger, folder->collection, folder->deployment, err);
	bool tallying = job->tallying;
	int result = files == NULL ? -1 : 0, more = 0;

	job->tallying = false;
	while (result == 0 && (more = ledger_files_next(files, &resource, err)) == 1) {
		int chosen = package_choose(job, &resource, &file, err);

		result = chosen < 0 ? -1 : chosen == 0 ? 0 : look_at(&search, &file, err);
		package_file_release(&file);
	}
	job->tallying = tallying;
	ledger_files_close(files);
	free(search.folded);
	free(search.path);
	free(search.name);
	return more < 0 ? -1 : result;
}

int package_names_check(struct package_names *names, struct package_job *job,
	const struct package_folder *folder, struct error *err)
{
	int result = 0;

	if (names->count > 0)
		qsort(names->items, names->count, sizeof *names->items, by_value);
	for (size_t i = 1; i < names->count && result == 0; i++)
		if (names->items[i] == names->items[i - 1])
			result = search_folder(job, folder, names->items[i], err);
	names->count = 0;
	return result;
}
