/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What was fetched of a package so far, kept beside the output until it is whole. */
#include "export_part.h"

#include "trapkit/error.h"
#include "trapkit/memory.h"
#include "trapkit/output_file.h"

#include <cjson/cJSON.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#define MOST_STATE 65536

static char *read_state(const char *path)
{
	FILE *file = fopen(path, "re");
	char *text = NULL;
	size_t size;

	if (file == NULL)
		return NULL;
	text = xmalloc(MOST_STATE);
	size = fread(text, 1, MOST_STATE - 1, file);
	text[size] = '\0';
	fclose(file);
	return text;
}

static char *copy_text(const cJSON *object, const char *name)
{
	const char *text = cJSON_GetStringValue(cJSON_GetObjectItemCaseSensitive(object, name));

	return text == NULL ? NULL : xstrdup(text);
}

/* Takes over what an earlier run of the same request left; false when there is nothing of use. */
static bool go_on(struct export_part *part)
{
	struct http_download *download = &part->download;
	char *text = read_state(part->state_path);
	cJSON *state = text == NULL ? NULL : cJSON_Parse(text);
	char *query = copy_text(state, "query");
	const cJSON *total = cJSON_GetObjectItemCaseSensitive(state, "total");
	struct stat status;
	bool same = query != NULL && strcmp(query, part->query) == 0 && cJSON_IsNumber(total) &&
		total->valuedouble >= 0 && total->valuedouble < 1e15 &&
		fstat(download->fd, &status) == 0;

	if (same) {
		download->have = download->furthest = part->found = (uint64_t)status.st_size;
		download->total = (uint64_t)total->valuedouble;
		download->validator = copy_text(state, "validator");
		download->file_name = copy_text(state, "file_name");
	}
	free(query);
	cJSON_Delete(state);
	free(text);
	return same;
}

static int lock(const struct export_part *part, struct error *err)
{
	if (flock(part->download.fd, LOCK_EX | LOCK_NB) == 0)
		return 0;
	if (errno == EWOULDBLOCK)
		return error_set(err, ERROR_BUSY,
			"another run is fetching to here ('%s' is in use); wait for it to end",
			part->path);
	return error_errno(err, "cannot lock '%s'", part->path);
}

int export_part_open(struct export_part *part, const char *folder, int64_t project,
	const char *query, struct error *err)
{
	*part = (struct export_part){
		.path = xasprintf("%s.trapkit-export-%lld.part", folder, (long long)project),
		.state_path = xasprintf("%s.trapkit-export-%lld.json", folder, (long long)project),
		.query = xstrdup(query)};
	part->download.fd = open(part->path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0666);
	if (part->download.fd < 0) {
		error_errno(err, "cannot create '%s'", part->path);
		goto failed;
	}
	if (lock(part, err) == 0 && (go_on(part) || export_part_empty(part, err) == 0))
		return 0;
	close(part->download.fd);
	part->download.fd = -1;
failed:
	export_part_close(part);
	return -1;
}

int export_part_note(const struct export_part *part, struct error *err)
{
	cJSON *state = cJSON_CreateObject();
	char *text;
	int result;

	cJSON_AddStringToObject(state, "query", part->query);
	cJSON_AddNumberToObject(state, "total", (double)part->download.total);
	if (part->download.validator != NULL)
		cJSON_AddStringToObject(state, "validator", part->download.validator);
	if (part->download.file_name != NULL)
		cJSON_AddStringToObject(state, "file_name", part->download.file_name);
	text = cJSON_PrintUnformatted(state);
	result = output_file_write(part->state_path, text, strlen(text), false, err);
	free(text);
	cJSON_Delete(state);
	return result;
}

int export_part_empty(struct export_part *part, struct error *err)
{
	http_download_release(&part->download);
	part->download.have = part->download.total = part->download.furthest = part->found = 0;
	return ftruncate(part->download.fd, 0) == 0
		? 0
		: error_errno(err, "cannot write '%s'", part->path);
}

void export_part_remove(struct export_part *part)
{
	unlink(part->state_path);
	unlink(part->path);
}

void export_part_close(struct export_part *part)
{
	struct stat status;

	if (part->download.fd >= 0) {
		if (fstat(part->download.fd, &status) == 0 && status.st_size == 0)
			export_part_remove(part);
		close(part->download.fd);
	}
	http_download_release(&part->download);
	free(part->path);
	free(part->state_path);
	free(part->query);
	*part = (struct export_part){.download = {.fd = -1}};
}
