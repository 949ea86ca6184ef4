/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Writes the parts of a package: ZIP and YAML, both whole or not at all, and the ledger's word. */
#include "package_job.h"

#include "trapkit/find_files.h"
#include "trapkit/output_file.h"
#include "trapkit/text.h"

#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

struct part {
	struct package_job *job;
	struct ledger_package *row;
	size_t number; /* 1-based */
	struct package_part *shown;
	struct zip_plan plan;
	struct {
		struct packed {
			const struct package_folder *folder;
			char *name; /* the original's */
			uint64_t size;
			int64_t mtime_ns;
			bool rendition, has_sha256;
			uint8_t sha256[SHA256_SIZE];
		} * items; /* one for each of the plan */
		size_t count, capacity;
	} packed;
	struct output_file yaml, zip;
	struct definition_writer *writer;
	const struct package_folder *folder; /* the one being listed */
	uint64_t files, bytes;
	struct progress progress; /* adds what the parts before have done */
};

static char *entry_name(const struct package_step *step)
{
	return xasprintf("%s/%s/%s", step->folder->collection, step->folder->id, step->file.name);
}

static bool is_left_out(const struct package_job *job, const struct package_step *step)
{
	char *name;
	bool found = false;

	if (job->left_out.count == 0)
		return false;
	name = entry_name(step);
	for (size_t i = 0; i < job->left_out.count && !found; i++)
		found = strcmp(job->left_out.items[i], name) == 0;
	free(name);
	return found;
}

static int list_folder(struct part *part, const struct package_folder *folder, struct error *err)
{
	const struct package_settings *settings = part->job->settings;
	const struct definition_collection collection = {.name = folder->collection,
		.project_id = settings->project_id,
		.timezone = zone_name(settings->zone),
		.ignore_dst = settings->ignore_dst};

	if (part->folder == folder)
		return 0;
	if ((part->folder == NULL || part->folder->rank != folder->rank) &&
		definition_collection(part->writer, &collection, err) != 0)
		return -1;
	part->folder = folder;
	return definition_deployment(part->writer, folder->id, err);
}

static void note_packed(struct part *part, const struct package_step *step)
{
	const struct resource *resource = step->file.resource;
	struct packed packed = {.folder = step->folder,
		.name = xstrdup(resource->name),
		.size = resource->size,
		.mtime_ns = resource->mtime_ns,
		.rendition = step->file.rendition,
		.has_sha256 = resource->has_sha256};

	memcpy(packed.sha256, resource->sha256, SHA256_SIZE);
	ARRAY_APPEND(&part->packed, packed);
}

static void plan_entry(struct part *part, const struct package_step *step)
{
	const struct package_file *file = &step->file;
	struct zip_entry entry = {.name = entry_name(step),
		.source = xstrdup(file->source),
		.size = file->size,
		.mtime_ns = file->mtime_ns,
		.dos_time = file->dos_time,
		.mode = 0644};

	if (file->resource->has_sha256 && !file->rendition) {
		entry.has_sha256 = true;
		memcpy(entry.sha256, file->resource->sha256, SHA256_SIZE);
	}
	ARRAY_APPEND(&part->plan, entry);
	note_packed(part, step);
}

/* Takes the walk through the part: lists everything, and plans the ZIP on the first time. */
static int list_part(struct part *part, struct package_walk *walk, bool planning, struct error *err)
{
	const struct package_step *step = &walk->step;

	part->folder = NULL;
	part->files = part->bytes = 0;
	while (step->part == part->number) {
		bool file = step->kind == PACKAGE_STEP_FILE;

		if (list_folder(part, step->folder, err) != 0)
			return -1;
		if (file && !is_left_out(part->job, step)) {
			if (definition_resource(part->writer, &step->file.entry, err) != 0)
				return -1;
			part->files++;
			part->bytes += step->file.size;
			if (planning)
				plan_entry(part, step);
		}
		if (package_walk_next(walk, err) != 0 ||
			progress_check(part->job->progress, err) != 0)
			return -1;
	}
	return 0;
}

