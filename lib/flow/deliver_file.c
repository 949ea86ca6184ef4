/* SPDX-License-Identifier: GPL-3.0-or-later */
/* One file to its destination: look, go on or begin, verify, rename, verify; again when it pays. */
#include "delivery.h"

#include "trapkit/memory.h"
#include "trapkit/text.h"
#include "trapkit/timestamp.h"
#include "trapkit/transfer.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <sys/stat.h>

/* No server file can have this name: the ledger row says that a destination refuses to rename. */
#define RENAMES_REFUSED "/"

enum { STUCK_LIMIT = 3 }; /* attempts without a byte before another temporary name */

struct job {
	struct line *line;
	struct deliver *deliver;
	struct deliver_item *item;
	const char *path, *name, *sha256;
	uint64_t size;
	bool is_zip;
	struct stat begun;           /* the local file when the job began */
	struct ledger_upload upload; /* what the ledger knows; zeroes when nothing */
	bool missing;                /* there is no local file: fine when it is delivered */
	bool known, ours;            /* there is a row; it is about these very bytes */
	bool direct;                 /* the server does not rename: store under the final name */
	bool replace;                /* what lies under the final name may go */
	bool fresh;                  /* take another temporary name */
	char *abandoned;             /* temporary name given up, to be removed at the end */
	uint64_t best;               /* furthest offset seen at the destination */
	unsigned failures, stuck, refusals;
};

/* ---- the ledger's memory ---- */

static int recall(struct job *job, struct error *err)
{
	struct ledger_upload marker = {0};
	struct deliver *deliver = job->deliver;
	int found;

	found = ledger_get_upload(
		deliver->ledger, deliver->destination, RENAMES_REFUSED, &marker, err);
	ledger_upload_release(&marker);
	if (found < 0)
		return -1;
	job->direct = found == 1;
	found = ledger_get_upload(
		deliver->ledger, deliver->destination, job->name, &job->upload, err);
	if (found < 0)
		return -1;
	job->known = found == 1;
	job->ours = job->known && job->upload.size == job->size && job->upload.sha256 != NULL &&
		strcmp(job->upload.sha256, job->sha256) == 0;
	return 0;
}

static int remember(
	struct job *job, const char *temporary, bool renaming, bool done, struct error *err)
{
	struct ledger_upload upload = {
		.destination = xstrdup(job->deliver->destination),
		.remote_name = xstrdup(job->name),
		.temporary = xstrdup(temporary),
		.sha256 = xstrdup(job->sha256),
		.size = job->size,
		.renaming = renaming,
		.done = done,
	};

	if (ledger_put_upload(job->deliver->ledger, &upload, err) != 0) {
		ledger_upload_release(&upload);
		return -1;
	}
	ledger_upload_release(&job->upload);
	job->upload = upload;
	job->known = job->ours = true;
	return 0;
}

static int remember_direct(struct job *job, struct error *err)
{
	struct ledger_upload marker = {
		.destination = job->deliver->destination,
		.remote_name = (char *)RENAMES_REFUSED,
		.temporary = (char *)RENAMES_REFUSED,
		.sha256 = (char *)"",
		.done = true,
	};

	job->direct = true;
	return ledger_put_upload(job->deliver->ledger, &marker, err);
}

/* ---- one attempt ---- */

static void set_position(struct job *job, uint64_t position)
{
	pthread_mutex_lock(&job->deliver->lock);
	job->line->position = position;
	pthread_mutex_unlock(&job->deliver->lock);
	deliver_report(job->deliver);
}

static int foreign(struct job *job, int64_t there, struct error *err)
{
	const char *to = job->deliver->destination;
	bool earlier = job->known && job->upload.done;

	if (!earlier && job->is_zip && (uint64_t)there == job->size)
		return error_set(err, ERROR_REMOTE,
			"there is a file '%s' at %s already, of the same size as ours, and the "
			"ledger did not put it there: if another computer sent this package, "
			"nothing is left to do here; else replace that file with 'trapkit upload "
			"--overwrite'",
			job->name, to);
	job->line->name_taken = true;
	if (earlier)
		return error_set(err, ERROR_REMOTE,
			"'%s' at %s is an earlier package of that name with other contents: "
			"package again under another --package-name, or replace the earlier one "
			"with 'trapkit upload --overwrite'",
			job->name, to);
	return error_set(err, ERROR_REMOTE,
		"there is a file '%s' at %s already (%lld bytes), and the ledger did not put it "
		"there: package again under another --package-name, or replace that file with "
		"'trapkit upload --overwrite'",
		job->name, to, (long long)there);
}

