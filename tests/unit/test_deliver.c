/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Delivery against a server in memory that can fail at every single call. */
#include "trapkit/deliver.h"

#include "trapkit/memory.h"
#include "trapkit/progress.h"
#include "trapkit/text.h"
#include "trapkit/transfer.h"
#include "trapkit/trapper.h"

#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

/* ---- the server in memory: takes the place of the rooms transfer and trapper ---- */

struct file {
	char name[64];
	char *bytes;
	size_t size;
};

static struct {
	pthread_mutex_t lock;
	struct file files[32];
	size_t count;
	unsigned calls;   /* of anything, since reset */
	unsigned fail_at; /* the call that fails; 0 = none */
	bool stays_down;  /* and every later one */
	enum error_kind failure;
	const char *words;  /* of the failure */
	size_t break_after; /* bytes that a failing store leaves behind */
	bool refuse_rename;
	bool refuse_delete;
	unsigned stores;
	uint64_t bytes_stored;
	/* TRAPPER */
	unsigned requests; /* processing requests that arrived */
	bool lose_reply;
	bool lose_request;
	bool asks_forbidden;
	int64_t resources; /* of collection "winter"; -1 = not there */
	int64_t per_request;
} server = {.lock = PTHREAD_MUTEX_INITIALIZER};

struct remote {
	const struct progress *progress;
};

static void server_reset(void)
{
	size_t i;

	for (i = 0; i < server.count; i++)
		free(server.files[i].bytes);
	server.count = 0;
	server.calls = server.fail_at = server.stores = server.requests = 0;
	server.stays_down = server.refuse_rename = server.refuse_delete = false;
	server.lose_reply = server.lose_request = server.asks_forbidden = false;
	server.failure = ERROR_NETWORK;
	server.words = "421 closing";
	server.break_after = 0;
	server.bytes_stored = 0;
	server.resources = -1;
	server.per_request = 3;
}

static struct file *server_file(const char *name)
{
	size_t i;

	for (i = 0; i < server.count; i++)
		if (strcmp(server.files[i].name, name) == 0)
			return &server.files[i];
	return NULL;
}

static struct file *server_make(const char *name)
{
	struct file *file = server_file(name);

	if (file == NULL) {
		assert_true(server.count < 32);
		file = &server.files[server.count++];
		snprintf(file->name, sizeof file->name, "%s", name);
		file->bytes = NULL;
		file->size = 0;
	}
	return file;
}

static void server_put(const char *name, const char *text)
{
	struct file *file = server_make(name);

	free(file->bytes);
	file->bytes = xstrdup(text);
	file->size = strlen(text);
}

static void server_drop(struct file *file)
{
	free(file->bytes);
	*file = server.files[--server.count];
}

static bool call_fails(struct error *err)
{
	server.calls++;
	if (server.fail_at == 0 || server.calls < server.fail_at ||
		(server.calls > server.fail_at && !server.stays_down))
		return false;
	error_set(err, server.failure, "%s", server.words);
	return true;
}

char *remote_url(const struct remote_settings *settings)
{
	return xasprintf("%s://%s%s", settings->scheme == REMOTE_FILE ? "file" : "ftps",
		settings->host ? settings->host : "", settings->folder);
}

struct remote *remote_open(const struct remote_settings *settings, const struct progress *progress)
{
	struct remote *remote = xcalloc(1, sizeof *remote);

	(void)settings;
	remote->progress = progress;
	return remote;
}

void remote_close(struct remote *remote)
{
	free(remote);
}

int remote_size(struct remote *remote, const char *name, int64_t *size, struct error *err)
{
	struct file *file;
	int result = -1;

	(void)remote;
	pthread_mutex_lock(&server.lock);
	if (!call_fails(err)) {
		file = server_file(name);
		*size = file == NULL ? -1 : (int64_t)file->size;
		result = 0;
	}
	pthread_mutex_unlock(&server.lock);
	return result;
}

