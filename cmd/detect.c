/* SPDX-License-Identifier: GPL-3.0-or-later */
/* trapkit detect: animals, people and vehicles found by a model on this machine. */
#include "cli/console.h"
#include "cli/delivery.h"
#include "cli/detection.h"
#include "cli/file_list.h"
#include "cli/general.h"
#include "cli/options.h"
#include "stages.h"
#include "trapkit/output_file.h"
#include "trapkit/text.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static struct {
	char *output, *shard;
	bool info, merge, summary, repeats, strike, overwrite;
	long least;
} settings;

static const struct option options[] = {
	{.name = "data-path",
		.value = "DIR",
		.directory = &general.data_path,
		.help = "Look at everything below DIR (DIR/COLLECTION/DEPLOYMENT/FILES)."},
	{.name = "collection",
		.value = "NAME",
		.list = &general.collections,
		.help = "Take only this collection; may be given several times."},
	{.name = "output",
		.letter = 'o',
		.value = "FILE.json",
		.file = &settings.output,
		.help = "Write the detections into FILE.json (of a data path: "
			".trapkit/detections.json)."},
	{.name = "info",
		.flag = &settings.info,
		.fallback = "false",
		.help = "Show what the model takes and gives, and look at no picture."},
	{.name = "merge",
		.flag = &settings.merge,
		.fallback = "false",
		.help = "Join the files of detections named into --output; parts made with --shard "
			"must all be there."},
	{.name = "summary",
		.flag = &settings.summary,
		.fallback = "false",
		.help = "Count what a file of detections holds, and look at no picture."},
	{.name = "repeats",
		.flag = &settings.repeats,
		.fallback = "false",
		.help = "List boxes that stand in the same place in many pictures of one camera."},
	{.name = "repeat-count",
		.section = "DETECT",
		.value = "N",
		.number = &settings.least,
		.minimum = 2,
		.maximum = 1000000,
		.fallback = "20",
		.help = "Take a box for a repeat that is in N pictures or more."},
	{.name = "exclude-repeats",
		.flag = &settings.strike,
		.fallback = "false",
		.help = "With --repeats, write them struck out into --output."},
	{.name = "shard",
		.value = "I/N",
		.text = &settings.shard,
		.help = "Take the part I (from 0) of N parts of about equal bytes."},
	{.name = "overwrite",
		.flag = &settings.overwrite,
		.fallback = "false",
		.help = "Begin anew and replace the output."},
	{0},
};

static const struct option *const tables[] = {
	options, file_list_options, threshold_options, detection_options, NULL};

/* ---- a model ---- */

static void tell(struct session *session, struct table *table, const char *key, const char *name,
	const char *text)
{
	table_cell(table, "%s", name);
	table_cell(table, "%s", text);
	json_add_text(session->result, key, text);
}

static int run_info(struct session *session, struct error *err)
{
	struct detector_settings model = {0};
	struct detector *detector = NULL;
	const struct detector_info *info;
	struct table table = {0};
	cJSON *classes;
	char *text;

	if (session->argument_count > 1)
		return error_set(err, ERROR_USAGE, "--info shows one model at a time");
	if (detection_model(session, session->arguments[0], &model, err) != 0 ||
		(detector = detector_open(&model, err)) == NULL)
		return -1;
	info = detector_info(detector);
	table_init(&table, "what", "value", (const char *)NULL);
	tell(session, &table, "model", "model", info->model);
	tell(session, &table, "layout", "layout", detector_layout_names[info->layout]);
	tell(session, &table, "input", "takes", info->input);
	tell(session, &table, "output", "gives", info->output);
	tell(session, &table, "precision", "numbers", info->precision);
	text = info->fixed_width != 0
		? xasprintf("%u x %u", info->fixed_width, info->fixed_height)
		: xasprintf("longer side %u, multiples of %u", info->image_size, info->stride);
	tell(session, &table, "size", "size", text);
	free(text);
	classes = cJSON_AddArrayToObject(session->result, "classes");
	for (size_t i = 0; i < info->class_count; i++) {
		table_cell(&table, "category %zu", i + 1);
		table_cell(&table, "%s", info->classes[i]);
		cJSON_AddItemToArray(classes, cJSON_CreateString(info->classes[i]));
	}
	text = xasprintf("%g", info->typical);
	table_cell(&table, "threshold");
	table_cell(&table, "%s", text);
	cJSON_AddNumberToObject(session->result, "threshold", info->typical);
	free(text);
	tell(session, &table, "device", "device", info->device);
	tell(session, &table, "runtime", "runtime", info->runtime);
	console_table(session->console, &table);
	table_release(&table);
	detector_close(detector);
	return 0;
}

