/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The names of a package and its parts, kept in the ledger before anything is written. */
#include "package_job.h"

#include "trapkit/text.h"

#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static char *output_path(const struct package_job *job, const char *name, const char *suffix)
{
	char *file = xasprintf("%s%s", name, suffix);
	char *path = text_join_path(job->settings->output_folder, file);

	free(file);
	return path;
}

static char *part_name(const char *set, unsigned part, unsigned parts)
{
	return parts == 1 ? xstrdup(set) : xasprintf("%s_part%03u", set, part);
}

/* Nothing is left to do for the row: written with all files and still there, or delivered. */
static bool is_done(const struct ledger_package *row, const struct package_size *size)
{
	return row->state == PACKAGE_WRITTEN &&
		(row->delivery == DELIVERY_DONE ||
			((size == NULL || row->files == size->files) && package_is_there(row)));
}

static bool equal(const char *a, const char *b)
{
	return a != NULL && b != NULL && strcmp(a, b) == 0;
}

/* Moves the rows of one set out of `all`, parts in order. */
static void take_set(struct package_job *job, struct ledger_package_list *all, const char *set)
{
	for (size_t i = 0; i < all->count; i++)
		if (equal(all->items[i].set, set) &&
			equal(all->items[i].folder, job->settings->output_folder) &&
			equal(all->items[i].fingerprint, job->fingerprint)) {
			ARRAY_APPEND(&job->rows, all->items[i]);
			all->items[i] = (struct ledger_package){0};
		}
}

/* The newest set with the same files and settings in the same folder, or NULL. Borrowed. */
static const char *same_set(const struct package_job *job, const struct ledger_package_list *all)
{
	for (size_t i = all->count; i > 0; i--) {
		const struct ledger_package *row = &all->items[i - 1];

		if (equal(row->fingerprint, job->fingerprint) &&
			equal(row->folder, job->settings->output_folder))
			return row->set;
	}
	return NULL;
}

static char *default_set(const struct package_job *job, int64_t now)
{
	const struct package_settings *settings = job->settings;
	struct wall_time wall;

	wall_from_seconds(now + zone_offset_at(settings->zone, now, settings->ignore_dst), &wall);
	return xasprintf("package_%lld_%04d%02d%02d%02d%02d%02d", (long long)settings->project_id,
		wall.year, wall.month, wall.day, wall.hour, wall.minute, wall.second);
}

/* A part's file that is in the way; NULL = none. Owned by the caller. */
static char *in_the_way(const struct package_job *job, const char *set)
{
	unsigned parts = (unsigned)job->parts.count;
	static const char *const suffixes[] = {".yaml", ".zip"};

	for (unsigned part = 1; part <= parts; part++) {
		char *name = part_name(set, part, parts);

		for (size_t i = 0; i < 2; i++) {
			char *path = output_path(job, name, suffixes[i]);

			if (access(path, F_OK) == 0) {
				free(name);
				return path;
			}
			free(path);
		}
		free(name);
	}
	return NULL;
}

/* True when a package of that name was sent or is about to be: its name is used up there. */
static bool is_used(const struct ledger_package_list *all, const char *set)
{
	for (size_t i = 0; i < all->count; i++)
		if (equal(all->items[i].set, set) && package_is_begun(all, &all->items[i]))
			return true;
	return false;
}

static bool is_free(
	const struct package_job *job, const struct ledger_package_list *all, const char *set)
{
	char *path = in_the_way(job, set);
	bool taken = path != NULL || is_used(all, set);

	/* Of other parts than the ones to be made. */
	for (size_t i = 0; i < all->count && !taken; i++)
		taken = equal(all->items[i].set, set) && package_is_there(&all->items[i]);
	free(path);
	return !taken;
}

/* "winter_2", "winter_3" … */
static bool is_numbered(const char *set, const char *wanted)
{
	size_t length = strlen(wanted);

	return strncmp(set, wanted, length) == 0 && set[length] == '_' && set[length + 1] >= '1' &&
		set[length + 1] <= '9' &&
		strspn(set + length + 1, "0123456789") == strlen(set + length + 1);
}

/* Settles the name of a new set. The struct's `replace` says whether files may be in its way. */
static int choose_set(struct package_job *job, const struct ledger_package_list *all, char **set,
	struct error *err)
{
	const char *wanted = job->settings->package_name;
	bool overwrite = job->settings->overwrite;
	int64_t now = job->settings->now;
	char *path;

