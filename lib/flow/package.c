/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Packages the files of the ledger: a first walk that checks and counts, then the writing. */
#include "blur_find.h"
#include "package_job.h"

#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

void package_result_release(struct package_result *result)
{
	for (size_t i = 0; i < result->parts.count; i++) {
		free(result->parts.items[i].name);
		free(result->parts.items[i].yaml);
		free(result->parts.items[i].zip);
	}
	for (size_t i = 0; i < result->skipped.count; i++) {
		free(result->skipped.items[i].path);
		free(result->skipped.items[i].reason);
	}
	for (size_t i = 0; i < result->earlier.count; i++) {
		free(result->earlier.items[i].name);
		free(result->earlier.items[i].yaml);
		free(result->earlier.items[i].zip);
	}
	free(result->parts.items);
	free(result->earlier.items);
	free(result->skipped.items);
	free(result->set);
	*result = (struct package_result){0};
}

static void hash_text(struct sha256 *digest, const char *text)
{
	sha256_update(digest, text == NULL ? "" : text, text == NULL ? 1 : strlen(text) + 1);
}

/* A line of numbers; what decides a byte of the output must be in here or in a text. */
static void hash_numbers(struct sha256 *digest, const char *format, ...)
	__attribute__((format(printf, 2, 3)));
static void hash_numbers(struct sha256 *digest, const char *format, ...)
{
	va_list arguments;
	char *text;

	va_start(arguments, format);
	text = xvasprintf(format, arguments);
	va_end(arguments);
	hash_text(digest, text);
	free(text);
}

static void hash_settings(struct package_job *job)
{
	const struct package_settings *settings = job->settings;

	hash_text(job->digest, "trapkit package 1");
	hash_text(job->digest, zone_name(settings->zone));
	if (job->blur != NULL)
		hash_text(job->digest, job->blur);
	hash_numbers(job->digest, "%lld %d %d %llu %d", (long long)settings->project_id,
		settings->ignore_dst, (int)settings->split, (unsigned long long)settings->max_size,
		settings->no_slug);
}

static void hash_step(struct package_job *job, const struct package_step *step)
{
	const struct package_file *file = &step->file;

	hash_text(job->digest, step->folder->collection);
	hash_text(job->digest, step->folder->id);
	if (step->kind != PACKAGE_STEP_FILE)
		return;
	hash_text(job->digest, file->name);
	hash_text(job->digest, file->resource->path);
	hash_text(job->digest, file->entry.mime_type);
	if (file->covered != NULL)
		hash_text(job->digest, file->covered);
	hash_numbers(job->digest, "%d %llu %lld %u %lld %u %u %.17g %.17g", file->rendition,
		(unsigned long long)file->size, (long long)file->mtime_ns, (unsigned)file->dos_time,
		(long long)file->entry.utc, (unsigned)file->entry.width,
		(unsigned)file->entry.height, file->entry.fps, file->entry.duration);
}

static void count_file(struct package_job *job, const struct package_step *step)
{
	struct package_size none = {0, 0};

	while (job->parts.count < step->part)
		ARRAY_APPEND(&job->parts, none);
	job->parts.items[step->part - 1].files++;
	job->parts.items[step->part - 1].bytes += step->file.size;
	job->result->files++;
	job->result->bytes += step->file.size;
}

static void note_collection(struct package_job *job, const struct package_folder *folder)
{
	const struct string_list *list = &job->collections;

	if (list->count == 0 || strcmp(list->items[list->count - 1], folder->collection) != 0)
		string_list_add(&job->collections, folder->collection);
}

/* What is gathered of one folder while its files go by. */
struct tally {
	const struct package_folder *folder; /* NULL before the first */
	struct package_names names;
	struct camera_list cameras;
};

static int end_folder(struct package_job *job, struct tally *tally, struct error *err)
{
	const struct package_folder *folder = tally->folder;

	if (folder->cameras == NULL && tally->cameras.count > 1) {
		char *all = camera_list_text(&tally->cameras);

		progress_warning(job->progress, NULL,
			"'%s/%s' holds pictures of several cameras: %s; --split camera makes a "
			"deployment of each",
			folder->collection, folder->deployment, all);
		free(all);
	}
	tally->cameras = (struct camera_list){0};
	return package_names_check(&tally->names, job, folder, err);
}

static int take_step(struct package_job *job, const struct package_step *step, struct tally *tally,
	struct error *err)
{
	bool end = step->kind == PACKAGE_STEP_END;

	if (tally->folder != NULL && (end || step->folder != tally->folder) &&
		end_folder(job, tally, err) != 0)
		return -1;
	if (end)
		return 0;
	tally->folder = step->folder;
	note_collection(job, step->folder);
	if (step->kind == PACKAGE_STEP_FILE) {
		count_file(job, step);
		package_names_add(&tally->names, step->file.name);
		camera_list_add(&tally->cameras, &step->file.resource->facts);
	}
	return 0;
}

/* When tallying, every choice is made and every check done here; later walks only repeat it. */
static int hash_walk(struct package_job *job, bool tallying, struct error *err)
{
	struct package_walk walk;
	struct tally tally = {0};
	uint8_t digest[SHA256_SIZE];
	int result = -1;

	job->digest = sha256_new(err);
	/* Digests of files that were only touched are learnt here: many, in one commit. */
	if (job->digest == NULL || ledger_begin(job->ledger, err) != 0)
		goto closed;
	hash_settings(job);
	job->tallying = tallying;
	package_walk_init(&walk, job);
	for (;;) {
		if (package_walk_next(&walk, err) != 0 || progress_check(job->progress, err) != 0)
			goto done;
		if (tallying && take_step(job, &walk.step, &tally, err) != 0)
			goto done;
		if (walk.step.kind == PACKAGE_STEP_END)
			break;
		hash_step(job, &walk.step);
	}
	sha256_finish(job->digest, digest);
	sha256_hex(digest, job->fingerprint);
	result = 0;
done:
	job->tallying = false;
	package_walk_release(&walk);
	free(tally.names.items);
	if (result == 0)
		result = ledger_commit(job->ledger, err);
	if (result != 0)
		ledger_rollback(job->ledger);
closed:
	sha256_free(job->digest);
	job->digest = NULL;
	return result;
}