int remote_store(struct remote *remote, const char *name, const struct remote_source *source,
	uint64_t *sent, struct error *err)
{
	struct progress_event event = {.kind = PROGRESS_ADVANCE};
	size_t wanted = (size_t)(source->size - source->offset);
	struct file *file;
	FILE *stream = fopen(source->path, "rb");
	bool failing;

	assert_non_null(stream);
	pthread_mutex_lock(&server.lock);
	server.stores++;
	failing = call_fails(err);
	file = server_make(name);
	/* As pure-ftpd does: REST truncates, a plain STOR begins anew. */
	assert_true(source->offset <= file->size);
	if (failing && wanted > server.break_after)
		wanted = server.break_after;
	file->bytes = xreallocarray(file->bytes, (size_t)source->offset + wanted + 1, 1);
	assert_int_equal(fseek(stream, (long)source->offset, SEEK_SET), 0);
	assert_int_equal(fread(file->bytes + source->offset, 1, wanted, stream), wanted);
	file->size = (size_t)source->offset + wanted;
	file->bytes[file->size] = '\0';
	server.bytes_stored += wanted;
	*sent = wanted;
	event.bytes_done = file->size;
	pthread_mutex_unlock(&server.lock);
	fclose(stream);
	progress_send(remote->progress, &event);
	return failing ? -1 : 0;
}

int remote_rename(struct remote *remote, const char *from, const char *to, struct error *err)
{
	struct file *file, *other;
	int result = -1;

	(void)remote;
	pthread_mutex_lock(&server.lock);
	if (call_fails(err))
		goto done;
	file = server_file(from);
	if (file == NULL || server.refuse_rename) {
		error_set(err, ERROR_REMOTE, "550 no rename of '%s'", from);
		goto done;
	}
	other = server_file(to);
	if (other != NULL) {
		server_drop(other);
		file = server_file(from);
	}
	snprintf(file->name, sizeof file->name, "%s", to);
	result = 0;
done:
	pthread_mutex_unlock(&server.lock);
	return result;
}

int remote_delete(struct remote *remote, const char *name, struct error *err)
{
	struct file *file;
	int result = -1;

	(void)remote;
	pthread_mutex_lock(&server.lock);
	if (!call_fails(err)) {
		file = server_file(name);
		if (file == NULL || server.refuse_delete) {
			error_set(err, ERROR_REMOTE, "550 cannot delete '%s'", name);
		} else {
			server_drop(file);
			result = 0;
		}
	}
	pthread_mutex_unlock(&server.lock);
	return result;
}

int trapper_collections_named(struct trapper *trapper, const char *name,
	struct trapper_collection_list *list, struct error *err)
{
	struct trapper_collection collection = {.pk = 7};

	(void)trapper;
	assert_string_equal(name, "winter");
	if (server.asks_forbidden)
		return error_set(err, ERROR_REFUSED, "403 not for you");
	if (call_fails(err))
		return -1;
	if (server.resources >= 0) {
		collection.name = xstrdup(name);
		ARRAY_APPEND(list, collection);
	}
	return 0;
}

void trapper_collection_list_release(struct trapper_collection_list *list)
{
	size_t i;

	for (i = 0; i < list->count; i++)
		free(list->items[i].name);
	free(list->items);
	*list = (struct trapper_collection_list){0};
}

int trapper_collection_resources(
	struct trapper *trapper, int64_t pk, int64_t *count, struct error *err)
{
	(void)trapper;
	assert_int_equal(pk, 7);
	if (call_fails(err))
		return -1;
	*count = server.resources;
	return 0;
}

int trapper_process(struct trapper *trapper, const char *yaml_name, const char *zip_name,
	bool remove_zip, char **answer, bool *maybe_sent, struct error *err)
{
	(void)trapper;
	(void)remove_zip;
	/* Only what is whole and under its final name may be processed. */
	assert_non_null(server_file(yaml_name));
	assert_non_null(server_file(zip_name));
	*maybe_sent = true;
	if (server.lose_request)
		return error_set(err, ERROR_NETWORK, "timed out");
	if (call_fails(err)) {
		*maybe_sent = server.stays_down;
		return -1;
	}
	server.requests++;
	server.resources = (server.resources < 0 ? 0 : server.resources) + server.per_request;
	if (server.lose_reply)
		return error_set(err, ERROR_NETWORK, "connection reset");
	*answer = xstrdup("task 1");
	return 0;
}

