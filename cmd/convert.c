/* SPDX-License-Identifier: GPL-3.0-or-later */
/* trapkit convert: web-friendly renditions of pictures and videos. */
#include "cli/blur.h"
#include "cli/console.h"
#include "cli/delivery.h"
#include "cli/detection.h"
#include "cli/general.h"
#include "cli/options.h"
#include "stages.h"
#include "trapkit/ledger.h"
#include "trapkit/text.h"
#include "trapkit/timestamp.h"

#include <malloc.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

static const char *const videos[] = {"mp4", "webm", "off", NULL};
enum { VIDEO_MP4, VIDEO_WEBM, VIDEO_OFF };

static struct {
	char *output_path, *resize;
	long quality;
	int video;
	bool overwrite, strict;
} settings;

const struct option convert_options[] = {
	{.name = "resize",
		.section = "CONVERT",
		.value = "WxH",
		.text = &settings.resize,
		.fallback = "1920x1920",
		.help = "Make pictures fit into W x H pixels, or leave them with 'off'."},
	{.name = "quality",
		.section = "CONVERT",
		.value = "N",
		.number = &settings.quality,
		.minimum = 1,
		.maximum = 100,
		.fallback = "85",
		.help = "Write JPEG files of this quality."},
	{.name = "video",
		.section = "CONVERT",
		.value = "FORMAT",
		.choice = &settings.video,
		.choices = videos,
		.fallback = "mp4",
		.help = "Make videos mp4 or webm, or leave them with 'off'."},
	{0},
};

static const struct option options[] = {
	{.name = "output-path",
		.value = "DIR",
		.directory = &settings.output_path,
		.help = "Write a mirror tree below DIR."},
	{.name = "overwrite",
		.section = "CONVERT",
		.flag = &settings.overwrite,
		.fallback = "false",
		.help = "Make everything anew, and replace files that are there already."},
	{.name = "strict",
		.flag = &settings.strict,
		.fallback = "false",
		.help = "Exit with 1 also when a damaged file could be saved in part."},
	{0},
};

static const struct option *const tables[] = {options, convert_options, blur_options,
	detections_options, data_options, extension_options, timezone_options, NULL};

/* ---- the settings ---- */

char *stage_absolute(const char *folder)
{
	char *real = realpath(folder, NULL), *here, *path;

	if (real != NULL || folder[0] == '/')
		return real != NULL ? real : xstrdup(folder);
	here = getcwd(NULL, 0);
	path = text_join_path(here == NULL ? "/" : here, folder);
	free(here);
	return path;
}

char *stage_work_folder(struct session *session, struct error *err)
{
	struct stat status;
	char *data, *work;

	if (stat(general.data_path, &status) != 0) {
		error_errno(err, "cannot open the data path '%s'", general.data_path);
		return NULL;
	}
	if (!S_ISDIR(status.st_mode)) {
		error_set(
			err, ERROR_INPUT, "the data path '%s' is not a folder", general.data_path);
		return NULL;
	}
	if (session->work_dir != NULL)
		return stage_absolute(session->work_dir);
	data = stage_absolute(general.data_path);
	work = text_join_path(data, ".trapkit");
	free(data);
	return work;
}

static int parse_resize(
	struct session *session, struct rendition_settings *box, bool *on, struct error *err)
{
	const struct option *row = command_option(session->command, "resize");
	const char *text = settings.resize == NULL ? "1920x1920" : settings.resize;
	unsigned long width, height;
	char *end, *rest = NULL;

	*on = strcmp(text, "off") != 0;
	if (!*on)
		return 0;
	width = strtoul(text, &end, 10);
	height = *end == 'x' || *end == 'X' ? strtoul(end + 1, &rest, 10) : 0;
	if (text[0] < '0' || text[0] > '9' || rest == NULL || rest == end + 1 || *rest != '\0' ||
		width < 16 || height < 16 || width > 65535 || height > 65535) {
		error_set(err, ERROR_INPUT,
			"'%s' is no size; write it as 1920x1920 (16 to 65535 each), or off", text);
		error_context(err, "%s", row == NULL ? "CONVERT.resize" : option_origin(row));
		err->kind = row != NULL && option_level(row) == ORIGIN_COMMAND_LINE
			? ERROR_USAGE
			: ERROR_SETTINGS;
		return -1;
	}
	box->width = (uint32_t)width;
	box->height = (uint32_t)height;
	return 0;
}

