/* SPDX-License-Identifier: GPL-3.0-or-later */
/* One file to the server of the cameras: hidden, verified, renamed; or at once, as old ones need.
 */
#include "camera_upload_job.h"
#include "trapkit/text.h"
#include "trapkit/timestamp.h"

#include <stdlib.h>
#include <string.h>
#include <time.h>

enum { FOLDER_ATTEMPTS = 5 }; /* of making a folder that is taken away again */

/* One file and the connection it has just now. */
struct sending {
	struct camera_job *job;
	struct connection *connection;
	char *hidden;   /* tells contents and place: what lies there was sent by us */
	char *target;   /* the name on the server; another than job->remote when that is taken */
	uint64_t best;  /* furthest offset seen on the server */
	bool broke_off; /* now, or in an earlier run */
	bool uncertain; /* a copy under the final name may have been taken, whole or cut */
	unsigned failures;
};

/* ---- the ledger ---- */

int job_remember(
	struct camera_job *job, enum camera_file_state state, const char *remote, struct error *err)
{
	struct ledger_camera_file row = {
		.destination = xstrdup(job->upload->destination),
		.place = xstrdup(job->place),
		.remote = xstrdup(remote),
		.size = job->file->size,
		.state = state,
		.changed = (int64_t)time(NULL),
	};

	memcpy(row.sha256, job->file->sha256, sizeof row.sha256);
	if (ledger_put_camera_file(job->upload->ledger, &row, err) != 0) {
		ledger_camera_file_release(&row);
		return -1;
	}
	ledger_camera_file_release(&job->row);
	job->row = row;
	job->known = true;
	return 0;
}

static bool is_in(const struct camera_job *job, enum camera_file_state state)
{
	return job->known && job->row.state == state;
}

/* ---- names ---- */

/* FNV-1a (Fowler, Noll, Vo), 64 bits. */
static uint64_t hash_of(const char *text)
{
	uint64_t hash = UINT64_C(0xcbf29ce484222325);

	for (; *text != '\0'; text++)
		hash = (hash ^ (unsigned char)*text) * UINT64_C(0x100000001b3);
	return hash;
}

/*
 * One for each row of the ledger: by the contents and the place that they belong to. In the same
 * folder, so that the service does not take that away while it looks empty.
 */
static char *hidden_name(const struct camera_job *job)
{
	size_t folder = (size_t)(text_base_name(job->remote) - job->remote);

	return xasprintf("%.*s.%.16s%016llx.part", (int)folder, job->remote, job->file->sha256,
		(unsigned long long)hash_of(job->place));
}

/* "E1000159.JPG" → "E1000159-1a2b3c4d.JPG": the dash leaves a number at the end a word. */
static char *second_name(const struct camera_job *job)
{
	const char *dot = strrchr(job->remote, '.');

	return xasprintf(
		"%.*s-%.8s%s", (int)(dot - job->remote), job->remote, job->file->sha256, dot);
}

static int occupied(const struct camera_job *job, struct error *err)
{
	return error_set(err, ERROR_REMOTE,
		"there is another file '%s' on the server, which has not taken it in yet; is its "
		"service running? run the command again later",
		job->remote);
}

/*
 * Sets `target` to a name that is free: other cameras count their pictures too, and a service may
 * be slow to take them away. The server would rename or replace without a word.
 */
static int choose_target(struct sending *sending, struct error *err)
{
	struct camera_job *job = sending->job;
	struct remote *remote = sending->connection->remote;
	struct camera_check check;
	int64_t there;

	free(sending->target);
	sending->target = xstrdup(job->remote);
	if (remote_size(remote, sending->target, &there, err) != 0)
		return -1;
	if (there < 0)
		return 0;
	if (*job->place != '\0')
		return occupied(job, err);
	free(sending->target);
	sending->target = second_name(job);
	job_check(job, sending->target, &check);
	if (check.verdict != CAMERA_OK || strcmp(check.id, job->id) != 0)
		return occupied(job, err);
	if (remote_size(remote, sending->target, &there, err) != 0)
		return -1;
	return there < 0 ? 0 : occupied(job, err);
}

static int remove_if_there(struct remote *remote, const char *name, struct error *err)
{
	int64_t there;

	if (remote_size(remote, name, &there, err) != 0)
		return -1;
	return there < 0 ? 0 : remote_delete(remote, name, err);
}

/*
 * With AutoRename a session that broke off may leave its part beside ours. A server that keeps it
 * does no harm: the name is hidden.
 */
static int remove_twin(struct remote *remote, const char *hidden, struct error *err)
{
	char *twin = xasprintf("%s.1", hidden);
	int result = remove_if_there(remote, twin, err);

	free(twin);
	if (result == 0 || err->kind != ERROR_REMOTE)
		return result;
	error_clear(err);
	return 0;
}

