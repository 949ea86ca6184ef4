/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Decides what is to be done with one file: nothing, a rendition, or its place in the mirror. */
#include "convert_job.h"

#include "trapkit/text.h"

#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

/* Part of every settings text: raised when the same settings begin to give other bytes. */
#define RECIPE 2

void convert_item_release(struct convert_item *item)
{
	free(item->source.path);
	free(item->target);
	free(item->recorded);
	free(item->settings);
	free(item->found.areas.items);
	ledger_rendition_release(&item->known);
	*item = (struct convert_item){0};
}

/* The date as creation_time tells it: UTC when that can be known, else what the camera showed. */
static bool date_of(const struct convert_settings *settings, const struct media_facts *facts,
	int64_t *seconds, bool *is_utc)
{
	*is_utc = settings->zone != NULL || facts->taken.has_offset;
	if (facts->taken_source == TIME_NONE || facts->taken_source == TIME_MTIME)
		return false;
	if (settings->zone != NULL)
		*seconds = zone_resolve(settings->zone, &facts->taken, settings->ignore_dst).utc;
	else
		*seconds = wall_seconds(&facts->taken) -
			(facts->taken.has_offset ? facts->taken.offset : 0);
	return true;
}

static char *settings_text(const struct convert_job *job, const struct resource *resource)
{
	const struct convert_settings *settings = job->settings;
	int64_t created = 0;
	bool is_utc;

	if (convert_kind(settings, resource) == CONVERT_PICTURE)
		return xasprintf("jpeg %ux%u quality %d recipe %d", settings->picture.width,
			settings->picture.height, settings->picture.quality, RECIPE);
	if (!date_of(settings, &resource->facts, &created, &is_utc))
		return xasprintf("%s undated recipe %d",
			settings->film == FILM_WEBM ? "webm" : "mp4", RECIPE);
	return xasprintf("%s created %lld%s recipe %d",
		settings->film == FILM_WEBM ? "webm" : "mp4", (long long)created,
		is_utc ? "" : " naive", RECIPE);
}

/* Everything that the rendition's bytes depend on beside the source. */
static char *item_settings(const struct convert_job *job, const struct convert_item *item,
	const struct resource *resource)
{
	char *text = settings_text(job, resource), *blur, *both;

	if (job->blur == NULL)
		return text;
	blur = blur_text(job->blur, &item->found.areas);
	both = xasprintf("%s %s", text, blur);
	free(blur);
	free(text);
	return both;
}

static bool is_fit(const struct convert_settings *settings, const struct media_facts *facts)
{
	return facts->type == MEDIA_JPEG && (facts->trouble & TROUBLE_TRUNCATED) == 0 &&
		facts->width > 0 && facts->height > 0 &&
		rendition_is_fit(
			facts->width, facts->height, facts->orientation, &settings->picture);
}

/* Whether the ledger's row tells of a rendition that still stands for the file. */
static void compare_row(struct convert_job *job, struct convert_item *item)
{
	const struct ledger_rendition *known = &item->known;
	struct stat status;
	bool there = lstat(item->target, &status) == 0 && S_ISREG(status.st_mode);
	bool ours = there && known->path != NULL && strcmp(known->rendition, item->recorded) == 0 &&
		(uint64_t)status.st_size == known->rendition_size;

	item->foreign =
		there && !ours && job->settings->mirror_folder != NULL && !job->settings->overwrite;
	if (!ours || job->settings->overwrite || strcmp(known->settings, item->settings) != 0 ||
		known->size != item->source.size)
		return;
	if (known->mtime_ns == item->source.mtime_ns)
		item->status = CONVERT_UNCHANGED;
	else
		item->touched = known->has_sha256;
}

void convert_plan_place(const struct convert_job *job, struct convert_item *item)
{
	struct stat status;

	item->status = CONVERT_PLACED;
	item->foreign = false;
	if (lstat(item->target, &status) != 0)
		return;
	if (S_ISREG(status.st_mode) && (uint64_t)status.st_size == item->source.size &&
		timespec_ns(&status.st_mtim) == item->source.mtime_ns)
		item->status = CONVERT_UNCHANGED;
	else
		item->foreign = !job->settings->overwrite;
}

static int find_row(struct convert_job *job, struct convert_item *item, struct error *err)
{
	const char *mirror = job->settings->mirror_folder;
	char *key = mirror == NULL ? xstrdup(item->source.path)
				   : text_join_path(mirror, item->source.path);
	int found = ledger_get_rendition(job->ledger, key, &item->known, err);

	free(key);
	return found < 0 ? -1 : 0;
}

static void set_target(struct convert_job *job, struct convert_item *item, const char *below)
{
	const char *mirror = job->settings->mirror_folder;

	if (mirror != NULL) {
		item->target = text_join_path(mirror, below);
		item->recorded = xstrdup(item->target);
		return;
	}
	item->recorded = text_join_path("renditions", below);
	item->target = text_join_path(job->settings->work_folder, item->recorded);
}

int convert_plan(struct convert_job *job, const struct resource *resource,
	struct convert_item *item, struct error *err)
{
	const struct convert_settings *settings = job->settings;
	int64_t created;
	bool is_utc;
	char *below;

	item->source.path = xstrdup(resource->path);
	item->source.size = resource->size;
	item->source.mtime_ns = resource->mtime_ns;
	item->source.facts = resource->facts;
	item->status = convert_kind(settings, resource);
	item->created = item->source.mtime_ns;
	item->dated = date_of(settings, &resource->facts, &created, &is_utc);
	if (item->dated) {
		item->film_created = created;
		if (is_utc)
			item->created = created * 1000000000;
	}
	if (convert_names_enter(&job->names, settings, job->ledger, resource, err) != 0 ||
		find_row(job, item, err) != 0)
		return -1;
	below = convert_target(&job->names, settings, resource);
	if (below == NULL)
		return 0; /* convert_make says so */
	set_target(job, item, below);
	free(below);
	if (job->blur != NULL)
		blur_find(job->blur, resource, &item->found);
	if (item->found.held != NULL) {
		item->status = CONVERT_HELD;
		return 0;
	}
	item->check_fit = job->blur == NULL && item->status == CONVERT_PICTURE &&
		is_fit(settings, &resource->facts);
	if (item->status != CONVERT_FIT) {
		item->settings = item_settings(job, item, resource);
		compare_row(job, item);
	} else if (settings->mirror_folder != NULL) {
		convert_plan_place(job, item);
	}
	return 0;
}
