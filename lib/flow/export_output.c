/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The files of a package: tables written aside, then all of it published, or nothing. */
#include "export_job.h"

#include "trapkit/find_files.h"
#include "trapkit/memory.h"
#include "trapkit/output_file.h"
#include "trapkit/text.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define DESCRIPTOR "datapackage.json"
/* The tables, and the descriptor behind them. */
#define FILES (CAMTRAPDP_TABLES + 1)

struct export_files {
	char *names[FILES]; /* in the package */
	struct output_file files[FILES];
	struct output_file zip;
	bool folder_made; /* by us: taken away again when nothing comes into it */
	char *folder;
};

void export_files_close(struct export_files *files)
{
	if (files == NULL)
		return;
	for (int i = 0; i < FILES; i++) {
		output_file_discard(&files->files[i]);
		free(files->names[i]);
	}
	output_file_discard(&files->zip);
	if (files->folder_made)
		rmdir(files->folder);
	free(files->folder);
	free(files);
}

/* Is something at `path`, and is it the table of deployments that the package is made of? */
static bool is_there(const struct export_job *job, const char *path, bool *is_input)
{
	struct stat input, output;

	if (stat(path, &output) != 0)
		return false;
	*is_input = stat(job->settings->deployments, &input) == 0 &&
		input.st_dev == output.st_dev && input.st_ino == output.st_ino;
	return true;
}

/* A table of the package must never replace the one that it is made of. */
static int spare_input(const struct export_job *job, const char *path, struct error *err)
{
	bool is_input;

	if (!is_there(job, path, &is_input) || !is_input)
		return 0;
	return error_set(err, ERROR_INPUT,
		"'%s' would replace the table of deployments that it is made of; choose another "
		"--output, or --export-filetype csv.gz",
		path);
}

/* What an earlier export of the other type told would lie beside the new table for all to read. */
static int refuse_other_type(const struct export_job *job, const char *path, struct error *err)
{
	char *other = job->settings->gzip ? xstrndup(path, strlen(path) - strlen(".gz"))
					  : xasprintf("%s.gz", path);
	bool is_input;
	int result = 0;

	if (is_there(job, other, &is_input) && !is_input)
		result = error_set(err, ERROR_INPUT,
			"'%s' is there and would stay beside the new '%s': remove it, or choose "
			"another --output",
			other, text_base_name(path));
	free(other);
	return result;
}

/* Of a ZIP the parts only lie beside it for a while. */
static int open_part(
	struct export_job *job, struct export_files *files, int index, struct error *err)
{
	char *path = job->place.zip ? xasprintf("%s.%s", job->settings->output, files->names[index])
				    : text_join_path(job->place.folder, files->names[index]);
	int result = spare_input(job, path, err);

	if (result == 0 && !job->place.zip && index < CAMTRAPDP_TABLES)
		result = refuse_other_type(job, path, err);
	if (result == 0)
		result = output_file_open(&files->files[index], path, false, err);
	free(path);
	return result;
}

static int open_folder(struct export_job *job, struct export_files *files, struct error *err)
{
	struct stat status;

	files->folder = xstrdup(job->place.folder);
	files->folder_made = stat(files->folder, &status) != 0;
	return make_folders(files->folder, err);
}

int export_files_open(struct export_job *job, struct export_files **files, struct error *err)
{
	struct export_files *made = xcalloc(1, sizeof *made);
	bool write = !job->settings->dry_run;
	int result = 0;

	*files = made;
	for (int i = 0; i < CAMTRAPDP_TABLES; i++)
		made->names[i] =
			xasprintf("%s.csv%s", camtrapdp_table_name((enum camtrapdp_table)i),
				job->settings->gzip ? ".gz" : "");
	made->names[CAMTRAPDP_TABLES] = xstrdup(DESCRIPTOR);
	if (write)
		result = open_folder(job, made, err);
	for (int i = 0; result == 0 && write && i < FILES; i++)
		result = open_part(job, made, i, err);
	for (int i = 0; result == 0 && i < CAMTRAPDP_TABLES; i++) {
		job->writers[i] = camtrapdp_writer_open(
			(enum camtrapdp_table)i, made->files[i].stream, job->settings->gzip, err);
		result = job->writers[i] == NULL ? -1 : 0;
	}
	return result;
}

