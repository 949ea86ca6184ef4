/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Puts what was made, or the source itself, at its place; what is not ours stays. */
#include "convert_job.h"

#include "trapkit/output_file.h"
#include "trapkit/text.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define PIECE ((size_t)256 * 1024)

static int refuse(const struct convert_item *item, struct error *err)
{
	return error_set(err, ERROR_INPUT,
		"'%s' is there already and differs; --overwrite replaces it", item->target);
}

/* False also when one of them cannot be read. */
static bool same_bytes(const char *one, const char *other)
{
	char *left = xmalloc(PIECE), *right = xmalloc(PIECE);
	FILE *first = fopen(one, "rbe"), *second = fopen(other, "rbe");
	bool same = first != NULL && second != NULL;

	while (same) {
		size_t got = fread(left, 1, PIECE, first);

		same = fread(right, 1, PIECE, second) == got && memcmp(left, right, got) == 0 &&
			!ferror(first) && !ferror(second);
		if (got < PIECE)
			break;
	}
	if (first != NULL)
		fclose(first);
	if (second != NULL)
		fclose(second);
	free(left);
	free(right);
	return same;
}

/* ---- away with what may show people ---- */

static int take_away(const char *path, struct error *err)
{
	if (unlink(path) == 0 || errno == ENOENT || errno == ENOTDIR)
		return 0;
	return error_errno(err, "cannot remove '%s', in which people may be seen", path);
}

/* Both are the same file, or a copy that kept its time. */
static bool is_copy(const char *path, const char *source)
{
	struct stat one, other;

	if (lstat(path, &one) != 0 || lstat(source, &other) != 0 || !S_ISREG(one.st_mode) ||
		one.st_size != other.st_size)
		return false;
	return (one.st_dev == other.st_dev && one.st_ino == other.st_ino) ||
		(timespec_ns(&one.st_mtim) == timespec_ns(&other.st_mtim) &&
			same_bytes(path, source));
}

static bool is_as_made(const struct ledger_rendition *made, const char *path)
{
	struct stat status;

	return lstat(path, &status) == 0 && S_ISREG(status.st_mode) &&
		(uint64_t)status.st_size == made->rendition_size;
}

int convert_withdraw(struct convert_job *job, struct convert_item *item, struct error *err)
{
	const char *mirror = job->settings->mirror_folder;
	char *source, *placed;
	int result = 0;

	if (mirror == NULL)
		return item->target == NULL ? 0 : take_away(item->target, err);
	source = text_join_path(job->settings->data_path, item->source.path);
	placed = text_join_path(mirror, item->source.path);
	if (is_copy(placed, source)) {
		result = take_away(placed, err);
		if (item->target != NULL && strcmp(placed, item->target) == 0)
			item->foreign = false;
	}
	if (result == 0 && item->target != NULL && item->known.path != NULL &&
		strcmp(item->known.rendition, item->recorded) == 0 &&
		is_as_made(&item->known, item->target))
		result = take_away(item->target, err);
	free(source);
	free(placed);
	return result;
}

/* Copies of another tree are the business of the run that is told of it. */
static char *path_in_tree(const struct convert_settings *settings, const char *recorded)
{
	size_t length = settings->mirror_folder == NULL ? 0 : strlen(settings->mirror_folder);

	if (settings->mirror_folder == NULL)
		return recorded[0] == '/' ? NULL : text_join_path(settings->work_folder, recorded);
	return strncmp(recorded, settings->mirror_folder, length) == 0 && recorded[length] == '/'
		? xstrdup(recorded)
		: NULL;
}

static int withdraw_row(
	struct convert_job *job, const struct ledger_rendition *made, struct error *err)
{
	char *path = path_in_tree(job->settings, made->rendition);
	int result = 0;

	if (path != NULL && is_as_made(made, path))
		result = take_away(path, err);
	if (path != NULL && result == 0)
		result = ledger_remove_rendition(job->ledger, made->path, err);
	free(path);
	return result;
}

int convert_withdraw_unlike(struct convert_job *job, struct error *err)
{
	const struct convert_blur *blur = job->settings->blur;
	char *part =
		xasprintf(" blur %s%s", blur == NULL ? "" : blur->kinds, blur == NULL ? "" : " ");
	char *after = xstrdup("");
	struct ledger_rendition made;
	int found = ledger_begin(job->ledger, err) == 0 ? 1 : -1;
	bool begun = found == 1;

	while (found == 1 &&
		(found = ledger_next_rendition(
			 job->ledger, after, part, blur == NULL, &made, err)) == 1) {
		if (withdraw_row(job, &made, err) != 0)
			found = -1;
		free(after);
		after = xstrdup(made.path);
		ledger_rendition_release(&made);
	}
	if (found == 0)
		found = ledger_commit(job->ledger, err);
	if (found != 0 && begun)
		ledger_rollback(job->ledger);
	free(part);
	free(after);
	return found;
}

/* ---- into its place ---- */

static int set_time(int fd, int64_t mtime_ns, struct error *err)
{
	int64_t seconds = mtime_ns / 1000000000, rest = mtime_ns % 1000000000;
	const struct timespec times[2] = {{.tv_nsec = UTIME_OMIT},
		{.tv_sec = (time_t)(rest < 0 ? seconds - 1 : seconds),
			.tv_nsec = (long)(rest < 0 ? rest + 1000000000 : rest)}};

	if (futimens(fd, times) != 0)
		return error_errno(err, "cannot set the time of its rendition");
	return 0;
}

int convert_publish(
	struct convert_item *item, struct output_file *file, int64_t mtime_ns, struct error *err)
{
	if (set_time(file->fd, mtime_ns, err) != 0)
		return -1;
	if (!item->foreign)
		return output_file_publish(file, OUTPUT_REPLACE_UNSYNCED, err);
	/* A run that was killed may have made it without noting so. */
	if (!same_bytes(file->temporary, item->target))
		return refuse(item, err);
	return 0;
}

static int copy_source(int from, struct output_file *file, struct error *err)
{
	char *buffer = xmalloc(PIECE);
	int result = -1;
	ssize_t got;

	while ((got = read(from, buffer, PIECE)) != 0) {
		if (got < 0 && errno == EINTR)
			continue;
		if (got < 0) {
			error_errno(err, "cannot read it");
			goto done;
		}
		for (ssize_t done = 0; done < got;) {
			ssize_t put = write(file->fd, buffer + done, (size_t)(got - done));

			if (put < 0 && errno != EINTR) {
				error_errno(err, "cannot write its copy");
				goto done;
			}
			done += put > 0 ? put : 0;
		}
	}
	result = 0;
done:
	free(buffer);
	return result;
}

static int copy(struct convert_item *item, const char *source, struct error *err)
{
	struct output_file file = {0};
	int from = open(source, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOFOLLOW), result = -1;

	if (from < 0)
		return error_errno(err, "cannot open it");
	if (output_file_open_swept(&file, item->target, false, err) == 0 &&
		copy_source(from, &file, err) == 0 &&
		convert_publish(item, &file, item->source.mtime_ns, err) == 0)
		result = sync_parent(item->target, err);
	output_file_discard(&file);
	close(from);
	return result;
}

int convert_place(struct convert_job *job, struct convert_item *item, struct error *err)
{
	char *source = text_join_path(job->settings->data_path, item->source.path);
	int result = 0;

	if (job->settings->overwrite && unlink(item->target) != 0 && errno != ENOENT)
		result = error_errno(err, "cannot replace '%s'", item->target);
	else if (item->foreign || link(source, item->target) != 0)
		result = copy(item, source, err);
	item->bytes_out = item->source.size;
	free(source);
	return result;
}
