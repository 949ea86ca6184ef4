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
	char *model, *threshold, *keep, *image_size, *runtime;
	int layout, device, compatibility;
	double video_interval;
	long batch, threads;
	bool resume, retry_failed;
	char *folder; /* beside the program; owned */
} settings;

const struct option detection_options[] = {
	{.name = "model",
		.section = "DETECT",
		.value = "FILE.onnx",
		.file = &settings.model,
		.help = "Run this model, an ONNX export of MegaDetector or a relative of it."},
	{.name = "threshold",
		.section = "DETECT",
		.value = "T",
		.text = &settings.threshold,
		.fallback = "auto",
		.help = "Count what is at least this sure, 0 to 1; 'auto' is what users of the "
			"model choose."},
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

static int refuse(struct session *session, const char *name, struct error *err)
{
	const struct option *row = command_option(session->command, name);

	error_context(err, "%s", option_origin(row));
	err->kind = option_level(row) == ORIGIN_COMMAND_LINE ? ERROR_USAGE : ERROR_SETTINGS;
	return -1;
}

static int parse_share(struct session *session, const char *name, const char *text, double *share,
	struct error *err)
{
	if (text_parse_number(text, share) && *share >= 0 && *share <= 1)
		return 0;
	error_set(err, ERROR_INPUT, "'%s' is no number from 0 to 1", text);
	return refuse(session, name, err);
}

int detection_threshold(struct session *session, double *threshold, struct error *err)
{
	*threshold = -1;
	if (settings.threshold == NULL || strcmp(settings.threshold, "auto") == 0)
		return 0;
	return parse_share(session, "threshold", settings.threshold, threshold, err);
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

	if (file == NULL)
		file = settings.model;
	if (file == NULL)
		return error_set(err, ERROR_UNAVAILABLE,
			"no model is set: use --model FILE.onnx or set DETECT.model; "
			"MegaDetector's "
			"own .pt files are exported with YOLOv5's 'export.py --include onnx "
			"--dynamic'");
	if (settings.image_size != NULL && strcmp(settings.image_size, "auto") != 0 &&
		(!text_parse_number(settings.image_size, &size) || size < 32 || size > 8192 ||
			size != (double)(uint32_t)size)) {
		error_set(err, ERROR_INPUT,
			"'%s' is no size; write a number of pixels from 32 to "
			"8192, or auto",
			settings.image_size);
		return refuse(session, "image-size", err);
	}
	if (settings.keep != NULL && parse_share(session, "keep", settings.keep, &keep, err) != 0)
		return -1;
	*model = (struct detector_settings){.model = file,
		.runtime =
			settings.runtime != NULL ? settings.runtime : getenv("TRAPKIT_ONNXRUNTIME"),
		.runtime_folder = runtime_folder(),
		.layout = (enum detector_layout)settings.layout,
		.device = (enum detector_device)settings.device,
		.threads = settings.threads > 0 ? (unsigned)settings.threads : session->jobs,
		.image_size = (uint32_t)size,
		.modern = settings.compatibility == 1,
		.floor = keep};
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

int detection_tell_summary(struct session *session, const char *path, double threshold,
	cJSON *parent, struct error *err)
{
	struct detect_summary summary;
	struct table table = {0};
	cJSON *list;

	if (detect_summarize(path, threshold, &summary, err) != 0)
		return -1;
	table_init(&table, "deployment", "files", "animal", "human", "vehicle", "other", "blank",
		"failed", (const char *)NULL);
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