/* ---- files of detections ---- */

/* The file named, or that of the data path; owned. */
static char *choose_input(struct session *session, struct error *err)
{
	char *work, *path;

	if (session->argument_count > 1) {
		error_set(err, ERROR_USAGE, "name one file of detections");
		return NULL;
	}
	if (session->argument_count == 1)
		return xstrdup(session->arguments[0]);
	if (general.data_path == NULL) {
		error_set(err, ERROR_USAGE, "name a file of detections, or its --data-path");
		return NULL;
	}
	work = stage_work_folder(session, err);
	path = work == NULL ? NULL : detection_output(work);
	free(work);
	return path;
}

static int run_summary(struct session *session, struct error *err)
{
	double threshold;
	char *path = choose_input(session, err);
	int status = -1;

	if (path != NULL && detection_threshold(&threshold, err) == 0)
		status = detection_tell_summary(
			session, path, threshold, true, session->result, err);
	free(path);
	return status;
}

static int run_merge(struct session *session, struct error *err)
{
	struct string_list paths = {0};
	struct detect_merged merged = {0};
	int status = -1;

	for (size_t i = 0; i < session->argument_count; i++)
		string_list_add(&paths, session->arguments[i]);
	if (paths.count == 0)
		error_set(err, ERROR_USAGE, "--merge: name the files of detections to join");
	else if (settings.output == NULL)
		error_set(err, ERROR_USAGE, "--merge: where to? use --output FILE.json");
	else if (detect_merge(&paths, settings.output, settings.overwrite, session->dry_run,
			 &merged, session->progress, err) == 0)
		status = 0;
	if (status == 0) {
		json_add_text(session->result, "output", settings.output);
		cJSON_AddNumberToObject(session->result, "files", (double)merged.files);
		cJSON_AddNumberToObject(session->result, "failed", (double)merged.failed);
		cJSON_AddNumberToObject(session->result, "shards", merged.shards);
		console_print(session->console, "%s '%s': %llu files%s\n",
			session->dry_run ? "Would write" : "Wrote", settings.output,
			(unsigned long long)merged.files,
			merged.shards > 0 ? ", all parts complete" : "");
	}
	string_list_release(&paths);
	return status;
}

static void tell_repeats(struct session *session, const struct detect_repeat_list *list)
{
	cJSON *array = cJSON_AddArrayToObject(session->result, "repeats");
	struct table table = {0};

	table_init(&table, "pictures", "deployment", "category", "box", "first seen in",
		(const char *)NULL);
	table_align_right(&table, 0);
	for (size_t i = 0; i < list->count; i++) {
		const struct detect_repeat *repeat = &list->items[i];
		const double box[] = {repeat->x, repeat->y, repeat->width, repeat->height};
		cJSON *item = cJSON_CreateObject();

		table_cell(&table, "%llu", (unsigned long long)repeat->count);
		table_cell(&table, "%s", repeat->deployment);
		table_cell(&table, "%s", repeat->category);
		table_cell(&table, "%.3f %.3f %.3f %.3f", box[0], box[1], box[2], box[3]);
		table_cell(&table, "%s", repeat->first);
		json_add_text(item, "deployment", repeat->deployment);
		json_add_text(item, "category", repeat->category);
		cJSON_AddItemToObject(item, "bbox", cJSON_CreateDoubleArray(box, 4));
		cJSON_AddNumberToObject(item, "pictures", (double)repeat->count);
		json_add_text(item, "first", repeat->first);
		cJSON_AddItemToArray(array, item);
	}
	cJSON_AddNumberToObject(session->result, "struck_out", (double)list->struck);
	if (list->count > 0)
		console_table(session->console, &table);
	else
		console_print(session->console, "No box comes back in %ld pictures or more\n",
			settings.least);
	table_release(&table);
}