/* Is the file there under its final name, and is it ours? */
static int look_at_final(struct job *job, bool *done, struct error *err)
{
	bool direct = job->known && strcmp(job->upload.temporary, job->name) == 0;
	int64_t there, temporary;

	*done = false;
	job->replace = false;
	if (remote_size(job->line->remote, job->name, &there, err) != 0)
		return -1;
	if (there < 0)
		return 0;
	if (job->ours && job->upload.done && (uint64_t)there == job->size) {
		*done = true;
		return 0;
	}
	if (job->ours && job->upload.renaming && (uint64_t)there == job->size) {
		/* The rename was asked for: it happened if the temporary name is gone. */
		if (remote_size(job->line->remote, job->upload.temporary, &temporary, err) != 0)
			return -1;
		*done = temporary < 0;
		if (*done)
			return remember(job, job->upload.temporary, false, true, err);
	}
	if (direct && !job->upload.done) {
		/* Begun by us under the final name: goes on, or gives way to newer contents. */
		job->replace = !job->ours;
		return 0;
	}
	job->replace = job->deliver->settings.overwrite;
	return job->replace ? 0 : foreign(job, there, err);
}

static char *fresh_name(const char *name)
{
	uint32_t random = 0;

	if (getrandom(&random, sizeof random, GRND_NONBLOCK) != (ssize_t)sizeof random)
		random = (uint32_t)(retry_clock() * 1e6);
	return xasprintf("%s.%08x.part", name, random);
}

/* Frees the temporary name, or finds one that is free. */
static int make_way(struct job *job, char **candidate, bool mine, struct error *err)
{
	bool final = strcmp(*candidate, job->name) == 0;

	if (mine || (final && job->replace)) {
		if (remote_delete(job->line->remote, *candidate, err) == 0)
			return 0;
		if (err->kind != ERROR_REMOTE || final)
			return error_context(err, "cannot replace '%s'", *candidate);
		error_clear(err);
	}
	if (!mine)
		progress_warning(job->deliver->progress, NULL,
			"'%s' at %s is not from this ledger; it is left there", *candidate,
			job->deliver->destination);
	free(*candidate);
	*candidate = fresh_name(job->name);
	return 0;
}

/* Decides the name to send under and the offset to go on at; both are in the ledger afterwards. */
static int choose_temporary(struct job *job, uint64_t *offset, struct error *err)
{
	bool resume = job->ours && !job->upload.done && !job->fresh;
	const char *earlier = job->known ? job->upload.temporary : "";
	char *candidate;
	int64_t there;
	int result = -1;

	*offset = 0;
	if (resume)
		candidate = xstrdup(earlier);
	else if (job->direct)
		candidate = xstrdup(job->name);
	else
		candidate = job->fresh ? fresh_name(job->name) : xasprintf("%s.part", job->name);
	if (remote_size(job->line->remote, candidate, &there, err) != 0)
		goto done;
	if (there > 0 && resume && (uint64_t)there <= job->size)
		*offset = (uint64_t)there;
	else if (there >= 0 && make_way(job, &candidate, strcmp(candidate, earlier) == 0, err) != 0)
		goto done;
	if (job->fresh && job->known && strcmp(earlier, job->name) != 0) {
		free(job->abandoned);
		job->abandoned = xstrdup(earlier);
	}
	job->fresh = false;
	if (!resume || strcmp(candidate, earlier) != 0 || job->upload.renaming) {
		if (remember(job, candidate, false, false, err) != 0)
			goto done;
	}
	result = 0;
done:
	free(candidate);
	return result;
}

static int check_unchanged(struct job *job, struct error *err)
{
	struct stat now;

	if (stat(job->path, &now) != 0)
		return error_errno(err, "cannot look at '%s'", job->path);
	/* Inode and its time are no good on FUSE (NTFS, exFAT): they settle a second later. */
	if (now.st_size == job->begun.st_size &&
		timespec_ns(&now.st_mtim) == timespec_ns(&job->begun.st_mtim))
		return 0;
	return error_set(err, ERROR_INPUT,
		"'%s' changed while it was being sent; run the command again to send it anew",
		job->path);
}

static int store(struct job *job, uint64_t offset, struct error *err)
{
	struct remote_source source = {.path = job->path, .size = job->size, .offset = offset};
	struct deliver_item *item = job->item;
	uint64_t sent = 0;
	int result;

	set_position(job, offset);
	if (offset == job->size)
		return 0;
	item->attempts++;
	if (job->is_zip && item->resumed_at == 0)
		item->resumed_at = offset;
	result = remote_store(job->line->remote, job->upload.temporary, &source, &sent, err);
	item->bytes_sent += sent;
	if (result == 0)
		return check_unchanged(job, err);
	job->stuck = sent == 0 ? job->stuck + 1 : 0;
	/*
	 * A dead session of ours may still hold the file (vsftpd locks it for minutes): then
	 * another name helps, unless so much is there that waiting costs less.
	 */
	if (job->stuck >= STUCK_LIMIT && !job->direct && offset < job->size / 4) {
		job->fresh = true;
		job->stuck = 0;
	}
	return -1;
}

