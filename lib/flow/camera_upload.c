/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Files sent as a camera: checked, known by their contents, each sent by one of a few threads. */
#include "camera_upload_job.h"
#include "trapkit/find_files.h"
#include "trapkit/package.h"
#include "trapkit/text.h"
#include "trapkit/workers.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define STAGE "upload"

void camera_upload_file_release(struct camera_upload_file *file)
{
	free(file->path);
	free(file->remote);
	free(file->reason);
	free(file->details);
	free(file->verdict_reason);
	free(file->verdict_details);
	*file = (struct camera_upload_file){0};
}

/* ---- stops and reports ---- */

int upload_check(struct upload *upload, struct error *err)
{
	bool stop;

	pthread_mutex_lock(&upload->lock);
	stop = upload->stop;
	pthread_mutex_unlock(&upload->lock);
	if (stop)
		return error_set(err, ERROR_CANCELLED, "stopped");
	if (progress_check(upload->progress, err) != 0)
		return -1;
	if (upload->retry.max_runtime > 0 &&
		retry_clock() - upload->retry.began > upload->retry.max_runtime)
		return error_set(err, ERROR_NETWORK,
			"the time allowed (--max-runtime) is over; run the command again to go on");
	return 0;
}

static int check_retry(void *context, struct error *err)
{
	return upload_check(context, err);
}

void upload_report(struct upload *upload, enum progress_kind kind)
{
	struct progress_event event = {.kind = kind, .stage = STAGE, .files_total = upload->count};

	pthread_mutex_lock(&upload->lock);
	event.files_done = upload->done;
	event.bytes_total = upload->bytes_total;
	event.bytes_done = upload->bytes_done;
	for (unsigned i = 0; i < upload->connection_count; i++)
		event.bytes_done += upload->connections[i].position;
	pthread_mutex_unlock(&upload->lock);
	progress_send(upload->progress, &event);
}

/* ---- connections ---- */

/* What a connection says of its one file becomes a part of the whole. */
static int connection_report(void *context, const struct progress_event *event)
{
	struct connection *connection = context;
	struct upload *upload = connection->upload;
	int stop;

	pthread_mutex_lock(&upload->lock);
	stop = upload->stop;
	if (event->kind == PROGRESS_ADVANCE)
		connection->position = event->bytes_done;
	pthread_mutex_unlock(&upload->lock);
	if (event->kind == PROGRESS_ADVANCE)
		upload_report(upload, PROGRESS_ADVANCE);
	if (event->kind <= PROGRESS_END)
		return progress_send(
			       upload->progress, &(struct progress_event){.kind = PROGRESS_POLL}) |
			stop;
	return progress_send(upload->progress, event) | stop;
}

static void connection_open(struct connection *connection)
{
	struct upload *upload = connection->upload;
	struct remote_settings settings = *upload->settings->remote;

	settings.limiter = upload->limiter;
	if (upload->retry.max_runtime > 0)
		settings.max_runtime =
			upload->retry.max_runtime - (retry_clock() - upload->retry.began) + 1;
	connection->progress =
		(struct progress){.report = connection_report, .context = connection};
	connection->remote = remote_open(&settings, &connection->progress);
}

struct connection *connection_take(struct upload *upload, struct error *err)
{
	struct connection *found = NULL;

	pthread_mutex_lock(&upload->lock);
	while (found == NULL && !upload->stop) {
		for (unsigned i = 0; i < upload->connection_count && found == NULL; i++)
			if (!upload->connections[i].busy && !upload->connections[i].retired)
				found = &upload->connections[i];
		if (found == NULL)
			pthread_cond_wait(&upload->changed, &upload->lock);
	}
	if (found != NULL)
		found->busy = true;
	pthread_mutex_unlock(&upload->lock);
	if (found == NULL)
		error_set(err, ERROR_CANCELLED, "stopped");
	else if (found->remote == NULL)
		connection_open(found);
	return found;
}

void connection_give(struct connection *connection)
{
	struct upload *upload = connection->upload;

	pthread_mutex_lock(&upload->lock);
	connection->busy = false;
	connection->position = 0;
	pthread_cond_broadcast(&upload->changed);
	pthread_mutex_unlock(&upload->lock);
}

