/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Existence, size and digest of the resources' files; CRCs of an archive's entries. */
#include "stored.h"

#include "cells.h"
#include "md5.h"
#include "trapkit/digest.h"
#include "trapkit/error.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#define CHUNK 65536

struct digests {
	struct md5 md5;
	struct sha256 *sha256; /* NULL: md5 */
};

static int read_through(struct source *source, struct digests *digests, struct error *err)
{
	uint8_t *chunk = xmalloc(CHUNK);
	size_t got = 0;
	int status;

	while ((status = bytes_source_read(source, chunk, CHUNK, &got, err)) > 0) {
		if (digests == NULL)
			continue;
		if (digests->sha256 != NULL)
			sha256_update(digests->sha256, chunk, got);
		else
			md5_update(&digests->md5, chunk, got);
	}
	free(chunk);
	return status;
}

static void finish(struct digests *digests, char hex[SHA256_HEX_SIZE])
{
	uint8_t bytes[SHA256_SIZE];

	if (digests->sha256 != NULL) {
		sha256_finish(digests->sha256, bytes);
		sha256_hex(bytes, hex);
		return;
	}
	md5_finish(&digests->md5, bytes);
	for (size_t i = 0; i < 16; i++)
		snprintf(hex + 2 * i, 3, "%02x", bytes[i]);
}

static int check_hash(const struct container *container, const cJSON *resource, const char *path,
	struct camtrapdp_report *report, struct error *err)
{
	const cJSON *hash = member(resource, "hash");
	const char *text = hash->valuestring;
	bool sha = strncasecmp(text, "sha256:", 7) == 0;
	struct digests digests = {0};
	struct container_file file;
	struct source *source = NULL;
	char hex[SHA256_HEX_SIZE] = "";
	int status = -1;

	if (strchr(text, ':') != NULL && !sha && strncasecmp(text, "md5:", 4) != 0) {
		descriptor_say(report, "S08", CAMTRAPDP_INFO, path, hash,
			"the digest is of a kind that is not computed here; md5 and sha256 are");
		return 0;
	}
	md5_init(&digests.md5);
	if (sha && (digests.sha256 = sha256_new(err)) == NULL)
		return -1;
	if (container_file_open(container, path, &file, err) == 0) {
		source = bytes_source_new(&file.range, false, err);
		if (source != NULL)
			status = read_through(source, &digests, err);
		bytes_source_free(source);
		container_file_close(&file);
	}
	if (status == 0)
		finish(&digests, hex);
	if (status == 0 && strcasecmp(hex, sha ? text + 7 : text[3] == ':' ? text + 4 : text) != 0)
		descriptor_say(report, "S08", CAMTRAPDP_ERROR, path, hash,
			"the file's digest is %s: it was changed or damaged since hash was written",
			hex);
	sha256_free(digests.sha256);
	/* A file that cannot be read is told where its table is read. */
	if (status < 0 && (err->kind == ERROR_INPUT || err->kind == ERROR_SYSTEM)) {
		error_clear(err);
		status = 0;
	}
	return status;
}

static int check_file(const struct container *container, const cJSON *resource, const char *path,
	bool alone, struct camtrapdp_report *report, struct error *err)
{
	const cJSON *bytes = member(resource, "bytes");
	const cJSON *hash = member(resource, "hash");
	uint64_t size = 0;

	switch (container_find(container, path, &size)) {
	case CONTAINER_OUTSIDE:
		descriptor_say(report, "S07", CAMTRAPDP_ERROR, path, NULL,
			"the file is a link that leads out of the package; put the file itself "
			"there");
		return 0;
	case CONTAINER_MISSING:
		descriptor_say(report, "S07", CAMTRAPDP_ERROR, path, NULL,
			"the file is not in the package; add it or correct the path");
		return 0;
	case CONTAINER_FOUND:
		break;
	}
	if (alone && cJSON_IsNumber(bytes) && bytes->valuedouble != (double)size)
		descriptor_say(report, "S08", CAMTRAPDP_ERROR, path, bytes,
			"the file has %llu bytes: it was changed or is not whole",
			(unsigned long long)size);
	return alone && cJSON_IsString(hash) ? check_hash(container, resource, path, report, err)
					     : 0;
}

int check_stored(const struct container *container, const struct descriptor *descriptor,
	struct camtrapdp_report *report, struct error *err)
{
	const cJSON *resource, *part;

	cJSON_ArrayForEach(resource, member(descriptor->json, "resources"))
	{
		const cJSON *path = member(resource, "path");
		bool list = cJSON_IsArray(path);
		const cJSON *first = list ? path->child : path;

		for (part = first; part != NULL; part = list ? part->next : NULL) {
			const char *text = cJSON_GetStringValue(part);

			/* Unsafe paths were told; those on the web are not looked at. */
			if (text == NULL || !path_matches(text, strlen(text)) ||
				strchr(text, ':') != NULL || strchr(text, '\\') != NULL)
				continue;
			if (check_file(container, resource, text, !list, report, err) != 0)
				return -1;
		}
	}
	return 0;
}

static int check_member(const struct bytes_at *from, const struct zip_directory *directory,
	const struct zip_member *entry, struct camtrapdp_report *report, struct error *err)
{
	const struct place nowhere = {0};
	struct source_range range = {.from = from,
		.packed = entry->packed,
		.is_member = true,
		.method = entry->method,
		.size = entry->size,
		.crc = entry->crc};
	struct source *source = NULL;
	int status = zip_member_data(from, directory, entry, &range.offset, err);

	if (status == 0)
		source = bytes_source_new(&range, false, err);
	status = source == NULL ? -1 : read_through(source, NULL, err);
	bytes_source_free(source);
	if (status < 0 && err->kind == ERROR_INPUT) {
		report_add(report, "S07", CAMTRAPDP_ERROR, &nowhere, entry->name,
			strlen(entry->name), "%s", err->message);
		error_clear(err);
		status = 0;
	}
	return status;
}

int check_members(const struct bytes_at *from, const struct zip_directory *directory,
	struct camtrapdp_report *report, struct error *err)
{
	for (size_t i = 0; i < directory->count; i++)
		if (!(directory->items[i].flags & 1) &&
			check_member(from, directory, &directory->items[i], report, err) != 0)
			return -1;
	return 0;
}
