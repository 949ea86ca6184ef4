/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What the server made of the files that were sent: gone and not rejected means taken. */
#include "camera_upload_job.h"
#include "trapkit/text.h"

#include <cjson/cJSON.h>
#include <stdlib.h>
#include <string.h>

#define REJECTED "rejected"
#define SIDECAR ".error.json"
#define LARGEST_SIDECAR ((size_t)1 << 20)
#define POLL_SECONDS 2.0
/* "20260806T142530_123456_" before the path with `_` for `/`. */
#define STAMP_LENGTH 23

/* ---- what is rejected ---- */

/* Adds the files of every reason's folder, named "REASON/FILE". */
static int list_rejected(struct remote *remote, struct remote_entry_list *list, struct error *err)
{
	struct remote_entry_list reasons = {0};
	int result = remote_list(remote, REJECTED, &reasons, err);

	for (size_t i = 0; i < reasons.count && result == 0; i++) {
		char *folder = xasprintf(REJECTED "/%s", reasons.items[i].name);
		size_t first = list->count;

		if (reasons.items[i].is_folder)
			result = remote_list(remote, folder, list, err);
		for (size_t k = first; k < list->count; k++) {
			char *name = xasprintf("%s/%s", reasons.items[i].name, list->items[k].name);

			free(list->items[k].name);
			list->items[k].name = name;
		}
		free(folder);
	}
	remote_entry_list_release(&reasons);
	return result;
}

int camera_rejected(
	struct upload *upload, struct remote_entry_list *list, bool *readable, struct error *err)
{
	unsigned failures = 0;
	int result;

	*readable = true;
	do {
		struct connection *connection = connection_take(upload, err);

		if (connection == NULL)
			return -1;
		remote_entry_list_release(list);
		result = list_rejected(connection->remote, list, err);
		connection_give(connection);
	} while (result != 0 && retry_again(&upload->retry, REJECTED, ++failures, err));
	if (result == 0 || err->kind != ERROR_REMOTE)
		return result;
	progress_warning(upload->progress, NULL,
		"what the server rejects cannot be seen, so --verify tells only what was taken "
		"away: %s",
		err->message);
	error_clear(err);
	*readable = false;
	return 0;
}

static int compare_entries(const void *left, const void *right)
{
	return strcmp(((const struct remote_entry *)left)->name,
		((const struct remote_entry *)right)->name);
}

static void sort(struct remote_entry_list *list)
{
	if (list->count > 1)
		qsort(list->items, list->count, sizeof *list->items, compare_entries);
}

/* ---- one file ---- */

static bool is_rejection(
	const struct remote_entry *entry, const struct camera_upload_file *file, const char *flat)
{
	const char *name = strchr(entry->name, '/') + 1;

	return !entry->is_folder && entry->size == file->size && strlen(name) > STAMP_LENGTH &&
		strcmp(name + STAMP_LENGTH, flat) == 0;
}

/* Finds what is new and this file's, and takes it out of the list by making it a folder. */
static struct remote_entry *find_rejection(const struct camera_upload_file *file,
	struct remote_entry_list *now, const struct remote_entry_list *before)
{
	char *flat = xstrdup(file->remote);
	struct remote_entry *found = NULL;

	for (char *at = flat; *at != '\0'; at++)
		if (*at == '/')
			*at = '_';
	for (size_t i = 0; i < now->count && found == NULL; i++)
		if (is_rejection(&now->items[i], file, flat) &&
			(before->count == 0 ||
				bsearch(&now->items[i], before->items, before->count,
					sizeof *before->items, compare_entries) == NULL))
			found = &now->items[i];
	if (found != NULL)
		found->is_folder = true;
	free(flat);
	return found;
}