static int write_yaml(
	struct part *part, struct package_walk *walk, bool planning, struct error *err)
{
	int result = -1;

	part->writer = definition_open(part->yaml.stream, err);
	if (part->writer != NULL && list_part(part, walk, planning, err) == 0 &&
		definition_finish(part->writer, err) == 0)
		result = 0;
	definition_close(part->writer);
	part->writer = NULL;
	return result == 0 ? 0 : error_context(err, "'%s'", part->shown->yaml);
}

/* The list again, without the files that could not be packed. */
static int rewrite_yaml(struct part *part, struct error *err)
{
	struct package_walk walk;
	int result = -1;

	if (fflush(part->yaml.stream) != 0 || ftruncate(part->yaml.fd, 0) != 0)
		return error_errno(err, "cannot write '%s'", part->shown->yaml);
	rewind(part->yaml.stream);
	package_walk_init(&walk, part->job);
	do
		result = package_walk_next(&walk, err);
	while (result == 0 && walk.step.kind != PACKAGE_STEP_END && walk.step.part < part->number);
	if (result == 0)
		result = write_yaml(part, &walk, false, err);
	package_walk_release(&walk);
	return result;
}

static int leave_out(void *context, size_t index, const struct error *why)
{
	struct part *part = context;
	struct package_job *job = part->job;
	const struct zip_entry *entry = &part->plan.items[index];
	struct error ignored = {0};

	/* A card that was pulled out: no file of it is to blame. */
	if (!find_is_there(job->settings->data_path))
		return -1;
	string_list_add(&job->left_out, entry->name);
	job->result->files--;
	job->result->bytes -= entry->size;
	return package_skip(job, entry->source, true, &ignored, "%s", why->message);
}

static int report(void *context, const struct progress_event *event)
{
	struct package_job *job = ((struct part *)context)->job;
	struct progress_event sum = *event;

	if (event->kind == PROGRESS_ADVANCE) {
		sum.files_done += job->files_done;
		sum.bytes_done += job->bytes_done;
		sum.files_total = job->result->files;
		sum.bytes_total = job->result->bytes;
	}
	return progress_send(job->progress, &sum);
}

static int write_zip(struct part *part, uint8_t sha256[SHA256_SIZE], struct error *err)
{
	if (zip_write(&part->plan, part->job->settings->data_path, part->zip.fd, part->shown->zip,
		    &part->progress, sha256, NULL, err) != 0) {
		if (err->kind == ERROR_INPUT && !find_is_there(part->job->settings->data_path))
			error_errno(err,
				"the data path '%s' is gone; when it is back, run the same command "
				"again",
				part->job->settings->data_path);
		return -1;
	}
	return zip_verify(part->zip.temporary, &part->plan, part->job->settings->verify,
		part->job->progress, err);
}

static int store_digests(struct part *part, struct error *err)
{
	for (size_t i = 0; i < part->plan.count; i++) {
		const struct zip_entry *entry = &part->plan.items[i];

		/* Renditions have absolute paths; the ledger keeps digests of originals. */
		if (!entry->left_out && entry->source[0] != '/' &&
			ledger_put_sha256(part->job->ledger, entry->source, entry->sha256, err) !=
				0)
			return -1;
	}
	return 0;
}

/* What the package holds, so that it is not packaged again once it is on its way. */
static int store_packed(struct part *part, struct error *err)
{
	struct ledger *ledger = part->job->ledger;
	int64_t id = part->row->id;

	if (part->row->recorded && ledger_forget_packaged(ledger, id, err) != 0)
		return -1;
	for (size_t i = 0; i < part->plan.count; i++) {
		const struct zip_entry *entry = &part->plan.items[i];
		const struct packed *packed = &part->packed.items[i];
		struct ledger_packaged file = {.collection = packed->folder->collection,
			.deployment = packed->folder->deployment,
			.name = packed->name,
			.size = packed->size,
			.mtime_ns = packed->mtime_ns,
			.has_sha256 = packed->has_sha256 || !packed->rendition};

		memcpy(file.sha256, packed->rendition ? packed->sha256 : entry->sha256,
			SHA256_SIZE);
		if (!entry->left_out && ledger_put_packaged(ledger, id, &file, err) != 0)
			return -1;
	}
	part->row->recorded = true;
	return 0;
}

