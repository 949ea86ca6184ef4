/* SPDX-License-Identifier: GPL-3.0-or-later */
/* export --local from end to end: tables read, folders matched, rows written, package published. */
#include "blur_find.h"
#include "export_job.h"

#include "trapkit/memory.h"
#include "trapkit/package_flow.h"
#include "trapkit/text.h"

#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#define NO_DEPLOYMENT SIZE_MAX

void export_local_result_release(struct export_local_result *result)
{
	string_list_release(&result->problems);
	*result = (struct export_local_result){0};
}

/* ---- folders and deployments ---- */

static bool is_wanted(const struct export_local_settings *settings, const char *collection)
{
	for (size_t i = 0; i < settings->collections->count; i++)
		if (strcmp(settings->collections->items[i], collection) == 0)
			return true;
	return false;
}

/* The folders with files, of the collections surveyed. */
static int list_folders(struct export_job *job, struct error *err)
{
	struct ledger_deployment_list all = {0};
	int result = ledger_deployments(job->ledger, NULL, &all, err);

	for (size_t i = 0; i < all.count; i++) {
		if (!is_wanted(job->settings, all.items[i].collection))
			continue;
		job->files_total += all.items[i].files;
		ARRAY_APPEND(&job->folders, all.items[i]);
		all.items[i].collection = all.items[i].deployment = NULL;
	}
	ledger_deployment_list_release(&all);
	if (result == 0 && job->folders.count == 0)
		result = error_set(
			err, ERROR_INPUT, "no media files below '%s'", job->settings->data_path);
	return result;
}

/* Ids as TRAPPER makes them of folders' names, so that "R1-32_01" and "r1-32_01" are one. */
static char **make_slugs(const struct camtrapdp_deployment_list *list)
{
	char **slugs = xcalloc(list->count, sizeof *slugs);

	for (size_t i = 0; i < list->count; i++)
		slugs[i] = package_deployment_id(list->items[i].id, false);
	return slugs;
}

static size_t find_slug(char *const *slugs, size_t count, const char *slug)
{
	for (size_t i = 0; i < count; i++)
		if (strcmp(slugs[i], slug) == 0)
			return i;
	return NO_DEPLOYMENT;
}

static void add_problem(struct export_job *job, char *problem)
{
	string_list_add(&job->result->problems, problem);
	free(problem);
}

static void match_folder(struct export_job *job, char *const *slugs, size_t index)
{
	const struct ledger_deployment *folder = &job->folders.items[index];
	const struct camtrapdp_deployment_list *list = &job->deployments;
	char *slug = package_deployment_id(folder->deployment, false);
	const char **candidates = xcalloc(list->count + 1, sizeof *candidates);
	const char *nearest;

	job->deployment_of[index] = find_slug(slugs, list->count, slug);
	if (job->deployment_of[index] == NO_DEPLOYMENT) {
		for (size_t i = 0; i < list->count; i++)
			candidates[i] = list->items[i].id;
		nearest = text_nearest(slug, candidates);
		add_problem(job,
			xasprintf("'%s' has no deployment '%s' for folder '%s/%s'%s%s%s: add a row "
				  "('trapkit template --merge' does), or name the --collection to "
				  "take",
				job->settings->deployments, slug, folder->collection,
				folder->deployment, nearest == NULL ? "" : " (is it '",
				nearest == NULL ? "" : nearest, nearest == NULL ? "" : "'?)"));
	}
	free(candidates);
	free(slug);
}

static void check_slugs(struct export_job *job, char *const *slugs)
{
	const struct camtrapdp_deployment_list *list = &job->deployments;

	for (size_t i = 0; i < list->count; i++) {
		size_t first = find_slug(slugs, i, slugs[i]);

		if (first != NO_DEPLOYMENT)
			add_problem(job,
				xasprintf("'%s', line %llu: '%s' and '%s' (line %llu) stand for "
					  "the same folder; rename one",
					job->settings->deployments,
					(unsigned long long)list->items[i].line, list->items[i].id,
					list->items[first].id,
					(unsigned long long)list->items[first].line));
	}
}