	/* A second package in one second; an additional one of a name that is used up. */
	for (unsigned number = 2; wanted == NULL || (is_used(all, wanted) && !overwrite);
		number++) {
		*set = wanted == NULL ? default_set(job, now++)
				      : xasprintf("%s_%u", wanted, number);
		if (is_free(job, all, *set))
			return 0;
		free(*set);
	}
	path = in_the_way(job, wanted);
	if (path != NULL && !overwrite) {
		*set = NULL;
		error_set(err, ERROR_INPUT,
			"'%s' exists and holds something else; use --overwrite to replace it, or "
			"another --package-name",
			path);
		free(path);
		return -1;
	}
	job->replace = path != NULL;
	free(path);
	*set = xstrdup(wanted);
	return 0;
}

static char *collections_of(const struct package_job *job)
{
	char *text = xstrdup("");

	for (size_t i = 0; i < job->collections.count; i++) {
		char *longer =
			xasprintf("%s%s%s", text, i == 0 ? "" : "\n", job->collections.items[i]);

		free(text);
		text = longer;
	}
	return text;
}

/* Every collection of the lines is one that this run looks at. */
static bool is_in_scope(const struct package_job *job, const char *lines)
{
	for (size_t length; lines != NULL && *lines != '\0';
		lines += length + (lines[length] == '\n')) {
		bool found = false;

		length = strcspn(lines, "\n");
		for (size_t i = 0; i < job->folders.count && !found; i++) {
			const char *name = job->folders.items[i].collection;

			found = strlen(name) == length && strncmp(name, lines, length) == 0;
		}
		if (!found)
			return false;
	}
	return lines != NULL;
}

static void make_rows(struct package_job *job, const char *set)
{
	unsigned parts = (unsigned)job->parts.count;

	for (unsigned part = 1; part <= parts; part++) {
		struct ledger_package row = {.name = part_name(set, part, parts),
			.set = xstrdup(set),
			.part = part,
			.parts = parts,
			.folder = xstrdup(job->settings->output_folder),
			.fingerprint = xstrdup(job->fingerprint),
			.collections = collections_of(job),
			.blur = job->blur == NULL ? NULL : xstrdup(job->blur)};

		ARRAY_APPEND(&job->rows, row);
	}
}

static bool is_unfinished(const struct ledger_package_list *all, const struct ledger_package *row)
{
	for (size_t i = 0; i < all->count; i++)
		if (equal(all->items[i].set, row->set) &&
			equal(all->items[i].folder, row->folder) &&
			all->items[i].state == PACKAGE_PLANNED)
			return true;
	return false;
}

static void remove_files(const struct package_job *job, const struct ledger_package *row)
{
	static const char *const suffixes[] = {".yaml", ".zip"};

	for (size_t i = 0; i < 2; i++) {
		char *path = output_path(job, row->name, suffixes[i]);

		if (unlink(path) != 0)
			progress_warning(job->progress, NULL,
				"cannot remove '%s' of a package that was not finished", path);
		free(path);
	}
}

/* True when the new set takes the row's place. */
static bool is_replaced(const struct package_job *job, const struct ledger_package_list *all,
	const struct ledger_package *row, const char *set)
{
	if (row->id == 0 || !equal(row->folder, job->settings->output_folder) ||
		package_is_earlier(job, row->id) || row->delivery == DELIVERY_DONE ||
		row->trigger != TRIGGER_NONE)
		return false;
	/* Of a set that was begun, what is not there can no longer be made as it was planned. */
	if (package_is_begun(all, row))
		return !package_is_there(row) && is_in_scope(job, row->collections);
	return row->delivery == DELIVERY_NONE &&
		(equal(row->set, set) ||
			(is_unfinished(all, row) && is_in_scope(job, row->collections)));
}

/*
 * Drops rows that the new ones take the place of: of an unfinished set, whose plan no longer fits,
 * and rows of the same names. Files of the former that were finished go too: as a part of nothing
 * they would be delivered twice.
 */
static int drop_rows(struct package_job *job, struct ledger_package_list *all, const char *set,
	struct error *err)
{
	bool *replaced = xcalloc(all->count + 1, sizeof *replaced);
	bool *stale = xcalloc(all->count + 1, sizeof *stale);
	int result = 0;

	/* All are judged before the first one goes: they are judged by the rest of their set. */
	for (size_t i = 0; i < all->count; i++) {
		replaced[i] = is_replaced(job, all, &all->items[i], set);
		stale[i] = replaced[i] && is_unfinished(all, &all->items[i]);
	}
	for (size_t i = 0; i < all->count && result == 0; i++) {
		struct ledger_package *row = &all->items[i];

		if (!replaced[i])
			continue;
		if (stale[i] && package_is_there(row) && !job->replace)
			remove_files(job, row);
		result = ledger_remove_package(job->ledger, row->id, err);
		/* Marks it as gone for warn_of_twins. */
		row->id = 0;
	}
	free(replaced);
	free(stale);
	return result == 0 ? ledger_forget_packaged(job->ledger, 0, err) : result;
}

