/* SPDX-License-Identifier: GPL-3.0-or-later */
/* trapkit package: the YAML definition and the ZIP that TRAPPER takes. */
#include "trapkit/package.h"
#include "cli/blur.h"
#include "cli/console.h"
#include "cli/delivery.h"
#include "cli/detection.h"
#include "cli/general.h"
#include "cli/options.h"
#include "stages.h"
#include "trapkit/ledger.h"
#include "trapkit/output_file.h"
#include "trapkit/text.h"
#include "trapkit/timestamp.h"

#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

const char *const package_splits[] = {"size", "deployment", "collection", "camera", NULL};
static const char *const time_fallbacks[] = {"mtime", "refuse", NULL};

static struct {
	char *output_path, *package_name;
	uint64_t max_size;
	int split, time_fallback;
	bool validate, originals, slug, skip_damaged, overwrite, again, verify;
	struct string_list image_extensions, video_extensions;
} settings;

const struct option extension_options[] = {
	{.name = "image-extensions",
		.section = "PACKAGE",
		.value = "EXT",
		.list = &settings.image_extensions,
		.fallback = ".jpg,.jpeg,.png",
		.help = "Take pictures with these extensions."},
	{.name = "video-extensions",
		.section = "PACKAGE",
		.value = "EXT",
		.list = &settings.video_extensions,
		.fallback = ".mp4,.avi,.mov",
		.help = "Take videos with these extensions."},
	{0},
};

const struct option package_options[] = {
	{.name = "output-path",
		.section = "PACKAGE",
		.value = "DIR",
		.directory = &settings.output_path,
		.help = "Write the package into DIR instead of the data path."},
	{.name = "package-name",
		.section = "PACKAGE",
		.value = "NAME",
		.text = &settings.package_name,
		.help = "Name the files NAME.yaml and NAME.zip."},
	{.name = "max-size",
		.section = "PACKAGE",
		.value = "SIZE",
		.size = &settings.max_size,
		.help = "Begin a new part before the ZIP of one comes to more than SIZE."},
	{.name = "split",
		.section = "PACKAGE",
		.value = "WHERE",
		.choice = &settings.split,
		.choices = package_splits,
		.fallback = "size",
		.help = "Begin a new part at --max-size only, at each deployment or collection, or "
			"at each deployment with a folder's cameras apart."},
	{.name = "validate",
		.section = "PACKAGE",
		.flag = &settings.validate,
		.fallback = "true",
		.help = "Ask the server first whether it knows the deployments and their time "
			"zone."},
	{.name = "originals",
		.section = "PACKAGE",
		.flag = &settings.originals,
		.fallback = "false",
		.help = "Take the original files even where 'convert' made renditions."},
	{.name = "slug",
		.section = "PACKAGE",
		.flag = &settings.slug,
		.fallback = "true",
		.help = "Make deployment ids of the folder names as TRAPPER does (R1-32_01 is "
			"r1-32_01)."},
	{.name = "time-fallback",
		.section = "PACKAGE",
		.value = "WHAT",
		.choice = &settings.time_fallback,
		.choices = time_fallbacks,
		.fallback = "mtime",
		.help = "Date files without a date inside by the file's time, or leave them out."},
	{.name = "skip-damaged",
		.section = "PACKAGE",
		.flag = &settings.skip_damaged,
		.fallback = "false",
		.help = "Leave files out that are cut short or hold no picture."},
	{.name = "verify",
		.section = "PACKAGE",
		.flag = &settings.verify,
		.fallback = "false",
		.help = "Read every byte of the ZIP back before it gets its name."},
	{.name = "overwrite",
		.flag = &settings.overwrite,
		.fallback = "false",
		.help = "Make the package anew and replace files of its name."},
	{.name = "again",
		.flag = &settings.again,
		.fallback = "false",
		.help = "Package files once more that earlier packages hold."},
	{0},
};

static const struct option *const tables[] = {package_options, extension_options, data_options,
	blank_options, detections_options, threshold_options, timezone_options, project_id_options,
	general_options, network_options, NULL};

struct stage_ready stage_ready;

/* ---- which files ---- */

int survey_stage(struct session *session, struct ledger *ledger, struct survey_result *survey,
	struct error *err)
{
	const struct survey_settings survey_settings = {.data_path = general.data_path,
		.collections = &general.collections,
		.image_extensions = &settings.image_extensions,
		.video_extensions = &settings.video_extensions,
		.jobs = session->jobs,
		.now = (int64_t)time(NULL),
		.fail_fast = session->fail_fast};

