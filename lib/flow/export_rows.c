/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Rows of media and observations: each deployment's files are gone through twice. */
#include "blur_find.h"
#include "export_job.h"

#include "trapkit/media.h"
#include "trapkit/memory.h"
#include "trapkit/text.h"

#include <inttypes.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

/* Files left out that get a line each; the rest is only counted. */
#define MOST_TOLD 20
/* A film longer than a day is a wrong header. */
#define LONGEST_VIDEO 86400

/* What is known of one file in both walks. */
struct file {
	const struct resource *resource;
	char *path; /* filePath; owned */
	char *copy; /* what goes instead of it, an absolute path; owned; NULL = the file itself */
	unsigned bits;
	int64_t utc;
	int offset;
};

struct walk {
	struct export_job *job;
	const struct camtrapdp_deployment *deployment;
	struct events events;
	struct sight sight;
	size_t index; /* of the file among the moments */
	bool second;
};

/* ---- a file ---- */

static void date_file(struct walk *walk, struct file *file)
{
	const struct export_local_settings *settings = walk->job->settings;
	const struct resource *resource = file->resource;
	const struct media_facts *facts = &resource->facts;
	struct instant instant;

	if (facts->taken_source != TIME_NONE && facts->taken_source != TIME_MTIME) {
		instant = zone_resolve(settings->zone, &facts->taken, settings->ignore_dst);
		file->utc = instant.utc;
		file->offset = instant.offset;
		return;
	}
	file->utc = seconds_of_ns(resource->mtime_ns);
	file->offset = zone_offset_at(settings->zone, file->utc, settings->ignore_dst);
	walk->job->result->by_mtime += !walk->second;
}

static int leave_out(struct walk *walk, const struct file *file, const char *why)
{
	struct export_local_result *result = walk->job->result;

	if (!walk->second && ++result->failed <= MOST_TOLD)
		progress_warning(walk->job->progress, file->resource->path, "%s; left out", why);
	return 0;
}

/* It was looked at, and nothing is there. */
static bool is_blank(unsigned bits)
{
	return (bits & (SEEN_LOOKED | SEEN_SOMETHING | SEEN_UNSURE)) == SEEN_LOOKED;
}

/* 1 = the covered rendition goes under its own name, 0 = left out. */
static int choose_copy(struct walk *walk, struct file *file, struct error *err)
{
	const struct export_job *job = walk->job;
	int found = blur_copy_find(job->finder, job->ledger, job->settings->work_folder,
		file->resource, &file->copy, err);
	char *path;

	if (found == 0)
		return leave_out(walk, file,
			"held back: it has no copy in which all that was found is covered; run "
			"'trapkit convert' (after 'trapkit detect', if it is new)");
	if (found < 0)
		return -1;
	path = xasprintf("%.*s%s", (int)(text_base_name(file->path) - file->path), file->path,
		text_base_name(file->copy));
	free(file->path);
	file->path = path;
	return 1;
}

/* 1 = it goes into the package, 0 = not. The paths are to be freed in any case. */
static int choose_file(struct walk *walk, struct file *file, struct error *err)
{
	const struct export_local_settings *settings = walk->job->settings;
	struct export_local_result *result = walk->job->result;
	int copied;

	file->bits = seen_bits(walk->job->seen, file->resource->path);
	if (settings->exclude_human && (file->bits & SEEN_HUMAN) != 0) {
		result->excluded_humans += !walk->second;
		return 0;
	}
	if (settings->exclude_blank && is_blank(file->bits)) {
		result->excluded_blanks += !walk->second;
		return 0;
	}
	file->path = export_place_path(&walk->job->place, file->resource);
	if (file->path == NULL)
		return leave_out(walk, file,
			"Camtrap DP takes no paths with '..' or a hidden folder: rename it, or "
			"give --link-media or --copy-media");
	if (walk->job->finder != NULL && (copied = choose_copy(walk, file, err)) != 1)
		return copied;
	date_file(walk, file);
	return 1;
}

/* ---- first walk: when, and what was seen ---- */

static void count_file(struct walk *walk, const struct file *file)
{
	const struct camtrapdp_deployment *deployment = walk->deployment;
	struct export_local_result *result = walk->job->result;
	int64_t changed = seconds_of_ns(file->resource->mtime_ns);

	result->animals += (file->bits & SEEN_ANIMAL) != 0;
	result->humans += (file->bits & SEEN_HUMAN) != 0;
	result->vehicles += (file->bits & SEEN_VEHICLE) != 0;
	result->unclassified += (file->bits & SEEN_LOOKED) == 0;
	result->blanks += is_blank(file->bits);
	result->unknown += (file->bits & SEEN_UNSURE) != 0;
	result->undetected += (file->bits & SEEN_LISTED) == 0;
	result->outside += file->utc < deployment->start || file->utc > deployment->end;
	if (changed > walk->job->newest)
		walk->job->newest = changed;
}

