/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The survey's deployment: compared with the ledger, what is new read in parallel and stored. */
#define _GNU_SOURCE /* O_NOATIME */
#include "survey_internal.h"

#include "trapkit/camera.h"
#include "trapkit/media.h"
#include "trapkit/text.h"
#include "trapkit/workers.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* FAT keeps even seconds: a change within two seconds may leave mtime as it was. */
#define RACY_NANOSECONDS INT64_C(2000000000)

static const char *path_of(const struct survey_folder *folder, const struct survey_entry *entry)
{
	return folder->paths + entry->path;
}

/* ---- order ---- */

/* As the names compare that the paths become: with '_' for '/'. */
static int compare_as_names(const char *left, const char *right)
{
	for (;; left++, right++) {
		unsigned char l = *left == '/' ? '_' : (unsigned char)*left;
		unsigned char r = *right == '/' ? '_' : (unsigned char)*right;

		if (l != r)
			return l < r ? -1 : 1;
		if (l == '\0')
			return 0;
	}
}

/* qsort hands over no context; the paths are put into this order by their place instead. */
struct sortable {
	const char *path;
	struct survey_entry entry;
};

static int compare_paths(const char *left, const char *right)
{
	int order = compare_as_names(left, right);

	return order != 0 ? order : strcmp(left, right);
}

static int compare_sortable(const void *left, const void *right)
{
	return compare_paths(
		((const struct sortable *)left)->path, ((const struct sortable *)right)->path);
}

static bool is_sorted(const struct survey_folder *folder)
{
	const struct survey_entry *items = folder->entries.items;

	for (size_t i = 1; i < folder->entries.count; i++)
		if (compare_paths(path_of(folder, &items[i - 1]), path_of(folder, &items[i])) > 0)
			return false;
	return true;
}

/* By (name, path). The walk's own order mostly is that already. */
static void sort_entries(struct survey_folder *folder)
{
	size_t count = folder->entries.count;
	struct sortable *items;

	if (!folder->nested || is_sorted(folder))
		return;
	items = xreallocarray(NULL, count, sizeof *items);
	for (size_t i = 0; i < count; i++) {
		items[i].entry = folder->entries.items[i];
		items[i].path = path_of(folder, &items[i].entry);
	}
	qsort(items, count, sizeof *items, compare_sortable);
	for (size_t i = 0; i < count; i++)
		folder->entries.items[i] = items[i].entry;
	free(items);
}

/* Takes out all but the first of those that come to one name. */
static int refuse_collisions(struct survey *survey, struct error *err)
{
	struct survey_folder *folder = &survey->folder;
	struct survey_entry *items = folder->entries.items;
	size_t kept = 0;

	for (size_t i = 0; i < folder->entries.count; i++) {
		const char *path = path_of(folder, &items[i]);
		int result = 0;

		if (kept == 0 || compare_as_names(path, path_of(folder, &items[kept - 1])) != 0) {
			items[kept++] = items[i];
		} else {
			char *whole = xasprintf("%s/%s/%s", survey->collection, folder->name, path);
			char *reason = xasprintf("comes to the same name as '%s'; rename one",
				path_of(folder, &items[kept - 1]));

			result = survey_problem(survey, &folder->counts, whole, true, reason, err);
			free(whole);
			free(reason);
		}
		if (result != 0)
			return result;
	}
	folder->entries.count = kept;
	return 0;
}

/* ---- what the ledger knows ---- */

static int forget(struct survey *survey, const char *path, struct error *err)
{
	if (survey_change(survey, err) != 0 || ledger_remove_file(survey->ledger, path, err) != 0)
		return -1;
	survey->result->removed++;
	return survey_changed(survey, err);
}

/* The ledger's files and those found, both in order of names, side by side. */
static int compare_with_ledger(struct survey *survey, size_t *unread, struct error *err)
{
	struct survey_folder *folder = &survey->folder;
	struct ledger_files *files =
		ledger_files_open(survey->ledger, survey->collection, folder->name, err);
	size_t prefix = strlen(survey->collection) + strlen(folder->name) + 2, at = 0;
	struct resource known;
	int result = files == NULL ? -1 : 0;

	while (result == 0 && (result = ledger_files_next(files, &known, err)) == 1) {
		struct survey_entry *entry = NULL;
		int order = -1;

		while (at < folder->entries.count) {
			entry = &folder->entries.items[at];
			order = compare_as_names(known.name, path_of(folder, entry));
			if (order <= 0)
				break;
			entry->read = true;
			++*unread;
			at++;
			order = -1;
		}
		result = 0;
		if (order != 0) {
			result = forget(survey, known.path, err);
			continue;
		}
		at++;
		entry->read = known.racy || known.size != entry->size ||
			known.mtime_ns != entry->mtime_ns ||
			strcmp(known.path + prefix, path_of(folder, entry)) != 0;
		if (entry->read)
			++*unread;
		else
			survey_count(survey, &folder->counts, &known, false);
	}
	for (; result == 0 && at < folder->entries.count; at++) {
		folder->entries.items[at].read = true;
		++*unread;
	}
	ledger_files_close(files);
	return result;
}

