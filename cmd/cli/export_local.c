/* SPDX-License-Identifier: GPL-3.0-or-later */
/* export --local: a Camtrap DP package built from folders, without a server. */
#include "export.h"

#include "../stages.h"
#include "blur.h"
#include "console.h"
#include "delivery.h"
#include "detection.h"
#include "general.h"
#include "options.h"
#include "trapkit/camtrapdp_write.h"
#include "trapkit/export_local.h"
#include "trapkit/ledger.h"
#include "trapkit/output_file.h"
#include "trapkit/text.h"
#include "trapkit/timestamp.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

static struct {
	char *deployments, *metadata, *threshold, *class_threshold, *precision, *created;
	struct string_list detections;
	double event_interval;
	bool init_metadata, exclude_human, copy_media, link_media, media;
} settings;

static const char local_group[] = "Built from folders (--local)";

const struct option export_local_options[] = {
	{.name = "data-path",
		.value = "DIR",
		.directory = &general.data_path,
		.group = local_group,
		.help = "Read the collections below DIR (DIR/COLLECTION/DEPLOYMENT/FILES)."},
	{.name = "collection",
		.value = "NAME",
		.list = &general.collections,
		.group = local_group,
		.help = "Take only this collection; may be given several times."},
	{.name = "deployments",
		.value = "FILE",
		.file = &settings.deployments,
		.group = local_group,
		.help = "Read the table of deployments from FILE instead of DATA/deployments.csv."},
	{.name = "detections",
		.value = "FILE",
		.list = &settings.detections,
		.group = local_group,
		.help = "Take what a detector saw from FILE (MegaDetector's format); repeatable."},
	{.name = "metadata",
		.value = "FILE",
		.file = &settings.metadata,
		.group = local_group,
		.help = "Read title, contributors, licences from FILE instead of "
			"DATA/metadata.toml."},
	{.name = "init-metadata",
		.flag = &settings.init_metadata,
		.fallback = "false",
		.group = local_group,
		.help = "Write that file, commented, to be filled in, and nothing else."},
	{.name = "event-interval",
		.section = "EXPORT",
		.value = "TIME",
		.duration = &settings.event_interval,
		.minimum = 1,
		.maximum = 86400,
		.fallback = "15m",
		.group = local_group,
		.help = "Begin another event when nothing was seen for this long; 2m for "
			"sequences."},
	{.name = "threshold",
		.section = "EXPORT",
		.value = "NUMBER",
		.text = &settings.threshold,
		.group = local_group,
		.help = "Take detections at this confidence or more; else what the detector "
			"recommends, or 0.2."},
	{.name = "class-threshold",
		.section = "EXPORT",
		.value = "NUMBER",
		.text = &settings.class_threshold,
		.fallback = "0.5",
		.group = local_group,
		.help = "Take the classifier's name at this confidence or more."},
	{.name = "exclude-human",
		.section = "EXPORT",
		.flag = &settings.exclude_human,
		.fallback = "false",
		.group = local_group,
		.help = "Leave files with people on them out."},
	{.name = "coordinate-precision",
		.section = "EXPORT",
		.value = "DEGREES",
		.text = &settings.precision,
		.group = local_group,
		.help = "Round positions to this, as 0.01, and say so."},
	{.name = "copy-media",
		.flag = &settings.copy_media,
		.fallback = "false",
		.group = local_group,
		.help = "Copy the files to media/ in the package."},
	{.name = "link-media",
		.flag = &settings.link_media,
		.fallback = "false",
		.group = local_group,
		.help = "Make hard links to the files in media/."},
	{.name = "media",
		.flag = &settings.media,
		.fallback = "true",
		.group = local_group,
		.help = "Have the files with the package; --no-media writes paths only."},
	{.name = "created",
		.value = "TIME",
		.text = &settings.created,
		.group = local_group,
		.help = "Say that the package was made then, not when the newest input was."},
	{0},
};

bool export_writes_metadata(void)
{
	return settings.init_metadata;
}

/* ---- --init-metadata ---- */

