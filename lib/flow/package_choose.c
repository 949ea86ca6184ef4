/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Decides of one file whether it goes into the package, under which name and with which date. */
#include "blur_find.h"
#include "media_name.h"
#include "package_job.h"

#include "trapkit/media.h"
#include "trapkit/text.h"

#include <errno.h>
#include <fcntl.h>
#include <math.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

int package_skip(struct package_job *job, const char *path, bool failed, struct error *err,
	const char *format, ...)
{
	struct package_result *result = job->result;
	va_list arguments;
	char *reason;
	int stop = 0;

	va_start(arguments, format);
	reason = xvasprintf(format, arguments);
	va_end(arguments);
	if (failed && job->settings->fail_fast)
		stop = error_set(err, ERROR_INPUT, "'%s': %s", path, reason);
	if (failed) {
		result->failed++;
		progress_warning(job->progress, path, "%s; left out", reason);
	} else {
		result->left_out++;
	}
	if (result->skipped.count < PACKAGE_MOST_SKIPPED) {
		struct package_skipped skipped = {xstrdup(path), reason, failed};

		ARRAY_APPEND(&result->skipped, skipped);
	} else {
		free(reason);
	}
	return stop;
}

void package_file_release(struct package_file *file)
{
	free(file->name);
	free(file->source);
	free(file->covered);
	*file = (struct package_file){0};
}

/* Damaged files that get a line each; the rest is only counted. */
#define DAMAGED_TOLD 20

/* Why the name cannot go into YAML, ZIP and an FTP command; NULL = it can. */
static const char *unsound(const char *name)
{
	if (!text_is_utf8(name, strlen(name)))
		return "its name is not valid UTF-8; rename it";
	for (; *name != '\0'; name++) {
		if (*name == '\\')
			return "its name holds a backslash; rename it";
		if ((unsigned char)*name < 0x20 || *name == 0x7F)
			return "its name holds a control character; rename it";
	}
	return NULL;
}

/* 1 = goes on, 0 = left out, -1 = error. Says so only in the first walk. */
static int leave(struct package_job *job, const struct resource *resource, bool failed,
	const char *reason, struct error *err)
{
	if (!job->tallying)
		return 0;
	return package_skip(job, resource->path, failed, err, "%s", reason) != 0 ? -1 : 0;
}

static int check_name(struct package_job *job, const struct resource *resource, struct error *err)
{
	const struct package_settings *settings = job->settings;
	const char *reason = unsound(resource->path);

	if (reason != NULL)
		return leave(job, resource, true, reason, err);
	if (settings->exclude != NULL && settings->exclude(settings->exclude_context, resource))
		return leave(job, resource, false, "blank, left out as asked", err);
	return 1;
}

/* What is left of a picture that cannot be taken again goes along, unless it is asked not to. */
static int check_damage(struct package_job *job, const struct resource *resource, struct error *err)
{
	unsigned trouble = resource->facts.trouble;
	enum media_trouble damage;

	if ((trouble & TROUBLE_UNREADABLE) != 0)
		return leave(job, resource, true, media_trouble_text(TROUBLE_UNREADABLE), err);
	if ((trouble & (TROUBLE_NOT_MEDIA | TROUBLE_TRUNCATED)) == 0)
		return 1;
	damage = (trouble & TROUBLE_NOT_MEDIA) != 0 ? TROUBLE_NOT_MEDIA : TROUBLE_TRUNCATED;
	if (job->settings->skip_damaged)
		return leave(job, resource, false, media_trouble_text(damage), err);
	if (job->tallying && ++job->result->damaged <= DAMAGED_TOLD)
		progress_warning(job->progress, resource->path, "%s; packaged as it is",
			media_trouble_text(damage));
	return 1;
}

static int choose_date(struct package_job *job, const struct resource *resource,
	struct package_file *file, struct error *err)
{
	const struct package_settings *settings = job->settings;
	struct package_result *result = job->result;
	const struct media_facts *facts = &resource->facts;
	struct instant instant;

	if (facts->taken_source == TIME_NONE || facts->taken_source == TIME_MTIME) {
		if (settings->refuse_mtime)
			return leave(job, resource, true,
				"no date in the file, and the file's time is not to be taken", err);
		file->entry.utc = seconds_of_ns(resource->mtime_ns);
		result->by_mtime += job->tallying;
		return 1;
	}
	instant = zone_resolve(settings->zone, &facts->taken, settings->ignore_dst);
	file->entry.utc = instant.utc;
	if (job->tallying) {
		result->gaps += instant.doubt == ZONE_GAP;
		result->overlaps += instant.doubt == ZONE_OVERLAP;
		result->clock_resets += (facts->trouble & TROUBLE_CLOCK_RESET) != 0;
		if (instant.doubt != ZONE_CERTAIN)
			progress_detail(job->progress, "'%s': the camera's time %s in %s",
				resource->path,
				instant.doubt == ZONE_GAP ? "does not exist" : "occurs twice",
				zone_name(settings->zone));
	}
	return 1;
}

