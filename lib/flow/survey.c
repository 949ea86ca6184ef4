/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The survey of a data path: collections one after the other, the ledger kept in step. */
#include "survey_internal.h"

#include "trapkit/output_file.h"

#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* What a run that is killed has to read again, at most: so many files or seconds. */
#define COMMIT_FILES 5000
#define COMMIT_SECONDS 5

/* ---- the ledger's transactions ---- */

int survey_change(struct survey *survey, struct error *err)
{
	if (survey->changing)
		return 0;
	if (ledger_begin(survey->ledger, err) != 0)
		return -1;
	survey->changing = true;
	survey->changes = 0;
	clock_gettime(CLOCK_MONOTONIC, &survey->changing_since);
	return 0;
}

int survey_changed(struct survey *survey, struct error *err)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	if (++survey->changes < COMMIT_FILES &&
		now.tv_sec - survey->changing_since.tv_sec < COMMIT_SECONDS)
		return 0;
	return survey_commit(survey, err);
}

int survey_commit(struct survey *survey, struct error *err)
{
	if (!survey->changing)
		return 0;
	survey->changing = false;
	if (ledger_commit(survey->ledger, err) == 0)
		return 0;
	ledger_rollback(survey->ledger);
	return -1;
}

/* ---- counting ---- */

void survey_count(struct survey *survey, struct survey_deployment *counts,
	const struct resource *resource, bool read)
{
	const struct media_facts *facts = &resource->facts;
	struct survey_result *result = survey->result;

	counts->files++;
	counts->bytes += resource->size;
	counts->videos += media_type_is_video(facts->type);
	counts->doubtful += facts->trouble != 0;
	result->files++;
	result->bytes += resource->size;
	if (read) {
		counts->read++;
		result->read++;
	}
	if (facts->taken_source == TIME_NONE || facts->taken_source == TIME_MTIME) {
		counts->undated++;
		return;
	}
	if (facts->trouble & TROUBLE_CLOCK_RESET)
		return;
	if (!counts->dated || wall_seconds(&facts->taken) < wall_seconds(&counts->first))
		counts->first = facts->taken;
	if (!counts->dated || wall_seconds(&facts->taken) > wall_seconds(&counts->last))
		counts->last = facts->taken;
	counts->dated = true;
}

int survey_problem(struct survey *survey, struct survey_deployment *counts, const char *path,
	bool failed, const char *reason, struct error *err)
{
	struct survey_result *result = survey->result;

	if (failed) {
		result->failed++;
	} else {
		result->skipped++;
	}
	if (counts != NULL && failed)
		counts->failed++;
	else if (counts != NULL)
		counts->skipped++;
	if (result->problems.count < SURVEY_MOST_PROBLEMS) {
		struct survey_problem problem = {
			.path = xstrdup(path), .reason = xstrdup(reason), .failed = failed};

		ARRAY_APPEND(&result->problems, problem);
		if (failed)
			progress_warning(survey->progress, path, "%s", reason);
		else
			progress_detail(survey->progress, "'%s' skipped: %s", path, reason);
	}
	if (failed && survey->settings->fail_fast)
		return error_set(err, ERROR_INPUT, "'%s': %s", path, reason);
	return 0;
}

int survey_advance(struct survey *survey, struct error *err)
{
	struct progress_event event = {.kind = PROGRESS_ADVANCE,
		.stage = "survey",
		.files_done = survey->result->files,
		.bytes_done = survey->result->bytes};

	if (progress_send(survey->progress, &event) != 0)
		return error_set(err, ERROR_CANCELLED, "stopped");
	return 0;
}

/* ---- the run ---- */

static bool lists(const struct string_list *list, const char *name)
{
	for (size_t i = 0; i < list->count; i++)
		if (strcmp(list->items[i], name) == 0)
			return true;
	return false;
}

static int compare_deployments(const void *name, const void *item)
{
	return strcmp(name, ((const struct survey_deployment *)item)->deployment);
}

/* The walk found them in bytewise order. */
static bool was_found(const struct survey *survey, size_t first, const char *deployment)
{
	const struct survey_deployment *items = survey->result->deployments.items;
	size_t count = survey->result->deployments.count - first;

	return count > 0 &&
		bsearch(deployment, items + first, count, sizeof *items, compare_deployments) !=
		NULL;
}

/* Forgets the deployments of the ledger's collection that were not found. */
static int forget_deployment(
	struct survey *survey, const struct ledger_deployment *gone, struct error *err)
{
	struct ledger_files *files =
		ledger_files_open_brief(survey->ledger, gone->collection, gone->deployment, err);
	struct resource known;
	int result = files == NULL ? -1 : 0;

	while (result == 0 && (result = ledger_files_next(files, &known, err)) == 1) {
		survey->result->removed++;
		result = 0;
	}
	ledger_files_close(files);
	if (result == 0)
		result = survey_change(survey, err);
	if (result == 0)
		result = ledger_remove_deployment(
			survey->ledger, gone->collection, gone->deployment, err);
	return result == 0 ? survey_changed(survey, err) : result;
}