/* ---- reading ---- */

/* A file between the workers. */
struct reading {
	size_t entry;
	struct media_facts facts;
	uint64_t size;
	int64_t mtime_ns;
	bool racy;
};

struct reader {
	struct survey *survey;
	size_t at;
};

static int64_t clock_ns(void)
{
	struct timespec now;

	clock_gettime(CLOCK_REALTIME, &now);
	return (int64_t)now.tv_sec * 1000000000 + now.tv_nsec;
}

static int open_media(int data_fd, const char *path)
{
	/* Not blocking, should a pipe have taken the file's place. */
	int flags = O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY;
	/* A card is not to be written to for being read; only the owner may ask for that. */
	int fd = openat(data_fd, path, flags | O_NOATIME);

	if (fd < 0 && errno == EPERM)
		fd = openat(data_fd, path, flags);
	return fd;
}

static void copy_text(char *out, size_t size, const char *text)
{
	size_t length = strlen(text) < size ? strlen(text) : size - 1;

	/* Not in the middle of a character. */
	while (text[length] != '\0' && length > 0 && ((unsigned char)text[length] & 0xC0) == 0x80)
		length--;
	memcpy(out, text, length);
	out[length] = '\0';
}

/* The date by the rule of media.h: the camera's own block comes behind DateTimeOriginal only. */
static void take_own_date(const struct camera_facts *camera, int64_t now, struct media_facts *facts)
{
	int64_t seconds = wall_seconds(&camera->own_date);

	facts->taken = camera->own_date;
	facts->taken_source = TIME_MAKER_NOTE;
	facts->trouble &= ~(unsigned)(TROUBLE_NO_DATE | TROUBLE_CLOCK_RESET);
	if (seconds < days_from_civil(2001, 1, 1) * 86400 || seconds > now + 86400)
		facts->trouble |= TROUBLE_CLOCK_RESET;
}

/*
 * What EXIF left open, from the camera's own block. Costs a second look at the head of those files
 * only of which that can be expected.
 */
static void ask_camera(int fd, int64_t now, struct media_facts *facts)
{
	bool dated = facts->taken_source == TIME_EXIF;
	struct camera_facts camera;
	struct error err = {0};

	if (facts->type != MEDIA_JPEG ||
		!camera_may_know_more(facts->make, facts->model, dated, facts->serial[0] != '\0') ||
		camera_read_facts(fd, now, &camera, &err) != 0)
		return;
	if (!dated && camera.has_own_date)
		take_own_date(&camera, now, facts);
	if (facts->serial[0] == '\0')
		copy_text(facts->serial, sizeof facts->serial, camera.serial);
	if (facts->make[0] == '\0' || camera.reader == CAMERA_CUDDEBACK_OLD)
		copy_text(facts->make, sizeof facts->make, camera.make);
	if (facts->model[0] == '\0' || camera.reader == CAMERA_CUDDEBACK_OLD)
		copy_text(facts->model, sizeof facts->model, camera.model);
}

/* Opens and reads the headers of DATA/path. The kind of failure does not matter to anyone. */
static int read_file(
	const struct survey *survey, const char *path, struct reading *reading, struct error *err)
{
	int64_t before = clock_ns();
	struct stat status;
	int fd = open_media(survey->data_fd, path), result;

	if (fd < 0)
		return error_set(err, ERROR_SYSTEM, "cannot be opened: %s", strerror(errno));
	if (fstat(fd, &status) != 0)
		result = error_set(err, ERROR_SYSTEM, "cannot be read: %s", strerror(errno));
	else if (!S_ISREG(status.st_mode))
		result = error_set(err, ERROR_INPUT, "is no longer a file");
	else
		result = media_read_facts(
			fd, text_base_name(path), survey->settings->now, &reading->facts, err);
	if (result == 0 && S_ISREG(status.st_mode))
		ask_camera(fd, survey->settings->now, &reading->facts);
	close(fd);
	if (result != 0)
		return -1;
	reading->size = (uint64_t)status.st_size;
	reading->mtime_ns = (int64_t)status.st_mtim.tv_sec * 1000000000 + status.st_mtim.tv_nsec;
	/* A date far in the future is a wrong clock's: nothing written now will get it again. */
	reading->racy = reading->mtime_ns > before - RACY_NANOSECONDS &&
		reading->mtime_ns < clock_ns() + RACY_NANOSECONDS;
	return 0;
}

static int next_reading(void *context, void *item, struct error *err)
{
	struct reader *reader = context;
	const struct survey_folder *folder = &reader->survey->folder;
	struct reading *reading = item;

	while (reader->at < folder->entries.count && !folder->entries.items[reader->at].read)
		reader->at++;
	if (reader->at == folder->entries.count)
		return 0;
	reading->entry = reader->at++;
	return progress_check(reader->survey->progress, err) != 0 ? -1 : 1;
}