/* ---- bytes ---- */

static int check_unchanged(const struct camera_job *job, struct error *err)
{
	const char *path = job->file->path;
	struct stat now;

	if (stat(path, &now) != 0)
		return error_errno(err, "cannot look at '%s'", path);
	if (now.st_size == job->begun.st_size &&
		timespec_ns(&now.st_mtim) == timespec_ns(&job->begun.st_mtim))
		return 0;
	return error_set(err, ERROR_INPUT,
		"'%s' changed while it was being sent; run the command again to send it anew",
		path);
}

static int make_folder_of(struct remote *remote, const char *name, struct error *err)
{
	char *folder = xstrndup(name, (size_t)(text_base_name(name) - name - 1));
	int result = remote_make_folder(remote, folder, err);

	free(folder);
	return result;
}

static int store(struct sending *sending, const char *name, uint64_t offset, bool may_vanish,
	struct error *err)
{
	struct camera_upload_file *file = sending->job->file;
	struct remote *remote = sending->connection->remote;
	const struct remote_source source = {
		.path = file->path, .size = file->size, .offset = offset, .may_vanish = may_vanish};
	uint64_t sent;
	int result = remote_store(remote, name, &source, &sent, err);

	file->bytes_sent += sent;
	/* The service takes away folders that it has emptied, at any moment. */
	for (int i = 0; i < FOLDER_ATTEMPTS && result != 0 && err->kind == ERROR_REMOTE &&
		sent == 0 && strchr(name, '/') != NULL;
		i++) {
		error_clear(err);
		if (make_folder_of(remote, name, err) != 0)
			continue;
		result = remote_store(remote, name, &source, &sent, err);
		file->bytes_sent += sent;
	}
	sending->uncertain = may_vanish && result != 0 && sent > 0;
	return result == 0 ? check_unchanged(sending->job, err) : -1;
}

/* ---- under the final name at once ---- */

/* A copy that broke off under its final name: 1 = it is whole, 0 = send, -1 = `err`. */
static int look_at_stored(struct sending *sending, struct error *err)
{
	struct camera_job *job = sending->job;
	struct remote *remote = sending->connection->remote;
	/* Another camera's picture may have a plain name, but not this place or these letters. */
	bool ours = *job->place != '\0' || strcmp(job->row.remote, job->remote) != 0;
	int64_t there;

	if (remote_size(remote, job->row.remote, &there, err) != 0)
		return -1;
	if (there >= 0 && (uint64_t)there == job->file->size)
		return 1;
	if (there >= 0 && ours && remote_delete(remote, job->row.remote, err) != 0)
		return -1;
	if (there < 0 || !ours)
		progress_warning(job->upload->progress, job->file->path,
			"the line broke while it was being sent under its own name: the server may "
			"have it twice now, once cut short");
	return 0;
}

static int attempt_plain(struct sending *sending, struct error *err)
{
	struct camera_job *job = sending->job;

	if (is_in(job, CAMERA_FILE_STORING) && sending->uncertain) {
		int whole = look_at_stored(sending, err);

		if (whole != 0)
			return whole < 0
				? -1
				: job_remember(job, CAMERA_FILE_SENT, job->row.remote, err);
	}
	if ((is_in(job, CAMERA_FILE_SENDING) || is_in(job, CAMERA_FILE_RENAMING)) &&
		remove_if_there(sending->connection->remote, sending->hidden, err) != 0)
		return -1;
	if (choose_target(sending, err) != 0 ||
		job_remember(job, CAMERA_FILE_STORING, sending->target, err) != 0 ||
		store(sending, sending->target, 0, true, err) != 0)
		return -1;
	return job_remember(job, CAMERA_FILE_SENT, sending->target, err);
}

/* ---- under a hidden name first ---- */

/* The server said no: it renames nothing, or the file is not there any more. */
static int rename_refused(struct sending *sending, struct error *err)
{
	struct camera_job *job = sending->job;
	struct error reason = *err;
	int64_t there;

	error_clear(err);
	if (job_remember(job, CAMERA_FILE_SENDING, sending->target, err) != 0 ||
		remote_size(sending->connection->remote, sending->hidden, &there, err) != 0)
		return -1;
	if (there < 0)
		return error_set(err, ERROR_NETWORK,
			"'%s' vanished from the server before it was renamed", sending->hidden);
	retry_direct(&job->upload->retry, &job->upload->lock, &job->upload->plain, &reason);
	return attempt_plain(sending, err);
}