	return survey_run(&survey_settings, ledger, survey, session->progress, err);
}

/* ---- what is told ---- */

/* What is there now: without anything new, the packages that hold it all. */
static const struct package_part *shown_parts(const struct package_result *result, size_t *count)
{
	*count = result->parts.count > 0 ? result->parts.count : result->earlier.count;
	return result->parts.count > 0 ? result->parts.items : result->earlier.items;
}

/* Of the whole ZIP, for whoever compares it elsewhere: read again, and only when it is shown. */
static void add_digest(cJSON *item, const struct package_part *part, bool wanted)
{
	char hex[SHA256_HEX_SIZE];
	struct error ignored = {0};

	if (wanted && !part->earlier && file_sha256(part->zip, hex, NULL, &ignored) == 0)
		cJSON_AddStringToObject(item, "sha256", hex);
	else
		cJSON_AddNullToObject(item, "sha256");
}

static void tell_parts(const struct package_result *result, bool digests, cJSON *parent)
{
	cJSON *list = cJSON_AddArrayToObject(parent, "packages");
	size_t count;
	const struct package_part *parts = shown_parts(result, &count);

	for (size_t i = 0; i < count; i++) {
		const struct package_part *part = &parts[i];
		cJSON *item = cJSON_CreateObject();

		cJSON_AddStringToObject(item, "name", part->name);
		json_add_text(item, "yaml", part->yaml);
		json_add_text(item, "zip", part->zip);
		cJSON_AddNumberToObject(item, "files", (double)part->files);
		cJSON_AddNumberToObject(item, "bytes", (double)part->zip_size);
		cJSON_AddNumberToObject(item, "media_bytes", (double)part->media_bytes);
		add_digest(item, part, digests);
		cJSON_AddNumberToObject(item, "part", part->part);
		cJSON_AddNumberToObject(item, "parts", part->parts);
		cJSON_AddBoolToObject(item, "written", part->written);
		cJSON_AddItemToArray(list, item);
	}
}

static void add_skipped(cJSON *list, const char *path, const char *reason, bool failed)
{
	cJSON *item = cJSON_CreateObject();

	json_add_text(item, "path", path);
	json_add_text(item, "reason", reason);
	cJSON_AddBoolToObject(item, "failed", failed);
	cJSON_AddItemToArray(list, item);
}

static void tell_skipped(
	const struct survey_result *survey, const struct package_result *result, cJSON *parent)
{
	cJSON *list = cJSON_AddArrayToObject(parent, "skipped");

	for (size_t i = 0; i < survey->problems.count; i++)
		add_skipped(list, survey->problems.items[i].path, survey->problems.items[i].reason,
			survey->problems.items[i].failed);
	for (size_t i = 0; i < result->skipped.count; i++)
		add_skipped(list, result->skipped.items[i].path, result->skipped.items[i].reason,
			result->skipped.items[i].failed);
}

static void tell_json(const struct survey_result *survey, const struct package_result *result,
	const struct deployment_check *check, bool digests, cJSON *parent)
{
	cJSON *dates;

	tell_parts(result, digests, parent);
	tell_skipped(survey, result, parent);
	cJSON_AddBoolToObject(parent, "up_to_date", result->up_to_date);
	cJSON_AddBoolToObject(parent, "resumed", result->resumed);
	cJSON_AddStringToObject(parent, "zone", check->timezone);
	cJSON_AddBoolToObject(parent, "ignore_dst", check->ignore_dst);
	cJSON_AddNumberToObject(parent, "files", (double)result->files);
	cJSON_AddNumberToObject(parent, "delivered_earlier", (double)result->delivered_earlier);
	cJSON_AddNumberToObject(parent, "changed", (double)result->changed);
	cJSON_AddNumberToObject(parent, "damaged", (double)result->damaged);
	cJSON_AddNumberToObject(parent, "failed", (double)(result->failed + survey->failed));
	dates = cJSON_AddObjectToObject(parent, "dates");
	cJSON_AddNumberToObject(dates, "mtime", (double)result->by_mtime);
	cJSON_AddNumberToObject(dates, "gap", (double)result->gaps);
	cJSON_AddNumberToObject(dates, "overlap", (double)result->overlaps);
	cJSON_AddNumberToObject(dates, "clock_reset", (double)result->clock_resets);
}

