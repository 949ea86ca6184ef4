/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Reads the chosen files: what the camera wrote about the day, and a thumbnail of the few. */
#include "read_head.h"
#include "report_parts.h"

#include "trapkit/camera.h"
#include "trapkit/error.h"
#include "trapkit/pixel_source.h"
#include "trapkit/progress.h"
#include "trapkit/rendition.h"
#include "trapkit/text.h"
#include "trapkit/workers.h"

#include <fcntl.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

/* Bytes of all thumbnails together: a third more in the page, which has other things to hold. */
#define THUMBNAIL_BUDGET ((size_t)1800 * 1024)
#define MOST_PICTURE_BYTES ((uint64_t)128 << 20)

struct reading {
	struct report *report;
	const struct progress *progress;
	size_t deployment, picture; /* the next one */
	uint64_t done, total;
	size_t budget; /* of one thumbnail */
};

/* What a thumbnail is made of: a frame of a video, or a picture's head or all of it. */
struct original {
	struct pixels frame;
	const uint8_t *bytes;
	size_t size;
	const struct media_facts *facts; /* only its preview is wanted */
};

static int shrink(const struct original *original, const struct rendition_settings *size,
	struct rendition *thumbnail, struct error *err)
{
	if (original->frame.rgb != NULL)
		return rendition_from_pixels(&original->frame, size, thumbnail, err);
	return rendition_thumbnail(
		original->bytes, original->size, original->facts, size, thumbnail, err);
}

/* The best that fits its share. 1 = there is no preview. */
static int make_thumbnail(const struct reading *reading, const struct original *original,
	struct report_picture *picture, struct error *err)
{
	static const struct rendition_settings sizes[] = {
		{256, 192, 70}, {208, 156, 55}, {160, 120, 45}, {120, 90, 35}};
	struct rendition thumbnail = {0};
	int result = 0;

	for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++) {
		result = shrink(original, &sizes[i], &thumbnail, err);
		if (result != 0 || thumbnail.size <= reading->budget)
			break;
		rendition_release(&thumbnail);
	}
	picture->jpeg = thumbnail.bytes;
	picture->jpeg_size = thumbnail.size;
	picture->width = thumbnail.width;
	picture->height = thumbnail.height;
	return result;
}

/* From the preview in `head` when it has one, else from the file. */
static int show_picture(const struct reading *reading, struct report_picture *picture, int fd,
	uint64_t size, const uint8_t *head, size_t length, struct error *err)
{
	struct original original = {.bytes = head, .size = length, .facts = &picture->facts};
	uint8_t *whole;
	int result = make_thumbnail(reading, &original, picture, err);

	if (result <= 0 || size > MOST_PICTURE_BYTES)
		return result < 0 ? -1 : 0;
	whole = xmalloc((size_t)size + 1);
	result = read_head(fd, whole, (size_t)size, &length, err);
	original = (struct original){.bytes = whole, .size = length};
	if (result == 0)
		result = make_thumbnail(reading, &original, picture, err);
	free(whole);
	return result;
}

/* The covered copy in its place. `head` is overwritten. */
static int show_copy(const struct reading *reading, struct report_picture *picture, uint8_t *head,
	struct error *err)
{
	int fd = open(picture->covered, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK), result;
	struct stat status;
	size_t length;

	if (fd < 0)
		return error_errno(err, "cannot open '%s'", picture->covered);
	result = fstat(fd, &status) == 0 ? read_head(fd, head, RENDITION_HEAD, &length, err)
					 : error_errno(err, "cannot look at its copy");
	if (result == 0)
		result = show_picture(
			reading, picture, fd, (uint64_t)status.st_size, head, length, err);
	close(fd);
	return result;
}

static int read_picture(const struct reading *reading, struct report_picture *picture,
	const char *path, struct error *err)
{
	uint8_t *head = xmalloc(RENDITION_HEAD);
	struct camera_facts facts;
	size_t length;
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);
	int result = fd < 0 ? error_errno(err, "cannot open it") : 0;

	if (result == 0)
		result = read_head(fd, head, RENDITION_HEAD, &length, err);
	if (result == 0) {
		camera_parse_facts(head, length, reading->report->settings->now, &facts);
		picture->temperature = facts.temperature;
		picture->battery_percent = facts.battery_percent;
		picture->battery_volts = facts.battery_volts;
	}
	if (result == 0 && picture->covered != NULL)
		result = show_copy(reading, picture, head, err);
	else if (result == 0 && picture->shown)
		result = show_picture(reading, picture, fd, picture->size, head, length, err);
	if (fd >= 0)
		close(fd);
	free(head);
	return result;
}

