/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The model's rows, where the runtime is looked for, and the summary of what was seen. */
#include "detection.h"

#include "console.h"
#include "delivery.h"
#include "options.h"
#include "trapkit/text.h"

#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

static const char *const devices[] = {"auto", "cpu", "cuda", NULL};
static const char *const compatibilities[] = {"classic", "modern", NULL};

static struct {
	char *detections, *model, *threshold, *keep, *image_size, *runtime;
	int layout, device, compatibility;
	double video_interval;
	long batch, threads;
	bool resume, retry_failed, exclude_blank;
	char *folder; /* beside the program; owned */
} settings;

const struct option threshold_options[] = {
	{.name = "threshold",
		.section = "DETECT",
		.value = "T",
		.text = &settings.threshold,
		.fallback = "auto",
		.help = "Count what is at least this sure, 0 to 1; 'auto' is what users of the "
			"model choose."},
	{0},
};

const struct option blank_options[] = {
	{.name = "exclude-blank",
		.section = "PIPELINE",
		.flag = &settings.exclude_blank,
		.fallback = "false",
		.help = "Leave files out in which 'detect' found nothing as sure as --threshold."},
	{0},
};

const struct option detections_options[] = {
	{.name = "detections",
		.section = "PIPELINE",
		.value = "FILE.json",
		.file = &settings.detections,
		.help = "Take what was found from FILE.json (default: .trapkit/detections.json)."},
	{0},
};

const struct option detection_options[] = {
	{.name = "model",
		.section = "DETECT",
		.value = "FILE.onnx",
		.file = &settings.model,
		.help = "Run this model, an ONNX export of MegaDetector or a relative of it."},
	{.name = "keep",
		.section = "DETECT",
		.value = "T",
		.text = &settings.keep,
		.fallback = "0.005",
		.help = "Write everything into the file that is surer than this."},
	{.name = "image-size",
		.section = "DETECT",
		.value = "N",
		.text = &settings.image_size,
		.fallback = "auto",
		.help = "Show the model pictures whose longer side has N pixels."},
	{.name = "layout",
		.section = "DETECT",
		.value = "LAYOUT",
		.choice = &settings.layout,
		.choices = detector_layout_names,
		.fallback = "auto",
		.help = "Read the model's numbers in this layout."},
	{.name = "compatibility",
		.section = "DETECT",
		.value = "MODE",
		.choice = &settings.compatibility,
		.choices = compatibilities,
		.fallback = "classic",
		.help = "Make pictures fit, and round, as MegaDetector does in this mode."},
	{.name = "device",
		.section = "DETECT",
		.value = "DEVICE",
		.choice = &settings.device,
		.choices = devices,
		.fallback = "auto",
		.help = "Run the model on the processor or on a graphics processor."},
	{.name = "threads",
		.section = "DETECT",
		.value = "N",
		.number = &settings.threads,
		.maximum = 1024,
		.fallback = "0",
		.help = "Run the model with N threads; 0 is as many as --jobs."},
	{.name = "batch",
		.section = "DETECT",
		.value = "N",
		.number = &settings.batch,
		.minimum = 1,
		.maximum = 256,
		.fallback = "1",
		.help = "Show the model N pictures at once; worth it on graphics processors."},
	{.name = "video-interval",
		.section = "DETECT",
		.value = "TIME",
		.duration = &settings.video_interval,
		.fallback = "1",
		.help = "Look at one frame of a video every so often; 0 looks at every frame."},
	{.name = "resume",
		.section = "DETECT",
		.flag = &settings.resume,
		.fallback = "true",
		.help = "Go on where a run that was stopped left off."},
	{.name = "retry-failed",
		.flag = &settings.retry_failed,
		.fallback = "false",
		.help = "Look again at files that failed before."},
	{.name = "runtime",
		.section = "DETECT",
		.value = "FILE",
		.file = &settings.runtime,
		.marks = OPTION_SETTING_ONLY,
		.help = "Take this library file of ONNX Runtime."},
	{0},
};

/* ---- the settings ---- */

static int refuse(const char *section, const char *key, struct error *err)
{
	const struct option *row = option_find_setting(section, key, 0);

	error_context(err, "%s", option_origin(row));
	err->kind = option_level(row) == ORIGIN_COMMAND_LINE ? ERROR_USAGE : ERROR_SETTINGS;
	return -1;
}

int detection_share(
	const char *section, const char *key, const char *text, double *share, struct error *err)
{
	if (text_parse_number(text, share) && *share >= 0 && *share <= 1)
		return 0;
	error_set(err, ERROR_INPUT, "'%s' is no number from 0 to 1", text);
	return refuse(section, key, err);
}

int detection_threshold(double *threshold, struct error *err)
{
	*threshold = -1;
	if (settings.threshold == NULL || strcmp(settings.threshold, "auto") == 0)
		return 0;
	return detection_share("DETECT", "threshold", settings.threshold, threshold, err);
}