/* The sentence that the server wrote beside the file; NULL when it cannot be had. */
static char *fetch_details(struct remote *remote, const char *name)
{
	char *sidecar = xasprintf(REJECTED "/%s" SIDECAR, name);
	struct error ignored = {0};
	char *bytes = NULL, *details = NULL;
	size_t size;

	if (remote_fetch(remote, sidecar, LARGEST_SIDECAR, &bytes, &size, &ignored) == 0) {
		cJSON *root = cJSON_ParseWithLength(bytes, size);
		const cJSON *text = cJSON_GetObjectItemCaseSensitive(root, "details");

		if (cJSON_IsString(text))
			details = xstrdup(text->valuestring);
		cJSON_Delete(root);
	}
	free(bytes);
	free(sidecar);
	return details;
}

/* Its contents are to be sent again once the cause is mended. */
static int take_rejection(struct upload *upload, struct remote *remote,
	struct camera_upload_file *file, const struct remote_entry *entry, struct error *err)
{
	const char *slash = strchr(entry->name, '/');

	file->verdict = CAMERA_VERDICT_REJECTED;
	file->verdict_reason = xstrndup(entry->name, (size_t)(slash - entry->name));
	file->verdict_details = fetch_details(remote, entry->name);
	return ledger_remove_camera_file(upload->ledger, upload->destination, file->sha256,
		file->by_path ? file->remote : "", err);
}

/* ---- all of them ---- */

static bool is_open(const struct camera_upload_file *file)
{
	return file->status == CAMERA_UPLOAD_SENT &&
		(file->verdict == CAMERA_VERDICT_NONE || file->verdict == CAMERA_VERDICT_WAITING);
}

/* Marks those that are no longer where they were put as UNKNOWN. *left counts the others. */
static int look(struct upload *upload, struct remote *remote, size_t *left, struct error *err)
{
	*left = 0;
	for (size_t i = 0; i < upload->count; i++) {
		struct camera_upload_file *file = &upload->files[i];
		int64_t there;

		if (!is_open(file))
			continue;
		if (upload_check(upload, err) != 0 ||
			remote_size(remote, file->remote, &there, err) != 0)
			return -1;
		file->verdict = there < 0 ? CAMERA_VERDICT_UNKNOWN : CAMERA_VERDICT_WAITING;
		*left += there >= 0;
	}
	return 0;
}

/* Those gone are rejected when they are there, else accepted. */
static int settle_gone(struct upload *upload, struct remote *remote,
	const struct remote_entry_list *before, struct error *err)
{
	struct remote_entry_list now = {0};
	int result = list_rejected(remote, &now, err);

	for (size_t i = 0; i < upload->count && result == 0; i++) {
		struct camera_upload_file *file = &upload->files[i];
		struct remote_entry *entry;

		if (file->verdict != CAMERA_VERDICT_UNKNOWN)
			continue;
		entry = find_rejection(file, &now, before);
		if (entry != NULL)
			result = take_rejection(upload, remote, file, entry, err);
		else
			file->verdict = CAMERA_VERDICT_ACCEPTED;
	}
	remote_entry_list_release(&now);
	return result;
}

static int poll_once(struct upload *upload, const struct remote_entry_list *before, size_t *left,
	struct error *err)
{
	struct connection *connection = connection_take(upload, err);
	int result;

	if (connection == NULL)
		return -1;
	result = look(upload, connection->remote, left, err);
	if (result == 0 && before != NULL)
		result = settle_gone(upload, connection->remote, before, err);
	connection_give(connection);
	return result;
}

int camera_verify(struct upload *upload, struct remote_entry_list *before, struct error *err)
{
	double end = retry_clock() + upload->settings->verify;
	unsigned failures = 0;
	size_t left = 0;

	if (before != NULL)
		sort(before);
	for (;;) {
		if (poll_once(upload, before, &left, err) == 0) {
			failures = 0;
			if (left == 0 || retry_clock() >= end)
				return 0;
			if (retry_sleep(&upload->retry, POLL_SECONDS, err) != 0)
				return -1;
		} else if (!retry_again(&upload->retry, REJECTED, ++failures, err)) {
			return -1;
		}
	}
}