static int match_folders(struct export_job *job, struct error *err)
{
	char **slugs = make_slugs(&job->deployments);
	size_t count;

	check_slugs(job, slugs);
	job->deployment_of = xcalloc(job->folders.count, sizeof *job->deployment_of);
	for (size_t i = 0; i < job->folders.count; i++)
		match_folder(job, slugs, i);
	for (size_t i = 0; i < job->deployments.count; i++)
		free(slugs[i]);
	free(slugs);
	count = job->result->problems.count;
	if (count == 0)
		return 0;
	return error_set(err, ERROR_INPUT, "%s%s", job->result->problems.items[0],
		count > 1 ? "; and more like it" : "");
}

/* ---- the run ---- */

static void take_time(struct export_job *job, const char *path)
{
	struct stat status;

	if (path != NULL && stat(path, &status) == 0 && status.st_mtim.tv_sec > job->newest)
		job->newest = status.st_mtim.tv_sec;
}

static void take_times(struct export_job *job)
{
	const struct string_list *detections = job->settings->detections;

	take_time(job, job->settings->deployments);
	take_time(job, job->settings->metadata_path);
	for (size_t i = 0; detections != NULL && i < detections->count; i++)
		take_time(job, detections->items[i]);
}

/* Everything that can be wrong with what a person wrote is found before anything is written. */
static int prepare(struct export_job *job, struct error *err)
{
	const struct export_local_settings *settings = job->settings;

	if (export_place_find(settings, &job->place, err) != 0 ||
		camtrapdp_read_deployments(settings->deployments, settings->zone,
			settings->ignore_dst, settings->precision, &job->deployments,
			&job->result->problems, err) != 0 ||
		list_folders(job, err) != 0 || match_folders(job, err) != 0)
		return -1;
	job->result->media_mode = job->place.media;
	if (settings->blur != NULL &&
		(job->place.media == EXPORT_MEDIA_COPY || job->place.media == EXPORT_MEDIA_LINK) &&
		(job->finder = blur_finder_open(settings->blur, job->progress, err)) == NULL)
		return -1;
	take_times(job);
	job->digest = sha256_new(err);
	if (job->digest == NULL)
		return -1;
	return seen_open(settings, job->ledger, &job->taxa, &job->seen, job->progress, err);
}

static int tell_unmatched(struct export_job *job, struct error *err)
{
	char *example;

	if (seen_unmatched(job->seen, &job->result->unmatched, &example, err) != 0)
		return -1;
	if (example != NULL)
		progress_warning(job->progress, NULL,
			"%llu entries of the results files belong to no media file, the first is "
			"'%s'",
			(unsigned long long)job->result->unmatched, example);
	free(example);
	return 0;
}

static int write_package(struct export_job *job, struct error *err)
{
	struct progress_event event = {
		.kind = PROGRESS_BEGIN, .stage = EXPORT_STAGE, .files_total = job->files_total};
	struct export_files *files = NULL;
	int result = export_files_open(job, &files, err);

	progress_send(job->progress, &event);
	if (result == 0)
		result = export_write_rows(job, err);
	event.kind = PROGRESS_END;
	progress_send(job->progress, &event);
	if (result == 0)
		result = tell_unmatched(job, err);
	if (result == 0)
		result = export_files_publish(job, files, err);
	for (int i = 0; i < CAMTRAPDP_TABLES; i++)
		camtrapdp_writer_close(job->writers[i]);
	export_files_close(files);
	return result;
}

int export_local_run(const struct export_local_settings *settings, struct ledger *ledger,
	struct export_local_result *result, const struct progress *progress, struct error *err)
{
	struct export_job job = {
		.settings = settings, .ledger = ledger, .progress = progress, .result = result};
	int status = prepare(&job, err);

	if (status == 0)
		status = write_package(&job, err);
	export_place_release(&job.place);
	blur_finder_close(job.finder);
	taxa_release(&job.taxa);
	seen_close(job.seen);
	camtrapdp_deployment_list_release(&job.deployments);
	ledger_deployment_list_release(&job.folders);
	free(job.deployment_of);
	zip_plan_release(&job.media);
	sha256_free(job.digest);
	return status;
}
