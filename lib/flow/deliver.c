/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Packages brought to their destination: the queue, the connections, the order of things. */
#include "blur_find.h"
#include "delivery.h"

#include "trapkit/memory.h"
#include "trapkit/package.h"
#include "trapkit/text.h"
#include "trapkit/timestamp.h"
#include "trapkit/transfer.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>

#define STAGE "upload"

/* ---- time, stops and reports ---- */

static bool aborted(struct deliver *deliver)
{
	bool abort;

	pthread_mutex_lock(&deliver->lock);
	abort = deliver->abort;
	pthread_mutex_unlock(&deliver->lock);
	return abort;
}

int deliver_check(struct deliver *deliver, struct error *err)
{
	if (aborted(deliver))
		return error_set(err, ERROR_CANCELLED, "stopped");
	if (progress_check(deliver->progress, err) != 0)
		return -1;
	if (deliver->settings.max_runtime > 0 &&
		retry_clock() - deliver->retry.began > deliver->settings.max_runtime)
		return error_set(err, ERROR_NETWORK,
			"the time allowed (--max-runtime) is over; run the command again to go on");
	return 0;
}

static int check_retry(void *context, struct error *err)
{
	return deliver_check(context, err);
}

static int send_numbers(struct deliver *deliver, enum progress_kind kind)
{
	struct progress_event event = {.kind = kind, .stage = STAGE};
	unsigned i;
	size_t k;

	pthread_mutex_lock(&deliver->lock);
	event.bytes_total = deliver->bytes_total;
	event.bytes_done = deliver->bytes_done;
	for (i = 0; i < deliver->lines_started; i++)
		event.bytes_done += deliver->lines[i].position;
	event.files_total = deliver->count;
	for (k = 0; k < deliver->count; k++)
		event.files_done += deliver->items[k]->status != DELIVER_WAITING;
	pthread_mutex_unlock(&deliver->lock);
	return progress_send(deliver->progress, &event);
}

void deliver_report(struct deliver *deliver)
{
	send_numbers(deliver, PROGRESS_ADVANCE);
}

/* What a connection says of its one file becomes a part of the whole. */
static int line_report(void *context, const struct progress_event *event)
{
	struct line *line = context;
	int stop = aborted(line->deliver);

	switch (event->kind) {
	case PROGRESS_BEGIN:
	case PROGRESS_END:
		return stop;
	case PROGRESS_ADVANCE:
		pthread_mutex_lock(&line->deliver->lock);
		line->position = event->bytes_done;
		pthread_mutex_unlock(&line->deliver->lock);
		return send_numbers(line->deliver, PROGRESS_ADVANCE) | stop;
	default:
		return progress_send(line->deliver->progress, event) | stop;
	}
}

/* ---- one package ---- */

void deliver_item_release(struct deliver_item *item)
{
	size_t i;

	ledger_package_release(&item->package);
	free(item->yaml);
	free(item->zip);
	for (i = 0; i < item->collection_count; i++)
		free(item->collections[i].name);
	free(item->collections);
	*item = (struct deliver_item){0};
}

static void set_text(char **text, const char *value)
{
	char *copy = xstrdup(value);

	free(*text);
	*text = copy;
}

/*
 * The digest of a local file. One that the ledger knows is trusted as long as the file was not
 * touched since (its inode change time, which copying tools cannot set back).
 */
static int know_file(struct deliver *deliver, struct deliver_item *item, const char *path,
	uint64_t *size, char **sha256, struct error *err)
{
	char hex[2 * SHA256_SIZE + 1];
	struct stat status;

	if (stat(path, &status) != 0) {
		if (errno == ENOENT && *sha256 != NULL)
			return 0;
		return error_errno(err, "cannot look at '%s'", path);
	}
	if (!S_ISREG(status.st_mode))
		return error_set(err, ERROR_INPUT, "'%s' is not a file", path);
	if (*sha256 != NULL && (uint64_t)status.st_size == *size &&
		timespec_ns(&status.st_ctim) <= item->package.changed_ns)
		return 0;
	if (deliver_identify(path, hex, deliver->progress, err) != 0)
		return -1;
	if (*sha256 != NULL && (strcmp(*sha256, hex) != 0 || (uint64_t)status.st_size != *size))
		return error_set(err, ERROR_INPUT,
			"'%s' is not as it was packaged any more; make the package again", path);
	set_text(sha256, hex);
	*size = (uint64_t)status.st_size;
	return 0;
}

/* The server takes both by name over a line protocol. */
static int check_name(const char *path, struct error *err)
{
	const char *name = text_base_name(path);
	char *shown;
	size_t i;

	for (i = 0; name[i] != '\0'; i++)
		if ((unsigned char)name[i] < 0x20 || name[i] == 0x7f)
			break;
	if (name[i] == '\0' && i > 0 && text_is_utf8(name, i))
		return 0;
	shown = text_escape(name);
	error_set(err, ERROR_INPUT,
		"'%s' is not a name that a server can be given: rename the file (no line breaks or "
		"other control characters, UTF-8)",
		shown);
	free(shown);
	return -1;
}