/* ---- what the tests share ---- */

static const char yaml_text[] =
	"collections:\n- name: winter\n  project_id: 1\n  timezone: Europe/Warsaw\n"
	"  timezone_ignore_dst: false\n  resources_dir: winter\n  deployments:\n"
	"  - deployment_id: r1\n    resources:\n"
	"    - name: a.jpg\n      file: a.jpg\n      date_recorded: 2024-07-01T09:00:00+0000\n"
	"    - name: b.jpg\n      file: b.jpg\n      date_recorded: 2024-07-01T09:00:01+0000\n"
	"    - name: c.jpg\n      file: c.jpg\n      date_recorded: 2024-07-01T09:00:02+0000\n";

struct fixture {
	char folder[64];
	char *work, *yaml, *zip;
	struct ledger *ledger;
	char warnings[4096];
};

static void write_file(const char *path, const char *text)
{
	FILE *stream = fopen(path, "wb");

	assert_non_null(stream);
	assert_int_equal(fwrite(text, 1, strlen(text), stream), strlen(text));
	assert_int_equal(fclose(stream), 0);
}

static char *zip_text(char fill)
{
	char *text = xmalloc(10001);

	memset(text, fill, 10000);
	text[10000] = '\0';
	return text;
}

static void open_ledger(struct fixture *fixture)
{
	struct error err = {0};

	fixture->ledger = ledger_open(fixture->work, LEDGER_WRITE, 0, NULL, NULL, &err);
	if (fixture->ledger == NULL)
		fail_msg("%s", err.message);
}

static int setup(void **state)
{
	struct fixture *fixture = xcalloc(1, sizeof *fixture);
	char *zip = zip_text('z');

	server_reset();
	snprintf(fixture->folder, sizeof fixture->folder, "/tmp/test-deliver-XXXXXX");
	assert_non_null(mkdtemp(fixture->folder));
	fixture->work = text_join_path(fixture->folder, ".trapkit");
	fixture->yaml = text_join_path(fixture->folder, "winter.yaml");
	fixture->zip = text_join_path(fixture->folder, "winter.zip");
	write_file(fixture->yaml, yaml_text);
	write_file(fixture->zip, zip);
	free(zip);
	open_ledger(fixture);
	*state = fixture;
	return 0;
}

static int teardown(void **state)
{
	struct fixture *fixture = *state;
	static const char *const names[] = {
		"ledger.sqlite3", "ledger.sqlite3-wal", "ledger.sqlite3-shm", "lock"};
	size_t i;

	ledger_close(fixture->ledger);
	for (i = 0; i < sizeof names / sizeof *names; i++) {
		char *path = text_join_path(fixture->work, names[i]);

		unlink(path);
		free(path);
	}
	rmdir(fixture->work);
	unlink(fixture->yaml);
	unlink(fixture->zip);
	rmdir(fixture->folder);
	free(fixture->work);
	free(fixture->yaml);
	free(fixture->zip);
	free(fixture);
	return 0;
}

static int remember_warning(void *context, const struct progress_event *event)
{
	struct fixture *fixture = context;
	size_t used = strlen(fixture->warnings);

	if (event->kind == PROGRESS_WARNING)
		snprintf(fixture->warnings + used, sizeof fixture->warnings - used, "%s\n",
			event->message);
	return 0;
}

/* The package of the fixture as the ledger has it, made when it is not there. */
static void find_package(struct fixture *fixture, struct deliver_item *item)
{
	struct ledger_package_list list = {0};
	struct ledger_package package = {0};
	struct error err = {0};

	assert_int_equal(ledger_packages(fixture->ledger, &list, &err), 0);
	if (list.count == 0) {
		package.name = xstrdup("winter");
		package.set = xstrdup("winter");
		package.part = package.parts = 1;
		package.folder = xstrdup(fixture->folder);
		package.fingerprint = xstrdup("f");
		package.collections = xstrdup("winter");
		package.state = PACKAGE_WRITTEN;
		package.files = 3;
		assert_int_equal(ledger_put_package(fixture->ledger, &package, &err), 0);
	} else {
		package = list.items[0];
		list.items[0] = (struct ledger_package){0};
	}
	ledger_package_list_release(&list);
	item->package = package;
	item->yaml = xstrdup(fixture->yaml);
	item->zip = xstrdup(fixture->zip);
}