/* PREFIX/bin/trapkit and PREFIX/lib/trapkit. */
static const char *runtime_folder(void)
{
	char *program, *slash;

	if (settings.folder != NULL)
		return settings.folder;
	program = realpath("/proc/self/exe", NULL);
	slash = program == NULL ? NULL : strrchr(program, '/');
	if (slash != NULL) {
		*slash = '\0';
		settings.folder = xasprintf("%s/../lib/trapkit", program);
	}
	free(program);
	return settings.folder;
}

int detection_model(struct session *session, const char *file, struct detector_settings *model,
	struct error *err)
{
	double size = 0, keep = 0;

	*model = (struct detector_settings){.model = file != NULL ? file : settings.model,
		.runtime =
			settings.runtime != NULL ? settings.runtime : getenv("TRAPKIT_ONNXRUNTIME"),
		.runtime_folder = runtime_folder(),
		.layout = (enum detector_layout)settings.layout,
		.device = (enum detector_device)settings.device,
		.threads = settings.threads > 0 ? (unsigned)settings.threads : session->jobs,
		.modern = settings.compatibility == 1};
	if (model->model == NULL)
		return error_set(err, ERROR_UNAVAILABLE,
			"no model is set: use --model FILE.onnx or set DETECT.model; "
			"MegaDetector's own .pt files are exported with YOLOv5's 'export.py "
			"--include onnx --dynamic'");
	if (settings.image_size != NULL && strcmp(settings.image_size, "auto") != 0 &&
		(!text_parse_number(settings.image_size, &size) || size < 32 || size > 8192 ||
			size != (double)(uint32_t)size)) {
		error_set(err, ERROR_INPUT,
			"'%s' is no size; write a number of pixels from 32 to "
			"8192, or auto",
			settings.image_size);
		return refuse("DETECT", "image_size", err);
	}
	if (settings.keep != NULL &&
		detection_share("DETECT", "keep", settings.keep, &keep, err) != 0)
		return -1;
	model->image_size = (uint32_t)size;
	model->floor = keep;
	return 0;
}

int detection_settings(struct session *session, struct detect_settings *flow, struct error *err)
{
	flow->video_interval = settings.video_interval;
	flow->batch = (uint32_t)settings.batch;
	flow->no_resume = !settings.resume;
	flow->retry_failed = settings.retry_failed;
	flow->fail_fast = session->fail_fast;
	flow->dry_run = session->dry_run;
	flow->jobs = session->jobs;
	flow->now = (int64_t)time(NULL);
	return detection_model(session, NULL, &flow->detector, err);
}

/* ---- what was seen ---- */

static const char *shown_name(const struct detect_tally *tally)
{
	return tally->deployment == NULL     ? "total"
		: *tally->deployment == '\0' ? "."
					     : tally->deployment;
}

static cJSON *tally_json(const struct detect_tally *tally)
{
	cJSON *item = cJSON_CreateObject();

	if (tally->deployment != NULL)
		json_add_text(item, "deployment", shown_name(tally));
	cJSON_AddNumberToObject(item, "files", (double)tally->files);
	cJSON_AddNumberToObject(item, "animal", (double)tally->animal);
	cJSON_AddNumberToObject(item, "human", (double)tally->human);
	cJSON_AddNumberToObject(item, "vehicle", (double)tally->vehicle);
	cJSON_AddNumberToObject(item, "other", (double)tally->other);
	cJSON_AddNumberToObject(item, "blank", (double)tally->blank);
	cJSON_AddNumberToObject(item, "failed", (double)tally->failed);
	return item;
}

static void add_row(struct table *table, const struct detect_tally *tally)
{
	const uint64_t numbers[] = {tally->files, tally->animal, tally->human, tally->vehicle,
		tally->other, tally->blank, tally->failed};

	table_cell(table, "%s", shown_name(tally));
	for (size_t i = 0; i < sizeof numbers / sizeof numbers[0]; i++)
		table_cell(table, "%llu", (unsigned long long)numbers[i]);
}

int detection_tell_summary(struct session *session, const char *path, double threshold, bool asked,
	cJSON *parent, struct error *err)
{
	struct detect_summary summary;
	struct table table = {0};
	cJSON *list;

	if (detect_summarize(path, threshold, &summary, err) != 0)
		return -1;
	table_init(&table, "deployment", "files", "animal", "human", "vehicle", "other", "blank",
		"failed", (const char *)NULL);
	table.friendly = !asked;
	for (size_t column = 1; column < 8; column++)
		table_align_right(&table, column);
	cJSON_AddNumberToObject(parent, "threshold", summary.threshold);
	list = cJSON_AddArrayToObject(parent, "deployments");
	for (size_t i = 0; i < summary.count; i++) {
		add_row(&table, &summary.items[i]);
		cJSON_AddItemToArray(list, tally_json(&summary.items[i]));
	}
	if (summary.count != 1)
		add_row(&table, &summary.all);
	cJSON_AddItemToObject(parent, "total", tally_json(&summary.all));
	console_table(session->console, &table);
	table_release(&table);
	detect_summary_release(&summary);
	return 0;
}

