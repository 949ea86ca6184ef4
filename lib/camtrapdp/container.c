/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Finds a package's files in a folder, never outside it, or in a ZIP. */
#include "container.h"

#include "trapkit/error.h"
#include "trapkit/memory.h"
#include "trapkit/text.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define DESCRIPTOR "datapackage.json"

char *container_zip_root(const struct zip_directory *directory)
{
	const char *first = NULL;
	size_t length = 0;
	char *name, *root;

	if (zip_directory_find(directory, DESCRIPTOR) != NULL)
		return xstrdup("");
	/* One folder around everything; what macOS adds does not count. */
	for (size_t i = 0; i < directory->count; i++) {
		const char *entry = directory->items[i].name;
		const char *slash = strchr(entry, '/');

		if (strncmp(entry, "__MACOSX/", 9) == 0)
			continue;
		if (slash == NULL)
			return NULL;
		if (first == NULL) {
			first = entry;
			length = (size_t)(slash - entry) + 1;
		} else if (strncmp(first, entry, length) != 0) {
			return NULL;
		}
	}
	if (first == NULL)
		return NULL;
	root = xstrndup(first, length);
	name = xasprintf("%s" DESCRIPTOR, root);
	if (zip_directory_find(directory, name) == NULL) {
		free(root);
		root = NULL;
	}
	free(name);
	return root;
}

static int open_archive(const char *path, struct container *container, struct error *err)
{
	struct stat status;

	container->archive.fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
	if (container->archive.fd < 0 || fstat(container->archive.fd, &status) != 0)
		return error_errno(err, "cannot open '%s'", path);
	container->archive.size = (uint64_t)status.st_size;
	if (zip_directory_read(&container->archive, &container->directory, err) != 0)
		return error_context(err, "'%s'", path);
	container->root = container_zip_root(&container->directory);
	if (container->root == NULL)
		return error_set(err, ERROR_INPUT,
			"'%s' holds no datapackage.json at its root or in its only folder, so it "
			"is no Camtrap DP package",
			path);
	container->descriptor = xstrdup(DESCRIPTOR);
	return 0;
}

static int open_folder(const char *path, struct container *container, struct error *err)
{
	container->folder = realpath(path, NULL);
	return container->folder == NULL ? error_errno(err, "cannot open '%s'", path) : 0;
}

int container_open(const char *path, struct container *container, struct error *err)
{
	static const char *const descriptors[] = {".json", NULL};
	struct stat status;
	char *folder;
	int result;

	*container = (struct container){.archive.fd = -1};
	if (stat(path, &status) != 0)
		return error_errno(err, "cannot open '%s'", path);
	if (S_ISDIR(status.st_mode)) {
		container->descriptor = xstrdup(DESCRIPTOR);
		folder = text_join_path(path, DESCRIPTOR);
		result = access(folder, F_OK);
		free(folder);
		if (result != 0 && errno == ENOENT)
			return error_set(err, ERROR_INPUT,
				"'%s' holds no " DESCRIPTOR
				", so it is no Camtrap DP package; name "
				"the folder that has it, a ZIP, or a TRAPPER package's YAML",
				path);
		return open_folder(path, container, err);
	}
	if (!S_ISREG(status.st_mode))
		return error_set(err, ERROR_INPUT, "'%s' is neither a folder nor a file", path);
	if (!text_has_suffix(path, descriptors))
		return open_archive(path, container, err);
	container->descriptor = xstrdup(text_base_name(path));
	folder = xstrndup(path, (size_t)(text_base_name(path) - path));
	result = open_folder(folder[0] == '\0' ? "." : folder, container, err);
	free(folder);
	return result;
}

void container_close(struct container *container)
{
	if (container->archive.fd >= 0)
		close(container->archive.fd);
	zip_directory_release(&container->directory);
	free(container->folder);
	free(container->descriptor);
	free(container->root);
	*container = (struct container){.archive.fd = -1};
}