static int publish(struct sending *sending, struct error *err)
{
	struct camera_job *job = sending->job;
	struct remote *remote = sending->connection->remote;

	if ((sending->broke_off && remove_twin(remote, sending->hidden, err) != 0) ||
		choose_target(sending, err) != 0 ||
		job_remember(job, CAMERA_FILE_RENAMING, sending->target, err) != 0)
		return -1;
	if (remote_rename(remote, sending->hidden, sending->target, err) != 0)
		return err->kind == ERROR_REMOTE ? rename_refused(sending, err) : -1;
	return job_remember(job, CAMERA_FILE_SENT, sending->target, err);
}

static int attempt_hidden(struct sending *sending, int64_t there, struct error *err)
{
	struct camera_job *job = sending->job;
	uint64_t size = job->file->size, offset = 0;

	if (is_in(job, CAMERA_FILE_STORING) && sending->uncertain) {
		int whole = look_at_stored(sending, err);

		if (whole != 0)
			return whole < 0
				? -1
				: job_remember(job, CAMERA_FILE_SENT, job->row.remote, err);
	}
	/* Storing anew onto an empty file would make another beside it (AutoRename). */
	if (there == 0 || (there > 0 && (uint64_t)there > size)) {
		if (remote_delete(sending->connection->remote, sending->hidden, err) != 0)
			return -1;
	} else if (there > 0) {
		offset = (uint64_t)there;
	}
	if (offset > sending->best) {
		sending->best = offset;
		sending->failures = 0;
	}
	if (!is_in(job, CAMERA_FILE_SENDING) &&
		job_remember(job, CAMERA_FILE_SENDING, job->remote, err) != 0)
		return -1;
	if (offset < size && store(sending, sending->hidden, offset, false, err) != 0)
		return -1;
	return publish(sending, err);
}

static bool is_plain(struct upload *upload)
{
	bool plain;

	pthread_mutex_lock(&upload->lock);
	plain = upload->plain;
	pthread_mutex_unlock(&upload->lock);
	return plain;
}

static int attempt(struct sending *sending, struct error *err)
{
	struct camera_job *job = sending->job;
	bool plain = is_plain(job->upload);
	int64_t there = -1;

	if (!plain || is_in(job, CAMERA_FILE_RENAMING)) {
		if (remote_size(sending->connection->remote, sending->hidden, &there, err) != 0)
			return -1;
		/* The rename was asked for: it happened if the hidden name is gone. */
		if (there < 0 && is_in(job, CAMERA_FILE_RENAMING))
			return job_remember(job, CAMERA_FILE_SENT, job->row.remote, err);
	}
	return plain ? attempt_plain(sending, err) : attempt_hidden(sending, there, err);
}

/* ---- attempts ---- */

/* 0 done, 1 at once again over another connection, -1 failed. */
static int attempt_somewhere(struct sending *sending, struct error *err)
{
	struct upload *upload = sending->job->upload;
	int result;

	sending->connection = connection_take(upload, err);
	if (sending->connection == NULL)
		return -1;
	result = upload_check(upload, err) != 0 ? -1 : attempt(sending, err);
	if (result != 0 && err->kind == ERROR_NETWORK && retry_replied(err, "421") &&
		connection_retire(sending->connection)) {
		error_clear(err);
		result = 1;
	}
	connection_give(sending->connection);
	return result;
}

/* A session that broke off ends on the server when it likes, and leaves what it has then. */
static void note_interrupted(const struct sending *sending)
{
	struct upload *upload = sending->job->upload;

	pthread_mutex_lock(&upload->lock);
	string_list_add(&upload->interrupted, sending->hidden);
	pthread_mutex_unlock(&upload->lock);
}

void camera_sweep(struct upload *upload)
{
	struct error ignored = {0};
	struct connection *connection;

	if (upload->interrupted.count == 0 ||
		(connection = connection_take(upload, &ignored)) == NULL)
		return;
	for (size_t i = 0; i < upload->interrupted.count; i++) {
		remove_if_there(connection->remote, upload->interrupted.items[i], &ignored);
		remove_twin(connection->remote, upload->interrupted.items[i], &ignored);
	}
	connection_give(connection);
}

int camera_send(struct camera_job *job, struct error *err)
{
	struct sending sending = {.job = job,
		.hidden = hidden_name(job),
		.broke_off = job->known,
		.uncertain = is_in(job, CAMERA_FILE_STORING)};
	int result;

	for (;;) {
		result = attempt_somewhere(&sending, err);
		if (result == 0)
			break;
		sending.broke_off = true;
		if (result < 0 &&
			!retry_again(&job->upload->retry, job->remote, ++sending.failures, err))
			break;
	}
	if (result == 0) {
		if (sending.broke_off)
			note_interrupted(&sending);
		free(job->file->remote);
		job->file->remote = xstrdup(job->row.remote);
	}
	free(sending.hidden);
	free(sending.target);
	return result;
}