static int note_file(struct walk *walk, const struct file *file, struct error *err)
{
	const struct media_facts *facts = &file->resource->facts;
	struct moment moment = {.start = file->utc, .bits = file->bits};

	if (media_type_is_video(facts->type) && facts->duration > 0)
		moment.duration = facts->duration < LONGEST_VIDEO ? (uint32_t)ceil(facts->duration)
								  : LONGEST_VIDEO;
	if (walk->events.moments.count >= UINT32_MAX - 1)
		return error_set(err, ERROR_INPUT, "too many files in one deployment");
	ARRAY_APPEND(&walk->events.moments, moment);
	count_file(walk, file);
	return 0;
}

/* ---- second walk: rows ---- */

#define ID_SIZE 33
/* The name of an event: its deployment, and when it begins, which no two events share. */
static char *event_id(const struct walk *walk, uint32_t index)
{
	struct wall_time at;

	wall_from_seconds(walk->events.list.items[index].start, &at);
	return xasprintf("%s-%04d%02d%02dT%02d%02d%02dZ", walk->deployment->id, at.year, at.month,
		at.day, at.hour, at.minute, at.second);
}

/*
 * The same for the same file in every export, and another for every other file: 128 bits of the
 * SHA-256 of path, size and time.
 */
static void media_id(struct export_job *job, const struct file *file, char id[ID_SIZE])
{
	char *text = xasprintf(
		"%s\n%" PRIu64 "\n%" PRId64, file->resource->path, file->resource->size, file->utc);
	char hex[SHA256_HEX_SIZE];
	uint8_t digest[SHA256_SIZE];

	sha256_update(job->digest, text, strlen(text));
	sha256_finish(job->digest, digest);
	sha256_hex(digest, hex);
	memcpy(id, hex, ID_SIZE - 1);
	id[ID_SIZE - 1] = '\0';
	free(text);
}

static const char *mime_type(const struct file *file)
{
	const struct resource *resource = file->resource;

	static const struct {
		const char *suffix, *type;
	} others[] = {{".tif", "image/tiff"}, {".tiff", "image/tiff"}, {".gif", "image/gif"},
		{".webp", "image/webp"}, {".heic", "image/heic"}, {".avif", "image/avif"},
		{".bmp", "image/bmp"}, {".webm", "video/webm"}, {".mkv", "video/x-matroska"},
		{".mpg", "video/mpeg"}, {".mpeg", "video/mpeg"}, {".flv", "video/x-flv"}};
	const char *type = media_type_mime(
		file->copy == NULL ? resource->facts.type : media_type_by_name(file->copy));

	for (size_t i = 0; type == NULL && i < sizeof others / sizeof others[0]; i++)
		if (text_has_suffix(resource->path, (const char *const[]){others[i].suffix, NULL}))
			type = others[i].type;
	if (type == NULL)
		type = media_type_mime(media_type_by_name(resource->path));
	return type != NULL                                 ? type
		: media_type_is_video(resource->facts.type) ? "video/x-unknown"
							    : "image/x-unknown";
}

/* What is unknown may be a person. */
static bool is_public(const struct export_local_settings *settings, unsigned bits)
{
	return !((settings->private_human && (bits & (SEEN_HUMAN | SEEN_UNSURE)) != 0) ||
		(settings->private_vehicle && (bits & SEEN_VEHICLE) != 0) ||
		(bits & SEEN_SECRET) != 0);
}

static void show_time(const struct walk *walk, int64_t utc, char text[TIMESTAMP_SIZE])
{
	const struct export_local_settings *settings = walk->job->settings;

	format_local(utc, zone_offset_at(settings->zone, utc, settings->ignore_dst), true, text);
}

static int put_observation(struct walk *walk, struct camtrapdp_observation_row *row,
	const char *parent, size_t number, struct error *err)
{
	char *id = xasprintf("%s-%zu", parent, number);
	int result;

	row->observation_id = id;
	row->deployment_id = walk->deployment->id;
	result = camtrapdp_write_observation(walk->job->writers[CAMTRAPDP_OBSERVATIONS], row, err);
	walk->job->result->observations++;
	free(id);
	return result;
}

/* The name of a taxon, which is then one of the package's. */
static const char *use_taxon(struct walk *walk, uint16_t taxon)
{
	if (taxon == NO_TAXON)
		return NULL;
	walk->job->taxa.used[taxon] = true;
	return walk->job->taxa.items[taxon].name;
}