/* The path of --metadata or the like: as given, or NAME in the data path. Owned. */
static char *path_or(const char *given, const char *name)
{
	if (given != NULL)
		return xstrdup(given);
	return general.data_path == NULL ? xstrdup(name) : text_join_path(general.data_path, name);
}

static int init_metadata(struct session *session, struct error *err)
{
	char *path = path_or(settings.metadata, "metadata.toml");
	struct output_file file = {0};
	int result = 0;

	json_add_text(session->result, "metadata", path);
	if (!session->dry_run) {
		result = output_file_open(&file, path, false, err);
		if (result == 0 && fputs(camtrapdp_metadata_template, file.stream) == EOF)
			result = error_errno(err, "cannot write '%s'", path);
		if (result == 0)
			result = output_file_publish(&file,
				export_settings.overwrite ? OUTPUT_REPLACE : OUTPUT_REFUSE, err);
		output_file_discard(&file);
	}
	if (result == 0)
		console_print(session->console,
			"%s '%s': fill it in, then run trapkit export "
			"--local\n",
			session->dry_run ? "Would write" : "Wrote", path);
	free(path);
	return result;
}

/* ---- the options as numbers ---- */

/* What is wrong with an option is the fault of whoever wrote it. */
static int wrong_option(
	struct session *session, const char *name, const char *wanted, struct error *err)
{
	const struct option *row = command_option(session->command, name);

	return error_set(err,
		option_level(row) == ORIGIN_COMMAND_LINE ? ERROR_USAGE : ERROR_SETTINGS, "%s: %s",
		option_origin(row), wanted);
}

static int parse_share(struct session *session, const char *name, const char *text, double *number,
	struct error *err)
{
	if (text == NULL)
		return 0;
	if (!text_parse_number(text, number) || *number < 0 || *number > 1)
		return wrong_option(session, name, "give a confidence from 0 to 1, as 0.2", err);
	return 0;
}

static int parse_created(
	struct session *session, const struct zone *zone, int64_t *created, struct error *err)
{
	struct wall_time wall;

	*created = -1;
	if (settings.created == NULL)
		return 0;
	if (!wall_parse_entered(settings.created, false, &wall))
		return wrong_option(
			session, "created", "give a time, as 2024-06-02T09:30:00Z", err);
	*created = zone_resolve(zone, &wall, general.ignore_dst).utc;
	return 0;
}

static int parse_media(enum export_media *media, struct error *err)
{
	if (settings.copy_media + settings.link_media + !settings.media > 1)
		return error_set(
			err, ERROR_USAGE, "give one of --copy-media, --link-media and --no-media");
	*media = settings.copy_media  ? EXPORT_MEDIA_COPY
		: settings.link_media ? EXPORT_MEDIA_LINK
		: !settings.media     ? EXPORT_MEDIA_NONE
				      : EXPORT_MEDIA_AUTO;
	return 0;
}

static int parse_options(struct session *session, const struct zone *zone,
	struct export_local_settings *what, struct error *err)
{
	what->threshold = NAN;
	what->gzip = strcmp(export_settings.filetype, "csv.gz") == 0;
	if (!what->gzip && strcmp(export_settings.filetype, "csv") != 0)
		return wrong_option(session, "export-filetype",
			"a package built here has tables of type csv.gz or csv", err);
	if (settings.precision != NULL &&
		(!text_parse_number(settings.precision, &what->precision) ||
			what->precision < 1e-9 || what->precision > 10))
		return wrong_option(session, "coordinate-precision",
			"give degrees, as 0.01 for about a kilometre", err);
	if (parse_share(session, "threshold", settings.threshold, &what->threshold, err) != 0 ||
		parse_share(session, "class-threshold", settings.class_threshold,
			&what->class_threshold, err) != 0 ||
		parse_created(session, zone, &what->created, err) != 0)
		return -1;
	return parse_media(&what->media, err);
}

/* ---- inputs ---- */