static void tell_words(struct session *session, const struct survey_result *survey,
	const struct package_result *result)
{
	uint64_t failed = result->failed + survey->failed;
	const char *verb = result->up_to_date ? "Up to date:"
		: session->dry_run            ? "Would write"
					      : "Wrote";

	for (size_t i = 0; i < result->parts.count; i++) {
		const struct package_part *part = &result->parts.items[i];
		char *size = text_size(part->zip_size);

		console_print(session->console, "%s '%s' and '%s': %llu file%s, %s\n", verb,
			part->yaml, part->zip, (unsigned long long)part->files,
			part->files == 1 ? "" : "s", size);
		free(size);
	}
	if (result->parts.count == 0)
		console_print(session->console,
			"Up to date: nothing is new, %llu %s in earlier packages\n",
			(unsigned long long)result->delivered_earlier,
			result->delivered_earlier == 1 ? "file is" : "files are");
	if (failed > 0)
		progress_warning(session->progress, NULL, "%llu %s not in the package, see above",
			(unsigned long long)failed, failed == 1 ? "file is" : "files are");
	else if (result->left_out > 0)
		progress_note(session->progress, "%llu %s left out as asked",
			(unsigned long long)result->left_out,
			result->left_out == 1 ? "file was" : "files were");
}

bool stage_again(void)
{
	return settings.again;
}

int stage_status(const struct survey_result *survey, const struct package_result *result)
{
	return survey->failed > 0 || result->failed > 0;
}

/* ---- the stage ---- */

static int run_flow(struct session *session, struct ledger *ledger,
	const struct deployment_check *check, const struct blur_rule *rule,
	struct package_result *result, struct error *err)
{
	char *work = stage_work_folder(session, err), *output = NULL;
	const char *folder =
		settings.output_path == NULL ? general.data_path : settings.output_path;
	struct package_settings flow = {.data_path = general.data_path,
		.work_folder = work,
		.folders = &check->folders,
		.image_extensions = &settings.image_extensions,
		.video_extensions = &settings.video_extensions,
		.package_name = settings.package_name,
		.project_id = general.project_id,
		.zone = check->zone,
		.ignore_dst = check->ignore_dst,
		.split = (enum package_split)settings.split,
		.max_size = settings.max_size,
		.no_slug = !settings.slug,
		.originals = settings.originals,
		.refuse_mtime = settings.time_fallback == 1,
		.skip_damaged = settings.skip_damaged,
		.overwrite = settings.overwrite,
		.again = settings.again,
		.verify = settings.verify,
		.fail_fast = session->fail_fast,
		.ready = stage_ready.call,
		.ready_context = stage_ready.context,
		.blur = rule->kinds == NULL ? NULL : &rule->flow,
		.dry_run = session->dry_run,
		.now = (int64_t)time(NULL)};
	int status = -1;

	if (work == NULL || blur_rule_check(rule, err) != 0 ||
		detection_exclude_blank(session, work, &flow, err) != 0 ||
		(!session->dry_run && make_folders(folder, err) != 0))
		goto done;
	output = stage_absolute(folder);
	flow.output_folder = output;
	status = package_run(&flow, ledger, result, session->progress, err);
done:
	detect_blank_free(flow.exclude_context);
	free(output);
	free(work);
	return status;
}

static int check_settings(struct error *err)
{
	if (general.project_id == 0)
		return error_set(err, ERROR_SETTINGS,
			"no project: set GENERAL.project_id or use --project-id (trapkit helpers "
			"research_projects lists them)");
	return 0;
}

int package_check(struct session *session, struct ledger *ledger,
	const struct survey_result *survey, struct deployment_check *check, cJSON *parent,
	struct error *err)
{
	const struct deployment_check_settings what = {.survey = survey,
		.ledger = ledger,
		.slug = settings.slug,
		.split_cameras = settings.split == PACKAGE_SPLIT_CAMERA,
		.validate = settings.validate};

	return check_settings(err) != 0 ? -1
					: deployment_check_run(session, &what, check, parent, err);
}

int package_stage(struct session *session, struct ledger *ledger,
	const struct survey_result *survey, const struct deployment_check *check,
	const struct blur_rule *rule, struct package_result *result, cJSON *parent,
	struct error *err)
{
	int status = run_flow(session, ledger, check, rule, result, err);

	tell_json(survey, result, check, session->json && !session->dry_run, parent);
	if (status == 0)
		tell_words(session, survey, result);
	return status;
}