static void set_classifier(
	struct walk *walk, struct camtrapdp_observation_row *row, unsigned source, bool named)
{
	row->classified_by = seen_by(walk->job->seen, source, named);
	row->classified_at = seen_at(walk->job->seen, source, named);
}

/* When a detection was, in a film; not after the deployment's end for the film's sake. */
static int64_t frame_time(
	const struct walk *walk, const struct file *file, const struct sighting *sighting)
{
	int64_t latest = walk->deployment->end < file->utc ? file->utc : walk->deployment->end;
	double seconds = (double)sighting->detection->frame / walk->sight.frame_rate;
	int64_t at;

	if (sighting->detection->frame < 0 || !(seconds >= 0) || seconds > LONGEST_VIDEO)
		return file->utc;
	at = file->utc + (int64_t)seconds;
	return at > latest ? latest : at;
}

static int put_sighting(struct walk *walk, const struct file *file,
	struct camtrapdp_observation_row *row, size_t index, struct error *err)
{
	const struct sighting *sighting = &walk->sight.sightings.items[index];
	const struct detection *box = sighting->detection;
	char time[TIMESTAMP_SIZE];

	row->type = sighting->type;
	row->scientific_name = use_taxon(walk, sighting->taxon);
	row->count = sighting->type != CAMTRAPDP_VEHICLE;
	row->has_box = true;
	row->x = box->x;
	row->y = box->y;
	row->width = box->width;
	row->height = box->height;
	row->probability = sighting->probability;
	set_classifier(walk, row, walk->sight.source, sighting->named);
	if (media_type_is_video(file->resource->facts.type)) {
		show_time(walk, frame_time(walk, file, sighting), time);
		row->start = row->end = time;
	}
	return put_observation(walk, row, row->media_id, index + 1, err);
}

static int put_observations(struct walk *walk, const struct file *file, const char *media,
	const char *time, struct error *err)
{
	uint32_t event = walk->events.event_of[walk->index];
	char *id = event_id(walk, event);
	struct camtrapdp_observation_row row = {.media_id = media,
		.event_id = id,
		.start = time,
		.end = time,
		.level = CAMTRAPDP_LEVEL_MEDIA,
		.type = CAMTRAPDP_UNCLASSIFIED,
		.probability = NAN};
	int result = seen_read(walk->job->seen, file->resource->path, &walk->sight, err);

	if (result == 0)
		events_add(&walk->events, event, &walk->sight.sightings, walk->sight.source);
	if (result == 0 && walk->sight.sightings.count == 0) {
		if (walk->sight.looked) {
			row.type = isnan(walk->sight.doubt) ? CAMTRAPDP_BLANK : CAMTRAPDP_UNKNOWN;
			row.probability = walk->sight.doubt;
			set_classifier(walk, &row, walk->sight.source, false);
		}
		result = put_observation(walk, &row, media, 1, err);
	}
	for (size_t i = 0; result == 0 && i < walk->sight.sightings.count; i++)
		result = put_sighting(walk, file, &row, i, err);
	free(id);
	return result;
}

static int plan_entry(
	struct export_job *job, const struct file *file, const char *source, struct error *err)
{
	struct zip_entry entry = {
		.size = file->resource->size, .mtime_ns = file->resource->mtime_ns, .mode = 0644};
	struct wall_time wall;
	struct stat status;

	if (file->copy != NULL && stat(source, &status) != 0)
		return error_errno(err, "cannot look at '%s'", source);
	if (file->copy != NULL) {
		entry.size = (uint64_t)status.st_size;
		entry.mtime_ns = timespec_ns(&status.st_mtim);
	}
	wall_from_seconds(file->utc + file->offset, &wall);
	entry.name = xstrdup(file->path);
	entry.source = xstrdup(file->copy != NULL ? source : file->resource->path);
	entry.dos_time = zip_dos_time(&wall);
	ARRAY_APPEND(&job->media, entry);
	return 0;
}

/* Into the ZIP, or beside the package. */
static int put_file(struct walk *walk, const struct file *file, struct error *err)
{
	struct export_job *job = walk->job;
	const struct resource *resource = file->resource;
	char *source;
	int result;

	if (job->settings->dry_run || job->place.media == EXPORT_MEDIA_NONE ||
		job->place.media == EXPORT_MEDIA_AUTO)
		return 0;
	source = file->copy != NULL ? xstrdup(file->copy)
				    : text_join_path(job->settings->data_path, resource->path);
	result = job->place.zip ? plan_entry(job, file, source, err)
				: export_place_put(&job->place, source, file->path, err);
	free(source);
	return result;
}