bool connection_retire(struct connection *connection)
{
	struct upload *upload = connection->upload;
	unsigned others = 0;

	pthread_mutex_lock(&upload->lock);
	for (unsigned i = 0; i < upload->connection_count; i++)
		others += !upload->connections[i].retired;
	connection->retired = --others > 0;
	pthread_mutex_unlock(&upload->lock);
	if (connection->retired)
		progress_note(upload->progress,
			"the server takes no further connection: going on with %u", others);
	return others > 0;
}

/* ---- one file ---- */

static void settle(struct camera_upload_file *file, enum camera_upload_status status,
	const char *reason, const char *details)
{
	free(file->reason);
	free(file->details);
	file->status = status;
	file->reason = reason == NULL ? NULL : xstrdup(reason);
	file->details = details == NULL || *details == '\0' ? NULL : xstrdup(details);
}

static int open_file(struct camera_job *job, struct error *err)
{
	struct camera_upload_file *file = job->file;

	/* Not blocking, should it be a pipe. */
	job->fd = open(file->path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY | O_NOFOLLOW);
	if (job->fd < 0 && errno == ELOOP) {
		settle(file, CAMERA_UPLOAD_SKIPPED, "not_a_file", "a link, not followed");
		return 1;
	}
	if (job->fd < 0 || fstat(job->fd, &job->begun) != 0)
		return error_errno(err, "cannot open '%s'", file->path);
	if (!S_ISREG(job->begun.st_mode)) {
		settle(file, CAMERA_UPLOAD_SKIPPED, "not_a_file", "not a file");
		return 1;
	}
	file->size = (uint64_t)job->begun.st_size;
	return 0;
}

void job_check(const struct camera_job *job, const char *remote, struct camera_check *check)
{
	struct error ignored = {0}; /* the verdict tells */

	camera_check_file(job->upload->settings->checking, remote, job->fd,
		(uint64_t)job->begun.st_size, check, &ignored);
}

/*
 * Where the file goes: its path below the upload root where a path profile knows the camera by it,
 * else its clean name in the root; and the verdict on it there.
 */
static void choose_place(struct camera_job *job, struct camera_check *check)
{
	const char *below = job->file->path + job->file->below;
	size_t folder = (size_t)(text_base_name(below) - below);
	char *clean = camera_clean_name(below);

	job->remote = xasprintf("%.*s%s", (int)folder, below, clean);
	job->place = job->remote;
	job_check(job, job->remote, check);
	if (check->verdict != CAMERA_SKIPPED &&
		(check->profile == NULL || check->profile->path == NULL)) {
		free(job->remote);
		job->remote = clean;
		job->place = "";
		clean = NULL;
		if (folder > 0)
			job_check(job, job->remote, check);
	}
	free(clean);
}

/* Such a name becomes another on the way, or ends the server's work on it. */
static bool name_is_sound(const struct camera_job *job, const struct camera_check *check)
{
	return (check->facts.warnings & CAMERA_NAME_CHANGES) == 0 &&
		text_is_utf8(job->remote, strlen(job->remote));
}

/* Also what lies in a folder of deleted files. */
static bool is_junk(const char *path)
{
	bool junk = false;

	for (const char *end; *path != '\0' && !junk; path = end + (*end == '/')) {
		char *part;

		end = path + strcspn(path, "/");
		part = xstrndup(path, (size_t)(end - path));
		junk = find_is_junk(part);
		free(part);
	}
	return junk;
}

/* 0 = it may leave this computer, 1 = it may not. */
static int judge(struct camera_job *job)
{
	struct camera_upload_file *file = job->file;
	struct camera_check check;

	if (is_junk(file->path + file->below)) {
		settle(file, CAMERA_UPLOAD_SKIPPED, "ignored",
			"what systems leave behind, no camera's");
		return 1;
	}
	choose_place(job, &check);
	file->by_path = *job->place != '\0';
	file->warnings = check.facts.warnings & ~(unsigned)CAMERA_COUNTED_NAME;
	if (check.verdict == CAMERA_OK && !name_is_sound(job, &check)) {
		settle(file, CAMERA_UPLOAD_REFUSED, "unsupported_name",
			"the server does not keep such a name: give it one without blanks at its "
			"ends, backslashes and control characters, in UTF-8");
		return 1;
	}
	if (check.verdict == CAMERA_OK) {
		memcpy(job->id, check.id, sizeof job->id);
		return 0;
	}
	settle(file, check.reason == CAMERA_IGNORED ? CAMERA_UPLOAD_SKIPPED : CAMERA_UPLOAD_REFUSED,
		camera_reason_name(check.reason), check.details);
	return 1;
}