/*
 * `first`: where the deployments of the collection at hand begin in the result. Without a
 * collection: everything of collections that are no longer there.
 */
static int forget_missing(struct survey *survey, size_t first, struct error *err)
{
	struct ledger_deployment_list known = {0};
	int result = ledger_folders(survey->ledger, survey->collection, &known, err);

	for (size_t i = 0; i < known.count && result == 0; i++) {
		const struct ledger_deployment *item = &known.items[i];
		bool there = survey->collection == NULL
			? lists(&survey->result->collections, item->collection)
			: was_found(survey, first, item->deployment);

		if (!there)
			result = forget_deployment(survey, item, err);
	}
	ledger_deployment_list_release(&known);
	return result;
}

static int survey_collection(struct survey *survey, const char *name, struct error *err)
{
	struct survey_result *result = survey->result;
	size_t first = result->deployments.count;
	uint64_t files = result->files, failed = result->failed;
	size_t retries = survey->retries.count;

	survey->collection = name;
	if (survey_walk_collection(survey, err) != 0 || forget_missing(survey, first, err) != 0)
		return -1;
	survey->collection = NULL;
	if (result->files == files && result->failed == failed && survey->retries.count == retries)
		string_list_add(&result->empty_collections, name);
	return 0;
}

static int run(struct survey *survey, struct error *err)
{
	const struct string_list *wanted = survey->settings->collections;
	const struct string_list *collections = &survey->result->collections;

	if (survey_find_collections(survey, err) != 0)
		return -1;
	for (size_t i = 0; i < collections->count; i++)
		if (survey_collection(survey, collections->items[i], err) != 0)
			return -1;
	if ((wanted == NULL || wanted->count == 0) && forget_missing(survey, 0, err) != 0)
		return -1;
	return survey_retry_all(survey, err);
}

/* An empty picture was lost before it came here: a person should know. */
static void note_skipped(const struct survey *survey)
{
	const struct survey_result *result = survey->result;

	if (result->skipped > 0)
		progress_note(survey->progress,
			"%llu files or folders skipped, %llu of them empty (-v lists them)",
			(unsigned long long)result->skipped, (unsigned long long)result->empty);
}

/* Takes out the deployments in which nothing was. */
static void drop_empty(struct survey_result *result)
{
	size_t kept = 0;

	for (size_t i = 0; i < result->deployments.count; i++) {
		struct survey_deployment *item = &result->deployments.items[i];

		if (item->files > 0 || item->skipped > 0 || item->failed > 0) {
			result->deployments.items[kept++] = *item;
		} else {
			free(item->collection);
			free(item->deployment);
		}
	}
	result->deployments.count = kept;
}

static void release(struct survey *survey)
{
	for (size_t i = 0; i < survey->retries.count; i++) {
		free(survey->retries.items[i].collection);
		free(survey->retries.items[i].path);
	}
	free(survey->retries.items);
	free(survey->path);
	free(survey->folder.name);
	free(survey->folder.entries.items);
	free(survey->folder.paths);
	if (survey->data_fd >= 0)
		close(survey->data_fd);
}

int survey_run(const struct survey_settings *settings, struct ledger *ledger,
	struct survey_result *result, const struct progress *progress, struct error *err)
{
	struct survey survey = {.settings = settings,
		.ledger = ledger,
		.result = result,
		.progress = progress,
		.data_fd = open(settings->data_path, O_RDONLY | O_DIRECTORY | O_CLOEXEC)};
	struct progress_event event = {.kind = PROGRESS_BEGIN, .stage = "survey"};
	struct error second = {0};
	int outcome;

	if (survey.data_fd < 0)
		return error_errno(err, "cannot open data path '%s'", settings->data_path);
	progress_send(progress, &event);
	outcome = run(&survey, err);
	/* What was read before a stop need not be read again. */
	if (survey_commit(&survey, outcome == 0 ? err : &second) != 0)
		outcome = -1;
	drop_empty(result);
	note_skipped(&survey);
	event.kind = PROGRESS_END;
	event.files_done = event.files_total = result->files;
	event.bytes_done = event.bytes_total = result->bytes;
	progress_send(progress, &event);
	release(&survey);
	return outcome;
}

void survey_result_release(struct survey_result *result)
{
	for (size_t i = 0; i < result->deployments.count; i++) {
		free(result->deployments.items[i].collection);
		free(result->deployments.items[i].deployment);
	}
	for (size_t i = 0; i < result->problems.count; i++) {
		free(result->problems.items[i].path);
		free(result->problems.items[i].reason);
	}
	free(result->deployments.items);
	free(result->problems.items);
	string_list_release(&result->collections);
	string_list_release(&result->empty_collections);
	string_list_release(&result->empty_deployments);
	*result = (struct survey_result){0};
}
