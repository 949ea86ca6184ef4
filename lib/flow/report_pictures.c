/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Reads the chosen pictures: what the camera wrote about the day, and a thumbnail of the few. */
#include "read_head.h"
#include "report_parts.h"

#include "trapkit/camera.h"
#include "trapkit/error.h"
#include "trapkit/progress.h"
#include "trapkit/rendition.h"
#include "trapkit/text.h"
#include "trapkit/workers.h"

#include <fcntl.h>
#include <stdlib.h>
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

/* The best that fits its share; from the preview in `head` when it has one, else from the file. */
static int make_thumbnail(const struct reading *reading, struct report_picture *picture, int fd,
	const uint8_t *head, size_t length, struct error *err)
{
	static const struct rendition_settings sizes[] = {
		{256, 192, 70}, {208, 156, 55}, {160, 120, 45}, {120, 90, 35}};
	const struct media_facts *facts = &picture->facts;
	struct rendition thumbnail = {0};
	uint8_t *whole = NULL;
	int result = rendition_thumbnail(head, length, facts, &sizes[0], &thumbnail, err);

	if (result > 0 && picture->size <= MOST_PICTURE_BYTES) {
		facts = NULL;
		whole = xmalloc((size_t)picture->size + 1);
		result = read_head(fd, whole, (size_t)picture->size, &length, err);
		head = whole;
		if (result == 0)
			result =
				rendition_thumbnail(head, length, NULL, &sizes[0], &thumbnail, err);
	}
	for (size_t i = 1; result == 0 && thumbnail.size > reading->budget; i++) {
		rendition_release(&thumbnail);
		if (i == sizeof sizes / sizeof *sizes)
			break;
		result = rendition_thumbnail(head, length, facts, &sizes[i], &thumbnail, err);
	}
	picture->jpeg = thumbnail.bytes;
	picture->jpeg_size = thumbnail.size;
	picture->width = thumbnail.width;
	picture->height = thumbnail.height;
	free(whole);
	return result < 0 ? -1 : 0;
}

static int read_picture(void *context, void *item, struct error *err)
{
	const struct reading *reading = context;
	struct report_picture *picture = *(struct report_picture **)item;
	char *path = text_join_path(reading->report->settings->data_path, picture->path);
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
	if (result == 0 && picture->shown)
		result = make_thumbnail(reading, picture, fd, head, length, err);
	if (fd >= 0)
		close(fd);
	free(head);
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
	const struct report_picture *picture = *(struct report_picture **)item;
	const struct progress_event event = {.kind = PROGRESS_ADVANCE,
		.stage = "report",
		.files_done = ++reading->done,
		.files_total = reading->total};

	if (failure != NULL)
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
		.work = read_picture,
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
