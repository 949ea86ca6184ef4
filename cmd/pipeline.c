/* SPDX-License-Identifier: GPL-3.0-or-later */
/* trapkit pipeline: survey, convert, package, upload and trigger in one go, the stages overlapped.
 */
#include "cli/blur.h"
#include "cli/console.h"
#include "cli/delivery.h"
#include "cli/detection.h"
#include "cli/general.h"
#include "stages.h"
#include "trapkit/ledger.h"
#include "trapkit/text.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static struct {
	bool convert, detect;
} settings;

static const struct option options[] = {
	{.name = "convert",
		.section = "PIPELINE",
		.flag = &settings.convert,
		.fallback = "false",
		.help = "Make web-friendly copies first and package these."},
	{.name = "detect",
		.section = "PIPELINE",
		.flag = &settings.detect,
		.fallback = "false",
		.help = "Look for animals, people and vehicles first, as 'detect' does."},
	{0},
};

/* The stages' own rows: pipeline has no copies of them. */
static const struct option *const tables[] = {options, data_options, package_options,
	extension_options, convert_options, blank_options, detections_options, blur_options,
	threshold_options, detection_options, timezone_options, project_id_options,
	destination_options, delivery_options, general_options, network_options, NULL};

/* What is under way while packages are still being written. */
struct pipeline {
	struct session *session;
	struct ledger *ledger;
	struct delivery delivery;
	struct deliver *deliver; /* opened for the first package that is not yet there */
	size_t done;             /* packages with nothing left to do */
	struct blur_rule rule;   /* what must be covered */
	struct error error;      /* why nothing can be delivered */
};

/* ---- delivering what is ready ---- */

static int begin_delivery(struct pipeline *pipeline, struct error *err)
{
	if (pipeline->deliver != NULL)
		return 0;
	if (delivery_connect(pipeline->session, &pipeline->delivery, err) != 0)
		return -1;
	pipeline->deliver = deliver_open(&pipeline->delivery.settings, pipeline->ledger,
		pipeline->delivery.server, pipeline->session->progress);
	return 0;
}

/* Nothing left to do for it; a wait for the server is something, if it is new. */
static bool is_done(const struct pipeline *pipeline, const struct package_part *part,
	const struct deliver_item *item)
{
	const struct delivery *delivery = &pipeline->delivery;
	bool trigger = delivery->settings.trigger && !delivery->outbox;

	return (delivery->settings.wait <= 0 || !trigger || part->earlier) &&
		deliver_is_done(pipeline->ledger, &item->package, text_base_name(item->yaml),
			text_base_name(item->zip), delivery->url, trigger);
}

/*
 * TRAPPER appends to a collection and looks for no duplicates (contracts/trapper.md 2.6). Packaging
 * leaves out what was delivered; this holds for packages that earlier versions made, or others.
 */
static int check_overlap(
	struct pipeline *pipeline, const struct deliver_item *item, struct error *err)
{
	char *other = stage_again() ? NULL : deliver_overlap(pipeline->ledger, &item->package);

	if (other == NULL)
		return 0;
	error_set(err, ERROR_INPUT,
		"'%s' is written but not sent: '%s' was delivered before from the same collection, "
		"and pictures that are in both would be in TRAPPER twice; move those out of the "
		"data path, then run it with --again",
		item->package.name, other);
	free(other);
	return -1;
}

/* Its files came once more in a later package (--again), and TRAPPER has not seen this one. */
static bool is_superseded(const struct pipeline *pipeline, const struct deliver_item *item)
{
	if (!deliver_is_superseded(pipeline->ledger, &item->package))
		return false;
	progress_note(pipeline->session->progress,
		"package '%s' is left out: later ones hold all its files", item->package.name);
	return true;
}

/* Delivered elsewhere, and no longer here to be sent to this destination, too. */
static bool is_elsewhere(const struct pipeline *pipeline, const struct deliver_item *item)
{
	const struct ledger_package *package = &item->package;

	if (package->delivery != DELIVERY_DONE || access(item->zip, F_OK) == 0 ||
		(package->destination != NULL &&
			strcmp(package->destination, pipeline->delivery.url) == 0))
		return false;
	progress_note(pipeline->session->progress,
		"'%s' was delivered to %s and no longer lies here: it is not sent to %s",
		package->name, package->destination == NULL ? "elsewhere" : package->destination,
		pipeline->delivery.url);
	return true;
}

static void part_is_ready(void *context, const struct package_part *part)
{
	struct pipeline *pipeline = context;
	struct deliver_item item = {0};

	if (pipeline->error.kind != ERROR_NONE)
		return;
	if (deliver_take(pipeline->ledger, part->id, &item, &pipeline->error) != 0)
		return;
	if (is_done(pipeline, part, &item) || is_elsewhere(pipeline, &item) ||
		is_superseded(pipeline, &item))
		pipeline->done++;
	else if (check_overlap(pipeline, &item, &pipeline->error) == 0 &&
		begin_delivery(pipeline, &pipeline->error) == 0)
		deliver_add(pipeline->deliver, &item);
	deliver_item_release(&item);
}