static const struct remote_settings destination = {
	.scheme = REMOTE_FTPS, .host = "server", .folder = "/collections"};

static const struct deliver_settings usual = {
	.remote = &destination, .retries = 2, .first_pause = 0.001, .trigger = true};

static struct trapper *const a_server = (struct trapper *)&server;

static int run(struct fixture *fixture, const struct deliver_settings *settings,
	struct deliver_item *out, struct error *err)
{
	struct progress progress = {.report = remember_warning, .context = fixture};
	struct deliver *deliver = deliver_open(settings, fixture->ledger, a_server, &progress);
	struct deliver_item item = {0};
	int result;

	error_clear(err);
	find_package(fixture, &item);
	item.trigger_again = out != NULL && out->trigger_again;
	deliver_add(deliver, &item);
	result = deliver_finish(deliver, err);
	if (out != NULL) {
		*out = *deliver_result(deliver, 0);
		/* Only the plain values are looked at after close. */
		out->package = (struct ledger_package){
			.trigger = out->package.trigger, .delivery = out->package.delivery};
		out->yaml = out->zip = NULL;
		out->collections = NULL;
	}
	deliver_close(deliver);
	return result;
}

static void assert_delivered(void)
{
	struct file *zip = server_file("winter.zip"), *yaml = server_file("winter.yaml");
	char *expected = zip_text('z');

	assert_non_null(zip);
	assert_non_null(yaml);
	assert_int_equal(zip->size, 10000);
	assert_memory_equal(zip->bytes, expected, 10000);
	assert_int_equal(yaml->size, sizeof yaml_text - 1);
	assert_memory_equal(yaml->bytes, yaml_text, yaml->size);
	free(expected);
}

/* ---- tests ---- */

static void delivers_once(void **state)
{
	struct fixture *fixture = *state;
	struct deliver_item item = {0};
	struct error err = {0};

	assert_int_equal(run(fixture, &usual, &item, &err), 0);
	assert_delivered();
	assert_int_equal(server.count, 2);
	assert_int_equal(item.status, DELIVER_SENT);
	assert_int_equal(item.trigger, DELIVER_TRIGGER_SENT);
	assert_int_equal(item.attempts, 2);
	assert_int_equal(item.bytes_sent, 10000 + sizeof yaml_text - 1);
	assert_int_equal(server.requests, 1);
	server.calls = 0;
	assert_int_equal(run(fixture, &usual, &item, &err), 0);
	assert_int_equal(item.status, DELIVER_THERE);
	assert_int_equal(item.trigger, DELIVER_TRIGGER_EARLIER);
	assert_int_equal(server.calls, 0);
	assert_int_equal(server.requests, 1);
}

/* Whatever single call fails, once or for good: the next runs end in the same state. */
static void any_call_may_fail(void **state)
{
	struct fixture *fixture = *state;
	struct deliver_settings settings = usual;
	struct error err = {0};
	struct deliver_item item;
	unsigned at, unknown = 0;
	int down;

	settings.retries = 0;
	for (down = 0; down < 2; down++) {
		for (at = 1; at < 40; at++) {
			teardown(state);
			setup(state);
			fixture = *state;
			server.fail_at = at;
			server.stays_down = down;
			server.break_after = 3 * at * at;
			if (run(fixture, &settings, NULL, &err) == 0)
				break;
			assert_int_equal(err.kind, ERROR_NETWORK);
			assert_true(server.requests <= 1);
			server.fail_at = 0;
			/* A restart: only what is on the disk is known. */
			ledger_close(fixture->ledger);
			open_ledger(fixture);
			item = (struct deliver_item){0};
			if (run(fixture, &settings, &item, &err) != 0) {
				assert_int_equal(item.package.trigger, TRIGGER_UNKNOWN);
				assert_non_null(strstr(err.message, "--force-trigger"));
				assert_int_equal(server.requests, 0);
				settings.force_trigger = true;
				assert_int_equal(run(fixture, &settings, &item, &err), 0);
				settings.force_trigger = false;
				unknown++;
			}
			assert_delivered();
			assert_int_equal(server.count, 2);
			assert_int_equal(server.requests, 1);
		}
		/* 2 looks, store, look, rename, look for each file; 1 for TRAPPER, 1 request: 14.
		 */
		assert_int_equal(at, 15);
	}
	assert_int_equal(unknown, 1);
}