static bool collides(const struct camera_job *job, const struct camera_job *other)
{
	return strcmp(job->remote, other->remote) == 0 ||
		(strcmp(job->file->sha256, other->file->sha256) == 0 &&
			strcmp(job->place, other->place) == 0);
}

/* Waits until no other thread has the same contents or the same name on the server at hand. */
static int claim(struct camera_job *job, struct error *err)
{
	struct upload *upload = job->upload;
	struct camera_job *other;

	pthread_mutex_lock(&upload->lock);
	do {
		for (other = upload->jobs; other != NULL && !collides(job, other);
			other = other->next)
			;
		if (other != NULL && !upload->stop)
			pthread_cond_wait(&upload->changed, &upload->lock);
	} while (other != NULL && !upload->stop);
	if (other == NULL) {
		job->next = upload->jobs;
		upload->jobs = job;
	}
	pthread_mutex_unlock(&upload->lock);
	return other == NULL ? 0 : error_set(err, ERROR_CANCELLED, "stopped");
}

static void let_go(struct camera_job *job)
{
	struct upload *upload = job->upload;
	struct camera_job **at;

	pthread_mutex_lock(&upload->lock);
	for (at = &upload->jobs; *at != NULL && *at != job; at = &(*at)->next)
		;
	if (*at != NULL)
		*at = job->next;
	pthread_cond_broadcast(&upload->changed);
	pthread_mutex_unlock(&upload->lock);
	ledger_camera_file_release(&job->row);
	free(job->remote);
	if (job->fd >= 0)
		close(job->fd);
}

/* 0 = to be sent, 1 = nothing to do, -1 = `err`. */
static int prepare(struct camera_job *job, struct error *err)
{
	struct upload *upload = job->upload;
	struct camera_upload_file *file = job->file;
	int result = open_file(job, err);
	int found;

	if (result != 0 || judge(job) != 0)
		return result < 0 ? -1 : 1;
	if (file_sha256(file->path, file->sha256, upload->progress, err) != 0 ||
		claim(job, err) != 0)
		return -1;
	found = ledger_get_camera_file(
		upload->ledger, upload->destination, file->sha256, job->place, &job->row, err);
	if (found < 0)
		return -1;
	job->known = found == 1 && (job->row.state != CAMERA_FILE_SENT || !upload->settings->again);
	if (!job->known || job->row.state != CAMERA_FILE_SENT) {
		file->remote = xstrdup(job->remote);
		return 0;
	}
	file->remote = xstrdup(job->row.remote);
	settle(file, CAMERA_UPLOAD_ALREADY_SENT, NULL, NULL);
	return 1;
}

/* After these the next file would meet the same. */
static bool is_common(const struct error *err)
{
	switch (err->kind) {
	case ERROR_REMOTE:
		return retry_replied(err, "452") || retry_replied(err, "552");
	case ERROR_INPUT:
	case ERROR_SYSTEM:
		return false;
	default:
		return true;
	}
}

static void fail(struct camera_job *job, const struct error *err)
{
	struct upload *upload = job->upload;
	enum error_kind kind = err->kind;
	bool stopped;

	pthread_mutex_lock(&upload->lock);
	/* Those that stop because of another's error were not come to. */
	stopped = kind == ERROR_CANCELLED && upload->stop;
	if (!upload->stop && (is_common(err) || upload->settings->fail_fast)) {
		upload->stop = true;
		upload->error = *err;
	}
	pthread_cond_broadcast(&upload->changed);
	pthread_mutex_unlock(&upload->lock);
	if (!stopped && kind != ERROR_CANCELLED)
		settle(job->file, CAMERA_UPLOAD_FAILED,
			kind == ERROR_NETWORK                                   ? "network"
				: kind == ERROR_REMOTE || kind == ERROR_REFUSED ? "server"
										: "local",
			err->message);
}

static int next_file(void *context, void *item, struct error *err)
{
	struct upload *upload = context;

	if (upload->next == upload->count)
		return 0;
	if (upload_check(upload, err) != 0)
		return -1;
	*(struct camera_upload_file **)item = &upload->files[upload->next++];
	return 1;
}