int package_fingerprint(struct package_job *job, struct error *err)
{
	return hash_walk(job, false, err);
}

static const char *files(uint64_t count)
{
	return count == 1 ? "file" : "files";
}

static void warn_of_dates(const struct package_job *job)
{
	const struct package_result *result = job->result;
	const struct progress *progress = job->progress;
	const char *zone = zone_name(job->settings->zone);

	if (result->damaged > 0)
		progress_warning(job->progress, NULL,
			"%llu damaged %s packaged as %s; --skip-damaged leaves such files out",
			(unsigned long long)result->damaged,
			result->damaged == 1 ? "file is" : "files are",
			result->damaged == 1 ? "it is" : "they are");
	if (result->by_mtime > 0)
		progress_warning(progress, NULL,
			"%llu %s without a date inside: the time of the file was taken; see "
			"--time-fallback",
			(unsigned long long)result->by_mtime, files(result->by_mtime));
	if (result->gaps > 0)
		progress_warning(progress, NULL,
			"%llu %s with a camera time that does not exist in %s, in the hour that "
			"the change to summer time leaves out; the offset before it was taken",
			(unsigned long long)result->gaps, files(result->gaps), zone);
	if (result->overlaps > 0)
		progress_warning(progress, NULL,
			"%llu %s with a camera time that occurs twice in %s, at the end of summer "
			"time; the first of the two was taken",
			(unsigned long long)result->overlaps, files(result->overlaps), zone);
	if (result->clock_resets > 0)
		progress_warning(progress, NULL,
			"%llu %s dated before 2001 or in the future: was the camera's clock set?",
			(unsigned long long)result->clock_resets, files(result->clock_resets));
	if (result->clamped > 0)
		progress_warning(progress, NULL,
			"%llu %s with a file time before 1980 or after 2107: the ZIP cannot show "
			"it; the date in the YAML is not touched",
			(unsigned long long)result->clamped, files(result->clamped));
}

static void note_earlier(const struct package_job *job)
{
	uint64_t count = job->result->delivered_earlier;

	progress_note(job->progress,
		"%llu %s in earlier packages and left out; --again packages %s once more",
		(unsigned long long)count, count == 1 ? "file is" : "files are",
		count == 1 ? "it" : "them");
}

static int check_name(const char *name, struct error *err)
{
	if (name == NULL)
		return 0;
	if (name[0] == '\0' || name[0] == '.' || strpbrk(name, "/\\\r\n\t") != NULL)
		return error_set(err, ERROR_USAGE,
			"'%s' cannot be the name of a package; take letters, digits, '-' and '_'",
			name);
	return 0;
}

static void release_job(struct package_job *job)
{
	for (size_t i = 0; i < job->rows.count; i++)
		ledger_package_release(&job->rows.items[i]);
	free(job->rows.items);
	free(job->parts.items);
	package_folders_release(job);
	string_list_release(&job->left_out);
	string_list_release(&job->collections);
	ledger_package_list_release(&job->earlier);
	sha256_free(job->digest);
	blur_finder_close(job->finder);
	free(job->blur);
}

/* What may only leave covered is compared with what is known of it now. */
static int open_finder(struct package_job *job, struct error *err)
{
	const struct convert_blur *blur = job->settings->blur;

	if (ledger_get_note(job->ledger, LEDGER_BLUR, &job->blur, err) < 0)
		return -1;
	if (job->blur == NULL || blur == NULL)
		return 0;
	job->finder = blur_finder_open(blur, job->progress, err);
	return job->finder == NULL ? -1 : 0;
}

static int run_job(struct package_job *job, struct error *err)
{
	struct progress_event event = {.kind = PROGRESS_BEGIN, .stage = "package"};
	int result;

	if (check_name(job->settings->package_name, err) != 0 || open_finder(job, err) != 0 ||
		package_folders_init(job, err) != 0 || package_memory_check(job, err) != 0 ||
		package_earlier_init(job, err) != 0 || hash_walk(job, true, err) != 0)
		return -1;
	package_show_earlier(job);
	if (job->result->files == 0 && job->result->delivered_earlier > 0) {
		job->result->up_to_date = true;
		return 0;
	}
	if (job->result->files == 0)
		return error_set(err, ERROR_INPUT,
			"there is nothing to package: '%s' holds no pictures or videos in folders "
			"COLLECTION/DEPLOYMENT/; check --data-path, and the file extensions in "
			"the settings",
			job->settings->data_path);
	warn_of_dates(job);
	if (job->result->delivered_earlier > 0)
		note_earlier(job);
	if (package_plan(job, err) != 0)
		return -1;
	event.files_total = job->result->files;
	event.bytes_total = job->result->bytes;
	progress_send(job->progress, &event);
	result = package_write(job, err);
	event.kind = PROGRESS_END;
	event.files_done = job->files_done;
	event.bytes_done = job->bytes_done;
	progress_send(job->progress, &event);
	return result;
}

int package_run(const struct package_settings *settings, struct ledger *ledger,
	struct package_result *result, const struct progress *progress, struct error *err)
{
	struct package_job job = {
		.settings = settings, .ledger = ledger, .result = result, .progress = progress};
	int status;

	*result = (struct package_result){0};
	error_clear(err);
	status = run_job(&job, err);
	release_job(&job);
	return status;
}
