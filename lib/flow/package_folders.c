/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The deployments' folders of a package: order, ids, and ids that collide. */
#include "package_job.h"

#include "trapkit/text.h"

#include <stdlib.h>
#include <string.h>

char *package_deployment_id(const char *folder, bool no_slug)
{
	return no_slug ? xstrdup(folder) : text_slugify(folder);
}

static size_t rank_of(const struct package_job *job, const char *collection)
{
	/* Folders of one collection mostly follow each other: the last one first. */
	for (size_t i = job->folders.count; i > 0; i--)
		if (strcmp(job->folders.items[i - 1].collection, collection) == 0)
			return job->folders.items[i - 1].rank;
	return job->folders.count;
}

static int by_order(const void *left, const void *right)
{
	const struct package_folder *a = left, *b = right;

	if (a->rank != b->rank)
		return a->rank < b->rank ? -1 : 1;
	return strcmp(a->deployment, b->deployment);
}

static int by_id(const void *left, const void *right)
{
	const struct package_folder *a = *(const struct package_folder *const *)left;
	const struct package_folder *b = *(const struct package_folder *const *)right;
	int order = a->rank < b->rank ? -1 : a->rank > b->rank;

	if (order == 0)
		order = strcmp(a->id, b->id);
	/* Ties in a fixed order, so that the message is the same each time. */
	return order != 0 ? order : strcmp(a->deployment, b->deployment);
}

static bool is_sound(const char *name)
{
	for (const char *at = name; *at != '\0'; at++)
		if ((unsigned char)*at < 0x20 || *at == 0x7F || *at == '\\')
			return false;
	return text_is_utf8(name, strlen(name));
}

static int add_folder(struct package_job *job, const char *text, struct error *err)
{
	const char *slash = strchr(text, '/');
	struct package_folder folder = {0};
	char *shown;

	if (slash == NULL)
		return error_set(err, ERROR_INPUT, "'%s' is no deployment's folder", text);
	folder.collection = xstrndup(text, (size_t)(slash - text));
	if (is_sound(text)) {
		folder.deployment = xstrdup(slash + 1);
		folder.rank = rank_of(job, folder.collection);
		folder.id = package_deployment_id(folder.deployment, job->settings->no_slug);
		ARRAY_APPEND(&job->folders, folder);
		return 0;
	}
	free(folder.collection);
	shown = text_escape(text);
	if (package_skip(job, text, true, err,
		    "the folder's name is not valid UTF-8 or holds a backslash or control "
		    "character; rename it") != 0) {
		free(shown);
		return -1;
	}
	free(shown);
	return 0;
}

static int refuse_empty_ids(const struct package_job *job, struct error *err)
{
	for (size_t i = 0; i < job->folders.count; i++) {
		const struct package_folder *folder = &job->folders.items[i];

		if (folder->id[0] == '\0')
			return error_set(err, ERROR_INPUT,
				"nothing of the folder name '%s/%s' is left in a deployment id; "
				"give it a name with ASCII letters or digits",
				folder->collection, folder->deployment);
	}
	return 0;
}

static int refuse_equal_ids(const struct package_job *job, struct error *err)
{
	size_t count = job->folders.count;
	const struct package_folder **sorted = xreallocarray(NULL, count + 1, sizeof *sorted);
	int result = 0;

	for (size_t i = 0; i < count; i++)
		sorted[i] = &job->folders.items[i];
	qsort(sorted, count, sizeof *sorted, by_id);
	for (size_t i = 1; i < count && result == 0; i++)
		if (sorted[i]->rank == sorted[i - 1]->rank &&
			strcmp(sorted[i]->id, sorted[i - 1]->id) == 0)
			result = error_set(err, ERROR_INPUT,
				"the folders '%s/%s' and '%s/%s' both become deployment '%s'; "
				"rename one of them",
				sorted[i - 1]->collection, sorted[i - 1]->deployment,
				sorted[i]->collection, sorted[i]->deployment, sorted[i]->id);
	free(sorted);
	return result;
}

int package_folders_init(struct package_job *job, struct error *err)
{
	const struct string_list *folders = job->settings->folders;

	for (size_t i = 0; i < folders->count; i++)
		if (add_folder(job, folders->items[i], err) != 0)
			return -1;
	if (job->folders.count > 0)
		qsort(job->folders.items, job->folders.count, sizeof *job->folders.items, by_order);
	/* The same folder told twice counts once. */
	for (size_t i = 1; i < job->folders.count;) {
		struct package_folder *folder = &job->folders.items[i];

		if (by_order(folder - 1, folder) != 0) {
			i++;
			continue;
		}
		free(folder->collection);
		free(folder->deployment);
		free(folder->id);
		memmove(folder, folder + 1, (--job->folders.count - i) * sizeof *folder);
	}
	return refuse_empty_ids(job, err) != 0 ? -1 : refuse_equal_ids(job, err);
}

void package_folders_release(struct package_job *job)
{
	for (size_t i = 0; i < job->folders.count; i++) {
		free(job->folders.items[i].collection);
		free(job->folders.items[i].deployment);
		free(job->folders.items[i].id);
	}
	free(job->folders.items);
	job->folders.items = NULL;
	job->folders.count = 0;
}
