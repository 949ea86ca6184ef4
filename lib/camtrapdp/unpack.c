/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Unpacks an archive that was found safe: every file new, none outside the folder. */
#include "container.h"

#include "trapkit/error.h"
#include "trapkit/memory.h"
#include "trapkit/output_file.h"
#include "trapkit/progress.h"
#include "trapkit/text.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/statvfs.h>
#include <unistd.h>

#define CHUNK 65536

struct unpacking {
	const struct container *container;
	const char *folder;
	const struct progress *progress;
	struct progress_event event;
};

/* The first error that the archive's directory holds; 0 = none. */
static int check_safe(const struct zip_directory *directory, struct error *err)
{
	struct camtrapdp_report report = {.most = 1};
	int result = 0;

	zip_directory_check(directory, &report);
	if (report.counts[CAMTRAPDP_ERROR] > 0)
		result = error_set(err, ERROR_INPUT, "'%s': %s", report.findings.items[0].value,
			report.findings.items[0].message);
	camtrapdp_report_release(&report);
	return result;
}

static int check_room(const struct zip_directory *directory, const char *folder, uint64_t *total,
	struct error *err)
{
	struct statvfs status;
	char *needed, *there;

	*total = 0;
	for (size_t i = 0; i < directory->count; i++)
		if (directory->items[i].size > UINT64_MAX - *total)
			return error_set(err, ERROR_INPUT, "the ZIP's sizes make no sense");
		else
			*total += directory->items[i].size;
	if (statvfs(folder, &status) != 0 || *total <= (uint64_t)status.f_bavail * status.f_frsize)
		return 0;
	needed = text_size(*total);
	there = text_size((uint64_t)status.f_bavail * status.f_frsize);
	error_set(err, ERROR_SYSTEM, "unpacked it has %s, and the disk has room for %s", needed,
		there);
	free(there);
	free(needed);
	return -1;
}

static int copy(struct unpacking *unpacking, struct source *source, int fd, struct error *err)
{
	uint8_t *chunk = xmalloc(CHUNK);
	size_t got = 0;
	int status;

	while ((status = bytes_source_read(source, chunk, CHUNK, &got, err)) > 0) {
		for (size_t at = 0; at < got && status > 0;) {
			ssize_t written = write(fd, chunk + at, got - at);

			if (written > 0)
				at += (size_t)written;
			else if (written == 0 || errno != EINTR)
				status = error_errno(err, "cannot write");
		}
		unpacking->event.bytes_done += got;
		if (status > 0 && progress_send(unpacking->progress, &unpacking->event) != 0)
			status = error_set(err, ERROR_CANCELLED, "stopped");
		if (status < 0)
			break;
	}
	free(chunk);
	if (status == 0 && fsync(fd) != 0)
		status = error_errno(err, "cannot write");
	return status;
}

static int unpack_file(
	struct unpacking *unpacking, const char *name, const char *path, struct error *err)
{
	struct container_file file;
	struct source *source;
	int fd, result = -1;

	if (container_file_open(unpacking->container, name, &file, err) != 0)
		return -1;
	source = bytes_source_new(&file.range, false, err);
	fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0666);
	if (source != NULL && fd < 0)
		error_errno(err, "cannot create it");
	if (source != NULL && fd >= 0)
		result = copy(unpacking, source, fd, err);
	if (fd >= 0 && close(fd) != 0 && result == 0)
		result = error_errno(err, "cannot write");
	bytes_source_free(source);
	container_file_close(&file);
	return result;
}

/* A file, or an entry that stands for a folder. `name` counts from the package's root. */
static int unpack_member(struct unpacking *unpacking, const char *name, struct error *err)
{
	char *path = text_join_path(unpacking->folder, name);
	char *slash = strrchr(path, '/');
	bool is_folder = slash[1] == '\0';
	int result;

	*slash = '\0';
	result = make_folders(path, err);
	*slash = '/';
	if (result == 0 && !is_folder)
		result = unpack_file(unpacking, name, path, err);
	if (result == 0)
		result = sync_parent(path, err);
	free(path);
	return result;
}

static int unpack_all(struct unpacking *unpacking, struct error *err)
{
	const struct container *container = unpacking->container;
	size_t root = strlen(container->root);

	for (size_t i = 0; i < container->directory.count; i++) {
		const char *name = container->directory.items[i].name;

		if (strncmp(name, container->root, root) != 0 || name[root] == '\0')
			continue;
		if (unpack_member(unpacking, name + root, err) != 0)
			return error_context(err, "'%s'", name);
	}
	return 0;
}

int camtrapdp_unpack(
	const char *zip, const char *folder, const struct progress *progress, struct error *err)
{
	struct container container = {.archive.fd = -1};
	struct unpacking unpacking = {.container = &container,
		.folder = folder,
		.progress = progress,
		.event = {.kind = PROGRESS_ADVANCE, .stage = "extract"}};
	int result = -1;

	if (container_open(zip, &container, err) != 0)
		goto done;
	if (container.folder != NULL) {
		error_set(err, ERROR_INPUT, "'%s' is no ZIP", zip);
		goto done;
	}
	if (check_safe(&container.directory, err) != 0 ||
		check_room(&container.directory, folder, &unpacking.event.bytes_total, err) != 0)
		goto done;
	result = unpack_all(&unpacking, err);
done:
	container_close(&container);
	return result;
}