static int write_file(struct walk *walk, const struct file *file, struct error *err)
{
	struct export_job *job = walk->job;
	char time[TIMESTAMP_SIZE], id[ID_SIZE];
	struct camtrapdp_media_row row = {.media_id = id,
		.deployment_id = walk->deployment->id,
		.timestamp = time,
		.file_path = file->path,
		.file_name = text_base_name(file->path),
		.media_type = mime_type(file),
		.capture_method = camtrapdp_metadata_capture_method(job->settings->metadata),
		.is_public = is_public(job->settings, file->bits)};
	struct progress_event event = {.kind = PROGRESS_ADVANCE,
		.stage = EXPORT_STAGE,
		.files_done = ++job->files_done,
		.files_total = job->files_total};

	if (progress_send(job->progress, &event) != 0)
		return error_set(err, ERROR_CANCELLED, "stopped");
	media_id(job, file, id);
	format_local(file->utc, file->offset, true, time);
	job->result->media++;
	if (camtrapdp_write_media(job->writers[CAMTRAPDP_MEDIA], &row, err) != 0 ||
		put_observations(walk, file, id, time, err) != 0)
		return -1;
	return put_file(walk, file, err);
}

/* ---- both walks ---- */

static int walk_folder(struct walk *walk, const struct ledger_deployment *folder, struct error *err)
{
	struct ledger_files *files =
		ledger_files_open(walk->job->ledger, folder->collection, folder->deployment, err);
	struct resource resource;
	int result = files == NULL ? -1 : 1;

	while (result > 0 && (result = ledger_files_next(files, &resource, err)) > 0) {
		struct file file = {.resource = &resource};

		result = choose_file(walk, &file, err);
		if (result > 0) {
			result = walk->second ? write_file(walk, &file, err)
					      : note_file(walk, &file, err);
			walk->index++;
		}
		result = result < 0 ? -1 : 1;
		free(file.path);
		free(file.copy);
	}
	if (result >= 0)
		result = progress_check(walk->job->progress, err);
	ledger_files_close(files);
	return result;
}

static int walk_folders(struct walk *walk, size_t deployment, struct error *err)
{
	const struct export_job *job = walk->job;

	walk->index = 0;
	for (size_t i = 0; i < job->folders.count; i++)
		if (job->deployment_of[i] == deployment &&
			walk_folder(walk, &job->folders.items[i], err) != 0)
			return -1;
	return 0;
}

static int write_event(struct walk *walk, uint32_t index, struct error *err)
{
	const struct event *event = &walk->events.list.items[index];
	char start[TIMESTAMP_SIZE], end[TIMESTAMP_SIZE], *id = event_id(walk, index);
	size_t number = 0;
	int result = 0;

	show_time(walk, event->start, start);
	show_time(walk, event->end, end);
	for (uint32_t i = event->first_row; result == 0 && i != NO_ROW;) {
		const struct event_row *row = &walk->events.rows.items[i];
		struct camtrapdp_observation_row out = {.event_id = id,
			.start = start,
			.end = end,
			.level = CAMTRAPDP_LEVEL_EVENT,
			.type = row->type,
			.scientific_name = use_taxon(walk, row->taxon),
			.count = row->type == CAMTRAPDP_VEHICLE ? 0 : row->count,
			.probability = NAN};

		if (row->type == CAMTRAPDP_BLANK && event->unlooked)
			out.type = CAMTRAPDP_UNCLASSIFIED;
		else
			set_classifier(walk, &out, row->source, row->named);
		if (out.type == CAMTRAPDP_BLANK && event->unsure)
			out.type = CAMTRAPDP_UNKNOWN;
		result = put_observation(walk, &out, id, ++number, err);
		i = row->next;
	}
	walk->job->result->events++;
	free(id);
	return result;
}

static int write_deployment(struct export_job *job, size_t index, struct error *err)
{
	struct walk walk = {.job = job, .deployment = &job->deployments.items[index]};
	const char *const *cells = (const char *const *)walk.deployment->cells;
	int result = camtrapdp_write_cells(job->writers[CAMTRAPDP_DEPLOYMENTS], cells, err);

	job->result->deployments++;
	if (result == 0)
		result = walk_folders(&walk, index, err);
	if (result == 0) {
		events_make(
			&walk.events, (int64_t)job->settings->event_interval, walk.deployment->end);
		walk.second = true;
		result = walk_folders(&walk, index, err);
	}
	for (uint32_t i = 0; result == 0 && i < walk.events.list.count; i++)
		result = write_event(&walk, i, err);
	events_release(&walk.events);
	free(walk.sight.sightings.items);
	return result;
}

int export_write_rows(struct export_job *job, struct error *err)
{
	for (size_t i = 0; i < job->deployments.count; i++)
		if (write_deployment(job, i, err) != 0)
			return -1;
	return 0;
}
