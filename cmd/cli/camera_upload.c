/* SPDX-License-Identifier: GPL-3.0-or-later */
/* `trapkit upload --camera`: single files to the server of the cameras, and what became of them. */
#include "camera_upload.h"
#include "blur.h"

#include "camera_targets.h"
#include "cameras.h"
#include "console.h"
#include "delivery.h"
#include "general.h"
#include "trapkit/camera_upload.h"
#include "trapkit/text.h"

#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static struct {
	bool camera, plain_stor;
	double verify;
} choices;

static const char group[] = "Sending as a camera";

const struct option camera_upload_options[] = {
	{.name = "camera",
		.flag = &choices.camera,
		.fallback = "false",
		.group = group,
		.help = "Send pictures and daily reports to an AddaxAI Connect server as a camera "
			"does."},
	{.name = "verify",
		.value = "SECONDS",
		.duration = &choices.verify,
		.fallback = "0",
		.group = group,
		.help = "Wait so long for the server to take the files in, and tell what it "
			"rejects."},
	{.name = "plain-stor",
		.section = "UPLOAD",
		.flag = &choices.plain_stor,
		.fallback = "false",
		.group = group,
		.help = "Send files under their own names at once: for servers of before August "
			"2026."},
	{0},
};

bool camera_upload_wanted(void)
{
	return choices.camera;
}

struct job {
	struct session *session;
	struct camera_targets targets;
	struct camera_upload_file *files; /* one for each target */
	struct camera_context context;
	struct delivery delivery;
	uint64_t counts[CAMERA_UPLOAD_FAILED + 1];
	uint64_t verdicts[CAMERA_VERDICT_UNKNOWN + 1];
	uint64_t bytes_sent;
	struct table table;
};

/* ---- whose memory ---- */

/*
 * The ledger lies with the pictures: in the nearest .trapkit at or above what was named first, else
 * a new one beside it. Owned; NULL with `err` when there is no such file.
 */
static char *work_folder_of(struct session *session, const char *first, struct error *err)
{
	char *real, *nearest;
	struct stat status;

	if (session->work_dir != NULL || general.data_path != NULL)
		return delivery_work_folder(session, general.data_path);
	real = realpath(first, NULL);
	if (real == NULL || stat(real, &status) != 0) {
		error_errno(err, "cannot open '%s'", first);
		free(real);
		return NULL;
	}
	if (!S_ISDIR(status.st_mode))
		*strrchr(real, '/') = '\0';
	nearest = text_join_path(real, ".trapkit");
	for (char *slash; access(nearest, F_OK) != 0 && (slash = strrchr(real, '/')) != NULL;) {
		char *above;

		*slash = '\0';
		above = xasprintf("%s/.trapkit", real);
		if (access(above, F_OK) == 0) {
			free(nearest);
			nearest = above;
			break;
		}
		free(above);
	}
	free(real);
	return nearest;
}

/* ---- results ---- */

static const char *status_name(const struct camera_upload_file *file)
{
	switch (file->status) {
	case CAMERA_UPLOAD_WOULD_SEND:
		return "would_send";
	case CAMERA_UPLOAD_SENT:
		return "sent";
	case CAMERA_UPLOAD_ALREADY_SENT:
		return "already_sent";
	case CAMERA_UPLOAD_REFUSED:
		return "refused";
	default:
		return "failed";
	}
}

static const char *verdict_name(enum camera_upload_verdict verdict)
{
	static const char *const names[] = {NULL, "accepted", "rejected", "waiting", "unknown"};

	return names[verdict];
}

static const char *reason_of(const struct camera_upload_file *file)
{
	return file->status == CAMERA_UPLOAD_WAITING ? "not_attempted" : file->reason;
}

