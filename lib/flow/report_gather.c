/* SPDX-License-Identifier: GPL-3.0-or-later */
/* One walk over the ledger: counts, times, warnings, and which pictures are worth showing. */
#include "blur_find.h"
#include "each_file.h"
#include "report_parts.h"
#include "trapkit/error.h"
#include "trapkit/progress.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* Of one deployment, in all. */
#define MOST_SHOWN 6
#define MOST_SAMPLED 200

struct gatherer {
	struct report *report;
	struct ledger *ledger;
	struct template_maker *maker;
	struct report_deployment now; /* the one that is being walked; name NULL = none */
	struct ledger_packaged_list packaged;
	size_t packaged_at;
	struct {
		int64_t *items; /* of the files of `now` whose time can be believed */
		size_t count, capacity;
	} times;
	size_t most_shown, most_sampled;
};

static void release_deployment(struct report_deployment *deployment)
{
	for (size_t i = 0; i < deployment->pictures.count; i++) {
		free(deployment->pictures.items[i].path);
		free(deployment->pictures.items[i].covered);
		free(deployment->pictures.items[i].jpeg);
	}
	free(deployment->pictures.items);
	free(deployment->collection);
	free(deployment->name);
	*deployment = (struct report_deployment){0};
}

void report_release(struct report *report)
{
	for (size_t i = 0; i < report->deployments.count; i++)
		release_deployment(&report->deployments.items[i]);
	free(report->deployments.items);
	template_result_release(&report->checks);
	ledger_package_list_release(&report->packages);
	detection_index_release(&report->detections);
	*report = (struct report){0};
}

/* ---- what was delivered ---- */

static bool was_delivered(const struct report *report, int64_t package)
{
	for (size_t i = 0; i < report->packages.count; i++)
		if (report->packages.items[i].id == package)
			return report->packages.items[i].delivery == DELIVERY_DONE;
	return false;
}

/* Both lists are in bytewise order of names. A file that changed since is another one. */
static bool is_delivered(struct gatherer *gatherer, const struct resource *resource)
{
	const struct ledger_packaged_list *list = &gatherer->packaged;
	size_t i;

	while (gatherer->packaged_at < list->count &&
		strcmp(list->items[gatherer->packaged_at].name, resource->name) < 0)
		gatherer->packaged_at++;
	for (i = gatherer->packaged_at;
		i < list->count && strcmp(list->items[i].name, resource->name) == 0; i++) {
		const struct ledger_packaged *file = &list->items[i];
		bool same = file->mtime_ns == resource->mtime_ns ||
			(file->has_sha256 && resource->has_sha256 &&
				memcmp(file->sha256, resource->sha256, SHA256_SIZE) == 0);

		if (same && file->size == resource->size &&
			was_delivered(gatherer->report, file->package))
			return true;
	}
	return false;
}

/* ---- one deployment ---- */

static int compare_pictures(const void *a, const void *b)
{
	const struct report_picture *left = a, *right = b;

	if (left->dated != right->dated)
		return left->dated ? -1 : 1;
	if (left->local != right->local)
		return left->local < right->local ? -1 : 1;
	return strcmp(left->path, right->path);
}

/* True for `most` of `count` places, the first and the last among them, evenly spread. */
static bool is_chosen(size_t index, size_t count, size_t most)
{
	if (most == 0)
		return false;
	if (count <= most || index == 0)
		return true;
	return most > 1 &&
		index * (most - 1) / (count - 1) != (index - 1) * (most - 1) / (count - 1);
}

static bool is_video(const struct report_picture *picture)
{
	return media_type_is_video(picture->facts.type);
}

/*
 * Some evenly over the time, and some of those in which something was found. Only pictures tell of
 * temperature and battery.
 */
static void choose_pictures(struct gatherer *gatherer)
{
	struct report_deployment *now = &gatherer->now;
	size_t count = now->pictures.count, kept = 0;
	size_t boxed = 0, stills = 0, at_boxed = 0, at_still = 0;

	if (count > 0)
		qsort(now->pictures.items, count, sizeof *now->pictures.items, compare_pictures);
	for (size_t i = 0; i < count; i++) {
		boxed += report_has_boxes(&now->pictures.items[i]);
		stills += !is_video(&now->pictures.items[i]);
	}
	for (size_t i = 0; i < count; i++) {
		struct report_picture *picture = &now->pictures.items[i];
		bool sampled =
			!is_video(picture) && is_chosen(at_still, stills, gatherer->most_sampled);

		picture->shown = is_chosen(i, count, gatherer->most_shown) ||
			(report_has_boxes(picture) &&
				is_chosen(at_boxed, boxed, gatherer->most_shown));
		at_boxed += report_has_boxes(picture);
		at_still += !is_video(picture);
		gatherer->report->shown += picture->shown;
		if (picture->shown || sampled)
			now->pictures.items[kept++] = *picture;
		else
			free(picture->path);
	}
	now->pictures.count = kept;
}