/* ---- telling ---- */

static void tell_survey(const struct survey_result *survey, cJSON *parent)
{
	cJSON *stage = cJSON_AddObjectToObject(parent, "survey");

	cJSON_AddNumberToObject(stage, "files", (double)survey->files);
	cJSON_AddNumberToObject(stage, "bytes", (double)survey->bytes);
	cJSON_AddNumberToObject(stage, "read", (double)survey->read);
	cJSON_AddNumberToObject(stage, "skipped", (double)survey->skipped);
	cJSON_AddNumberToObject(stage, "failed", (double)survey->failed);
}

static void foretell_part(
	const struct pipeline *pipeline, const struct package_part *part, cJSON *packages)
{
	struct console *console = pipeline->session->console;
	const struct delivery *delivery = &pipeline->delivery;
	bool trigger = delivery->settings.trigger && !delivery->outbox;
	cJSON *object = cJSON_CreateObject();
	char *size = text_size(part->zip_size + part->yaml_size);

	cJSON_AddStringToObject(object, "name", part->name);
	cJSON_AddStringToObject(object, "status", "would_deliver");
	cJSON_AddBoolToObject(object, "would_trigger", trigger);
	cJSON_AddItemToArray(packages, object);
	console_print(console, "Would deliver '%s' to %s (%s)%s\n", part->name, delivery->url, size,
		trigger ? " and have the server process it" : "");
	free(size);
}

/* A dry run of packages that exist only as a plan, or are there from an earlier run. */
static int foretell(struct pipeline *pipeline, const struct package_result *packages, cJSON *upload,
	struct error *err)
{
	struct deliver_item_list known = {0};
	size_t earlier = packages->earlier.count;
	cJSON *list = cJSON_CreateArray();
	int result = 0;

	for (size_t i = 0; i < earlier + packages->parts.count && result == 0; i++) {
		const struct package_part *part = i < earlier ? &packages->earlier.items[i]
							      : &packages->parts.items[i - earlier];
		struct deliver_item item = {0};

		if (part->id == 0) {
			foretell_part(pipeline, part, list);
			continue;
		}
		result = deliver_take(pipeline->ledger, part->id, &item, err);
		if (result == 0 && !is_done(pipeline, part, &item) &&
			!is_elsewhere(pipeline, &item))
			ARRAY_APPEND(&known, item);
		else
			deliver_item_release(&item);
	}
	if (result == 0)
		result = delivery_foretell(pipeline->session, &pipeline->delivery, pipeline->ledger,
			&known, upload, err);
	while (list->child != NULL)
		cJSON_AddItemToArray(cJSON_GetObjectItemCaseSensitive(upload, "packages"),
			cJSON_DetachItemViaPointer(list, list->child));
	cJSON_Delete(list);
	deliver_item_list_release(&known);
	return result;
}

/* Waits for what is under way; `err` is the packaging's when that failed. */
static int finish_delivery(
	struct pipeline *pipeline, int packaged, cJSON *upload, struct error *err)
{
	struct error failure = {0};
	int delivered = 0;

	if (pipeline->deliver != NULL && (packaged == 0 || err->kind != ERROR_CANCELLED)) {
		delivered = deliver_finish(pipeline->deliver, &failure);
		delivery_conclude(pipeline->session, &pipeline->delivery, pipeline->deliver, upload,
			&failure);
	} else if (pipeline->deliver == NULL && packaged == 0 &&
		pipeline->error.kind == ERROR_NONE) {
		delivery_up_to_date(pipeline->session, &pipeline->delivery, pipeline->done, upload);
	}
	if (packaged != 0) {
		if (failure.kind != ERROR_NONE && failure.kind != ERROR_CANCELLED)
			console_warning(pipeline->session->console, "%s", failure.message);
		return -1;
	}
	if (delivered == 0 && pipeline->error.kind == ERROR_NONE)
		return 0;
	*err = delivered != 0 ? failure : pipeline->error;
	return -1;
}

/* ---- the run ---- */

/* Makes the renditions that the packages then hold. */
static int run_convert(struct pipeline *pipeline, const struct survey_result *survey,
	uint64_t *failed, struct error *err)
{
	struct session *session = pipeline->session;
	struct convert_result result = {0};
	cJSON *stage;
	int status;

	if (!settings.convert && pipeline->rule.kinds == NULL)
		return 0;
	stage = cJSON_AddObjectToObject(session->result, "convert");
	status = convert_stage(
		session, pipeline->ledger, survey, &pipeline->rule, &result, stage, err);
	*failed += result.failed + result.held;
	if (status == 0 && session->dry_run && result.pictures + result.films > 0)
		console_note(session->console,
			"sizes of packages are those of the originals: the renditions are yet to "
			"be made");
	return status;
}