/* 0 done, 1 store again under the final name, -1 failed. */
static int rename_refused(struct job *job, struct error *err)
{
	struct error reason = *err;
	int64_t there;

	error_clear(err);
	if (remote_size(job->line->remote, job->name, &there, err) != 0)
		return -1;
	if (there >= 0)
		return foreign(job, there, err);
	if (remote_size(job->line->remote, job->upload.temporary, &there, err) != 0)
		return -1;
	if (there < 0)
		return error_set(err, ERROR_NETWORK, "'%s' vanished from %s before it was renamed",
			job->upload.temporary, job->deliver->destination);
	retry_direct(
		&job->deliver->retry, &job->deliver->lock, &job->deliver->said_direct, &reason);
	free(job->abandoned);
	job->abandoned = xstrdup(job->upload.temporary);
	if (remember_direct(job, err) != 0 || remember(job, job->name, false, false, err) != 0)
		return -1;
	return 1;
}

/* 0 done, 1 store again under the final name, -1 failed. */
static int publish(struct job *job, struct error *err)
{
	struct remote *remote = job->line->remote;
	int64_t there;

	if (strcmp(job->upload.temporary, job->name) != 0) {
		/* Another may have taken the name meanwhile, and a server renames over it. */
		if (!job->replace) {
			if (remote_size(remote, job->name, &there, err) != 0)
				return -1;
			if (there >= 0)
				return foreign(job, there, err);
		}
		if (remember(job, job->upload.temporary, true, false, err) != 0)
			return -1;
		if (job->replace && remote_delete(remote, job->name, err) != 0)
			return error_context(err, "cannot replace '%s'", job->name);
		if (remote_rename(remote, job->upload.temporary, job->name, err) != 0)
			return err->kind == ERROR_REMOTE ? rename_refused(job, err) : -1;
	}
	if (remote_size(remote, job->name, &there, err) != 0)
		return -1;
	if (there < 0 || (uint64_t)there != job->size)
		return error_set(err, ERROR_REMOTE,
			"'%s' at %s has %lld bytes instead of %llu after it was sent; look what "
			"else writes there",
			job->name, job->deliver->destination, (long long)there,
			(unsigned long long)job->size);
	return remember(job, job->upload.temporary, false, true, err);
}

static int attempt(struct job *job, struct error *err)
{
	uint64_t offset;
	bool done;
	int result;

	do {
		if (look_at_final(job, &done, err) != 0)
			return -1;
		if (done)
			return 0;
		if (job->missing)
			return error_set(err, ERROR_INPUT,
				"'%s' is not there any more, and not delivered either; make the "
				"package again",
				job->path);
		if (choose_temporary(job, &offset, err) != 0)
			return -1;
		if (offset > job->best) {
			job->best = offset;
			job->failures = 0;
		}
		if (store(job, offset, err) != 0)
			return -1;
		result = publish(job, err);
	} while (result == 1);
	return result;
}

/* ---- attempts ---- */

/* A refused name that is ours may be one that a dead session holds: once more under another. */
static bool try_other_name(struct job *job, const struct error *err)
{
	if (err->kind != ERROR_REMOTE || job->direct || job->stuck == 0 || job->refusals > 0)
		return false;
	if (!retry_replied(err, "550") && !retry_replied(err, "553"))
		return false;
	job->refusals++;
	job->fresh = true;
	return true;
}

/* True when another attempt is due, after the pause; else `err` says why not. */
static bool once_more(struct job *job, struct error *err)
{
	if (try_other_name(job, err)) {
		error_clear(err);
		return true;
	}
	return retry_again(&job->deliver->retry, job->name, ++job->failures, err);
}

/* What was given up under another temporary name is removed; told when that is not possible. */
static void clean_up(struct job *job)
{
	struct error ignored = {0};
	int64_t there;

	if (job->abandoned == NULL || strcmp(job->abandoned, job->upload.temporary) == 0)
		return;
	if (remote_size(job->line->remote, job->abandoned, &there, &ignored) == 0 && there >= 0 &&
		remote_delete(job->line->remote, job->abandoned, &ignored) != 0)
		progress_warning(job->deliver->progress, NULL,
			"'%s' at %s is a left-over of this upload that the server does not let go; "
			"ask its administrator to delete it",
			job->abandoned, job->deliver->destination);
}

int deliver_file(struct line *line, struct deliver_item *item, const char *path, const char *sha256,
	uint64_t size, bool is_zip, struct error *err)
{
	struct job job = {
		.line = line,
		.deliver = line->deliver,
		.item = item,
		.path = path,
		.name = text_base_name(path),
		.sha256 = sha256,
		.size = size,
		.is_zip = is_zip,
	};
	int result = -1;

	if (stat(path, &job.begun) != 0) {
		job.missing = errno == ENOENT;
		if (!job.missing) {
			error_errno(err, "cannot look at '%s'", path);
			goto done;
		}
	}
	if (recall(&job, err) != 0)
		goto done;
	do {
		if (deliver_check(line->deliver, err) != 0)
			break;
		result = attempt(&job, err);
	} while (result != 0 && once_more(&job, err));
	if (result == 0)
		clean_up(&job);
done:
	ledger_upload_release(&job.upload);
	free(job.abandoned);
	return result;
}