static int run_repeats(struct session *session, struct error *err)
{
	struct detect_repeat_settings flow = {
		.least = (unsigned)settings.least, .overwrite = settings.overwrite};
	struct detect_repeat_list list = {0};
	char *path = choose_input(session, err);
	int status = -1;

	if (path == NULL || detection_threshold(&flow.threshold, err) != 0)
		goto done;
	if (settings.strike && settings.output == NULL) {
		error_set(err, ERROR_USAGE, "--exclude-repeats: where to? use --output FILE.json");
		goto done;
	}
	flow.path = path;
	flow.output = settings.strike && !session->dry_run ? settings.output : NULL;
	if (detect_repeats(&flow, &list, session->progress, err) != 0)
		goto done;
	tell_repeats(session, &list);
	if (flow.output != NULL)
		console_print(session->console, "Struck out %llu detections in '%s'\n",
			(unsigned long long)list.struck, flow.output);
	status = 0;
done:
	detect_repeats_release(&list);
	free(path);
	return status;
}

/* ---- pictures ---- */

static int parse_shard(struct detect_settings *flow, struct error *err)
{
	unsigned long shard, shards;
	char *end, *rest = NULL;

	if (settings.shard == NULL)
		return 0;
	shard = strtoul(settings.shard, &end, 10);
	shards = *end == '/' ? strtoul(end + 1, &rest, 10) : 0;
	if (settings.shard[0] < '0' || settings.shard[0] > '9' || rest == NULL || *rest != '\0' ||
		shards == 0 || shards > 1000000 || shard >= shards)
		return error_set(err, ERROR_USAGE,
			"--shard: '%s' is no part; write 0/4, 1/4, 2/4 or 3/4 for the parts of "
			"four",
			settings.shard);
	flow->shard = (unsigned)shard;
	flow->shards = (unsigned)shards;
	return 0;
}

static int collect(struct session *session, struct string_list *files, struct error *err)
{
	if (file_list_collect(session, files, err) != 0)
		return -1;
	if (general.data_path != NULL && files->count > 0)
		return error_set(err, ERROR_USAGE, "name either files or --data-path: '%s' is both",
			files->items[0]);
	if (general.data_path == NULL && files->count == 0)
		return error_set(err, ERROR_USAGE,
			"nothing to look at: use --data-path DIR, name files or folders, or use "
			"--files-from");
	if (general.data_path == NULL && settings.output == NULL)
		return error_set(err, ERROR_USAGE,
			"where to? files need --output FILE.json for their detections");
	return 0;
}

/* Owned; its folder is made. */
static char *choose_output(struct session *session, struct error *err)
{
	char *work, *output;

	if (settings.output != NULL)
		return xstrdup(settings.output);
	work = stage_work_folder(session, err);
	if (work == NULL || (!session->dry_run && make_folders(work, err) != 0)) {
		free(work);
		return NULL;
	}
	output = detection_output(work);
	free(work);
	return output;
}

static int run_detect(struct session *session, struct error *err)
{
	struct detect_settings flow = {
		.data_path = general.data_path, .collections = &general.collections};
	struct string_list files = {0};
	uint64_t failed = 0;
	char *output = NULL;
	int status = -1;

	if (collect(session, &files, err) != 0 || parse_shard(&flow, err) != 0 ||
		detection_settings(session, &flow, err) != 0 ||
		(output = choose_output(session, err)) == NULL)
		goto done;
	flow.files = &files;
	flow.output = output;
	flow.overwrite = settings.overwrite;
	if (detection_run(session, &flow, session->result, &failed, err) == 0)
		status = failed > 0;
done:
	string_list_release(&files);
	free(output);
	return status;
}