static int send_file(void *context, void *item, struct error *err)
{
	struct camera_job job = {
		.upload = context, .file = *(struct camera_upload_file **)item, .fd = -1};
	const struct camera_upload_settings *settings = job.upload->settings;
	int result = 1; /* settled */

	if (job.file->status == CAMERA_UPLOAD_WAITING)
		result = prepare(&job, err);

	/* A dry run's ledger is scratch: the same contents are then known the second time. */
	if (result == 0)
		result = settings->dry_run ? job_remember(&job, CAMERA_FILE_SENT, job.remote, err)
					   : camera_send(&job, err);
	if (result == 0)
		settle(job.file, settings->dry_run ? CAMERA_UPLOAD_WOULD_SEND : CAMERA_UPLOAD_SENT,
			NULL, NULL);
	if (job.file->status == CAMERA_UPLOAD_REFUSED && settings->fail_fast)
		result = error_set(err, ERROR_INPUT, "'%s' would be refused: %s", job.file->path,
			job.file->details);
	if (result < 0)
		fail(&job, err);
	let_go(&job);
	return result < 0 ? -1 : 0;
}

static int take_file(void *context, void *item, const struct error *failure, struct error *err)
{
	struct upload *upload = context;
	const struct camera_upload_file *file = *(struct camera_upload_file **)item;

	(void)failure; /* send_file has dealt with it */
	(void)err;
	pthread_mutex_lock(&upload->lock);
	upload->done++;
	upload->bytes_done += file->size;
	pthread_mutex_unlock(&upload->lock);
	upload_report(upload, PROGRESS_ADVANCE);
	if (file->status == CAMERA_UPLOAD_SENT)
		progress_detail(upload->progress, "sent '%s'", file->path);
	return 0;
}

/* ---- the run ---- */

static int send_all(struct upload *upload, struct error *err)
{
	struct workers workers = {.next = next_file,
		.work = send_file,
		.take = take_file,
		.context = upload,
		.item_size = sizeof(struct camera_upload_file *)};
	int result;

	upload_report(upload, PROGRESS_BEGIN);
	result = workers_run(&workers, upload->connection_count, err);
	upload_report(upload, PROGRESS_END);
	if (!upload->stop) {
		camera_sweep(upload);
		return result;
	}
	*err = upload->error;
	return -1;
}

static int run(struct upload *upload, struct error *err)
{
	struct remote_entry_list before = {0};
	bool verify = upload->settings->verify > 0 && !upload->settings->dry_run, readable = false;
	int result = 0;

	if (verify)
		result = camera_rejected(upload, &before, &readable, err);
	if (result == 0)
		result = send_all(upload, err);
	if (result == 0 && verify)
		result = camera_verify(upload, readable ? &before : NULL, err);
	remote_entry_list_release(&before);
	return result;
}

int camera_upload(const struct camera_upload_settings *settings, struct ledger *ledger,
	struct camera_upload_file *files, size_t count, const struct progress *progress,
	struct error *err)
{
	struct upload upload = {
		.settings = settings,
		.ledger = ledger,
		.progress = progress,
		.files = files,
		.count = count,
		.destination = remote_url(settings->remote),
		.retry = {.retries = settings->retries,
			.first_pause = settings->first_pause > 0 ? settings->first_pause : 1,
			.began = retry_clock(),
			.max_runtime = settings->max_runtime,
			.progress = progress,
			.check = check_retry,
			.context = &upload},
		.plain = settings->plain,
		.connection_count = settings->parallel < 1               ? 1
			: settings->parallel > CAMERA_UPLOAD_CONNECTIONS ? CAMERA_UPLOAD_CONNECTIONS
									 : settings->parallel,
	};
	int result;

	pthread_mutex_init(&upload.lock, NULL);
	pthread_cond_init(&upload.changed, NULL);
	if (settings->remote->rate > 0)
		upload.limiter = remote_limiter_new(settings->remote->rate);
	for (size_t i = 0; i < count; i++)
		upload.bytes_total += files[i].size;
	for (unsigned i = 0; i < upload.connection_count; i++)
		upload.connections[i].upload = &upload;
	result = run(&upload, err);
	for (unsigned i = 0; i < upload.connection_count; i++)
		remote_close(upload.connections[i].remote);
	remote_limiter_free(upload.limiter);
	string_list_release(&upload.interrupted);
	pthread_cond_destroy(&upload.changed);
	pthread_mutex_destroy(&upload.lock);
	free(upload.destination);
	return result;
}