static cJSON *file_json(const struct camera_upload_file *file, const char *shown)
{
	cJSON *object = cJSON_CreateObject();
	cJSON *warnings;

	cameras_add_text(object, "path", shown);
	cameras_add_text(object, "remote", file->remote);
	cameras_add_text(object, "sha256", file->sha256);
	cJSON_AddStringToObject(object, "status", status_name(file));
	cameras_add_text(object, "reason", reason_of(file));
	cameras_add_text(object, "details", file->details);
	cameras_add_text(object, "verdict", verdict_name(file->verdict));
	cameras_add_text(object, "verdict_reason", file->verdict_reason);
	cameras_add_text(object, "verdict_details", file->verdict_details);
	warnings = cJSON_AddArrayToObject(object, "warnings");
	cameras_add_warnings(warnings, file->warnings);
	return object;
}

/* What a person has to look at; all of it when nothing was sent yet. */
static void add_row(struct job *job, const struct camera_upload_file *file, const char *shown)
{
	bool rejected = file->verdict == CAMERA_VERDICT_REJECTED;
	bool waiting = file->verdict == CAMERA_VERDICT_WAITING;
	const char *details = rejected ? file->verdict_details : file->details;

	if (!rejected && !waiting &&
		(file->status == CAMERA_UPLOAD_SENT || file->status == CAMERA_UPLOAD_ALREADY_SENT ||
			file->status == CAMERA_UPLOAD_WAITING))
		return;
	table_cell(&job->table, "%s",
		rejected || waiting ? verdict_name(file->verdict) : status_name(file));
	table_cell(&job->table, "%s", shown);
	if (file->status == CAMERA_UPLOAD_WOULD_SEND)
		table_cell(&job->table, "%s", file->remote);
	else
		table_cell(&job->table, "%s",
			rejected                          ? file->verdict_reason
				: reason_of(file) != NULL ? reason_of(file)
							  : "-");
	table_cell(&job->table, "%s", details == NULL ? "" : details);
}

static void warn(struct job *job, const struct camera_upload_file *file, const char *shown)
{
	if (file->status != CAMERA_UPLOAD_SENT && file->status != CAMERA_UPLOAD_WOULD_SEND)
		return;
	for (unsigned bit = 1; bit <= CAMERA_LAST_WARNING; bit <<= 1)
		if ((file->warnings & bit) != 0)
			progress_warning(job->session->progress, shown, "%s",
				camera_warning_text((enum camera_warning)bit));
}

static void say_counts(struct job *job)
{
	struct console *console = job->session->console;
	bool dry = job->session->dry_run;
	uint64_t sent = job->counts[dry ? CAMERA_UPLOAD_WOULD_SEND : CAMERA_UPLOAD_SENT];
	const struct {
		uint64_t count;
		const char *what;
	} others[] = {{job->counts[CAMERA_UPLOAD_ALREADY_SENT], "sent before"},
		{job->counts[CAMERA_UPLOAD_REFUSED], "refused"},
		{job->counts[CAMERA_UPLOAD_FAILED], "failed"},
		{job->counts[CAMERA_UPLOAD_WAITING], "not come to"},
		{job->counts[CAMERA_UPLOAD_SKIPPED], "skipped"}};
	char *size = text_size(job->bytes_sent);

	console_print(console, "%s %llu file%s to %s", dry ? "Would send" : "Sent",
		(unsigned long long)sent, sent == 1 ? "" : "s", job->delivery.url);
	if (!dry)
		console_print(console, " (%s)", size);
	for (size_t i = 0; i < sizeof others / sizeof *others; i++)
		if (others[i].count > 0)
			console_print(console, ", %llu %s", (unsigned long long)others[i].count,
				others[i].what);
	console_print(console, "\n");
	if (choices.verify > 0 && !job->session->dry_run)
		console_print(console, "The server took in %llu and rejected %llu; %llu wait\n",
			(unsigned long long)job->verdicts[CAMERA_VERDICT_ACCEPTED],
			(unsigned long long)job->verdicts[CAMERA_VERDICT_REJECTED],
			(unsigned long long)job->verdicts[CAMERA_VERDICT_WAITING]);
	if (job->verdicts[CAMERA_VERDICT_WAITING] > 0)
		console_warning(console,
			"files lie where they were put: the server's service is slow or stands "
			"still, or is of before August 2026 and needs --plain-stor");
	free(size);
}