static void goes_on_where_it_broke(void **state)
{
	struct fixture *fixture = *state;
	struct deliver_settings settings = usual;
	struct deliver_item item = {0};
	struct error err = {0};

	settings.retries = 0;
	server.fail_at = 3; /* size of final, size of temporary, store */
	server.break_after = 6000;
	server.words = "426 broken";
	assert_int_equal(run(fixture, &settings, &item, &err), -1);
	assert_int_equal(server_file("winter.zip.part")->size, 6000);
	assert_null(server_file("winter.zip"));
	server.fail_at = 0;
	assert_int_equal(run(fixture, &settings, &item, &err), 0);
	assert_int_equal(item.resumed_at, 6000);
	assert_int_equal(server.bytes_stored, 10000 + sizeof yaml_text - 1);
	assert_delivered();
}

/* Same name, same size, other bytes: going on would mix two packages. */
static void never_goes_on_with_other_bytes(void **state)
{
	struct fixture *fixture = *state;
	struct deliver_settings settings = usual;
	struct deliver_item item = {0};
	struct error err = {0};
	char *other = zip_text('o');
	struct ledger_package_list list = {0};

	settings.retries = 0;
	write_file(fixture->zip, other);
	free(other);
	server.fail_at = 3;
	server.break_after = 6000;
	assert_int_equal(run(fixture, &settings, &item, &err), -1);
	server.fail_at = 0;
	/* Made again under the same name. */
	assert_int_equal(ledger_packages(fixture->ledger, &list, &err), 0);
	assert_int_equal(ledger_remove_package(fixture->ledger, list.items[0].id, &err), 0);
	ledger_package_list_release(&list);
	other = zip_text('z');
	write_file(fixture->zip, other);
	free(other);
	assert_int_equal(run(fixture, &settings, &item, &err), 0);
	assert_int_equal(item.resumed_at, 0);
	assert_delivered();
	assert_int_equal(server.count, 2);
}

static void changed_since_packaging(void **state)
{
	struct fixture *fixture = *state;
	struct deliver_settings settings = usual;
	struct error err = {0};
	char *other = zip_text('o');

	settings.retries = 0;
	server.fail_at = 1;
	assert_int_equal(run(fixture, &settings, NULL, &err), -1);
	server.fail_at = 0;
	write_file(fixture->zip, other);
	free(other);
	assert_int_equal(run(fixture, &settings, NULL, &err), -1);
	assert_int_equal(err.kind, ERROR_INPUT);
	assert_non_null(strstr(err.message, "make the package again"));
	assert_int_equal(server.stores, 0);
}

static void foreign_files_stay(void **state)
{
	struct fixture *fixture = *state;
	struct deliver_settings settings = usual;
	struct error err = {0};
	char *same_size = zip_text('f');

	server_put("winter.zip", same_size);
	assert_int_equal(run(fixture, &usual, NULL, &err), -1);
	assert_int_equal(err.kind, ERROR_REMOTE);
	assert_non_null(strstr(err.message, "--overwrite"));
	assert_memory_equal(server_file("winter.zip")->bytes, same_size, 10000);
	assert_int_equal(server.stores, 0);
	assert_int_equal(server.requests, 0);
	free(same_size);
	settings.overwrite = true;
	assert_int_equal(run(fixture, &settings, NULL, &err), 0);
	assert_delivered();
	assert_int_equal(server.count, 2);
}