static void set_text(char **text, const char *value)
{
	free(*text);
	*text = xstrdup(value);
}

static int64_t changed_ns(const char *path)
{
	struct stat status;

	return stat(path, &status) == 0 ? timespec_ns(&status.st_ctim) : 0;
}

static int store_part(struct part *part, struct error *err)
{
	struct ledger *ledger = part->job->ledger;
	struct ledger_package *row = part->row;

	row->state = PACKAGE_WRITTEN;
	/* The YAML was published last. */
	row->changed_ns = changed_ns(part->shown->yaml);
	row->files = part->files;
	row->media_bytes = part->bytes;
	row->yaml_size = part->shown->yaml_size;
	row->zip_size = part->shown->zip_size;
	set_text(&row->yaml_sha256, part->shown->yaml_sha256);
	set_text(&row->zip_sha256, part->shown->zip_sha256);
	if (ledger_begin(ledger, err) != 0)
		return -1;
	if (store_digests(part, err) != 0 || store_packed(part, err) != 0 ||
		ledger_put_package(ledger, row, err) != 0) {
		ledger_rollback(ledger);
		return -1;
	}
	return ledger_commit(ledger, err);
}

/* The ZIP first: a YAML that is there means that its ZIP is there. */
static int publish(struct part *part, struct error *err)
{
	enum output_existing existing = part->job->replace ? OUTPUT_REPLACE : OUTPUT_REFUSE;

	if (output_file_publish(&part->zip, existing, err) != 0)
		return -1;
	if (output_file_publish(&part->yaml, existing, err) != 0) {
		unlink(part->shown->zip);
		return -1;
	}
	part->shown->written = true;
	return 0;
}

static int open_part(struct part *part, struct error *err)
{
	if (output_file_open(&part->yaml, part->shown->yaml, false, err) == 0 &&
		output_file_open(&part->zip, part->shown->zip, false, err) == 0)
		return 0;
	/* As on a card whose switch says 'lock'. */
	return error_context(err, "no package can be made (--output-path DIR puts it elsewhere)");
}

static int fill_part(struct part *part, struct package_walk *walk, struct error *err)
{
	struct package_part *shown = part->shown;
	size_t before = part->job->left_out.count;
	uint8_t sha256[SHA256_SIZE];

	if (open_part(part, err) != 0 || write_yaml(part, walk, true, err) != 0 ||
		write_zip(part, sha256, err) != 0)
		return -1;
	if (part->job->left_out.count > before && rewrite_yaml(part, err) != 0)
		return -1;
	if (part->files == 0 && part->plan.count > 0)
		return error_set(err, ERROR_INPUT,
			"'%s' is not written: none of its files can be read; look at the card or "
			"disk, then run the same command again",
			shown->name);
	sha256_hex(sha256, shown->zip_sha256);
	if (file_sha256(part->yaml.temporary, shown->yaml_sha256, NULL, err) != 0)
		return -1;
	shown->yaml_size = (uint64_t)lseek(part->yaml.fd, 0, SEEK_END);
	shown->zip_size = zip_plan_size(&part->plan);
	shown->files = part->files;
	shown->media_bytes = part->bytes;
	if (publish(part, err) != 0)
		return -1;
	return store_part(part, err);
}

/* Nothing is written: only the sizes are found out. */
static int try_part(struct part *part, struct package_walk *walk, struct error *err)
{
	const struct package_step *step = &walk->step;

	while (step->part == part->number) {
		if (step->kind == PACKAGE_STEP_FILE) {
			plan_entry(part, step);
			part->bytes += step->file.size;
		}
		if (package_walk_next(walk, err) != 0)
			return -1;
	}
	part->shown->files = part->plan.count;
	part->shown->media_bytes = part->bytes;
	part->shown->zip_size = zip_plan_size(&part->plan);
	return 0;
}

static int skip_part(size_t number, struct package_walk *walk, struct error *err)
{
	while (walk->step.part == number)
		if (package_walk_next(walk, err) != 0)
			return -1;
	return 0;
}