/* ---- what is there already ---- */

static bool same_stream(FILE *one, FILE *other)
{
	char left[1 << 16], right[1 << 16];
	size_t got;

	do {
		got = fread(left, 1, sizeof left, one);
		if (fread(right, 1, sizeof right, other) != got || memcmp(left, right, got) != 0)
			return false;
	} while (got > 0);
	return ferror(one) == 0 && ferror(other) == 0;
}

/* *there: something has the final name; *same: with the same bytes. */
static void compare(struct output_file *file, bool *there, bool *same)
{
	FILE *old = fopen(file->path, "re"),
	     *new = old == NULL ? NULL : fopen(file->temporary, "re");

	*there = old != NULL || errno != ENOENT;
	*same = new != NULL &&same_stream(old, new);
	if (old != NULL)
		fclose(old);
	if (new != NULL)
		fclose(new);
}

/* 1 = all of it is there already, 0 = to be published. */
static int check_existing(
	const struct export_job *job, struct output_file *files, int count, struct error *err)
{
	int equal = 0;

	for (int i = 0; i < count; i++) {
		bool there, same;

		compare(&files[i], &there, &same);
		equal += same;
		if (there && !same && !job->settings->overwrite)
			return error_set(err, ERROR_INPUT,
				"'%s' is there and differs; give --overwrite, or another --output",
				files[i].path);
	}
	return equal == count;
}

/* ---- publishing ---- */

static enum find_answer count_file(void *context, const struct found *found, struct error *err)
{
	uint64_t *count = context;

	(void)err;
	*count += found->kind == FOUND_FILE;
	return FIND_ENTER;
}

/* Files of an earlier package may be what this one was to leave out. */
static void warn_of_others(const struct export_job *job)
{
	uint64_t count = 0;
	const struct find_files walk = {.visit = count_file, .context = &count};
	char *media = text_join_path(job->place.folder, "media");
	struct error err = {0};

	if ((job->place.media == EXPORT_MEDIA_LINK || job->place.media == EXPORT_MEDIA_COPY) &&
		find_files(media, &walk, &err) == 0 && count > job->result->media)
		progress_warning(job->progress, NULL,
			"'%s' holds %llu files that are not in the package: before you give the "
			"folder away, remove it and export again",
			media, (unsigned long long)(count - job->result->media));
	free(media);
}

static int publish_folder(struct export_job *job, struct export_files *files, struct error *err)
{
	struct output_file *descriptor = &files->files[CAMTRAPDP_TABLES];
	int result = check_existing(job, files->files, FILES, err);

	if (result >= 0)
		warn_of_others(job);
	if (result != 0) {
		job->result->up_to_date = result > 0;
		return result < 0 ? -1 : 0;
	}
	/* Without its descriptor it is no package, until it is one again. */
	if (unlink(descriptor->path) != 0 && errno != ENOENT)
		return error_errno(err, "cannot replace '%s'", descriptor->path);
	for (int i = 0; i < FILES; i++)
		if (output_file_publish(&files->files[i], OUTPUT_REPLACE, err) != 0)
			return -1;
	files->folder_made = false;
	return 0;
}

