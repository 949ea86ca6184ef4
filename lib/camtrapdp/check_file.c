/* SPDX-License-Identifier: GPL-3.0-or-later */
/* filePath, fileName and fileMediatype of a media row, and the file itself when it is local. */
#include "check.h"

#include "trapkit/error.h"
#include "trapkit/text.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/stat.h>

static bool is_remote(const struct value *path)
{
	if (path->length < 8 || (path->text[0] | 0x20) != 'h')
		return false;
	return strncasecmp(path->text, "https://", 8) == 0 ||
		strncasecmp(path->text, "http://", 7) == 0;
}

/* G02: addresses that end. */
static void check_address(const struct row *row, const struct value *path)
{
	static const char *const keys[] = {
		"rt=", "token=", "expires=", "x-amz-expires=", "signature=", "sig="};
	const char *query = memchr(path->text, '?', path->length);
	const char *end = path->text + path->length;

	for (; query != NULL && query < end;
		query = memchr(query + 1, '&', (size_t)(end - query - 1)))
		for (size_t i = 0; i < sizeof keys / sizeof *keys; i++)
			if ((size_t)(end - query) > strlen(keys[i]) &&
				strncasecmp(query + 1, keys[i], strlen(keys[i])) == 0) {
				row_say(row, "G02", CAMTRAPDP_INFO, M_PATH,
					"the address holds a token that expires; ask TRAPPER for "
					"the package without tokens before publishing it");
				return;
			}
}

/* What the first bytes of a file say. */
static bool magic_fits(const uint8_t *bytes, size_t size, const struct value *type, bool *known)
{
	static const struct {
		const char *type;
		size_t at;
		const char *bytes;
	} magic[] = {
		{"image/jpeg", 0, "\xFF\xD8\xFF"},
		{"image/png", 0, "\x89PNG"},
		{"image/gif", 0, "GIF8"},
		{"image/webp", 8, "WEBP"},
		{"image/heic", 4, "ftyp"},
		{"video/mp4", 4, "ftyp"},
		{"video/quicktime", 4, "ftyp"},
		{"video/x-msvideo", 8, "AVI "},
		{"video/webm", 0, "\x1A\x45\xDF\xA3"},
		{"audio/flac", 0, "fLaC"},
		{"audio/wav", 8, "WAVE"},
	};

	*known = false;
	for (size_t i = 0; i < sizeof magic / sizeof *magic; i++) {
		size_t length = strlen(magic[i].bytes);

		if (!value_equals(type, magic[i].type))
			continue;
		*known = true;
		if (size >= magic[i].at + length &&
			memcmp(bytes + magic[i].at, magic[i].bytes, length) == 0)
			return true;
	}
	return false;
}

static void check_contents(const struct row *row, const char *path)
{
	const struct value *type = &row->values[M_TYPE];
	struct container_file file;
	struct source *source = NULL;
	struct error err = {0};
	uint8_t head[16];
	size_t got = 0;
	bool known;

	if (container_file_open(row->check->container, path, &file, &err) != 0) {
		row_say(row, "F02", CAMTRAPDP_ERROR, M_PATH, "the file cannot be read: %s",
			err.message);
		return;
	}
	source = bytes_source_new(&file.range, false, &err);
	if (source == NULL || bytes_source_read(source, head, sizeof head, &got, &err) < 0)
		row_say(row, "F02", CAMTRAPDP_ERROR, M_PATH, "the file cannot be read: %s",
			err.message);
	else if (value_is(type) && !magic_fits(head, got, type, &known) && known)
		row_say(row, "F02", CAMTRAPDP_ERROR, M_TYPE,
			"the file's contents are not of this type; correct fileMediatype, or the "
			"file");
	bytes_source_free(source);
	container_file_close(&file);
}

/* Quick for a folder: a million of these must not take a minute. */
static bool is_there(const struct container *container, const char *name, uint64_t *size)
{
	struct stat status;
	char *path;
	bool found;

	if (container->folder == NULL)
		return container_find(container, name, size) == CONTAINER_FOUND;
	path = text_join_path(container->folder, name);
	found = stat(path, &status) == 0 && S_ISREG(status.st_mode);
	*size = found ? (uint64_t)status.st_size : 0;
	free(path);
	return found;
}

static void check_local(const struct row *row, const struct value *path)
{
	const struct check *check = row->check;
	bool strict = check->settings->check_media;
	enum camtrapdp_severity severity = strict ? CAMTRAPDP_ERROR : CAMTRAPDP_WARNING;
	char *name;
	uint64_t size = 0;

	if (check->container == NULL || memchr(path->text, '\0', path->length) != NULL)
		return;
	name = xstrndup(path->text, path->length);
	if (!is_there(check->container, name, &size))
		row_say(row, "F02", severity, M_PATH,
			"the file is not in the package; add it or give its address");
	else if (size == 0)
		row_say(row, "F02", severity, M_PATH, "the file is empty; copy it again");
	else if (strict)
		check_contents(row, name);
	free(name);
}

static void check_extension(const struct row *row, const struct value *name)
{
	static const struct {
		const char *ending, *begin;
	} kinds[] = {
		{"jpg", "image/"},
		{"jpeg", "image/"},
		{"png", "image/"},
		{"tif", "image/"},
		{"tiff", "image/"},
		{"mp4", "video/"},
		{"avi", "video/"},
		{"mov", "video/"},
		{"wav", "audio/"},
		{"flac", "audio/"},
	};
	const struct value *type = &row->values[M_TYPE];
	const char *end, *ending;

	if (!value_is(type) || !value_is(name))
		return;
	ending = end = name->text + name->length;
	while (ending > name->text && end - ending <= 4 && ending[-1] != '.')
		ending--;
	if (ending <= name->text + 1 || ending[-1] != '.')
		return;
	for (size_t i = 0; i < sizeof kinds / sizeof *kinds; i++)
		if (strlen(kinds[i].ending) == (size_t)(end - ending) &&
			(ending[0] | 0x20) == kinds[i].ending[0] &&
			strncasecmp(ending, kinds[i].ending, (size_t)(end - ending)) == 0) {
			if (memcmp(type->text, kinds[i].begin, 6) != 0)
				row_say(row, "F03", CAMTRAPDP_WARNING, M_TYPE,
					"fileMediatype does not fit the file's ending '.%s'",
					kinds[i].ending);
			return;
		}
}

void check_file(struct row *row)
{
	const struct value *path = &row->values[M_PATH], *name = &row->values[M_NAME];
	const char *last;

	check_extension(row, value_is(name) ? name : path);
	if (!value_is(path))
		return;
	if (is_remote(path)) {
		check_address(row, path);
		return;
	}
	if (memchr(path->text, '\\', path->length) != NULL ||
		memchr(path->text, ':', path->length) != NULL) {
		row_say(row, "F01", CAMTRAPDP_WARNING, M_PATH,
			"filePath must be https://… or a relative path with forward slashes; no "
			"drive letter, no other scheme");
		return;
	}
	last = path->text + path->length;
	while (last > path->text && last[-1] != '/')
		last--;
	if (value_is(name) &&
		(name->length != (size_t)(path->text + path->length - last) ||
			memcmp(name->text, last, name->length) != 0))
		row_say(row, "F03", CAMTRAPDP_WARNING, M_NAME,
			"fileName is not the last part of filePath");
	check_local(row, path);
}