static struct zone *open_zone(struct error *err)
{
	if (general.timezone != NULL)
		return zone_open(general.timezone, err);
	error_set(err, ERROR_SETTINGS,
		"no time zone: give --timezone (or set PACKAGE.timezone) with the zone that the "
		"cameras' clocks were set to, as Europe/Warsaw");
	return NULL;
}

static void tell_problems(struct session *session, const struct string_list *problems)
{
	cJSON *array = cJSON_AddArrayToObject(session->result, "problems");

	for (size_t i = 0; i < problems->count; i++) {
		cJSON_AddItemToArray(array, cJSON_CreateString(problems->items[i]));
		if (problems->count > 1)
			console_warning(session->console, "%s", problems->items[i]);
	}
}

static void set_text(struct camtrapdp_metadata *metadata, const char *key, const char *text)
{
	if (text != NULL)
		camtrapdp_metadata_set_text(metadata, key, text);
}

/* The file, what options say instead, and what is wrong with both. NULL with `err`. */
static struct camtrapdp_metadata *read_metadata(
	struct session *session, const char *path, struct error *err)
{
	struct camtrapdp_metadata *metadata = camtrapdp_read_metadata(path, err);
	struct string_list problems = {0}, warnings = {0};

	if (metadata == NULL)
		return NULL;
	set_text(metadata, "name", export_settings.name);
	set_text(metadata, "title", export_settings.title);
	set_text(metadata, "description", export_settings.description);
	if (option_is_set(command_option(session->command, "version-id")))
		set_text(metadata, "version", export_settings.version);
	if (export_settings.keywords.count > 0)
		camtrapdp_metadata_set_list(metadata, "keywords", &export_settings.keywords);
	if (camtrapdp_check_metadata(metadata, &problems, &warnings, err) != 0) {
		tell_problems(session, &problems);
		camtrapdp_metadata_free(metadata);
		metadata = NULL;
	}
	for (size_t i = 0; i < warnings.count; i++)
		console_warning(session->console, "%s", warnings.items[i]);
	string_list_release(&problems);
	string_list_release(&warnings);
	return metadata;
}

/* What `trapkit detect` left, where nothing else is given. */
static void find_detections(struct session *session, const char *work)
{
	char *path = detection_output(work);
	struct stat status;

	if (settings.detections.count == 0 && stat(path, &status) == 0) {
		string_list_add(&settings.detections, path);
		console_note(session->console, "taking detections from '%s'", path);
	}
	free(path);
}

/* ---- results ---- */

static void warn_of(struct session *session, uint64_t count, const char *what)
{
	if (count > 0)
		console_warning(session->console, "%llu file%s %s", (unsigned long long)count,
			count == 1 ? "" : "s", what);
}

static void fill_document(cJSON *document, const struct export_local_result *result)
{
	static const char *const modes[] = {"in_place", "copied", "linked", "none"};
	const struct {
		const char *name;
		uint64_t number;
	} numbers[] = {{"deployments", result->deployments}, {"media", result->media},
		{"observations", result->observations}, {"events", result->events},
		{"bytes", result->bytes}, {"animals", result->animals}, {"humans", result->humans},
		{"vehicles", result->vehicles}, {"blanks", result->blanks},
		{"unknown", result->unknown}, {"unclassified", result->unclassified},
		{"excluded_humans", result->excluded_humans},
		{"excluded_blanks", result->excluded_blanks}, {"by_mtime", result->by_mtime},
		{"outside", result->outside}, {"undetected", result->undetected},
		{"unmatched", result->unmatched}, {"failed", result->failed}};

	json_add_text(document, "output", export_settings.output);
	cJSON_AddBoolToObject(document, "up_to_date", result->up_to_date);
	cJSON_AddStringToObject(document, "media_files", modes[result->media_mode]);
	for (size_t i = 0; i < sizeof numbers / sizeof numbers[0]; i++)
		cJSON_AddNumberToObject(document, numbers[i].name, (double)numbers[i].number);
}