/* Activity of all files whose time can be believed. */
static void count_times(struct report_deployment *now, const int64_t *times, size_t count)
{
	if (count == 0)
		return;
	now->dated = true;
	now->first = now->last = times[0];
	for (size_t i = 1; i < count; i++) {
		if (times[i] < now->first)
			now->first = times[i];
		if (times[i] > now->last)
			now->last = times[i];
	}
	now->first_day = now->first / 86400;
	now->days_per_bin = (now->last / 86400 - now->first_day) / REPORT_BINS + 1;
	now->bin_count = (size_t)((now->last / 86400 - now->first_day) / now->days_per_bin) + 1;
	for (size_t i = 0; i < count; i++) {
		now->hours[times[i] % 86400 / 3600]++;
		now->bins[(times[i] / 86400 - now->first_day) / now->days_per_bin]++;
	}
}

static void end_deployment(struct gatherer *gatherer)
{
	struct report *report = gatherer->report;
	struct report_deployment *now = &gatherer->now;

	if (now->name == NULL)
		return;
	count_times(now, gatherer->times.items, gatherer->times.count);
	gatherer->times.count = 0;
	choose_pictures(gatherer);
	report->files += now->files;
	report->videos += now->videos;
	report->bytes += now->bytes;
	report->delivered += now->delivered;
	ARRAY_APPEND(&report->deployments, *now);
	*now = (struct report_deployment){0};
}

static int begin_deployment(
	struct gatherer *gatherer, const struct resource *resource, struct error *err)
{
	end_deployment(gatherer);
	gatherer->now.collection = xstrdup(resource->collection);
	gatherer->now.name = xstrdup(resource->deployment);
	ledger_packaged_list_release(&gatherer->packaged);
	gatherer->packaged_at = 0;
	return ledger_packaged(gatherer->ledger, resource->collection, resource->deployment,
		&gatherer->packaged, err);
}

static void count_found(struct report_deployment *now, const struct indexed_image *found)
{
	bool counted[REPORT_CATEGORIES] = {false};

	if (found == NULL || found->failed)
		return;
	now->looked_at++;
	now->blank += found->count == 0;
	for (size_t i = 0; i < found->count; i++) {
		unsigned category = found->boxes[i].category;

		if (category < REPORT_CATEGORIES && !counted[category]) {
			counted[category] = true;
			now->categories[category]++;
		}
	}
}

static void add_file(struct gatherer *gatherer, const struct resource *resource)
{
	const unsigned damage = TROUBLE_NOT_MEDIA | TROUBLE_TRUNCATED | TROUBLE_UNREADABLE;
	const struct media_facts *facts = &resource->facts;
	struct report_deployment *now = &gatherer->now;
	bool video = media_type_is_video(facts->type), damaged = (facts->trouble & damage) != 0;
	bool dated = facts->taken_source != TIME_NONE && facts->taken_source != TIME_MTIME &&
		(facts->trouble & TROUBLE_CLOCK_RESET) == 0;
	int64_t local = dated ? wall_seconds(&facts->taken) : 0;
	const struct indexed_image *found =
		detection_index_find(&gatherer->report->detections, resource->path, NULL);

	count_found(now, found);
	now->files++;
	now->videos += video;
	now->bytes += resource->size;
	now->damaged += damaged;
	now->delivered += is_delivered(gatherer, resource);
	if (dated)
		ARRAY_APPEND(&gatherer->times, local);
	/* The beginning of a video that is cut short can be looked at. */
	if (video || !damaged) {
		struct report_picture picture = {.path = xstrdup(resource->path),
			.size = resource->size,
			.mtime_ns = resource->mtime_ns,
			.local = local,
			.dated = dated,
			.facts = *facts,
			.found = found,
			.temperature = NAN,
			.battery_percent = NAN,
			.battery_volts = NAN};

		ARRAY_APPEND(&now->pictures, picture);
	}
}