/* A mirror within the data path would be taken for collections by the next survey. */
static int check_mirror(const char *mirror, struct error *err)
{
	char *data = stage_absolute(general.data_path);
	size_t length = strlen(data);
	bool within = strncmp(mirror, data, length) == 0 &&
		(mirror[length] == '/' || mirror[length] == '\0');

	free(data);
	if (!within)
		return 0;
	return error_set(err, ERROR_USAGE,
		"--output-path '%s' lies in the data path; choose a folder outside it, or leave "
		"it out: 'package' then finds the renditions by itself",
		mirror);
}

/* ---- what is told ---- */

struct telling {
	struct session *session;
	cJSON *files;
	size_t listed;
};

#define MOST_LISTED 100000

static void add_text(cJSON *object, const char *key, const char *text)
{
	char *shown = text_escape(text);

	cJSON_AddStringToObject(object, key, shown);
	free(shown);
}

static void tell_file(void *context, const struct convert_file *file)
{
	struct telling *telling = context;
	struct session *session = telling->session;
	bool made = file->status != CONVERT_FIT && file->status != CONVERT_UNCHANGED &&
		file->status != CONVERT_FAILED && file->status != CONVERT_HELD;
	cJSON *item;

	if (session->dry_run && made) {
		char *path = text_escape(file->path), *target = text_escape(file->rendition);

		console_print(session->console, "Would %s '%s' as '%s'\n",
			file->status == CONVERT_PLACED ? "place" : "convert", path, target);
		free(path);
		free(target);
	}
	if (telling->listed++ >= MOST_LISTED)
		return;
	item = cJSON_CreateObject();
	add_text(item, "path", file->path);
	cJSON_AddStringToObject(item, "status", convert_status_name(file->status));
	if (file->rendition == NULL)
		cJSON_AddNullToObject(item, "rendition");
	else
		add_text(item, "rendition", file->rendition);
	cJSON_AddNumberToObject(item, "bytes_in", (double)file->bytes_in);
	if (made && !session->dry_run)
		cJSON_AddNumberToObject(item, "bytes_out", (double)file->bytes_out);
	else
		cJSON_AddNullToObject(item, "bytes_out");
	if (file->remark == NULL)
		cJSON_AddNullToObject(item, "reason");
	else
		add_text(item, "reason", file->remark);
	cJSON_AddItemToArray(telling->files, item);
}

static void tell_json(const struct convert_result *result, double seconds, cJSON *parent)
{
	cJSON_AddNumberToObject(parent, "pictures", (double)result->pictures);
	cJSON_AddNumberToObject(parent, "videos", (double)result->films);
	cJSON_AddNumberToObject(parent, "remuxed", (double)result->remuxed);
	cJSON_AddNumberToObject(parent, "placed", (double)result->placed);
	cJSON_AddNumberToObject(parent, "fit", (double)result->fit);
	cJSON_AddNumberToObject(parent, "unchanged", (double)result->unchanged);
	cJSON_AddNumberToObject(parent, "damaged", (double)result->damaged);
	cJSON_AddNumberToObject(parent, "failed", (double)result->failed);
	cJSON_AddNumberToObject(parent, "held_back", (double)result->held);
	cJSON_AddNumberToObject(parent, "bytes_in", (double)result->bytes_in);
	cJSON_AddNumberToObject(parent, "bytes_out", (double)result->bytes_out);
	cJSON_AddNumberToObject(parent, "seconds", seconds);
}

static void tell_words(struct session *session, const struct convert_result *result, double seconds)
{
	uint64_t made = result->pictures + result->films + result->remuxed;
	double grown = (double)result->bytes_out - (double)result->bytes_in;
	char *in = text_size(result->bytes_in), *out = text_size(result->bytes_out);
	char *time = text_duration(seconds);

	if (made + result->placed + result->failed + result->held == 0)
		console_print(session->console,
			"Up to date: %llu renditions are there, %llu files need none\n",
			(unsigned long long)result->unchanged, (unsigned long long)result->fit);
	else if (session->dry_run)
		console_print(session->console,
			"Would make %llu renditions; %llu are there already, %llu files need "
			"none\n",
			(unsigned long long)made, (unsigned long long)result->unchanged,
			(unsigned long long)result->fit);
	else
		console_print(session->console,
			"Made %llu renditions in %s: %s became %s (%.0f %% %s); %llu were there "
			"already, %llu files need none\n",
			(unsigned long long)made, time, in, out,
			result->bytes_in == 0 ? 0.0
					      : 100.0 * fabs(grown) / (double)result->bytes_in,
			grown > 0 ? "more" : "saved", (unsigned long long)result->unchanged,
			(unsigned long long)result->fit);
	if (result->placed > 0)
		console_print(session->console, "%s %llu files as they are\n",
			session->dry_run ? "Would place" : "Placed",
			(unsigned long long)result->placed);
	if (result->held > 0)
		progress_warning(session->progress, NULL,
			"%llu %s held back: it is not known whether there are people in them",
			(unsigned long long)result->held,
			result->held == 1 ? "file is" : "files are");
	if (result->failed > 0)
		progress_warning(session->progress, NULL,
			"%llu %s could not be converted, see above",
			(unsigned long long)result->failed, result->failed == 1 ? "file" : "files");
	free(in);
	free(out);
	free(time);
}