static int run(struct session *session, struct error *err)
{
	if (settings.info + settings.merge + settings.summary + settings.repeats > 1)
		return error_set(err, ERROR_USAGE,
			"--info, --merge, --summary and --repeats are different things to do; "
			"choose one");
	if (settings.info)
		return run_info(session, err);
	if (settings.merge)
		return run_merge(session, err);
	if (settings.summary)
		return run_summary(session, err);
	return settings.repeats ? run_repeats(session, err) : run_detect(session, err);
}

static const char description[] =
	"Runs a MegaDetector-class model (YOLOv5, Ultralytics, YOLOv10, RT-DETR and RT-DETRv2 "
	"exports in ONNX form) on this machine over pictures and frames of videos, and writes what "
	"it found in MegaDetector's batch format 1.6, as Timelapse and AddaxAI read it, with the "
	"date, size and SHA-256 of every file. Nothing leaves this machine.\n"
	"\n"
	"ONNX Runtime is needed: the package libonnxruntime-dev of Debian 13, or 'make deps' in "
	"trapkit's source. Models are not part of trapkit; --info shows how one is understood.\n"
	"\n"
	"The file holds everything that the model is a little sure of (--keep), so that a "
	"threshold can be chosen later. The table that is printed counts what is at least as sure "
	"as --threshold: by default 0.2 for MegaDetector 5, 0.3 for MegaDetector 1000, 0.8 for "
	"MegaDetector 4, 0.2 for others.\n"
	"\n"
	"What is done stands in OUTPUT.partial at once. Stopped by whatever it may be, the same "
	"command goes on from there; when pictures are added later, only these are looked at. A "
	"file that cannot be read is an entry with its reason, and the exit status is 1.\n"
	"\n"
	"On several computers, --shard 0/4 to --shard 3/4 divide the same files into parts of "
	"about equal bytes, and --merge joins their outputs: it fails when a part or a file is "
	"missing or there twice. It also joins other files of detections, of versions 1.0 to "
	"1.6.\n"
	"\n"
	"--repeats lists boxes that come back at one place of one camera, as a branch does; "
	"--exclude-repeats writes a file in which they are struck out (their confidence is "
	"negative). Look at the list first: animals that sleep come back, too.";

static const char examples[] =
	"# Look at a whole card\n"
	"$ trapkit detect --data-path /data --model md_v5a.onnx\n"
	"# Some files, and see what the model is\n"
	"$ trapkit detect --model md_v5a.onnx --output found.json IMG_0001.JPG IMG_0002.JPG\n"
	"$ trapkit detect --info md_v5a.onnx\n"
	"# In two parts on two computers\n"
	"$ trapkit detect --data-path /data --model md_v5a.onnx --shard 0/2 --output part0.json\n"
	"$ trapkit detect --data-path /data --model md_v5a.onnx --shard 1/2 --output part1.json\n"
	"$ trapkit detect --merge part0.json part1.json --output all.json\n"
	"# What is in a file of detections, and which boxes come back\n"
	"$ trapkit detect --summary all.json --threshold 0.4\n"
	"$ trapkit detect --repeats all.json\n"
	"# One frame every two seconds of videos, on the graphics processor\n"
	"$ trapkit detect --data-path /data --model md_v5a.onnx --video-interval 2 --device cuda\n";

const struct command command_detect = {
	.name = "detect",
	.summary = "Find animals, people and vehicles with a model on this machine",
	.arguments = "FILE…",
	.maximum = SIZE_MAX,
	.description = description,
	.examples = examples,
	.files = "DATA/.trapkit/detections.json: What was found, unless --output names another "
		 "place.\n",
	.related = "trapkit-convert 1, trapkit-package 1, trapkit-report 1",
	.options = tables,
	.run = run,
};