static void add_summary(struct job *job)
{
	cJSON *summary = cJSON_AddObjectToObject(job->session->result, "summary");
	const uint64_t *counts = job->counts;

	cJSON_AddNumberToObject(summary, "files", (double)job->targets.count);
	if (job->session->dry_run)
		cJSON_AddNumberToObject(
			summary, "would_send", (double)counts[CAMERA_UPLOAD_WOULD_SEND]);
	cJSON_AddNumberToObject(summary, "sent", (double)counts[CAMERA_UPLOAD_SENT]);
	cJSON_AddNumberToObject(
		summary, "already_sent", (double)counts[CAMERA_UPLOAD_ALREADY_SENT]);
	cJSON_AddNumberToObject(summary, "refused", (double)counts[CAMERA_UPLOAD_REFUSED]);
	cJSON_AddNumberToObject(summary, "failed",
		(double)(counts[CAMERA_UPLOAD_FAILED] + counts[CAMERA_UPLOAD_WAITING]));
	cJSON_AddNumberToObject(summary, "skipped", (double)counts[CAMERA_UPLOAD_SKIPPED]);
	cJSON_AddNumberToObject(summary, "bytes_sent", (double)job->bytes_sent);
	for (int i = CAMERA_VERDICT_ACCEPTED; choices.verify > 0 && i <= CAMERA_VERDICT_UNKNOWN;
		i++)
		cJSON_AddNumberToObject(summary, verdict_name((enum camera_upload_verdict)i),
			(double)job->verdicts[i]);
}

static void conclude(struct job *job)
{
	cJSON *array = cJSON_AddArrayToObject(job->session->result, "files");

	json_add_text(job->session->result, "destination", job->delivery.url);
	table_init(&job->table, "status", "file", job->session->dry_run ? "remote" : "reason",
		"remark", (const char *)NULL);
	for (size_t i = 0; i < job->targets.count; i++) {
		const struct camera_upload_file *file = &job->files[i];
		const char *shown = file->path + job->targets.items[i].shown;

		job->counts[file->status]++;
		job->verdicts[file->verdict]++;
		job->bytes_sent += file->bytes_sent;
		if (file->status == CAMERA_UPLOAD_SKIPPED)
			continue;
		warn(job, file, shown);
		add_row(job, file, shown);
		cJSON_AddItemToArray(array, file_json(file, shown));
	}
	if (job->table.cells.count > job->table.columns)
		console_table(job->session->console, &job->table);
	add_summary(job);
	say_counts(job);
}

/* ---- the run ---- */

static int prepare(struct job *job, struct error *err)
{
	const struct camera_targets *targets = &job->targets;

	if (camera_context_open(&job->context, err) != 0 ||
		camera_targets_collect(job->session, &job->targets, err) != 0)
		return -1;
	job->files = xcalloc(targets->count + 1, sizeof *job->files);
	for (size_t i = 0; i < targets->count; i++) {
		const struct camera_target *target = &targets->items[i];
		struct camera_upload_file *file = &job->files[i];

		*file = (struct camera_upload_file){.path = xstrdup(target->path),
			.below = target->remote,
			.size = target->size};
		if (target->failure != 0) {
			file->status = CAMERA_UPLOAD_FAILED;
			file->reason = xstrdup("local");
			file->details = xstrdup(strerror(target->failure));
		} else if (target->special) {
			file->status = CAMERA_UPLOAD_SKIPPED;
		}
	}
	return delivery_prepare_camera(&job->delivery, err);
}

static int send_all(struct job *job, struct ledger *ledger, bool again, struct error *err)
{
	const struct deliver_settings *delivery = &job->delivery.settings;
	struct camera_upload_settings settings = {
		.remote = &job->delivery.remote,
		.checking = &job->context.checking,
		.retries = delivery->retries,
		.max_runtime = delivery->max_runtime,
		.parallel = delivery->parallel,
		.plain = choices.plain_stor,
		.again = again,
		.fail_fast = job->session->fail_fast,
		.dry_run = job->session->dry_run,
		.verify = choices.verify,
	};

	if (!settings.dry_run && delivery_connect(job->session, &job->delivery, err) != 0)
		return -1;
	return camera_upload(
		&settings, ledger, job->files, job->targets.count, job->session->progress, err);
}