/* ---- a run ---- */

/* " (12 frames of videos)", ", 5 were known already"; owned. */
static char *tell_more(const char *before, uint64_t count, const char *what)
{
	return count == 0 ? xstrdup("")
			  : xasprintf("%s%llu %s", before, (unsigned long long)count, what);
}

static void tell_words(
	struct session *session, const struct detect_result *result, const char *output)
{
	uint64_t done = session->dry_run ? result->files - result->known
					 : result->pictures + result->videos;
	char *time = text_duration(result->seconds);
	char *known = tell_more("; ", result->known, "were known already");
	char *frames = tell_more(" with ", result->frames, "frames of videos");
	const char *files = done == 1 ? "file" : "files";

	if (session->dry_run)
		console_print(session->console, "Would look at %llu %s and write '%s'%s\n",
			(unsigned long long)done, files, output, known);
	else if (result->up_to_date)
		console_print(session->console, "Up to date: '%s' holds all %llu files\n", output,
			(unsigned long long)result->files);
	else
		console_print(session->console, "Looked at %llu %s%s in %s: '%s'%s\n",
			(unsigned long long)done, files, frames, time, output, known);
	if (result->failed > 0)
		progress_warning(session->progress, NULL,
			"%llu %s could not be looked at; their entries say why, and --retry-failed "
			"looks again",
			(unsigned long long)result->failed, result->failed == 1 ? "file" : "files");
	free(frames);
	free(known);
	free(time);
}

static void tell_json(const struct detect_result *result, const char *output, cJSON *parent)
{
	json_add_text(parent, "output", output);
	json_add_text(parent, "device", result->device);
	cJSON_AddNumberToObject(parent, "files", (double)result->files);
	cJSON_AddNumberToObject(parent, "bytes", (double)result->bytes);
	cJSON_AddNumberToObject(parent, "known", (double)result->known);
	cJSON_AddNumberToObject(parent, "pictures", (double)result->pictures);
	cJSON_AddNumberToObject(parent, "videos", (double)result->videos);
	cJSON_AddNumberToObject(parent, "frames", (double)result->frames);
	cJSON_AddNumberToObject(parent, "failed", (double)result->failed);
	cJSON_AddNumberToObject(parent, "skipped", (double)result->skipped);
	cJSON_AddBoolToObject(parent, "up_to_date", result->up_to_date);
	cJSON_AddNumberToObject(parent, "seconds", result->seconds);
	cJSON_AddNumberToObject(parent, "model_seconds", result->model_seconds);
}

int detection_run(struct session *session, const struct detect_settings *flow, cJSON *parent,
	uint64_t *failed, struct error *err)
{
	struct detect_result result = {0};
	double threshold;
	int status = -1;

	if (detection_threshold(&threshold, err) == 0 &&
		detect_run(flow, &result, session->progress, err) == 0) {
		tell_words(session, &result, flow->output);
		tell_json(&result, flow->output, parent);
		*failed = result.failed;
		status = session->dry_run ? 0
					  : detection_tell_summary(session, flow->output, threshold,
						    false, parent, err);
	}
	detect_result_release(&result);
	return status;
}

/* ---- blank files ---- */

static bool is_blank(void *context, const struct resource *resource)
{
	return detect_blank_has(context, resource->path, resource->size);
}

char *detection_output(const char *work_folder)
{
	return text_join_path(work_folder, "detections.json");
}

char *detection_file(const char *work_folder)
{
	return settings.detections != NULL ? xstrdup(settings.detections)
					   : detection_output(work_folder);
}

int detection_exclude_blank(struct session *session, const char *work_folder,
	struct package_settings *package, struct error *err)
{
	struct detect_blank *blank;
	double threshold;
	char *path;

	if (!settings.exclude_blank)
		return 0;
	if (detection_threshold(&threshold, err) != 0)
		return -1;
	path = detection_file(work_folder);
	if (access(path, R_OK) != 0 && session->dry_run) {
		console_note(session->console,
			"which files are blank is not known yet: sizes are those of all files");
		free(path);
		return 0;
	}
	if (access(path, R_OK) != 0) {
		error_errno(err,
			"cannot read the detections '%s'; run 'trapkit detect' first, or "
			"name them with --detections",
			path);
		free(path);
		return -1;
	}
	blank = detect_blank_load(path, threshold, err);
	free(path);
	if (blank == NULL)
		return -1;
	progress_note(session->progress,
		"files in which the model is nowhere surer than %g are left out",
		detect_blank_threshold(blank));
	package->exclude = is_blank;
	package->exclude_context = blank;
	return 0;
}