/* A temporary file of somebody else: not gone on with, not removed, told. */
static void foreign_temporary_stays(void **state)
{
	struct fixture *fixture = *state;
	struct error err = {0};

	server_put("winter.zip.part", "theirs");
	assert_int_equal(run(fixture, &usual, NULL, &err), 0);
	assert_delivered();
	assert_int_equal(server.count, 3);
	assert_string_equal(server_file("winter.zip.part")->bytes, "theirs");
	assert_non_null(strstr(fixture->warnings, "winter.zip.part"));
}

static void server_without_rename(void **state)
{
	struct fixture *fixture = *state;
	struct error err = {0};

	server.refuse_rename = true;
	assert_int_equal(run(fixture, &usual, NULL, &err), 0);
	assert_delivered();
	assert_int_equal(server.count, 2);
	assert_non_null(strstr(fixture->warnings, "does not rename"));
	/* Once for the ZIP under the temporary name, then each under its own. */
	assert_int_equal(server.stores, 3);
}

static void retries_without_progress_end(void **state)
{
	struct fixture *fixture = *state;
	struct error err = {0};

	server.fail_at = 1;
	server.stays_down = true;
	assert_int_equal(run(fixture, &usual, NULL, &err), -1);
	assert_int_equal(err.kind, ERROR_NETWORK);
	assert_int_equal(server.calls, 3); /* one attempt and two more */
}

static void refusals_end_at_once(void **state)
{
	struct fixture *fixture = *state;
	struct error err = {0};

	server.fail_at = 1;
	server.failure = ERROR_REFUSED;
	server.words = "530 wrong password";
	assert_int_equal(run(fixture, &usual, NULL, &err), -1);
	assert_int_equal(err.kind, ERROR_REFUSED);
	assert_int_equal(server.calls, 1);
	server.calls = 0;
	server.fail_at = 3;
	server.failure = ERROR_REMOTE;
	server.words = "452 no space left on device";
	assert_int_equal(run(fixture, &usual, NULL, &err), -1);
	assert_int_equal(err.kind, ERROR_REMOTE);
	assert_int_equal(server.calls, 3);
}

/* vsftpd keeps the file of a dead session locked: another name helps. */
static void locked_name_is_left(void **state)
{
	struct fixture *fixture = *state;
	struct error err = {0};

	server.fail_at = 3;
	server.failure = ERROR_REMOTE;
	server.words = "550 busy";
	assert_int_equal(run(fixture, &usual, NULL, &err), 0);
	assert_delivered();
	assert_int_equal(server.count, 2);
}

static void lost_reply_that_arrived(void **state)
{
	struct fixture *fixture = *state;
	struct deliver_item item = {0};
	struct error err = {0};

	server.resources = 100; /* the collection was there before */
	server.lose_reply = true;
	assert_int_equal(run(fixture, &usual, &item, &err), 0);
	assert_int_equal(item.trigger, DELIVER_TRIGGER_SEEN);
	assert_int_equal(item.package.trigger, TRIGGER_DONE);
	assert_int_equal(run(fixture, &usual, &item, &err), 0);
	assert_int_equal(server.requests, 1);
}

static void lost_reply_that_did_not(void **state)
{
	struct fixture *fixture = *state;
	struct deliver_settings settings = usual;
	struct deliver_item item = {0};
	struct error err = {0};

	server.resources = 100;
	server.lose_request = true;
	assert_int_equal(run(fixture, &usual, &item, &err), -1);
	assert_int_equal(err.kind, ERROR_NETWORK);
	assert_non_null(strstr(err.message, "--force-trigger"));
	assert_int_equal(item.package.trigger, TRIGGER_UNKNOWN);
	assert_int_equal(item.status, DELIVER_SENT);
	server.lose_request = false;
	/* Still open: it is not sent again on its own. */
	assert_int_equal(run(fixture, &usual, &item, &err), -1);
	assert_int_equal(server.requests, 0);
	/* The server was only slow: the resources turn up. */
	server.resources = 103;
	assert_int_equal(run(fixture, &usual, &item, &err), 0);
	assert_int_equal(item.trigger, DELIVER_TRIGGER_SEEN);
	assert_int_equal(server.requests, 0);
	settings.force_trigger = true;
	/* Answered ones are not sent again by that option alone. */
	assert_int_equal(run(fixture, &settings, &item, &err), 0);
	assert_int_equal(server.requests, 0);
	item.trigger_again = true;
	assert_int_equal(run(fixture, &settings, &item, &err), 0);
	assert_int_equal(server.requests, 1);
}