/* ---- the stage ---- */

static double seconds_since(const struct timespec *begin)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (double)(now.tv_sec - begin->tv_sec) + (double)(now.tv_nsec - begin->tv_nsec) / 1e9;
}

static uint64_t count_videos(const struct survey_result *survey)
{
	uint64_t count = 0;

	for (size_t i = 0; i < survey->deployments.count; i++)
		count += survey->deployments.items[i].videos;
	return count;
}

static int fill(struct session *session, const struct survey_result *survey,
	struct convert_settings *flow, struct error *err)
{
	flow->data_path = general.data_path;
	flow->collections = &survey->collections;
	flow->picture.quality = (int)settings.quality;
	flow->films = settings.video != VIDEO_OFF;
	flow->film = settings.video == VIDEO_WEBM ? FILM_WEBM : FILM_MP4;
	flow->film_count = count_videos(survey);
	flow->ignore_dst = general.ignore_dst;
	flow->overwrite = settings.overwrite;
	flow->fail_fast = session->fail_fast;
	flow->dry_run = session->dry_run;
	flow->jobs = session->jobs;
	flow->files = survey->files;
	flow->bytes = survey->bytes;
	return parse_resize(session, &flow->picture, &flow->pictures, err);
}

/*
 * Pictures are megabytes that come and go: memory that goes back to the system after each of them
 * costs a tenth of all time to be had again.
 */
static void keep_memory(void)
{
#ifdef __GLIBC__
	mallopt(M_MMAP_THRESHOLD, 32 << 20);
	mallopt(M_TRIM_THRESHOLD, 256 << 20);
#endif
}

/* With something to cover every file needs a rendition, in its own size if not in a smaller one. */
static int cover_all(struct convert_settings *flow, struct error *err)
{
	if (!flow->films)
		return error_set(err, ERROR_USAGE,
			"--video off leaves the people in videos uncovered: choose mp4 or webm");
	if (!flow->pictures)
		flow->picture.width = flow->picture.height = 0;
	flow->pictures = true;
	return 0;
}

int convert_stage(struct session *session, struct ledger *ledger,
	const struct survey_result *survey, const struct blur_rule *rule,
	struct convert_result *result, cJSON *parent, struct error *err)
{
	struct telling telling = {.session = session};
	struct convert_settings flow = {.tell = tell_file, .context = &telling};
	struct zone *zone = NULL;
	struct timespec begin;
	char *work = stage_work_folder(session, err), *mirror = NULL;
	int status = -1;

	*result = (struct convert_result){0};
	clock_gettime(CLOCK_MONOTONIC, &begin);
	keep_memory();
	telling.files = cJSON_AddArrayToObject(parent, "files");
	if (work == NULL || fill(session, survey, &flow, err) != 0)
		goto done;
	if (rule->kinds != NULL) {
		if (cover_all(&flow, err) != 0 || blur_rule_check(rule, err) != 0)
			goto done;
		flow.blur = &rule->flow;
	}
	if (settings.output_path != NULL) {
		mirror = stage_absolute(settings.output_path);
		if (check_mirror(mirror, err) != 0)
			goto done;
	}
	if (general.timezone != NULL && (zone = zone_open(general.timezone, err)) == NULL)
		goto done;
	flow.work_folder = work;
	flow.mirror_folder = mirror;
	flow.zone = zone;
	status = convert_run(&flow, ledger, result, session->progress, err);
	tell_json(result, seconds_since(&begin), parent);
	if (status == 0)
		tell_words(session, result, seconds_since(&begin));
done:
	zone_free(zone);
	free(mirror);
	free(work);
	return status;
}

/* ---- the command ---- */

static void tell_survey_problems(const struct survey_result *survey, cJSON *parent)
{
	cJSON *list = cJSON_AddArrayToObject(parent, "skipped");

	for (size_t i = 0; i < survey->problems.count; i++) {
		cJSON *item = cJSON_CreateObject();

		add_text(item, "path", survey->problems.items[i].path);
		add_text(item, "reason", survey->problems.items[i].reason);
		cJSON_AddBoolToObject(item, "failed", survey->problems.items[i].failed);
		cJSON_AddItemToArray(list, item);
	}
}