/* The real path of a file in the folder; NULL when it is not there, or (*outside) not below it. */
static char *resolve(const struct container *container, const char *name, bool *outside)
{
	char *joined = text_join_path(container->folder, name);
	char *real = realpath(joined, NULL);
	size_t length = strlen(container->folder);

	free(joined);
	*outside = false;
	if (real == NULL)
		return NULL;
	/* "/" itself ends with the slash that separates. */
	if (strncmp(real, container->folder, length) == 0 &&
		(real[length] == '/' || (length > 0 && real[length - 1] == '/')))
		return real;
	*outside = true;
	free(real);
	return NULL;
}

enum container_found container_find(
	const struct container *container, const char *name, uint64_t *size)
{
	const struct zip_member *member;
	struct stat status;
	char *path;
	bool outside;
	bool found;

	if (container->folder == NULL) {
		path = xasprintf("%s%s", container->root, name);
		member = zip_directory_find(&container->directory, path);
		free(path);
		if (member == NULL || member->is_link)
			return CONTAINER_MISSING;
		if (size != NULL)
			*size = member->size;
		return CONTAINER_FOUND;
	}
	path = resolve(container, name, &outside);
	if (path == NULL)
		return outside ? CONTAINER_OUTSIDE : CONTAINER_MISSING;
	found = stat(path, &status) == 0 && S_ISREG(status.st_mode);
	free(path);
	if (found && size != NULL)
		*size = (uint64_t)status.st_size;
	return found ? CONTAINER_FOUND : CONTAINER_MISSING;
}

static int open_member(const struct container *container, const char *name,
	struct container_file *file, struct error *err)
{
	char *path = xasprintf("%s%s", container->root, name);
	const struct zip_member *member = zip_directory_find(&container->directory, path);

	free(path);
	if (member == NULL || member->is_link)
		return error_set(err, ERROR_INPUT, "it is not in the archive");
	if (member->flags & 1)
		return error_set(err, ERROR_INPUT, "it is encrypted; pack it without a password");
	file->bytes = container->archive;
	file->range = (struct source_range){.from = &file->bytes,
		.packed = member->packed,
		.is_member = true,
		.method = member->method,
		.size = member->size,
		.crc = member->crc};
	return zip_member_data(
		&container->archive, &container->directory, member, &file->range.offset, err);
}

int container_file_open(const struct container *container, const char *name,
	struct container_file *file, struct error *err)
{
	struct stat status;
	bool outside;
	char *path;

	*file = (struct container_file){.fd = -1};
	if (container->folder == NULL)
		return open_member(container, name, file, err);
	path = resolve(container, name, &outside);
	if (path == NULL)
		return outside ? error_set(err, ERROR_INPUT, "it lies outside the package")
			       : error_errno(err, "cannot open it");
	file->fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOFOLLOW);
	free(path);
	if (file->fd < 0)
		return error_errno(err, "cannot open it");
	if (fstat(file->fd, &status) != 0 || !S_ISREG(status.st_mode)) {
		container_file_close(file);
		return error_set(err, ERROR_INPUT, "it is no file");
	}
	file->bytes = (struct bytes_at){.fd = file->fd, .size = (uint64_t)status.st_size};
	file->range = (struct source_range){.from = &file->bytes, .packed = file->bytes.size};
	return 0;
}

void container_file_close(struct container_file *file)
{
	if (file->fd >= 0)
		close(file->fd);
	file->fd = -1;
}

char *container_read_all(const struct container *container, const char *name, size_t limit,
	size_t *size, struct error *err)
{
	struct container_file file;
	struct source *source = NULL;
	uint8_t *bytes = NULL;
	size_t got = 0, count = 0, room = 65536;
	int status = -1;

	if (container_file_open(container, name, &file, err) != 0)
		return NULL;
	source = bytes_source_new(&file.range, false, err);
	bytes = xmalloc(room + 1);
	while (source != NULL &&
		(status = bytes_source_read(source, bytes + count, room - count, &got, err)) > 0) {
		count += got;
		if (count == limit) {
			status = error_set(err, ERROR_INPUT, "it is over %zu MiB", limit >> 20);
			break;
		}
		if (count == room) {
			room = room * 2 < limit ? room * 2 : limit;
			bytes = xreallocarray(bytes, room + 1, 1);
		}
	}
	bytes_source_free(source);
	container_file_close(&file);
	if (status != 0) {
		free(bytes);
		return NULL;
	}
	bytes[count] = '\0';
	*size = count;
	return (char *)bytes;
}