static void refused_request_may_be_sent_again(void **state)
{
	struct fixture *fixture = *state;
	struct deliver_item item = {0};
	struct error err = {0};

	/* 12 calls for the files, 1 look at TRAPPER, then the request. */
	server.fail_at = 14;
	server.failure = ERROR_REMOTE;
	server.words = "Deployment x does not exist.";
	assert_int_equal(run(fixture, &usual, &item, &err), -1);
	assert_int_equal(err.kind, ERROR_REMOTE);
	assert_int_equal(item.package.trigger, TRIGGER_NONE);
	assert_int_equal(item.package.delivery, DELIVERY_DONE);
	assert_int_equal(run(fixture, &usual, &item, &err), 0);
	assert_int_equal(server.requests, 1);
	assert_int_equal(server.stores, 2);
}

static void may_not_list_but_may_process(void **state)
{
	struct fixture *fixture = *state;
	struct error err = {0};

	server.asks_forbidden = true;
	assert_int_equal(run(fixture, &usual, NULL, &err), 0);
	assert_int_equal(server.requests, 1);
}

static void waits_for_the_resources(void **state)
{
	struct fixture *fixture = *state;
	struct deliver_settings settings = usual;
	struct deliver_item item = {0};
	struct error err = {0};

	settings.wait = 0.2;
	server.resources = 100;
	server.per_request = 2; /* one of three is missing */
	assert_int_equal(run(fixture, &settings, &item, &err), -1);
	assert_int_equal(err.kind, ERROR_NETWORK);
	assert_int_equal(item.trigger, DELIVER_TRIGGER_SENT);
	assert_false(item.processed);
	server.resources = 103;
	assert_int_equal(run(fixture, &settings, &item, &err), 0);
	assert_true(item.processed);
	assert_int_equal(server.requests, 1);
}

static void outbox_is_not_triggered(void **state)
{
	static const struct remote_settings outbox = {.scheme = REMOTE_FILE, .folder = "/out"};
	struct fixture *fixture = *state;
	struct deliver_settings settings = usual;
	struct deliver_item item = {0};
	struct error err = {0};

	settings.remote = &outbox;
	assert_int_equal(run(fixture, &settings, &item, &err), 0);
	assert_int_equal(item.trigger, DELIVER_TRIGGER_OUTBOX);
	assert_int_equal(server.requests, 0);
	/* And then to the server, with everything. */
	server_reset();
	assert_int_equal(run(fixture, &usual, &item, &err), 0);
	assert_int_equal(item.status, DELIVER_SENT);
	assert_int_equal(server.requests, 1);
}

static void bad_names_are_refused(void **state)
{
	struct fixture *fixture = *state;
	struct deliver *deliver;
	struct deliver_item item = {0};
	struct error err = {0};

	deliver = deliver_open(&usual, fixture->ledger, a_server, NULL);
	find_package(fixture, &item);
	free(item.zip);
	item.zip = text_join_path(fixture->folder, "a\r\nDELE b.zip");
	deliver_add(deliver, &item);
	assert_int_equal(deliver_finish(deliver, &err), -1);
	assert_int_equal(err.kind, ERROR_INPUT);
	assert_int_equal(server.calls, 0);
	deliver_close(deliver);
}