/* ---- the whole ---- */

static int take_file(void *context, const struct resource *resource, struct error *err)
{
	struct gatherer *gatherer = context;
	const struct report_deployment *now = &gatherer->now;

	if ((now->name == NULL || strcmp(now->name, resource->deployment) != 0 ||
		    strcmp(now->collection, resource->collection) != 0) &&
		begin_deployment(gatherer, resource, err) != 0)
		return -1;
	template_add(gatherer->maker, resource);
	add_file(gatherer, resource);
	return 0;
}

/* The more deployments, the fewer pictures of each. */
static int share_out(struct gatherer *gatherer, struct error *err)
{
	struct ledger_deployment_list list = {0};
	size_t count, strips = gatherer->report->detections.count > 0 ? 2 : 1;

	if (ledger_folders(gatherer->ledger, NULL, &list, err) != 0)
		return -1;
	count = list.count == 0 ? 1 : list.count;
	ledger_deployment_list_release(&list);
	gatherer->most_shown = REPORT_PICTURES / strips / count;
	gatherer->most_sampled = REPORT_SAMPLES / count;
	if (gatherer->most_shown > MOST_SHOWN)
		gatherer->most_shown = MOST_SHOWN;
	if (gatherer->most_sampled > MOST_SAMPLED)
		gatherer->most_sampled = MOST_SAMPLED;
	return 0;
}

static int find_copy(struct report *report, struct ledger *ledger, const struct blur_finder *finder,
	struct report_picture *picture, uint64_t *missing, struct error *err)
{
	const struct resource resource = {.path = picture->path,
		.size = picture->size,
		.mtime_ns = picture->mtime_ns,
		.facts = picture->facts};
	int found = 0;

	if (!picture->shown)
		return 0;
	if (finder != NULL)
		found = blur_copy_find(finder, ledger, report->settings->work_folder, &resource,
			&picture->covered, err);
	picture->shown = found == 1;
	*missing += found == 0;
	return found < 0 ? -1 : 0;
}

/* Where nothing leaves uncovered, pictures are shown as they may leave. */
static int find_copies(struct report *report, struct ledger *ledger,
	const struct progress *progress, struct error *err)
{
	const struct convert_blur *blur = report->settings->blur;
	struct blur_finder *finder = NULL;
	uint64_t missing = 0;
	int result = 0;

	if (blur == NULL)
		return 0;
	if (access(blur->detections, R_OK) == 0 &&
		(finder = blur_finder_open(blur, progress, err)) == NULL)
		return -1;
	for (size_t i = 0; i < report->deployments.count; i++) {
		struct report_deployment *deployment = &report->deployments.items[i];

		for (size_t k = 0; k < deployment->pictures.count && result == 0; k++)
			result = find_copy(report, ledger, finder, &deployment->pictures.items[k],
				&missing, err);
	}
	if (missing > 0)
		progress_warning(progress, NULL,
			"%llu pictures are not shown: they have no copy in which all that was "
			"found is covered ('trapkit convert' makes it)",
			(unsigned long long)missing);
	blur_finder_close(finder);
	return result;
}

int report_gather(struct report *report, struct ledger *ledger, const struct progress *progress,
	struct error *err)
{
	const struct report_settings *settings = report->settings;
	const struct template_settings what = {.zone = settings->zone,
		.ignore_dst = settings->ignore_dst,
		.locations = settings->locations};
	struct gatherer gatherer = {.report = report, .ledger = ledger};
	struct error ignored = {0};
	int result;

	if (settings->detections != NULL &&
		detection_index_read(&report->detections, settings->detections, progress, err) != 0)
		return -1;
	if (ledger_packages(ledger, &report->packages, err) != 0 || share_out(&gatherer, err) != 0)
		return -1;
	gatherer.maker = template_begin(&what, &report->checks, progress, err);
	if (gatherer.maker == NULL)
		return -1;
	result = each_file(ledger, settings->collections, take_file, &gatherer, progress, err);
	end_deployment(&gatherer);
	if (template_finish(gatherer.maker, result == 0 ? err : &ignored) != 0)
		result = -1;
	if (result == 0)
		result = find_copies(report, ledger, progress, err);
	ledger_packaged_list_release(&gatherer.packaged);
	free(gatherer.times.items);
	return result;
}
