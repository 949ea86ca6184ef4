/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The survey's deployment: compared with the ledger, what is new read in parallel and stored. */
#define _GNU_SOURCE /* O_NOATIME */
#include "own_facts.h"
#include "survey_internal.h"

#include "trapkit/find_files.h"
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
		ledger_files_open_brief(survey->ledger, survey->collection, folder->name, err);
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

/* A head is read in less time than a thread takes to wake up: files go to the workers together. */
#define MOST_TOGETHER 16u

/* A file between the workers. */
struct reading {
	size_t entry;
	char *path;    /* below the data path */
	char *failure; /* why it could not be read; NULL: the rest is set */
	struct media_facts facts;
	uint64_t size;
	int64_t mtime_ns;
	bool racy;
};

struct batch {
	size_t count;
	struct reading readings[MOST_TOGETHER];
};

struct reader {
	struct survey *survey;
	size_t at;
	size_t together; /* files of a batch */
};

static int64_t clock_ns(void)
{
	struct timespec now;

	clock_gettime(CLOCK_REALTIME, &now);
	return timespec_ns(&now);
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
		own_facts_ask(fd, survey->settings->now, &reading->facts);
	close(fd);
	if (result != 0)
		return -1;
	reading->size = (uint64_t)status.st_size;
	reading->mtime_ns = timespec_ns(&status.st_mtim);
	/* A date far in the future is a wrong clock's: nothing written now will get it again. */
	reading->racy = reading->mtime_ns > before - RACY_NANOSECONDS &&
		reading->mtime_ns < clock_ns() + RACY_NANOSECONDS;
	return 0;
}

static int next_batch(void *context, void *item, struct error *err)
{
	struct reader *reader = context;
	const struct survey_folder *folder = &reader->survey->folder;
	struct batch *batch = item;

	while (batch->count < reader->together && reader->at < folder->entries.count) {
		if (folder->entries.items[reader->at].read)
			batch->readings[batch->count++].entry = reader->at;
		reader->at++;
	}
	if (batch->count == 0)
		return 0;
	return progress_check(reader->survey->progress, err) != 0 ? -1 : 1;
}

static int read_batch(void *context, void *item, struct error *err)
{
	const struct survey *survey = ((struct reader *)context)->survey;
	struct batch *batch = item;

	for (size_t i = 0; i < batch->count; i++) {
		struct reading *reading = &batch->readings[i];
		const struct survey_entry *entry = &survey->folder.entries.items[reading->entry];

		reading->path = xasprintf("%s/%s/%s", survey->collection, survey->folder.name,
			path_of(&survey->folder, entry));
		if (read_file(survey, reading->path, reading, err) != 0)
			reading->failure = xstrdup(err->message);
	}
	return 0;
}

static void drop_batch(void *context, void *item)
{
	struct batch *batch = item;

	(void)context;
	for (size_t i = 0; i < batch->count; i++) {
		free(batch->readings[i].path);
		free(batch->readings[i].failure);
	}
}

static int store(struct survey *survey, const char *collection, char *path,
	struct survey_deployment *counts, const struct reading *reading, struct error *err)
{
	char *deployment = path + strlen(collection) + 1;
	char *end = strchr(deployment, '/');
	struct resource resource = {.path = path,
		.collection = xstrdup(collection),
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
	free(resource.collection);
	free(resource.deployment);
	free(resource.name);
	return result;
}

static int take_reading(struct survey *survey, struct reading *reading, struct error *err)
{
	struct survey_retry retry = {
		.path = reading->path, .deployment = survey->result->deployments.count};

	if (reading->failure == NULL)
		return store(survey, survey->collection, reading->path, &survey->folder.counts,
			reading, err);
	progress_detail(survey->progress, "'%s' %s; will be tried again at the end", reading->path,
		reading->failure);
	retry.collection = xstrdup(survey->collection);
	ARRAY_APPEND(&survey->retries, retry);
	reading->path = NULL;
	return 0;
}

static int take_batch(void *context, void *item, const struct error *failure, struct error *err)
{
	struct survey *survey = ((struct reader *)context)->survey;
	struct batch *batch = item;
	int result = 0;

	(void)failure; /* each file has its own */
	for (size_t i = 0; i < batch->count && result == 0; i++) {
		result = take_reading(survey, &batch->readings[i], err);
		if (result == 0)
			result = survey_advance(survey, err);
	}
	drop_batch(context, batch);
	return result;
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

static int read_entries(struct survey *survey, size_t unread, struct error *err)
{
	unsigned jobs =
		survey->settings->jobs > 0 ? survey->settings->jobs : workers_default_jobs();
	/* Few files are shared out evenly all the same. */
	size_t share = unread / (jobs * 4) + 1;
	struct reader reader = {
		.survey = survey, .together = share < MOST_TOGETHER ? share : MOST_TOGETHER};
	struct workers workers = {.next = next_batch,
		.work = read_batch,
		.take = take_batch,
		.drop = drop_batch,
		.context = &reader,
		.item_size = sizeof(struct batch),
		.in_flight = 0};

	return workers_run(&workers, jobs, err);
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
		result = read_entries(survey, unread, err);
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
		if (!find_is_there(survey->settings->data_path)) {
			result = error_errno(err,
				"the data path '%s' is gone; when it is back, run the same command "
				"again",
				survey->settings->data_path);
			break;
		}
		result = forget_unread(survey, retry->path, err);
		if (result == 0)
			result = survey_problem(
				survey, counts, retry->path, true, failure.message, err);
	}
	return result;
}