static void many_at_a_time(void **state)
{
	struct fixture *fixture = *state;
	struct deliver_settings settings = usual;
	struct deliver *deliver;
	struct error err = {0};
	unsigned i;

	settings.parallel = 3;
	settings.trigger = false;
	deliver = deliver_open(&settings, fixture->ledger, NULL, NULL);
	for (i = 1; i <= 8; i++) {
		struct deliver_item item = {0};
		char *name = xasprintf("winter_part%03u", i);
		char *stem = text_join_path(fixture->folder, name);

		item.package.name = name;
		item.package.set = xstrdup("winter");
		item.package.part = i;
		item.package.parts = 8;
		item.package.folder = xstrdup(fixture->folder);
		item.package.fingerprint = xstrdup("f");
		item.package.collections = xstrdup("winter");
		item.package.state = PACKAGE_WRITTEN;
		assert_int_equal(ledger_put_package(fixture->ledger, &item.package, &err), 0);
		item.yaml = xasprintf("%s.yaml", stem);
		item.zip = xasprintf("%s.zip", stem);
		write_file(item.yaml, yaml_text);
		write_file(item.zip, stem);
		free(stem);
		deliver_add(deliver, &item);
	}
	assert_int_equal(deliver_finish(deliver, &err), 0);
	assert_int_equal(server.count, 16);
	for (i = 0; i < deliver_count(deliver); i++) {
		assert_int_equal(deliver_result(deliver, i)->status, DELIVER_SENT);
		unlink(deliver_result(deliver, i)->yaml);
		unlink(deliver_result(deliver, i)->zip);
	}
	deliver_close(deliver);
}

/*
 * Two packages of one collection. The request for the first is lost on the way, the reply to the
 * second would be: were it sent, no count could tell which of the two arrived.
 */
static void one_open_request_at_a_time(void **state)
{
	struct fixture *fixture = *state;
	struct deliver_settings settings = usual;
	struct deliver_item item = {0}, second = {0};
	struct deliver *deliver;
	struct error err = {0};
	int round;

	server.lose_request = true;
	for (round = 0; round < 3; round++) {
		deliver = deliver_open(&settings, fixture->ledger, a_server, NULL);
		find_package(fixture, &item);
		if (round == 0) {
			second.package.name = xstrdup("winter2");
			second.package.set = xstrdup("winter");
			second.package.part = second.package.parts = 2;
			second.package.folder = xstrdup(fixture->folder);
			second.package.fingerprint = xstrdup("f");
			second.package.collections = xstrdup("summer\nwinter");
			second.package.state = PACKAGE_WRITTEN;
			assert_int_equal(
				ledger_put_package(fixture->ledger, &second.package, &err), 0);
			second.yaml = text_join_path(fixture->folder, "winter2.yaml");
			second.zip = text_join_path(fixture->folder, "winter2.zip");
			write_file(second.yaml, yaml_text);
			write_file(second.zip, "the second archive");
		} else {
			assert_int_equal(deliver_take(fixture->ledger, 2, &second, &err), 0);
		}
		deliver_add(deliver, &item);
		deliver_add(deliver, &second);
		assert_int_equal(deliver_finish(deliver, &err), round < 2 ? -1 : 0);
		assert_true(deliver_result(deliver, 1)->status != DELIVER_FAILED);
		assert_int_equal(server.requests, round < 2 ? 0 : 2);
		if (round == 2) {
			unlink(deliver_result(deliver, 1)->yaml);
			unlink(deliver_result(deliver, 1)->zip);
		}
		deliver_close(deliver);
		server.lose_request = false;
		settings.force_trigger = round == 1;
	}
	assert_int_equal(server.resources, 6);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(delivers_once),
		TEST(any_call_may_fail),
		TEST(goes_on_where_it_broke),
		TEST(never_goes_on_with_other_bytes),
		TEST(changed_since_packaging),
		TEST(foreign_files_stay),
		TEST(foreign_temporary_stays),
		TEST(server_without_rename),
		TEST(retries_without_progress_end),
		TEST(refusals_end_at_once),
		TEST(locked_name_is_left),
		TEST(lost_reply_that_arrived),
		TEST(lost_reply_that_did_not),
		TEST(refused_request_may_be_sent_again),
		TEST(may_not_list_but_may_process),
		TEST(waits_for_the_resources),
		TEST(outbox_is_not_triggered),
		TEST(bad_names_are_refused),
		TEST(one_open_request_at_a_time),
		TEST(many_at_a_time),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
