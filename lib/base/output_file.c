/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Files that appear whole or not at all. */
#include "trapkit/output_file.h"

#include "trapkit/error.h"
#include "trapkit/find_files.h"
#include "trapkit/memory.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <unistd.h>

static char *folder_of(const char *path)
{
	const char *slash = strrchr(path, '/');

	if (slash == NULL)
		return xstrdup(".");
	if (slash == path)
		return xstrdup("/");
	return xstrndup(path, (size_t)(slash - path));
}

static const char *base_of(const char *path)
{
	const char *slash = strrchr(path, '/');

	return slash == NULL ? path : slash + 1;
}

/* Removes temporary files of the same name that a killed run left behind. */
static void remove_leftovers(const char *path)
{
	char *folder = folder_of(path);
	char *prefix = xasprintf(".%.200s.trapkit-", base_of(path));
	size_t length = strlen(prefix);
	DIR *directory = opendir(folder);
	struct dirent *entry;

	while (directory != NULL && (entry = readdir(directory)) != NULL)
		if (strncmp(entry->d_name, prefix, length) == 0)
			unlinkat(dirfd(directory), entry->d_name, 0);
	if (directory != NULL)
		closedir(directory);
	free(prefix);
	free(folder);
}

static int open_temporary(struct output_file *file, mode_t mode, struct error *err)
{
	char *folder = folder_of(file->path);
	int fd = -1;

	for (int attempt = 0; attempt < 100 && fd < 0; attempt++) {
		uint64_t random = 0;

		if (getrandom(&random, sizeof random, 0) != (ssize_t)sizeof random)
			random = (uint64_t)getpid() * 1000003u + (uint64_t)attempt;
		free(file->temporary);
		file->temporary = xasprintf("%s/.%.200s.trapkit-%08llx", folder,
			base_of(file->path), (unsigned long long)(random & 0xFFFFFFFFu));
		fd = open(file->temporary, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, mode);
		if (fd < 0 && errno != EEXIST)
			break;
	}
	free(folder);
	if (fd < 0) {
		error_errno(err, "cannot create '%s'", file->path);
		free(file->temporary);
		file->temporary = NULL;
	}
	return fd;
}

static enum find_answer sweep(void *context, const struct found *found, struct error *err)
{
	const char *end = strrchr(found->name, '.');

	(void)context;
	(void)err;
	if (found->kind == FOUND_FOLDER)
		return FIND_ENTER;
	if (found->name[0] == '.' && strncmp(end, ".trapkit-", 9) == 0 && strlen(end) == 9 + 8)
		unlinkat(found->folder_fd, found->name, 0);
	return FIND_ON;
}

void output_file_sweep(const char *folder)
{
	const struct find_files walk = {.visit = sweep};
	struct error ignored = {0};

	find_files(folder, &walk, &ignored);
}

int output_file_open(struct output_file *file, const char *path, bool secret, struct error *err)
{
	remove_leftovers(path);
	return output_file_open_swept(file, path, secret, err);
}

int output_file_open_swept(
	struct output_file *file, const char *path, bool secret, struct error *err)
{
	*file = (struct output_file){.path = xstrdup(path), .fd = -1};
	file->fd = open_temporary(file, secret ? 0600 : 0666, err);
	if (file->fd >= 0)
		file->stream = fdopen(file->fd, "w+");
	if (file->stream == NULL) {
		if (file->fd >= 0) {
			error_errno(err, "cannot write '%s'", path);
			close(file->fd);
			unlink(file->temporary);
		}
		free(file->temporary);
		free(file->path);
		*file = (struct output_file){0};
		return -1;
	}
	return 0;
}

static int flush_to_disk(struct output_file *file, struct error *err)
{
	int failed = ferror(file->stream) || fflush(file->stream) != 0 || fsync(file->fd) != 0;

	if (failed)
		error_errno(err, "cannot write '%s'", file->path);
	if (fclose(file->stream) != 0 && !failed)
		failed = error_errno(err, "cannot write '%s'", file->path) != 0;
	file->stream = NULL;
	file->fd = -1;
	return failed ? -1 : 0;
}

/* link() refuses an existing name in one step; not every file system has it. */
static int rename_without_replacing(const char *from, const char *to)
{
	struct stat status;

	if (link(from, to) == 0) {
		unlink(from);
		return 0;
	}
	if (errno == EEXIST)
		return -1;
	if (lstat(to, &status) == 0) {
		errno = EEXIST;
		return -1;
	}
	return rename(from, to);
}

int output_file_publish(struct output_file *file, enum output_existing existing, struct error *err)
{
	int result = -1;

	if (flush_to_disk(file, err) != 0)
		goto done;
	if (existing == OUTPUT_REFUSE ? rename_without_replacing(file->temporary, file->path) != 0
				      : rename(file->temporary, file->path) != 0) {
		if (errno == EEXIST)
			error_set(err, ERROR_INPUT,
				"'%s' exists already; remove it or use --overwrite", file->path);
		else
			error_errno(err, "cannot rename to '%s'", file->path);
		goto done;
	}
	free(file->temporary);
	file->temporary = NULL;
	result = existing == OUTPUT_REPLACE_UNSYNCED ? 0 : sync_parent(file->path, err);
done:
	output_file_discard(file);
	return result;
}

void output_file_discard(struct output_file *file)
{
	if (file->stream != NULL)
		fclose(file->stream);
	if (file->temporary != NULL)
		unlink(file->temporary);
	free(file->temporary);
	free(file->path);
	*file = (struct output_file){0};
}

int output_file_write(
	const char *path, const void *bytes, size_t size, bool secret, struct error *err)
{
	struct output_file file;

	if (output_file_open(&file, path, secret, err) != 0)
		return -1;
	/* A short write is remembered by the stream and found when publishing. */
	if (size > 0 && fwrite(bytes, 1, size, file.stream) != size) {
		error_errno(err, "cannot write '%s'", path);
		output_file_discard(&file);
		return -1;
	}
	return output_file_publish(&file, OUTPUT_REPLACE, err);
}

static bool is_folder(const char *path)
{
	struct stat status;

	return stat(path, &status) == 0 && S_ISDIR(status.st_mode);
}

int make_folders(const char *path, struct error *err)
{
	char *partial;
	int result = 0;

	/* Mostly it is there, or only it is missing. */
	if (mkdir(path, 0777) == 0 || is_folder(path))
		return 0;
	partial = xstrdup(path);
	for (char *at = partial; *at != '\0' && result == 0;) {
		char *slash = strchr(at + 1, '/');

		if (slash != NULL)
			*slash = '\0';
		if (mkdir(partial, 0777) != 0 && errno != EEXIST) {
			/* A read-only disk says so of what is there, too. */
			int reason = errno;

			if (!is_folder(partial)) {
				errno = reason;
				result = error_errno(err, "cannot create folder '%s'", partial);
			}
		}
		if (slash == NULL)
			break;
		*slash = '/';
		at = slash;
	}
	if (result == 0 && !is_folder(path))
		result = error_set(err, ERROR_INPUT, "'%s' is not a folder", path);
	free(partial);
	return result;
}

int sync_parent(const char *path, struct error *err)
{
	char *folder = folder_of(path);
	int fd = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	int result = 0;

	/* Some file systems (exFAT through FUSE) cannot fsync a folder: EINVAL is not a failure. */
	if (fd < 0 || (fsync(fd) != 0 && errno != EINVAL && errno != EROFS))
		result = error_errno(err, "cannot flush folder '%s'", folder);
	if (fd >= 0)
		close(fd);
	free(folder);
	return result;
}