static int file_over_line(struct line *line, struct deliver_item *item, const char *path,
	const char *sha256, uint64_t size, bool is_zip, struct error *err)
{
	struct deliver *deliver = line->deliver;
	int result = deliver_file(line, item, path, sha256, size, is_zip, err);

	pthread_mutex_lock(&deliver->lock);
	line->position = 0;
	if (result == 0)
		deliver->bytes_done += size;
	pthread_mutex_unlock(&deliver->lock);
	return result;
}

static int open_line(struct line *line)
{
	struct deliver *deliver = line->deliver;
	struct remote_settings settings = *deliver->settings.remote;

	if (line->remote != NULL)
		return 0;
	/* The rate holds over all connections. */
	settings.limiter = deliver->limiter;
	if (deliver->settings.max_runtime > 0)
		settings.max_runtime =
			deliver->settings.max_runtime - (retry_clock() - deliver->retry.began) + 1;
	line->remote = remote_open(&settings, &line->progress);
	return 0;
}

static int note_begun(struct deliver *deliver, struct deliver_item *item, struct error *err)
{
	struct ledger_package *package = &item->package;

	/* Where processing was asked for stays known: that must not happen twice. */
	if (package->trigger != TRIGGER_NONE && package->destination != NULL &&
		strcmp(package->destination, deliver->destination) != 0)
		return 0;
	set_text(&package->destination, deliver->destination);
	if (package->delivery != DELIVERY_DONE)
		package->delivery = DELIVERY_STARTED;
	return ledger_put_package(deliver->ledger, package, err);
}

static void set_status(
	struct deliver *deliver, struct deliver_item *item, enum deliver_status status)
{
	pthread_mutex_lock(&deliver->lock);
	item->status = status;
	pthread_mutex_unlock(&deliver->lock);
}

static int note_delivered(struct deliver *deliver, struct deliver_item *item, struct error *err)
{
	struct ledger_package *package = &item->package;

	set_status(deliver, item, item->attempts > 0 ? DELIVER_SENT : DELIVER_THERE);
	if (strcmp(package->destination, deliver->destination) != 0)
		return 0;
	if (package->delivery != DELIVERY_DONE)
		package->delivered = (int64_t)time(NULL);
	package->delivery = DELIVERY_DONE;
	return ledger_put_package(deliver->ledger, package, err);
}

static int check_trigger_elsewhere(
	struct deliver *deliver, struct deliver_item *item, struct error *err)
{
	const struct ledger_package *package = &item->package;

	if (!deliver->settings.trigger || deliver->outbox || item->trigger_again ||
		package->trigger == TRIGGER_NONE || package->destination == NULL ||
		strcmp(package->destination, deliver->destination) == 0)
		return 0;
	return error_set(err, ERROR_INPUT,
		"processing of '%s' was asked for at %s already; to start it here too, name its "
		"files with --file-yaml and --file-zip and add --force-trigger",
		package->name, package->destination);
}

/* ZIP first, YAML last: a definition that can be seen has its data. */
static int deliver_one(struct line *line, struct deliver_item *item, struct error *err)
{
	struct deliver *deliver = line->deliver;
	struct ledger_package *package = &item->package;

	if (deliver_check(deliver, err) != 0 || check_trigger_elsewhere(deliver, item, err) != 0)
		return -1;
	if (deliver_is_done(deliver->ledger, package, text_base_name(item->yaml),
		    text_base_name(item->zip), deliver->destination, false) &&
		(!deliver->settings.trigger || deliver->outbox ||
			package->trigger != TRIGGER_NONE)) {
		set_status(deliver, item, DELIVER_THERE);
		return deliver_ask(deliver, item, err);
	}
	if (check_name(item->zip, err) != 0 || check_name(item->yaml, err) != 0 ||
		know_file(deliver, item, item->zip, &package->zip_size, &package->zip_sha256,
			err) != 0 ||
		know_file(deliver, item, item->yaml, &package->yaml_size, &package->yaml_sha256,
			err) != 0 ||
		note_begun(deliver, item, err) != 0 || open_line(line) != 0 ||
		file_over_line(line, item, item->zip, package->zip_sha256, package->zip_size, true,
			err) != 0 ||
		file_over_line(line, item, item->yaml, package->yaml_sha256, package->yaml_size,
			false, err) != 0 ||
		note_delivered(deliver, item, err) != 0)
		return -1;
	return deliver_ask(deliver, item, err);
}