static int conclude(struct session *session, const struct export_local_result *result,
	const struct survey_result *survey)
{
	const char *done = result->up_to_date ? "Up to date:"
		: session->dry_run            ? "Would write"
					      : "Wrote";
	char *output = shell_word(export_settings.output);

	fill_document(session->result, result);
	warn_of(session, result->by_mtime, "without a date inside, dated by the file's time");
	warn_of(session, result->outside,
		"dated outside their deployment: check clocks, --timezone and the table");
	if (settings.detections.count > 0)
		warn_of(session, result->undetected,
			"that no results file knows, written as unclassified");
	console_print(session->console,
		"%s '%s': %llu deployments, %llu media files, %llu observations of them and of "
		"%llu events\n",
		done, export_settings.output, (unsigned long long)result->deployments,
		(unsigned long long)result->media, (unsigned long long)result->observations,
		(unsigned long long)result->events);
	if (result->media_mode == EXPORT_MEDIA_NONE && settings.media)
		console_note(session->console,
			"the media files are not in the ZIP; --copy-media puts them in");
	if (!session->dry_run)
		console_print(session->console, "To check it: trapkit validate %s\n", output);
	free(output);
	return survey->failed > 0 || result->failed > 0;
}

static int build(struct session *session, struct export_local_settings *what, struct error *err)
{
	struct survey_result survey = {0};
	struct export_local_result result = {0};
	struct blur_rule rule = {0};
	char *work = stage_work_folder(session, err);
	struct ledger *ledger = NULL;
	int status = -1;

	if (work == NULL)
		goto done;
	find_detections(session, work);
	ledger = ledger_open(work, session->dry_run ? LEDGER_SCRATCH : LEDGER_WRITE,
		session->wait_lock, ledger_warning, session, err);
	if (ledger == NULL ||
		blur_rule_open(session, ledger, work, general.data_path, &rule, err) != 0 ||
		(what->media != EXPORT_MEDIA_NONE && blur_rule_check(&rule, err) != 0) ||
		survey_stage(session, ledger, &survey, err) != 0)
		goto done;
	what->blur = rule.kinds == NULL ? NULL : &rule.flow;
	what->work_folder = work;
	what->collections = &survey.collections;
	if (export_local_run(what, ledger, &result, session->progress, err) != 0) {
		tell_problems(session, &result.problems);
		goto done;
	}
	status = conclude(session, &result, &survey);
done:
	export_local_result_release(&result);
	survey_result_release(&survey);
	blur_rule_release(&rule);
	ledger_close(ledger);
	free(work);
	return status;
}

int export_from_folders(struct session *session, struct error *err)
{
	struct export_local_settings what = {.data_path = general.data_path,
		.detections = &settings.detections,
		.output = export_settings.output,
		.ignore_dst = general.ignore_dst,
		.event_interval = settings.event_interval,
		.exclude_human = settings.exclude_human,
		.exclude_blank = export_settings.exclude_blank,
		.private_human = export_settings.private_human,
		.private_vehicle = export_settings.private_vehicle,
		.private_species = &export_settings.private_species,
		.overwrite = export_settings.overwrite,
		.dry_run = session->dry_run};
	char *deployments, *metadata_path;
	struct zone *zone = NULL;
	int status = -1;

	if (settings.init_metadata)
		return init_metadata(session, err);
	if (general.data_path == NULL || export_settings.output == NULL)
		return error_set(err, ERROR_USAGE,
			"--local needs --data-path DIR, where the media are, and --output, a "
			"folder or a FILE.zip");
	what.deployments = deployments = path_or(settings.deployments, "deployments.csv");
	what.metadata_path = metadata_path = path_or(settings.metadata, "metadata.toml");
	zone = open_zone(err);
	what.zone = zone;
	if (zone != NULL && parse_options(session, zone, &what, err) == 0 &&
		(what.metadata = read_metadata(session, metadata_path, err)) != NULL)
		status = build(session, &what, err);
	camtrapdp_metadata_free(what.metadata);
	zone_free(zone);
	free(deployments);
	free(metadata_path);
	return status;
}
