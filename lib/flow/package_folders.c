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
	int order;

	if (a->rank != b->rank)
		return a->rank < b->rank ? -1 : 1;
	order = strcmp(a->deployment, b->deployment);
	return order != 0 ? order : strcmp(a->id, b->id);
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

static int release_folder(struct package_folder *folder)
{
	free(folder->collection);
	free(folder->deployment);
	free(folder->id);
	free(folder->cameras);
	return -1;
}

/* Which cameras left pictures in a folder. */
static int list_cameras(struct ledger *ledger, const char *collection, const char *deployment,
	struct camera_list *cameras, struct error *err)
{
	struct ledger_files *files = ledger_files_open(ledger, collection, deployment, err);
	struct resource resource;
	int more = files == NULL ? -1 : 1;

	while (more > 0 && (more = ledger_files_next(files, &resource, err)) > 0)
		camera_list_add(cameras, &resource.facts);
	ledger_files_close(files);
	return more;
}

static char *camera_id(const char *deployment, const struct camera *camera, bool no_slug)
{
	char *id = package_deployment_id(deployment, no_slug);
	char *whole = camera_deployment_id(id, camera);

	free(id);
	return whole;
}

/* "deployment/id": finds the camera that has the id. */
static int take_camera(struct package_job *job, struct package_folder *folder, struct error *err)
{
	char *slash = strchr(folder->deployment, '/');
	struct camera_list *cameras;
	bool found = false;

	folder->id = xstrdup(slash + 1);
	*slash = '\0';
	cameras = folder->cameras = xcalloc(1, sizeof *cameras);
	if (list_cameras(job->ledger, folder->collection, folder->deployment, cameras, err) != 0)
		return -1;
	for (size_t i = 0; i < cameras->count && !found; i++) {
		char *id =
			camera_id(folder->deployment, &cameras->items[i], job->settings->no_slug);

		found = strcmp(id, folder->id) == 0;
		folder->camera = i;
		free(id);
	}
	return found ? 0
		     : error_set(err, ERROR_INPUT, "no camera of '%s/%s' has deployment id '%s'",
			       folder->collection, folder->deployment, folder->id);
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
		if (strchr(folder.deployment, '/') == NULL)
			folder.id =
				package_deployment_id(folder.deployment, job->settings->no_slug);
		else if (take_camera(job, &folder, err) != 0)
			return release_folder(&folder);
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
		release_folder(folder);
		memmove(folder, folder + 1, (--job->folders.count - i) * sizeof *folder);
	}
	return refuse_empty_ids(job, err) != 0 ? -1 : refuse_equal_ids(job, err);
}

void package_folders_release(struct package_job *job)
{
	for (size_t i = 0; i < job->folders.count; i++)
		release_folder(&job->folders.items[i]);
	free(job->folders.items);
	job->folders.items = NULL;
	job->folders.count = 0;
}

/* ---- cameras apart ---- */

static int split_folder(const char *folder, const struct camera_list *cameras, bool no_slug,
	struct string_list *into, const struct progress *progress, struct error *err)
{
	const char *deployment = strchr(folder, '/') + 1;
	char *all = camera_list_text(cameras);
	int result = 0;

	if (cameras->more)
		result = error_set(err, ERROR_INPUT,
			"'%s' holds pictures of more than %d cameras: sort them into folders",
			folder, MOST_CAMERAS);
	else
		progress_note(progress, "'%s' becomes a deployment for each of its cameras: %s",
			folder, all);
	for (size_t i = 0; i < cameras->count && result == 0; i++) {
		char *id = camera_id(deployment, &cameras->items[i], no_slug);
		char *whole = xasprintf("%s/%s", folder, id);

		string_list_add(into, whole);
		free(whole);
		free(id);
	}
	free(all);
	return result;
}

int package_split_cameras(struct ledger *ledger, bool no_slug, struct string_list *folders,
	const struct progress *progress, struct error *err)
{
	struct string_list split = {0};
	int result = 0;

	for (size_t i = 0; i < folders->count && result == 0; i++) {
		const char *folder = folders->items[i], *slash = strchr(folder, '/');
		char *collection = xstrndup(folder, (size_t)(slash - folder));
		struct camera_list cameras = {0};

		result = list_cameras(ledger, collection, slash + 1, &cameras, err);
		if (result == 0 && cameras.count > 1)
			result = split_folder(folder, &cameras, no_slug, &split, progress, err);
		else if (result == 0)
			string_list_add(&split, folder);
		free(collection);
	}
	string_list_release(folders);
	*folders = split;
	return result;
}