static int store_rows(struct package_job *job, struct ledger_package_list *all, const char *set,
	struct error *err)
{
	if (job->settings->dry_run)
		return 0;
	if (ledger_begin(job->ledger, err) != 0)
		return -1;
	if (drop_rows(job, all, set, err) != 0)
		goto failed;
	for (size_t i = 0; i < job->rows.count; i++)
		if (ledger_put_package(job->ledger, &job->rows.items[i], err) != 0)
			goto failed;
	return ledger_commit(job->ledger, err);
failed:
	ledger_rollback(job->ledger);
	return -1;
}

/* TRAPPER appends to a collection and looks for no duplicates (contracts/trapper.md 2.6). */
static void warn_of_twins(const struct package_job *job, const struct ledger_package_list *all)
{
	char *collections = collections_of(job);
	const char *told = "";

	for (size_t i = 0; i < all->count; i++) {
		const struct ledger_package *row = &all->items[i];

		if (row->id == 0 || row->collections == NULL || strcmp(row->set, told) == 0 ||
			row->state != PACKAGE_WRITTEN || package_is_earlier(job, row->id) ||
			!ledger_shares_collection(collections, row->collections))
			continue;
		told = row->set;
		if (row->delivery == DELIVERY_NONE && row->trigger == TRIGGER_NONE)
			progress_note(job->progress,
				"package '%s' holds files of the same collection and was not sent: "
				"'trapkit upload' sends the new one of the two",
				row->set);
		else
			progress_warning(job->progress, NULL,
				"package '%s' holds files of the same collection and has been %s: "
				"files that are in both would be in TRAPPER twice",
				row->set,
				row->delivery == DELIVERY_STARTED ? "sent in part" : "delivered");
	}
	free(collections);
}

/* Whether every part of the set is written, and whether it has the parts that it should. */
static bool set_is_done(const struct package_job *job, const struct ledger_package_list *all,
	const char *set, bool *complete)
{
	size_t count = 0, done = 0;

	for (size_t i = 0; i < all->count; i++)
		if (equal(all->items[i].set, set) &&
			equal(all->items[i].folder, job->settings->output_folder) &&
			equal(all->items[i].fingerprint, job->fingerprint)) {
			const struct package_size *size =
				count < job->parts.count ? &job->parts.items[count] : NULL;

			count++;
			done += is_done(&all->items[i], size);
		}
	*complete = count == job->parts.count;
	return done == count;
}

/* Takes up the set that is there already. False: a new one is needed. */
static bool take_up(struct package_job *job, struct ledger_package_list *all)
{
	const struct package_settings *settings = job->settings;
	const char *found = same_set(job, all), *wanted = settings->package_name;
	bool done, complete, renamed;

	if (found == NULL)
		return false;
	done = set_is_done(job, all, found, &complete);
	renamed = wanted != NULL && strcmp(wanted, found) != 0 && !is_numbered(found, wanted);
	/* A finished set is up to date whatever its name; one to be made takes the name asked for.
	 */
	if (!complete || (done && settings->again && is_used(all, found)) ||
		(renamed && (!done || settings->overwrite)))
		return false;
	free(job->result->set);
	job->result->set = xstrdup(found);
	take_set(job, all, job->result->set);
	for (size_t i = 0; i < job->rows.count; i++) {
		struct ledger_package *row = &job->rows.items[i];
		uint64_t missing = job->parts.items[i].files - row->files;

		if (settings->overwrite || !is_done(row, &job->parts.items[i])) {
			row->state = PACKAGE_PLANNED;
		} else if (missing > 0) {
			job->result->failed += missing;
			progress_warning(job->progress, NULL,
				"package '%s' was delivered without %llu of these files, which "
				"could not be read then; --overwrite makes it anew",
				row->name, (unsigned long long)missing);
		}
	}
	job->result->up_to_date = done && !settings->overwrite;
	job->result->resumed = !done && !settings->overwrite;
	/* What lies under these names is ours: an earlier run planned them. */
	job->replace = true;
	return true;
}

int package_plan(struct package_job *job, struct error *err)
{
	struct ledger_package_list all = {0};
	char *set = NULL;
	int result = -1;

	if (ledger_packages(job->ledger, &all, err) != 0)
		return -1;
	if (take_up(job, &all)) {
		result = 0;
		goto done;
	}
	if (choose_set(job, &all, &set, err) != 0)
		goto done;
	make_rows(job, set);
	result = store_rows(job, &all, set, err);
	warn_of_twins(job, &all);
	free(job->result->set);
	job->result->set = set;
	set = NULL;
done:
	free(set);
	ledger_package_list_release(&all);
	return result;
}