bool deliver_is_done(struct ledger *ledger, const struct ledger_package *package,
	const char *yaml_name, const char *zip_name, const char *destination, bool trigger)
{
	const char *names[] = {zip_name, yaml_name};
	const char *digests[] = {package->zip_sha256, package->yaml_sha256};
	struct error ignored = {0};
	bool done = true;
	int i;

	/* Under whatever names: what the server took in from there is not sent there again. */
	if (package->trigger == TRIGGER_DONE && package->destination != NULL &&
		strcmp(package->destination, destination) == 0)
		return true;
	for (i = 0; i < 2 && done; i++) {
		struct ledger_upload upload = {0};

		done = digests[i] != NULL &&
			ledger_get_upload(ledger, destination, names[i], &upload, &ignored) == 1 &&
			upload.done && strcmp(upload.sha256, digests[i]) == 0;
		ledger_upload_release(&upload);
	}
	return done && (!trigger || package->trigger == TRIGGER_DONE);
}

/* ---- the queue ---- */

static struct deliver_item *next_item(struct deliver *deliver)
{
	struct deliver_item *item = NULL;

	pthread_mutex_lock(&deliver->lock);
	while (deliver->next == deliver->count && !deliver->complete && !deliver->stop &&
		!deliver->abort)
		pthread_cond_wait(&deliver->changed, &deliver->lock);
	if (deliver->next < deliver->count && !deliver->stop && !deliver->abort)
		item = deliver->items[deliver->next++];
	pthread_mutex_unlock(&deliver->lock);
	return item;
}

/* After these errors the next package would meet the same. */
static bool is_common(enum error_kind kind)
{
	return kind == ERROR_REFUSED || kind == ERROR_NETWORK || kind == ERROR_BUSY ||
		kind == ERROR_CANCELLED || kind == ERROR_SETTINGS || kind == ERROR_UNAVAILABLE;
}

/*
 * Another package has its name there. Its files are free again for one of another name: it counts
 * as never begun, and is not taken for up to date. Not one that the user named, nor a part of a set
 * of which others were sent.
 */
static void give_up_name(struct deliver *deliver, struct deliver_item *item)
{
	struct ledger_package *package = &item->package;
	struct error ignored = {0};

	if (package->delivery != DELIVERY_STARTED || package->trigger != TRIGGER_NONE ||
		package->parts > 1 || !package->recorded)
		return;
	free(package->destination);
	free(package->fingerprint);
	package->destination = package->fingerprint = NULL;
	package->delivery = DELIVERY_NONE;
	ledger_put_package(deliver->ledger, package, &ignored);
}

static void *line_main(void *context)
{
	struct line *line = context;
	struct deliver *deliver = line->deliver;
	struct deliver_item *item;

	while ((item = next_item(deliver)) != NULL) {
		struct error err = item->error;
		bool delivered;
		int result;

		line->name_taken = false;
		result = err.kind != ERROR_NONE ? -1 : deliver_one(line, item, &err);
		delivered = item->status == DELIVER_SENT || item->status == DELIVER_THERE;
		if (line->name_taken)
			give_up_name(deliver, item);
		pthread_mutex_lock(&deliver->lock);
		if (result != 0) {
			item->error = err;
			if (!delivered)
				item->status = DELIVER_FAILED;
			/* Trouble with processing does not keep the next from being delivered. */
			if (is_common(err.kind) && (!delivered || err.kind == ERROR_CANCELLED))
				deliver->stop = true;
		}
		pthread_mutex_unlock(&deliver->lock);
		deliver_report(deliver);
	}
	remote_close(line->remote);
	line->remote = NULL;
	return NULL;
}

struct deliver *deliver_open(const struct deliver_settings *settings, struct ledger *ledger,
	struct trapper *server, const struct progress *progress)
{
	struct deliver *deliver = xcalloc(1, sizeof *deliver);
	unsigned i;

	deliver->settings = *settings;
	deliver->ledger = ledger;
	deliver->server = server;
	deliver->progress = progress;
	deliver->destination = remote_url(settings->remote);
	deliver->outbox = settings->remote->scheme == REMOTE_FILE;
	if (settings->remote->rate > 0)
		deliver->limiter = remote_limiter_new(settings->remote->rate);
	deliver->retry = (struct retry){.retries = settings->retries,
		.first_pause = settings->first_pause > 0 ? settings->first_pause : 1,
		.began = retry_clock(),
		.max_runtime = settings->max_runtime,
		.progress = progress,
		.check = check_retry,
		.context = deliver};
	deliver->line_count = settings->parallel > 0 ? settings->parallel : 1;
	deliver->lines = xcalloc(deliver->line_count, sizeof *deliver->lines);
	for (i = 0; i < deliver->line_count; i++) {
		deliver->lines[i].deliver = deliver;
		deliver->lines[i].progress =
			(struct progress){.report = line_report, .context = &deliver->lines[i]};
	}
	pthread_mutex_init(&deliver->lock, NULL);
	pthread_mutex_init(&deliver->server_lock, NULL);
	pthread_cond_init(&deliver->changed, NULL);
	return deliver;
}