static int run(struct session *session, struct error *err)
{
	struct survey_result survey = {0};
	struct convert_result result = {0};
	struct ledger *ledger = NULL;
	struct blur_rule rule = {0};
	char *work = stage_work_folder(session, err);
	int status = -1;

	if (work == NULL)
		goto done;
	ledger = ledger_open(work, session->dry_run ? LEDGER_SCRATCH : LEDGER_WRITE,
		session->wait_lock, ledger_warning, session, err);
	if (ledger == NULL ||
		blur_rule_open(session, ledger, work, general.data_path, &rule, err) != 0 ||
		survey_stage(session, ledger, &survey, err) != 0)
		goto done;
	tell_survey_problems(&survey, session->result);
	if (convert_stage(session, ledger, &survey, &rule, &result, session->result, err) != 0)
		goto done;
	if (survey.files == 0 && survey.failed == 0)
		console_warning(session->console,
			"there is nothing to convert; check --data-path and the selected image "
			"and video extensions");
	status = survey.failed > 0 || result.failed > 0 || result.held > 0 ||
		(settings.strict && result.damaged > 0);
done:
	survey_result_release(&survey);
	ledger_close(ledger);
	blur_rule_release(&rule);
	free(work);
	return status;
}

static const char description[] =
	"Makes copies that load fast in a browser and keep what the camera wrote. Pictures become "
	"JPEG files that fit into 1920 x 1920 pixels, upright, with their EXIF (maker note, GPS, "
	"comments), colour profile and text kept, and only dimensions, orientation and preview "
	"made true. Videos become MP4 files with H.264 and AAC that begin to play at once, with "
	"the camera's date in them; those that are so already are only packed anew, bit by bit. "
	"Nothing is ever enlarged, and a JPEG that fits is left alone.\n"
	"\n"
	"The copies go to .trapkit/renditions in the data path, and 'package' takes them instead "
	"of the originals (--originals refuses that). With --output-path a tree like the data "
	"path's is written elsewhere, with links to, or copies of, the files that need no change. "
	"IMG_1.avi becomes IMG_1.mp4, or IMG_1.avi.mp4 where that name is taken.\n"
	"\n"
	"What was made is remembered: run again, only what is new, changed, or made with other "
	"settings is done. A damaged file gives what could be read of it, and a warning; one that "
	"cannot be read at all is listed, its original stays as it is, and the exit status is 1. "
	"Dates of videos are UTC when the time zone is known (--timezone), else as the camera "
	"showed them.\n"
	"\n"
	"--blur human,vehicle is for pictures of people who did not ask for it. Every file gets a "
	"copy then, in which each box of such a kind that 'detect' found at least as sure as "
	"--blur-threshold is filled with grey, with a margin of a tenth around it; so is a box "
	"that a classifier calls so, whatever the detector called it. The preview in the EXIF is "
	"made anew, and other previews are removed. In videos a box holds from the frame "
	"that was looked at before to the one after it, and where somebody is seen in both, all "
	"between the two places is covered. Files that 'detect' did not look at, or "
	"not in this form, or not to their end, are held back, listed, and the exit status is 1; "
	"what was made of them before is removed.\n"
	"\n"
	"The data path keeps this in mind, with threshold and detections, in the file "
	".trapkit/blur, and only the command line can make it less: 'convert --blur none' ends it. "
	"Until then 'package' takes only copies that cover what the detections tell at that "
	"moment, 'upload' sends no other package, and nothing with --camera, 'export --local' "
	"links and copies the covered copies, and 'report' shows them. Folders below obey, too. "
	"What was copied away before, or is copied by other programs, is out of its reach. "
	"Results of other programs, which do not tell of each file's contents, are taken at their "
	"word. A model misses some people: look at the copies before they are published.";

static const char examples[] =
	"# Cover people before anything leaves\n"
	"$ trapkit detect --data-path /data --model md_v5a.onnx\n"
	"$ trapkit convert --data-path /data --blur human,vehicle\n"
	"# Convert, package and upload\n"
	"$ trapkit convert --data-path /data\n"
	"$ trapkit package --data-path /data\n"
	"# A small tree to show around, videos left out\n"
	"$ trapkit convert --data-path /data --output-path /srv/web --resize 1024x768 --video off\n"
	"# See what would be done\n"
	"$ trapkit convert --data-path /data --dry-run\n";

const struct command command_convert = {
	.name = "convert",
	.summary = "Make web-friendly copies of pictures and videos",
	.description = description,
	.examples = examples,
	.files = "DATA/.trapkit/renditions/: The renditions, unless --output-path names another "
		 "place.\n",
	.related = "trapkit-detect 1, trapkit-package 1, trapkit-pipeline 1",
	.options = tables,
	.run = run,
};
