/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What earlier packages hold already: files whose delivery was begun are not packaged again. */
#include "blur_find.h"
#include "package_job.h"

#include "trapkit/text.h"

#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

static bool equal(const char *a, const char *b)
{
	return a != NULL && b != NULL && strcmp(a, b) == 0;
}

static bool has_size(const char *folder, const char *name, const char *suffix, uint64_t size)
{
	char *file = xasprintf("%s%s", name, suffix), *path = text_join_path(folder, file);
	struct stat status;
	bool same = stat(path, &status) == 0 && (uint64_t)status.st_size == size;

	free(path);
	free(file);
	return same;
}

bool package_is_there(const struct ledger_package *row)
{
	return row->state == PACKAGE_WRITTEN &&
		has_size(row->folder, row->name, ".yaml", row->yaml_size) &&
		has_size(row->folder, row->name, ".zip", row->zip_size);
}

bool package_same_set(const struct ledger_package *a, const struct ledger_package *b)
{
	return equal(a->set, b->set) && equal(a->folder, b->folder);
}

bool package_is_begun(const struct ledger_package_list *all, const struct ledger_package *row)
{
	for (size_t i = 0; i < all->count; i++)
		if (package_same_set(&all->items[i], row) && all->items[i].recorded &&
			(all->items[i].delivery != DELIVERY_NONE ||
				all->items[i].trigger != TRIGGER_NONE))
			return true;
	return false;
}

/* In a set that is on its way or was, and nothing is to be written for it. */
static bool is_held(const struct ledger_package_list *all, const struct ledger_package *row)
{
	return row->recorded && package_is_begun(all, row) &&
		(row->delivery == DELIVERY_DONE || row->trigger != TRIGGER_NONE ||
			package_is_there(row));
}

bool package_is_earlier(const struct package_job *job, int64_t id)
{
	for (size_t i = 0; i < job->earlier.count; i++)
		if (job->earlier.items[i].id == id)
			return true;
	return false;
}

/* The newest set that is on its way but whose parts are not all there; NULL = none. */
static const struct ledger_package *unfinished(
	const struct package_job *job, const struct ledger_package_list *all)
{
	for (size_t i = all->count; i > 0; i--) {
		const struct ledger_package *row = &all->items[i - 1];

		if (equal(row->folder, job->settings->output_folder) &&
			package_is_begun(all, row) && !is_held(all, row))
			return row;
	}
	return NULL;
}

/* Moves what is held out of `all`, but nothing of the set of `without`. */
static void take_held(struct package_job *job, struct ledger_package_list *all,
	const struct ledger_package *without)
{
	bool *held = xcalloc(all->count + 1, sizeof *held);

	for (size_t i = 0; i < all->count; i++)
		held[i] = is_held(all, &all->items[i]) &&
			(without == NULL || !package_same_set(without, &all->items[i]));
	for (size_t i = 0; i < all->count; i++)
		if (held[i]) {
			ARRAY_APPEND(&job->earlier, all->items[i]);
			all->items[i] = (struct ledger_package){0};
		}
	free(held);
}

/* What was begun without covering and may not go on never arrives: it counts as not sent. */
static int give_up_uncovered(
	struct package_job *job, struct ledger_package_list *all, struct error *err)
{
	int result = 0;

	for (size_t i = 0; i < all->count && job->blur != NULL && result == 0; i++) {
		struct ledger_package *row = &all->items[i];

		if (row->delivery != DELIVERY_STARTED || row->trigger != TRIGGER_NONE ||
			blur_covers(row->blur, job->blur))
			continue;
		row->delivery = DELIVERY_NONE;
		result = ledger_put_package(job->ledger, row, err);
	}
	return result;
}

static int load(struct package_job *job, const struct ledger_package *without, struct error *err)
{
	struct ledger_package_list all = {0};

	ledger_package_list_release(&job->earlier);
	if (ledger_packages(job->ledger, &all, err) != 0)
		return -1;
	take_held(job, &all, without);
	ledger_package_list_release(&all);
	return 0;
}

int package_earlier_init(struct package_job *job, struct error *err)
{
	struct ledger_package_list all = {0};
	const struct ledger_package *open;
	int result = -1;

	if (ledger_packages(job->ledger, &all, err) != 0 || give_up_uncovered(job, &all, err) != 0)
		goto done;
	if (job->settings->again || job->settings->overwrite) {
		result = 0;
		goto done;
	}
	open = unfinished(job, &all);
	if (open != NULL) {
		/* Do the files and settings still make that set? Then it is gone on with. */
		if (load(job, open, err) != 0 || package_fingerprint(job, err) != 0)
			goto done;
		if (equal(job->fingerprint, open->fingerprint)) {
			result = 0;
			goto done;
		}
	}
	result = load(job, NULL, err);
done:
	ledger_package_list_release(&all);
	return result;
}

/* ---- the files of one folder ---- */

int package_held_load(struct package_held *held, struct package_job *job,
	const struct package_folder *folder, struct error *err)
{
	size_t kept = 0;

	package_held_release(held);
	for (size_t i = 0; i < job->earlier.count && !held->listed; i++)
		held->listed = ledger_shares_collection(
			job->earlier.items[i].collections, folder->collection);
	if (!held->listed)
		return 0;
	if (ledger_packaged(
		    job->ledger, folder->collection, folder->deployment, &held->files, err) != 0)
		return -1;
	for (size_t i = 0; i < held->files.count; i++) {
		struct ledger_packaged file = held->files.items[i];

		if (package_is_earlier(job, file.package))
			held->files.items[kept++] = file;
		else
			free(file.name);
	}
	held->files.count = kept;
	return 0;
}

void package_held_release(struct package_held *held)
{
	ledger_packaged_list_release(&held->files);
	*held = (struct package_held){0};
}

/* Only touched, or another one? Reads the file, once: the ledger keeps its digest. */
static bool has_digest(
	struct package_job *job, struct resource *resource, const struct ledger_packaged *file)
{
	char found[SHA256_HEX_SIZE], wanted[SHA256_HEX_SIZE];
	char *path = text_join_path(job->settings->data_path, resource->path);
	struct error ignored = {0};
	bool read = file_sha256(path, found, NULL, &ignored) == 0;

	free(path);
	if (!read)
		return false;
	sha256_hex(file->sha256, wanted);
	if (strcmp(found, wanted) != 0)
		return false;
	ledger_put_sha256(job->ledger, resource->path, file->sha256, &ignored);
	resource->has_sha256 = true;
	memcpy(resource->sha256, file->sha256, SHA256_SIZE);
	return true;
}

static bool is_same(
	struct package_job *job, struct resource *resource, const struct ledger_packaged *file)
{
	if (file->size != resource->size)
		return false;
	if (file->mtime_ns == resource->mtime_ns)
		return true;
	if (!file->has_sha256)
		return false;
	if (resource->has_sha256)
		return memcmp(file->sha256, resource->sha256, SHA256_SIZE) == 0;
	return has_digest(job, resource, file);
}

enum package_before package_held_find(
	struct package_held *held, struct package_job *job, struct resource *resource)
{
	enum package_before before = PACKAGE_NEVER;
	size_t i;

	/* Both lists are in bytewise order of names. */
	while (held->at < held->files.count &&
		strcmp(held->files.items[held->at].name, resource->name) < 0)
		held->at++;
	for (i = held->at;
		i < held->files.count && strcmp(held->files.items[i].name, resource->name) == 0;
		i++) {
		if (is_same(job, resource, &held->files.items[i]))
			return PACKAGE_HELD;
		before = PACKAGE_CHANGED;
	}
	return before;
}
