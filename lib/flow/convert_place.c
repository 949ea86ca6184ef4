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