/* A frame from `number` on. */
static int take_frame(struct film_frames *film, uint64_t number, struct report_picture *picture,
	struct pixels *frame, struct error *err)
{
	uint64_t taken = 0;
	int more;

	film_frames_seek(film, number);
	more = film_frames_next(film, frame, &taken, err);
	if (more == 0)
		return error_set(err, ERROR_INPUT, "the video ends before frame %llu",
			(unsigned long long)number);
	picture->frame = (int64_t)taken;
	return more > 0 ? 0 : -1;
}

/* Shows the frame that the detector was surest of; the first one where that cannot be had. */
static int read_video(const struct reading *reading, struct report_picture *picture,
	const char *path, struct error *err)
{
	int64_t best = report_has_boxes(picture) ? picture->found->boxes[0].frame : 0;
	struct film_frames *film = film_frames_open(path, 0, 1, reading->progress, err);
	struct original original = {0};
	struct error ignored = {0};
	int result;

	if (film == NULL)
		return -1;
	result = best > 0 ? take_frame(film, (uint64_t)best, picture, &original.frame, &ignored)
			  : -1;
	if (result != 0)
		result = take_frame(film, 0, picture, &original.frame, err);
	if (result == 0)
		result = make_thumbnail(reading, &original, picture, err);
	pixels_release(&original.frame);
	film_frames_close(film);
	return result;
}

static int read_file(void *context, void *item, struct error *err)
{
	const struct reading *reading = context;
	struct report_picture *picture = *(struct report_picture **)item;
	char *path = text_join_path(reading->report->settings->data_path, picture->path);
	int result;

	if (!media_type_is_video(picture->facts.type))
		result = read_picture(reading, picture, path, err);
	else if (picture->covered != NULL)
		result = read_video(reading, picture, picture->covered, err);
	else
		result = picture->shown ? read_video(reading, picture, path, err) : 0;
	free(path);
	return result;
}

static int next_picture(void *context, void *item, struct error *err)
{
	struct reading *reading = context;
	struct report *report = reading->report;

	(void)err;
	while (reading->deployment < report->deployments.count) {
		struct report_deployment *now = &report->deployments.items[reading->deployment];

		if (reading->picture < now->pictures.count) {
			*(struct report_picture **)item = &now->pictures.items[reading->picture++];
			return 1;
		}
		reading->deployment++;
		reading->picture = 0;
	}
	return 0;
}

/* A picture that cannot be shown is no reason to have no report. */
static int take_picture(void *context, void *item, const struct error *failure, struct error *err)
{
	struct reading *reading = context;
	struct report_picture *picture = *(struct report_picture **)item;
	const struct progress_event event = {.kind = PROGRESS_ADVANCE,
		.stage = "report",
		.files_done = ++reading->done,
		.files_total = reading->total};

	picture->failed = failure != NULL;
	if (failure != NULL && failure->kind != ERROR_CANCELLED)
		progress_warning(
			reading->progress, picture->path, "not shown: %s", failure->message);
	if (progress_send(reading->progress, &event) != 0)
		return progress_check(reading->progress, err);
	return 0;
}

int report_read_pictures(struct report *report, const struct progress *progress, struct error *err)
{
	struct reading reading = {.report = report,
		.progress = progress,
		.budget = THUMBNAIL_BUDGET / (report->shown == 0 ? 1 : report->shown)};
	const struct workers workers = {.next = next_picture,
		.work = read_file,
		.take = take_picture,
		.context = &reading,
		.item_size = sizeof(struct report_picture *)};
	struct progress_event event = {.kind = PROGRESS_BEGIN, .stage = "report"};
	int result;

	for (size_t i = 0; i < report->deployments.count; i++)
		reading.total += report->deployments.items[i].pictures.count;
	event.files_total = reading.total;
	progress_send(progress, &event);
	result = workers_run(&workers, report->settings->jobs, err);
	event.kind = PROGRESS_END;
	event.files_done = reading.done;
	progress_send(progress, &event);
	return result;
}