static int status_of(const struct job *job)
{
	return job->counts[CAMERA_UPLOAD_REFUSED] + job->counts[CAMERA_UPLOAD_FAILED] +
		job->verdicts[CAMERA_VERDICT_REJECTED] + job->verdicts[CAMERA_VERDICT_WAITING] >
		0;
}

static int refuse_uncovered(const char *place, const char *kinds, struct error *err)
{
	return error_set(err, ERROR_INPUT,
		"nothing is sent: --camera sends pictures as they are, and from '%s' nothing may "
		"leave without covering '%s'; 'trapkit convert --blur none' ends that for a data "
		"path",
		place, kinds);
}

/* Pictures go as they are to a camera's server, so from such a data path none may. */
static int check_blur(struct session *session, struct ledger *ledger, const char *work,
	const struct camera_targets *targets, struct error *err)
{
	struct blur_rule rule;
	char *kinds = NULL, *last = NULL;
	int result = blur_rule_open(session, ledger, work, general.data_path, &rule, err);

	if (result == 0 && rule.kinds != NULL)
		result = refuse_uncovered(targets->first, rule.kinds, err);
	/* Files of a folder stand one after the other. */
	for (size_t i = 0; i < targets->count && result == 0; i++) {
		const char *path = targets->items[i].path;
		size_t folder = (size_t)(text_base_name(path) - path);

		if (targets->items[i].failure != 0 || targets->items[i].special ||
			(last != NULL && strlen(last) == folder &&
				strncmp(last, path, folder) == 0))
			continue;
		free(last);
		last = xstrndup(path, folder);
		result = blur_above(folder == 0 ? "." : last, &kinds, err);
		if (result == 0 && kinds != NULL)
			result = refuse_uncovered(path, kinds, err);
		free(kinds);
		kinds = NULL;
	}
	free(last);
	blur_rule_release(&rule);
	return result;
}

/* A damaged ledger was begun anew, and with it went the word on what was sent. */
static int check_memory(struct ledger *ledger, bool again, struct error *err)
{
	char *lost = NULL;
	int result;

	if (again)
		return ledger_put_note(ledger, LEDGER_LOST, NULL, err);
	result = ledger_get_note(ledger, LEDGER_LOST, &lost, err);
	if (lost != NULL)
		result = error_set(err, ERROR_INPUT,
			"which pictures were sent before is not known, since the ledger was "
			"damaged and begun anew: look at the server, and send what it lacks with "
			"--again");
	free(lost);
	return result;
}

int camera_upload_run(struct session *session, bool again, struct error *err)
{
	struct job job = {.session = session};
	struct ledger *ledger = NULL;
	char *work = NULL;
	int status = -1;

	if (prepare(&job, err) != 0 ||
		(work = work_folder_of(session, job.targets.first, err)) == NULL)
		goto done;
	ledger = ledger_open(work, session->dry_run ? LEDGER_SCRATCH : LEDGER_WRITE,
		session->wait_lock, ledger_warning, session, err);
	if (ledger == NULL || check_memory(ledger, again, err) != 0 ||
		check_blur(session, ledger, work, &job.targets, err) != 0)
		goto done;
	status = send_all(&job, ledger, again, err);
	conclude(&job);
	if (status == 0)
		status = status_of(&job);
done:
	ledger_close(ledger);
	free(work);
	for (size_t i = 0; job.files != NULL && i < job.targets.count; i++)
		camera_upload_file_release(&job.files[i]);
	free(job.files);
	table_release(&job.table);
	camera_targets_release(&job.targets);
	camera_context_release(&job.context);
	delivery_release(&job.delivery);
	return status;
}