void deliver_check_blur(struct deliver_item *item, const char *kinds)
{
	if (item->error.kind == ERROR_NONE && !blur_covers(item->package.blur, kinds))
		error_set(&item->error, ERROR_INPUT,
			"'%s' is not sent: it was packaged without covering '%s', which this data "
			"path asks for; 'trapkit package' makes one that may go ('trapkit convert "
			"--blur none' ends that)",
			item->package.name, kinds);
}

/* A data path whose pictures may only leave covered: nothing else does, wherever it comes from. */
static void check_blur(struct deliver *deliver, struct deliver_item *item)
{
	char *kinds = NULL;

	if (item->error.kind == ERROR_NONE &&
		ledger_get_note(deliver->ledger, LEDGER_BLUR, &kinds, &item->error) == 0 &&
		kinds != NULL)
		deliver_check_blur(item, kinds);
	free(kinds);
}

static uint64_t file_size(const char *path)
{
	struct stat status;

	return stat(path, &status) == 0 ? (uint64_t)status.st_size : 0;
}

void deliver_add(struct deliver *deliver, struct deliver_item *item)
{
	struct deliver_item *own = xmalloc(sizeof *own);
	struct line *line = NULL;
	bool first;

	*own = *item;
	*item = (struct deliver_item){0};
	check_blur(deliver, own);
	pthread_mutex_lock(&deliver->lock);
	first = deliver->count == 0;
	if (own->error.kind == ERROR_NONE)
		deliver->bytes_total += file_size(own->zip) + file_size(own->yaml);
	deliver->items = array_grow(
		deliver->items, deliver->count, &deliver->capacity, sizeof *deliver->items);
	deliver->items[deliver->count++] = own;
	if (deliver->lines_started < deliver->line_count) {
		line = &deliver->lines[deliver->lines_started];
		if (pthread_create(&line->thread, NULL, line_main, line) == 0)
			deliver->lines_started++;
	}
	pthread_cond_broadcast(&deliver->changed);
	pthread_mutex_unlock(&deliver->lock);
	send_numbers(deliver, first ? PROGRESS_BEGIN : PROGRESS_ADVANCE);
}

static void join_lines(struct deliver *deliver)
{
	unsigned i;

	pthread_mutex_lock(&deliver->lock);
	deliver->complete = true;
	pthread_cond_broadcast(&deliver->changed);
	pthread_mutex_unlock(&deliver->lock);
	for (i = 0; i < deliver->lines_started; i++)
		pthread_join(deliver->lines[i].thread, NULL);
	deliver->lines_started = 0;
}

static int rank(enum error_kind kind)
{
	switch (kind) {
	case ERROR_CANCELLED:
		return 3;
	case ERROR_REFUSED:
		return 2;
	default:
		return kind != ERROR_NONE;
	}
}

int deliver_finish(struct deliver *deliver, struct error *err)
{
	const struct deliver_item *worst = NULL;
	size_t i;

	join_lines(deliver);
	if (deliver->count > 0)
		send_numbers(deliver, PROGRESS_END);
	for (i = 0; i < deliver->count; i++)
		if (rank(deliver->items[i]->error.kind) >
			(worst != NULL ? rank(worst->error.kind) : 0))
			worst = deliver->items[i];
	if (worst != NULL) {
		*err = worst->error;
		return -1;
	}
	for (i = 0; i < deliver->count; i++)
		if (deliver->items[i]->status == DELIVER_WAITING)
			return error_set(err, ERROR_SYSTEM, "cannot start a thread");
	if (deliver->settings.wait > 0 && deliver->settings.trigger && !deliver->outbox)
		return deliver_wait(deliver, err);
	return 0;
}

size_t deliver_count(const struct deliver *deliver)
{
	return deliver->count;
}

const struct deliver_item *deliver_result(const struct deliver *deliver, size_t index)
{
	return deliver->items[index];
}

void deliver_close(struct deliver *deliver)
{
	size_t i;

	if (deliver == NULL)
		return;
	pthread_mutex_lock(&deliver->lock);
	deliver->abort = true;
	pthread_mutex_unlock(&deliver->lock);
	join_lines(deliver);
	for (i = 0; i < deliver->count; i++) {
		deliver_item_release(deliver->items[i]);
		free(deliver->items[i]);
	}
	free(deliver->items);
	free(deliver->lines);
	free(deliver->destination);
	remote_limiter_free(deliver->limiter);
	pthread_mutex_destroy(&deliver->lock);
	pthread_mutex_destroy(&deliver->server_lock);
	pthread_cond_destroy(&deliver->changed);
	free(deliver);
}