/* What --exclude-blank and --blur then go by. */
static int run_detect(struct pipeline *pipeline, uint64_t *failed, struct error *err)
{
	struct session *session = pipeline->session;
	struct detect_settings flow = {
		.data_path = general.data_path, .collections = &general.collections};
	uint64_t unseen = 0;
	char *work, *output = NULL;
	int status = -1;

	if (!settings.detect)
		return 0;
	work = stage_work_folder(session, err);
	if (work != NULL && detection_settings(session, &flow, err) == 0) {
		output = detection_output(work);
		flow.output = output;
		status = detection_run(session, &flow,
			cJSON_AddObjectToObject(session->result, "detect"), &unseen, err);
	}
	*failed += unseen;
	free(output);
	free(work);
	return status;
}

static int run_stages(struct pipeline *pipeline, struct error *err)
{
	struct session *session = pipeline->session;
	cJSON *package = cJSON_AddObjectToObject(session->result, "package"), *upload;
	struct survey_result survey = {0};
	struct deployment_check check = {0};
	struct package_result packages = {0};
	uint64_t failed = 0;
	int status = -1;

	/* What the server would refuse is told before hours of other work. */
	if (survey_stage(session, pipeline->ledger, &survey, err) == 0 &&
		package_check(session, pipeline->ledger, &survey, &check, package, err) == 0 &&
		run_detect(pipeline, &failed, err) == 0 &&
		run_convert(pipeline, &survey, &failed, err) == 0) {
		stage_ready = (struct stage_ready){part_is_ready, pipeline};
		status = package_stage(session, pipeline->ledger, &survey, &check, &pipeline->rule,
			&packages, package, err);
		stage_ready = (struct stage_ready){0};
	}
	tell_survey(&survey, session->result);
	upload = cJSON_AddObjectToObject(session->result, "upload");
	if (!session->dry_run)
		status = finish_delivery(pipeline, status, upload, err);
	else if (status == 0)
		status = foretell(pipeline, &packages, upload, err);
	if (status == 0)
		status = stage_status(&survey, &packages) != 0 || failed > 0;
	package_result_release(&packages);
	deployment_check_release(&check);
	survey_result_release(&survey);
	return status;
}

static int run(struct session *session, struct error *err)
{
	struct pipeline pipeline = {.session = session};
	char *work = NULL;
	int status = -1;

	if (delivery_prepare(&pipeline.delivery, true, err) != 0)
		goto done;
	work = stage_work_folder(session, err);
	if (work == NULL)
		goto done;
	pipeline.ledger = ledger_open(work, session->dry_run ? LEDGER_SCRATCH : LEDGER_WRITE,
		session->wait_lock, ledger_warning, session, err);
	if (pipeline.ledger != NULL &&
		blur_rule_open(session, pipeline.ledger, work, general.data_path, &pipeline.rule,
			err) == 0)
		status = run_stages(&pipeline, err);
done:
	deliver_close(pipeline.deliver);
	delivery_release(&pipeline.delivery);
	ledger_close(pipeline.ledger);
	blur_rule_release(&pipeline.rule);
	free(work);
	return status;
}

static const char description[] =
	"Does in one go what 'convert' (with --convert), 'package' and 'upload' do one after the "
	"other: looks at what is in the data path, checks it against the server, makes "
	"web-friendly copies, writes the packages, delivers them, and with --trigger has the "
	"server process them. With several parts (--max-size, --split) one is on its way while the "
	"next is written.\n"
	"\n"
	"With --detect a model looks at everything first; --exclude-blank then leaves out what is "
	"blank, and --blur human,vehicle sees to it that nobody leaves uncovered "
	"(trapkit-convert(1)).\n"
	"\n"
	"Every option of the stages is taken here too, and each stage reads its own section of the "
	"settings.\n"
	"\n"
	"Stopped by whatever it may be, the same command finishes what is missing: pictures that "
	"were read are not read again, packages that are written are not written again, what is "
	"delivered is not sent again, and no package is processed twice.\n"
	"\n"
	"A data path may grow: every run packages and sends what is new since the last one, in an "
	"additional package, and a package whose upload was begun is gone on with. What was "
	"delivered is left out, whatever the settings have become since; see trapkit-package(1). "
	"--again packages and sends everything once more, which TRAPPER then shows twice.";

static const char examples[] =
	"# Package, upload and have the server process it\n"
	"$ trapkit pipeline --data-path /data --trigger\n"
	"# Make web-friendly copies first, and send these\n"
	"$ trapkit pipeline --data-path /data --convert --trigger\n"
	"# Only one collection, in parts of 2 GB, and see what would happen\n"
	"$ trapkit pipeline --data-path /data --collection summer_2024 --max-size 2GB --trigger "
	"--dry-run\n"
	"# Look for animals first, leave blank pictures here, and cover people\n"
	"$ trapkit pipeline --data-path /data --detect --model md_v5a.onnx --exclude-blank "
	"--blur human --trigger\n"
	"# Every night from cron\n"
	"$ trapkit pipeline --data-path /data --trigger --max-runtime 6h --quiet\n";

const struct command command_pipeline = {
	.name = "pipeline",
	.summary = "Convert, package, upload and trigger in one go",
	.description = description,
	.examples = examples,
	.related = "trapkit-convert 1, trapkit-detect 1, trapkit-package 1, trapkit-upload 1, "
		   "trapkit-cron 7, trapkit-technician 7",
	.options = tables,
	.run = run,
};
