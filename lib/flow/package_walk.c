/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Walks the chosen files in the order of the package and cuts it into parts. */
#include "package_job.h"

#include <stdlib.h>
#include <string.h>

void package_walk_init(struct package_walk *walk, struct package_job *job)
{
	*walk = (struct package_walk){.job = job};
}

void package_walk_release(struct package_walk *walk)
{
	package_file_release(&walk->step.file);
	if (walk->files != NULL)
		ledger_files_close(walk->files);
	walk->files = NULL;
	package_held_release(&walk->held);
}

/*
 * Bytes that the file adds to the ZIP: itself, its name and fixed fields in two headers (30 + 46),
 * and what zip64 adds to these at most, so that a limit holds for the archive as it is on disk.
 */
static uint64_t cost_of(const struct package_walk *walk, const struct package_folder *folder)
{
	const struct package_file *file = &walk->step.file;

	return file->size + 76 + 48 +
		2 * (strlen(folder->collection) + strlen(folder->id) + strlen(file->name) + 2);
}

/* The records that end an archive, with zip64: 56 + 20 + 22. */
#define END_COST 98

static bool begins_part(
	const struct package_walk *walk, const struct package_folder *folder, uint64_t size)
{
	const struct package_settings *settings = walk->job->settings;

	if (walk->part == 0)
		return true;
	if ((settings->split == PACKAGE_SPLIT_DEPLOYMENT ||
		    settings->split == PACKAGE_SPLIT_CAMERA) &&
		folder != walk->last)
		return true;
	if (settings->split == PACKAGE_SPLIT_COLLECTION && folder->rank != walk->last->rank)
		return true;
	return settings->max_size != 0 && walk->size + size > settings->max_size;
}

static void take_file(struct package_walk *walk, const struct package_folder *folder)
{
	uint64_t cost = cost_of(walk, folder);

	if (begins_part(walk, folder, cost)) {
		walk->part++;
		walk->size = END_COST;
	}
	walk->size += cost;
	walk->last = folder;
	walk->any = true;
	walk->step.kind = PACKAGE_STEP_FILE;
	walk->step.part = walk->part;
	walk->step.folder = folder;
}

/*
 * A folder without files begins no part: it goes to the present one, or, where its collection has
 * nothing in that, to the next; behind the last part to the last.
 */
static void take_empty(struct package_walk *walk, const struct package_folder *folder)
{
	const struct package_job *job = walk->job;
	bool stays = walk->part > 0 &&
		(job->settings->split == PACKAGE_SPLIT_SIZE || folder->rank == walk->last->rank);

	walk->step.kind = PACKAGE_STEP_EMPTY;
	walk->step.part = stays ? walk->part : walk->part + 1;
	if (!job->tallying && walk->step.part > job->parts.count)
		walk->step.part = job->parts.count;
	walk->step.folder = folder;
}

static int open_folder(
	struct package_walk *walk, const struct package_folder *folder, struct error *err)
{
	walk->any = false;
	if (folder->cameras != NULL)
		folder->cameras->last = 0;
	if (package_held_load(&walk->held, walk->job, folder, err) != 0)
		return -1;
	walk->files =
		ledger_files_open(walk->job->ledger, folder->collection, folder->deployment, err);
	return walk->files == NULL ? -1 : 0;
}

/* Changed files that get a line each; the rest is only counted. */
#define CHANGED_TOLD 20

/* 1 = it goes in, 0 = it does not. */
static int choose(struct package_walk *walk, struct error *err)
{
	struct package_job *job = walk->job;
	enum package_before before = package_held_find(&walk->held, job, &walk->resource);
	int chosen;

	if (before == PACKAGE_HELD) {
		job->result->delivered_earlier += job->tallying;
		return 0;
	}
	chosen = package_choose(job, &walk->resource, &walk->step.file, err);
	if (chosen == 1 && before == PACKAGE_CHANGED && job->tallying &&
		++job->result->changed <= CHANGED_TOLD)
		progress_warning(job->progress, walk->resource.path,
			"changed since it was delivered; packaged again, so that TRAPPER will hold "
			"both");
	return chosen;
}

/* Files come in the order of their names, as camera_list_find needs them. */
static bool is_of(const struct package_folder *folder, const struct resource *resource)
{
	return folder->cameras == NULL ||
		camera_list_find(folder->cameras, &resource->facts) == folder->camera;
}

int package_walk_next(struct package_walk *walk, struct error *err)
{
	struct package_job *job = walk->job;

	package_file_release(&walk->step.file);
	while (walk->folder < job->folders.count) {
		const struct package_folder *folder = &job->folders.items[walk->folder];
		int more;

		if (walk->files == NULL && open_folder(walk, folder, err) != 0)
			return -1;
		while ((more = ledger_files_next(walk->files, &walk->resource, err)) == 1) {
			int chosen = is_of(folder, &walk->resource) ? choose(walk, err) : 0;

			if (chosen < 0)
				return -1;
			if (chosen == 1) {
				take_file(walk, folder);
				return 0;
			}
		}
		if (more < 0)
			return -1;
		ledger_files_close(walk->files);
		walk->files = NULL;
		walk->folder++;
		/* TRAPPER knows the empty ones of a collection from its first package. */
		if (!walk->any && !walk->held.listed) {
			take_empty(walk, folder);
			return 0;
		}
	}
	walk->step.kind = PACKAGE_STEP_END;
	walk->step.part = 0;
	return 0;
}