static int add_part(struct zip_plan *plan, const struct output_file *file, const char *name,
	uint32_t dos_time, struct error *err)
{
	struct zip_entry entry = {.dos_time = dos_time, .mode = 0644};
	struct stat status;

	if (fstat(file->fd, &status) != 0)
		return error_errno(err, "cannot read '%s'", file->temporary);
	entry.name = xstrdup(name);
	entry.source = realpath(file->temporary, NULL);
	entry.size = (uint64_t)status.st_size;
	entry.mtime_ns = (int64_t)status.st_mtim.tv_sec * 1000000000 + status.st_mtim.tv_nsec;
	ARRAY_APPEND(plan, entry);
	return entry.source == NULL ? error_errno(err, "cannot find '%s'", file->temporary) : 0;
}

/* The descriptor first, as readers look for it; then the tables, then media. */
static int plan_zip(struct export_job *job, struct export_files *files, int64_t created,
	struct zip_plan *plan, struct error *err)
{
	const struct export_local_settings *settings = job->settings;
	struct wall_time wall;
	uint32_t dos_time;

	wall_from_seconds(
		created + zone_offset_at(settings->zone, created, settings->ignore_dst), &wall);
	dos_time = zip_dos_time(&wall);
	for (int i = 0; i < FILES; i++) {
		int index = (i + CAMTRAPDP_TABLES) % FILES;

		if (add_part(plan, &files->files[index], files->names[index], dos_time, err) != 0)
			return -1;
	}
	for (size_t i = 0; i < job->media.count; i++)
		ARRAY_APPEND(plan, job->media.items[i]);
	job->media.count = 0;
	return 0;
}

static int publish_zip(
	struct export_job *job, struct export_files *files, int64_t created, struct error *err)
{
	struct zip_plan plan = {0};
	int result = plan_zip(job, files, created, &plan, err);

	if (result == 0)
		result = output_file_open(&files->zip, job->settings->output, false, err);
	if (result == 0)
		result = zip_write(&plan, job->settings->data_path, files->zip.fd,
			job->settings->output, job->progress, NULL, NULL, err);
	if (result == 0)
		result = zip_verify(files->zip.temporary, &plan, false, job->progress, err);
	if (result == 0)
		result = check_existing(job, &files->zip, 1, err);
	job->result->up_to_date = result > 0;
	if (result == 0)
		result = output_file_publish(&files->zip, OUTPUT_REPLACE, err);
	if (result == 0)
		files->folder_made = false;
	zip_plan_release(&plan);
	return result < 0 ? -1 : 0;
}

static void summarize_taxa(struct export_job *job, struct camtrapdp_summary *summary)
{
	struct camtrapdp_taxon *used = xcalloc(job->taxa.count, sizeof *used);

	for (size_t i = 0; i < job->taxa.count; i++)
		if (job->taxa.used[i])
			used[summary->taxon_count++] = job->taxa.items[i];
	summary->taxa = used;
}

int export_files_publish(struct export_job *job, struct export_files *files, struct error *err)
{
	struct export_local_result *result = job->result;
	struct camtrapdp_summary summary = {.deployments = &job->deployments,
		.has_level = {result->observations > 0, result->events > 0},
		.precision = job->settings->precision,
		.created = job->settings->created < 0 ? job->newest : job->settings->created,
		.gzip = job->settings->gzip};
	FILE *stream = files->files[CAMTRAPDP_TABLES].stream;
	char *text;
	int status = 0;

	for (int i = 0; status == 0 && i < CAMTRAPDP_TABLES; i++) {
		status = camtrapdp_writer_finish(job->writers[i], &summary.written[i], err);
		result->bytes += summary.written[i].bytes;
	}
	if (status != 0)
		return -1;
	summarize_taxa(job, &summary);
	text = camtrapdp_descriptor(job->settings->metadata, &summary);
	result->bytes += strlen(text);
	if (stream != NULL && (fputs(text, stream) == EOF || fflush(stream) != 0))
		status = error_errno(err, "cannot write '%s'", DESCRIPTOR);
	free(text);
	free((void *)summary.taxa);
	if (status != 0 || job->settings->dry_run)
		return status;
	return job->place.zip ? publish_zip(job, files, summary.created, err)
			      : publish_folder(job, files, err);
}