static char *whole_path(const struct survey *survey, size_t entry)
{
	const struct survey_folder *folder = &survey->folder;

	return xasprintf("%s/%s/%s", survey->collection, folder->name,
		path_of(folder, &folder->entries.items[entry]));
}

static int work_reading(void *context, void *item, struct error *err)
{
	struct reader *reader = context;
	struct reading *reading = item;
	char *path = whole_path(reader->survey, reading->entry);
	int result = read_file(reader->survey, path, reading, err);

	free(path);
	return result;
}

static int store(struct survey *survey, char *collection, char *path,
	struct survey_deployment *counts, const struct reading *reading, struct error *err)
{
	char *deployment = path + strlen(collection) + 1;
	char *end = strchr(deployment, '/');
	struct resource resource = {.path = path,
		.collection = collection,
		.size = reading->size,
		.mtime_ns = reading->mtime_ns,
		.racy = reading->racy,
		.facts = reading->facts};
	int result;

	resource.deployment = xstrndup(deployment, (size_t)(end - deployment));
	resource.name = xstrdup(end + 1);
	for (char *at = resource.name; (at = strchr(at, '/')) != NULL;)
		*at = '_';
	result = survey_change(survey, err);
	if (result == 0)
		result = ledger_put_file(survey->ledger, &resource, err);
	if (result == 0) {
		survey_count(survey, counts, &resource, true);
		result = survey_changed(survey, err);
	}
	free(resource.deployment);
	free(resource.name);
	return result;
}

static int take_reading(void *context, void *item, const struct error *failure, struct error *err)
{
	struct survey *survey = ((struct reader *)context)->survey;
	const struct reading *reading = item;
	char *path = whole_path(survey, reading->entry);
	char *collection = xstrdup(survey->collection);
	int result = 0;

	if (failure == NULL) {
		result = store(survey, collection, path, &survey->folder.counts, reading, err);
	} else {
		struct survey_retry retry = {.collection = collection,
			.path = path,
			.deployment = survey->result->deployments.count};

		progress_detail(survey->progress, "'%s' %s; will be tried again at the end", path,
			failure->message);
		ARRAY_APPEND(&survey->retries, retry);
		collection = path = NULL;
	}
	free(collection);
	free(path);
	return result != 0 ? result : survey_advance(survey, err);
}

/* A file that cannot be read is not what the ledger remembers of it. */
static int forget_unread(struct survey *survey, const char *path, struct error *err)
{
	struct resource known = {0};
	int found = ledger_get_file(survey->ledger, path, &known, err);

	if (found == 1) {
		resource_release(&known);
		return forget(survey, path, err);
	}
	return found;
}

static int read_entries(struct survey *survey, struct error *err)
{
	struct reader reader = {.survey = survey};
	struct workers workers = {.next = next_reading,
		.work = work_reading,
		.take = take_reading,
		.context = &reader,
		.item_size = sizeof(struct reading),
		.in_flight = 0};

	return workers_run(&workers, survey->settings->jobs, err);
}

/* Moves the counts of the deployment at hand to the result. */
static void keep_counts(struct survey *survey, size_t retries)
{
	struct survey_folder *folder = &survey->folder;
	struct survey_deployment *counts = &folder->counts;
	struct survey_result *result = survey->result;

	if (counts->files == 0 && counts->failed == 0 && survey->retries.count == retries) {
		char *path = xasprintf("%s/%s", survey->collection, folder->name);

		string_list_add(&result->empty_deployments, path);
		free(path);
	}
	/* Also the empty ones: a retry may point behind it. */
	counts->collection = xstrdup(survey->collection);
	counts->deployment = folder->name;
	ARRAY_APPEND(&result->deployments, *counts);
	folder->name = NULL;
	folder->open = false;
}

int survey_end_deployment(struct survey *survey, struct error *err)
{
	size_t unread = 0, retries = survey->retries.count;
	int result;

	sort_entries(&survey->folder);
	result = refuse_collisions(survey, err);
	if (result == 0)
		result = compare_with_ledger(survey, &unread, err);
	if (result == 0 && unread > 0)
		result = read_entries(survey, err);
	keep_counts(survey, retries);
	return result;
}

int survey_retry_all(struct survey *survey, struct error *err)
{
	int result = 0;

	for (size_t i = 0; i < survey->retries.count && result == 0; i++) {
		struct survey_retry *retry = &survey->retries.items[i];
		struct survey_deployment *counts =
			&survey->result->deployments.items[retry->deployment];
		struct reading reading = {0};
		struct error failure = {0};

		result = progress_check(survey->progress, err);
		if (result != 0)
			break;
		if (read_file(survey, retry->path, &reading, &failure) == 0) {
			result = store(
				survey, retry->collection, retry->path, counts, &reading, err);
			continue;
		}
		result = forget_unread(survey, retry->path, err);
		if (result == 0)
			result = survey_problem(
				survey, counts, retry->path, true, failure.message, err);
	}
	return result;
}