/* ---- the command ---- */

static void tell_next_step(struct session *session, const struct package_result *result)
{
	char *first, *second;

	if (session->dry_run || result->parts.count == 0)
		return;
	if (result->parts.count > 1) {
		first = shell_word(general.data_path);
		console_print(session->console,
			"To upload: trapkit upload --data-path %s --trigger\n", first);
		free(first);
		return;
	}
	first = shell_word(result->parts.items[0].yaml);
	second = shell_word(result->parts.items[0].zip);
	console_print(session->console,
		"To upload: trapkit upload --file-yaml %s --file-zip %s --trigger\n", first,
		second);
	free(first);
	free(second);
}

static int run(struct session *session, struct error *err)
{
	struct survey_result survey = {0};
	struct deployment_check check = {0};
	struct package_result result = {0};
	struct blur_rule rule = {0};
	struct ledger *ledger = NULL;
	char *work = stage_work_folder(session, err);
	int status = -1;

	if (work == NULL || check_settings(err) != 0)
		goto done;
	ledger = ledger_open(work, session->dry_run ? LEDGER_SCRATCH : LEDGER_WRITE,
		session->wait_lock, ledger_warning, session, err);
	if (ledger == NULL ||
		blur_rule_open(session, ledger, work, general.data_path, &rule, err) != 0 ||
		survey_stage(session, ledger, &survey, err) != 0 ||
		package_check(session, ledger, &survey, &check, session->result, err) != 0 ||
		package_stage(session, ledger, &survey, &check, &rule, &result, session->result,
			err) != 0)
		goto done;
	tell_next_step(session, &result);
	status = stage_status(&survey, &result);
done:
	package_result_release(&result);
	deployment_check_release(&check);
	survey_result_release(&survey);
	blur_rule_release(&rule);
	ledger_close(ledger);
	free(work);
	return status;
}

static const char description[] =
	"Writes what TRAPPER takes in: a YAML definition that lists every file with its date in "
	"UTC, and a ZIP that holds the files as they are. Deployment folders become deployment "
	"ids (R1-32_01 is r1-32_01), with --split camera one for each camera that left pictures in "
	"them; two ids that would become one are refused.\n"
	"\n"
	"Before that the server is asked whether it knows every deployment, and whether the "
	"package's time zone and its --ignore-dst are those of each location; --no-validate "
	"packages without asking. Without a time zone set, that of the locations is taken.\n"
	"\n"
	"The files appear whole or not at all. A run that was stopped goes on under the same name "
	"when it is started again, and gives the same bytes. A package that is there already and "
	"still fits is up to date. Files that cannot be read, or that change meanwhile, are listed "
	"and left out, and the exit status is 1. Damaged files are packaged as they are, with a "
	"warning, because there is no second picture; --skip-damaged leaves them out. Where "
	"'convert --blur' holds, only copies are packaged in which all is covered that the "
	"detections tell now; other files are held back, which 'convert' mends, and "
	"'convert --blur none' ends it.\n"
	"\n"
	"TRAPPER appends what it gets and looks for no duplicates, so files that were delivered "
	"are not packaged again: those in a package that was delivered anywhere, or whose delivery "
	"was begun and that still lies there. What is new since then goes into an additional "
	"package; of --package-name winter it is called winter_2, winter_3 and so on. A package of "
	"which nothing was sent yet is superseded by the next, which holds everything. A file "
	"whose contents changed since it was delivered is new and named in a warning: the server "
	"then holds both. --again packages everything once more, --overwrite does so under the "
	"same name.";

static const char examples[] =
	"# Package every collection below a folder\n"
	"$ trapkit package --data-path /data\n"
	"# One collection, in parts of at most 2 GB, under a name\n"
	"$ trapkit package --data-path /data --collection winter --max-size 2GB --package-name "
	"winter\n"
	"# In the field, without a connection\n"
	"$ trapkit package --data-path /media/card --no-validate --timezone Europe/Warsaw "
	"--output-path /data/outbox\n";

const struct command command_package = {
	.name = "package",
	.summary = "Make the packages that TRAPPER takes in",
	.description = description,
	.examples = examples,
	.files = "DATA/package_PROJECT_TIME.yaml and .zip: The package, unless named otherwise.\n",
	.related = "trapkit-convert 1, trapkit-template 1, trapkit-upload 1, trapkit-package 5",
	.options = tables,
	.run = run,
};