static uint32_t dos_time_of(struct package_job *job, int64_t mtime_ns)
{
	int64_t utc = seconds_of_ns(mtime_ns);
	struct wall_time wall;
	int offset = zone_offset_at(job->settings->zone, utc, job->settings->ignore_dst);

	wall_from_seconds(utc + offset, &wall);
	if (job->tallying)
		job->result->clamped += wall.year < 1980 || wall.year > 2107;
	return zip_dos_time(&wall);
}

/* "100RECNX_IMG_1.AVI" with the rendition "…/IMG_1.mp4" is "100RECNX_IMG_1.mp4". */
static char *rendition_name(const struct resource *resource, const char *rendition)
{
	const char *made = text_base_name(rendition), *base = text_base_name(resource->path);
	size_t name = strlen(resource->name), tail = strlen(base);
	size_t prefix = name >= tail ? name - tail : 0;
	const char *dot = strrchr(base, '.'), *made_dot = strrchr(made, '.');
	size_t stem = dot == NULL ? tail : (size_t)(dot - base);

	if (strncmp(made, resource->name, prefix + stem) == 0)
		return xstrdup(made);
	if (strncmp(made, base, stem) == 0)
		return xasprintf("%.*s%s", (int)prefix, resource->name, made);
	return xasprintf(
		"%.*s%s", (int)(prefix + stem), resource->name, made_dot == NULL ? "" : made_dot);
}

static void read_rendition(struct package_job *job, const struct ledger_rendition *rendition,
	const char *path, struct package_file *file)
{
	struct error ignored = {0};
	struct media_facts facts;
	struct stat status;
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOFOLLOW);

	if (fd < 0)
		return;
	if (fstat(fd, &status) == 0 && S_ISREG(status.st_mode) &&
		(uint64_t)status.st_size == rendition->rendition_size &&
		media_read_facts(fd, text_base_name(path), job->settings->now, &facts, &ignored) ==
			0) {
		file->rendition = true;
		file->size = (uint64_t)status.st_size;
		file->mtime_ns = timespec_ns(&status.st_mtim);
		file->entry.mime_type = media_type_mime(facts.type);
		file->entry.width = facts.width;
		file->entry.height = facts.height;
		file->entry.fps = facts.fps;
		file->entry.duration = facts.duration;
	}
	close(fd);
}

/* Takes the rendition when there is one of this very file that is still there. */
static int choose_rendition(struct package_job *job, const struct resource *resource,
	struct package_file *file, struct error *err)
{
	struct ledger_rendition rendition = {0};
	char *path;
	int found = ledger_get_rendition(job->ledger, resource->path, &rendition, err);

	if (found < 0)
		return -1;
	if (found == 0 || rendition.size != resource->size ||
		rendition.mtime_ns != resource->mtime_ns) {
		ledger_rendition_release(&rendition);
		return 0;
	}
	if (job->finder != NULL && blur_is_covered(job->finder, resource, rendition.settings))
		file->covered = xstrdup(rendition.settings);
	path = rendition.rendition[0] == '/'
		? xstrdup(rendition.rendition)
		: text_join_path(job->settings->work_folder, rendition.rendition);
	read_rendition(job, &rendition, path, file);
	if (file->rendition) {
		free(file->name);
		free(file->source);
		file->name = rendition_name(resource, rendition.rendition);
		file->source = xstrdup(path);
	} else if (job->tallying && job->blur == NULL) {
		progress_warning(job->progress, resource->path,
			"its rendition is gone or changed; the original is taken");
	}
	free(path);
	ledger_rendition_release(&rendition);
	return 0;
}

static void take_original(const struct resource *resource, struct package_file *file)
{
	file->name = xstrdup(resource->name);
	file->source = xstrdup(resource->path);
	file->size = resource->size;
	file->mtime_ns = resource->mtime_ns;
	file->entry.mime_type = media_type_mime(resource->facts.type);
	file->entry.width = resource->facts.width;
	file->entry.height = resource->facts.height;
	file->entry.fps = resource->facts.fps;
	file->entry.duration = resource->facts.duration;
}

int package_choose(struct package_job *job, const struct resource *resource,
	struct package_file *file, struct error *err)
{
	int result;

	*file = (struct package_file){.resource = resource};
	if (!media_name_is_wanted(resource->name, job->settings->image_extensions,
		    job->settings->video_extensions))
		return 0;
	result = check_name(job, resource, err);
	if (result != 1)
		return result;
	take_original(resource, file);
	if (!job->settings->originals && choose_rendition(job, resource, file, err) != 0)
		result = -1;
	/* Whatever may show a person stays here unless that has been covered. */
	if (result == 1 && job->blur != NULL && (!file->rendition || file->covered == NULL))
		result = leave(job, resource, true,
			"held back: it has no rendition in which all that was found is covered; "
			"run 'trapkit convert' (after 'trapkit detect', if it is new)",
			err);
	/* A damaged picture that could be rendered is a picture again. */
	if (result == 1 && !file->rendition)
		result = check_damage(job, resource, err);
	if (result == 1)
		result = choose_date(job, resource, file, err);
	if (result != 1) {
		package_file_release(file);
		return result;
	}
	file->dos_time = dos_time_of(job, resource->mtime_ns);
	job->result->renditions += job->tallying && file->rendition;
	file->entry.name = file->name;
	file->entry.size = file->size;
	return 1;
}