/* What an earlier run wrote. */
static void show_row(const struct ledger_package *row, struct package_part *shown)
{
	shown->files = row->files;
	shown->media_bytes = row->media_bytes;
	shown->yaml_size = row->yaml_size;
	shown->zip_size = row->zip_size;
	if (row->yaml_sha256 != NULL)
		snprintf(shown->yaml_sha256, sizeof shown->yaml_sha256, "%s", row->yaml_sha256);
	if (row->zip_sha256 != NULL)
		snprintf(shown->zip_sha256, sizeof shown->zip_sha256, "%s", row->zip_sha256);
}

static void tell_ready(const struct package_job *job, const struct package_part *part)
{
	if (job->settings->ready != NULL && !job->settings->dry_run)
		job->settings->ready(job->settings->ready_context, part);
}

static int do_part(
	struct package_job *job, size_t index, struct package_walk *walk, struct error *err)
{
	struct ledger_package *row = &job->rows.items[index];
	struct package_part *shown = &job->result->parts.items[index];
	struct part part = {.job = job, .row = row, .number = index + 1, .shown = shown};
	int result;

	part.progress = (struct progress){report, &part};
	part.plan.leave_out = leave_out;
	part.plan.context = &part;
	if (row->state == PACKAGE_WRITTEN) {
		show_row(row, shown);
		result = skip_part(part.number, walk, err);
	} else if (job->settings->dry_run) {
		result = try_part(&part, walk, err);
	} else {
		result = fill_part(&part, walk, err);
	}
	output_file_discard(&part.yaml);
	output_file_discard(&part.zip);
	zip_plan_release(&part.plan);
	for (size_t i = 0; i < part.packed.count; i++)
		free(part.packed.items[i].name);
	free(part.packed.items);
	job->files_done += job->parts.items[index].files;
	job->bytes_done += job->parts.items[index].bytes;
	if (result == 0)
		tell_ready(job, shown);
	return result;
}

static struct package_part part_of(const struct ledger_package *row)
{
	char *base = text_join_path(row->folder, row->name);
	struct package_part part = {.name = xstrdup(row->name),
		.part = row->part,
		.parts = row->parts,
		.id = row->id,
		.yaml = xasprintf("%s.yaml", base),
		.zip = xasprintf("%s.zip", base)};

	free(base);
	return part;
}

void package_show_earlier(struct package_job *job)
{
	for (size_t i = 0; i < job->earlier.count; i++) {
		const struct ledger_package *row = &job->earlier.items[i];
		struct package_part part;
		bool mine = false;

		for (size_t k = 0; k < job->folders.count && !mine; k++)
			mine = ledger_shares_collection(
				row->collections, job->folders.items[k].collection);
		if (!mine)
			continue;
		part = part_of(row);
		part.earlier = true;
		show_row(row, &part);
		ARRAY_APPEND(&job->result->earlier, part);
		free(job->result->set);
		job->result->set = xstrdup(row->set);
		tell_ready(job, &part);
	}
}

static void show_parts(struct package_job *job)
{
	for (size_t i = 0; i < job->rows.count; i++) {
		struct package_part part = part_of(&job->rows.items[i]);

		ARRAY_APPEND(&job->result->parts, part);
	}
}

int package_write(struct package_job *job, struct error *err)
{
	struct package_walk walk;
	int result = -1;

	show_parts(job);
	if (job->result->up_to_date) {
		for (size_t i = 0; i < job->rows.count; i++) {
			show_row(&job->rows.items[i], &job->result->parts.items[i]);
			tell_ready(job, &job->result->parts.items[i]);
		}
		return 0;
	}
	if (!job->settings->dry_run && make_folders(job->settings->output_folder, err) != 0)
		return -1;
	package_walk_init(&walk, job);
	if (package_walk_next(&walk, err) != 0)
		goto done;
	for (size_t i = 0; i < job->rows.count; i++)
		if (do_part(job, i, &walk, err) != 0)
			goto done;
	result = 0;
done:
	package_walk_release(&walk);
	return result;
}
