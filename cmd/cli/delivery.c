/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What upload and pipeline share: the rows of delivering, and how its results are told. */
#include "delivery.h"

#include "console.h"
#include "general.h"
#include "server.h"
#include "trapkit/text.h"
#include "trapkit/transfer.h"
#include "trapkit/trapper.h"

#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

static struct {
	bool trigger, force_trigger, remove_zip;
	double wait;
	long parallel;
	uint64_t limit_rate;
} choices;

static const char upload_group[] = "Upload options";

const struct option delivery_options[] = {
	{.name = "trigger",
		.section = "UPLOAD",
		.flag = &choices.trigger,
		.fallback = "false",
		.group = upload_group,
		.help = "Have the server process each package once it is delivered."},
	{.name = "force-trigger",
		.flag = &choices.force_trigger,
		.fallback = "false",
		.group = upload_group,
		.help = "Ask for processing again where the answer to an earlier request was "
			"lost."},
	{.name = "remove-zip",
		.section = "UPLOAD",
		.flag = &choices.remove_zip,
		.fallback = "false",
		.group = upload_group,
		.help = "Let the server delete the ZIP once it is processed."},
	{.name = "wait",
		.section = "UPLOAD",
		.value = "TIME",
		.duration = &choices.wait,
		.fallback = "0",
		.group = upload_group,
		.help = "Wait up to this long until the server shows the pictures."},
	{.name = "parallel",
		.section = "UPLOAD",
		.value = "N",
		.number = &choices.parallel,
		.minimum = 1,
		.maximum = 16,
		.fallback = "1",
		.group = upload_group,
		.help = "Send N packages or pictures at a time, each over its own connection."},
	{.name = "limit-rate",
		.section = "UPLOAD",
		.value = "RATE",
		.size = &choices.limit_rate,
		.fallback = "0",
		.group = upload_group,
		.help = "Send no more than this many bytes a second, as 500K; 0 is no limit."},
	{0},
};

bool delivery_wants_trigger(void)
{
	return choices.trigger || choices.force_trigger;
}

static void settle(struct delivery *delivery, bool trigger)
{
	delivery->url = remote_url(&delivery->remote);
	delivery->outbox = delivery->remote.scheme == REMOTE_FILE;
	delivery->remote.rate = choices.limit_rate;
	delivery->settings = (struct deliver_settings){
		.remote = &delivery->remote,
		.retries = (unsigned)general.retries,
		.max_runtime = general.max_runtime,
		.parallel = (unsigned)choices.parallel,
		.trigger = trigger && delivery_wants_trigger(),
		.force_trigger = choices.force_trigger,
		.remove_zip = choices.remove_zip,
		.wait = choices.wait,
	};
}

int delivery_prepare(struct delivery *delivery, bool trigger, struct error *err)
{
	if (destination_fill(&delivery->remote, NULL, false, err) != 0)
		return -1;
	settle(delivery, trigger);
	return 0;
}

int delivery_prepare_camera(struct delivery *delivery, struct error *err)
{
	if (destination_fill_camera(&delivery->remote, err) != 0)
		return -1;
	settle(delivery, false);
	return 0;
}

int delivery_connect(struct session *session, struct delivery *delivery, struct error *err)
{
	if (destination_need_password(session, &delivery->remote, err) != 0)
		return -1;
	if (!delivery->settings.trigger || delivery->outbox)
		return 0;
	delivery->server = server_open(session, err);
	if (delivery->server == NULL)
		return -1;
	/* A login that is no good must not be found out after hours of uploading. */
	if (trapper_check_login(delivery->server, err) == 0)
		return 0;
	if (err->kind != ERROR_NETWORK)
		return -1;
	console_warning(session->console, "%s; the upload begins all the same", err->message);
	error_clear(err);
	return 0;
}

void delivery_release(struct delivery *delivery)
{
	trapper_close(delivery->server);
	free(delivery->url);
	*delivery = (struct delivery){0};
}

char *delivery_work_folder(struct session *session, const char *data_path)
{
	if (session->work_dir != NULL)
		return xstrdup(session->work_dir);
	return text_join_path(data_path, ".trapkit");
}

void ledger_warning(void *context, const char *message)
{
	struct session *session = context;

	console_warning(session->console, "%s", message);
}

char *shell_word(const char *text)
{
	static const char plain[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789"
				    "_-./:@%+=,";
	char *word, *out;

	if (*text != '\0' && text[strspn(text, plain)] == '\0')
		return xstrdup(text);
	word = out = xmalloc(4 * strlen(text) + 3);
	*out++ = '\'';
	for (; *text != '\0'; text++) {
		if (*text == '\'') {
			memcpy(out, "'\\''", 4);
			out += 4;
		} else {
			*out++ = *text;
		}
	}
	*out++ = '\'';
	*out = '\0';
	return word;
}

/* ---- JSON ---- */

void merge_results(cJSON *into, cJSON *part)
{
	while (part->child != NULL) {
		cJSON *item = cJSON_DetachItemViaPointer(part, part->child);
		cJSON *there = cJSON_GetObjectItemCaseSensitive(into, item->string);

		while (cJSON_IsArray(there) && cJSON_IsArray(item) && item->child != NULL)
			cJSON_AddItemToArray(there, cJSON_DetachItemViaPointer(item, item->child));
		if (there == NULL)
			cJSON_AddItemToObject(into, item->string, item);
		else
			cJSON_Delete(item);
	}
	cJSON_Delete(part);
}

static const char *status_name(const struct deliver_item *item)
{
	switch (item->status) {
	case DELIVER_SENT:
		return "delivered";
	case DELIVER_THERE:
		return "already_delivered";
	case DELIVER_FAILED:
		return "failed";
	case DELIVER_WAITING:
		break;
	}
	return "not_attempted";
}

static bool is_triggered(const struct deliver_item *item)
{
	return item->trigger == DELIVER_TRIGGER_SENT || item->trigger == DELIVER_TRIGGER_EARLIER ||
		item->trigger == DELIVER_TRIGGER_SEEN;
}

static const char *trigger_reason(const struct deliver_item *item)
{
	switch (item->trigger) {
	case DELIVER_TRIGGER_NOT_ASKED:
		return item->status == DELIVER_FAILED || item->status == DELIVER_WAITING
			? "not delivered"
			: "not asked for";
	case DELIVER_TRIGGER_SENT:
		return NULL;
	case DELIVER_TRIGGER_EARLIER:
		return "by an earlier run";
	case DELIVER_TRIGGER_SEEN:
		return "the answer was lost, but the server shows that it began";
	case DELIVER_TRIGGER_OUTBOX:
		return "processing is started when the outbox reaches the server";
	case DELIVER_TRIGGER_FAILED:
		break;
	}
	return item->package.trigger == TRIGGER_UNKNOWN ? "trigger_unknown" : "failed";
}

void json_add_text(cJSON *object, const char *key, const char *text)
{
	char *shown;

	if (text == NULL) {
		cJSON_AddNullToObject(object, key);
		return;
	}
	shown = text_escape(text);
	cJSON_AddStringToObject(object, key, shown);
	free(shown);
}

static cJSON *item_json(const struct delivery *delivery, const struct deliver_item *item)
{
	cJSON *object = cJSON_CreateObject();

	json_add_text(object, "name", item->package.name);
	json_add_text(object, "zip", item->zip);
	json_add_text(object, "yaml", item->yaml);
	cJSON_AddStringToObject(object, "status", status_name(item));
	cJSON_AddNumberToObject(object, "bytes_sent", (double)item->bytes_sent);
	if (item->resumed_at > 0)
		cJSON_AddNumberToObject(object, "resumed_at", (double)item->resumed_at);
	else
		cJSON_AddNullToObject(object, "resumed_at");
	cJSON_AddNumberToObject(object, "attempts", item->attempts);
	cJSON_AddBoolToObject(object, "triggered", is_triggered(item));
	json_add_text(object, "trigger_reason", trigger_reason(item));
	json_add_text(object, "task", is_triggered(item) ? item->package.task : NULL);
	if (delivery->settings.wait > 0 && delivery->settings.trigger)
		cJSON_AddBoolToObject(object, "processed", item->processed);
	json_add_text(
		object, "reason", item->error.kind != ERROR_NONE ? item->error.message : NULL);
	return object;
}

/* ---- words ---- */

static uint64_t size_of(const struct deliver_item *item)
{
	return item->package.zip_size + item->package.yaml_size;
}

static void say_item(struct session *session, const char *url, const struct deliver_item *item)
{
	char *name = text_escape(item->package.name);
	char *size = text_size(size_of(item));

	if (item->status == DELIVER_SENT)
		console_print(session->console, "Delivered '%s' to %s (%s)\n", name, url, size);
	else if (item->status == DELIVER_THERE)
		console_print(session->console, "'%s' is at %s already\n", name, url);
	if (item->trigger == DELIVER_TRIGGER_SENT)
		console_print(session->console, "Started processing of '%s'%s%s\n", name,
			item->package.task[0] != '\0' ? ": " : "", item->package.task);
	else if (item->trigger == DELIVER_TRIGGER_SEEN)
		console_print(session->console,
			"Started processing of '%s': the answer was lost, but the server shows "
			"it\n",
			name);
	if (item->processed)
		console_print(session->console, "The server shows the pictures of '%s'\n", name);
	free(name);
	free(size);
}

static char *files_command(const struct deliver_item *item, const char *folder)
{
	char *yaml = folder == NULL ? xstrdup(item->yaml)
				    : text_join_path(folder, text_base_name(item->yaml));
	char *zip = folder == NULL ? xstrdup(item->zip)
				   : text_join_path(folder, text_base_name(item->zip));
	char *yaml_word = shell_word(yaml), *zip_word = shell_word(zip);
	char *command = xasprintf(
		"trapkit upload --file-yaml %s --file-zip %s --trigger", yaml_word, zip_word);

	free(yaml);
	free(zip);
	free(yaml_word);
	free(zip_word);
	return command;
}

/* What a person does next, for each package that is delivered but not yet processed. */
static void say_next(
	struct session *session, const struct delivery *delivery, const struct deliver *deliver)
{
	const char *folder = delivery->outbox ? delivery->remote.folder : NULL;
	bool said = false;
	size_t i;

	for (i = 0; i < deliver_count(deliver); i++) {
		const struct deliver_item *item = deliver_result(deliver, i);
		char *command;

		if (item->error.kind != ERROR_NONE || is_triggered(item))
			continue;
		if (!said && delivery->outbox)
			console_print(session->console,
				"The outbox now has to reach the server; processing is started "
				"then, from a computer that is on line:\n");
		else if (!said)
			console_print(session->console,
				"The server does not process it by itself; to start that:\n");
		said = true;
		command = files_command(item, folder);
		console_print(session->console, "  %s\n", command);
		free(command);
	}
}

void delivery_conclude(struct session *session, const struct delivery *delivery,
	const struct deliver *deliver, cJSON *parent, const struct error *err)
{
	cJSON *packages = cJSON_AddArrayToObject(parent, "packages");
	const char *url = delivery->url;
	size_t i;

	json_add_text(parent, "destination", url);
	for (i = 0; i < deliver_count(deliver); i++) {
		const struct deliver_item *item = deliver_result(deliver, i);

		cJSON_AddItemToArray(packages, item_json(delivery, item));
		say_item(session, url, item);
		if (item->status == DELIVER_WAITING)
			console_warning(session->console, "'%s' was not begun", item->package.name);
		else if (item->error.kind != ERROR_NONE &&
			strcmp(item->error.message, err->message) != 0)
			console_warning(session->console, "%s", item->error.message);
	}
	say_next(session, delivery, deliver);
}

static void foretell_item(struct session *session, const struct delivery *delivery,
	struct ledger *ledger, const struct deliver_item *item, const char *url, cJSON *packages)
{
	const struct ledger_package *package = &item->package;
	bool there = deliver_is_done(
		ledger, package, text_base_name(item->yaml), text_base_name(item->zip), url, false);
	bool trigger =
		delivery->settings.trigger && !delivery->outbox && package->trigger == TRIGGER_NONE;
	cJSON *object = cJSON_CreateObject();
	char *name = text_escape(package->name), *size = text_size(size_of(item));

	json_add_text(object, "name", package->name);
	json_add_text(object, "zip", item->zip);
	json_add_text(object, "yaml", item->yaml);
	cJSON_AddStringToObject(object, "status", there ? "already_delivered" : "would_deliver");
	cJSON_AddNumberToObject(object, "bytes", there ? 0 : (double)size_of(item));
	cJSON_AddBoolToObject(object, "would_trigger", trigger);
	cJSON_AddItemToArray(packages, object);
	if (there)
		console_print(session->console, "'%s' is at %s already\n", name, url);
	else
		console_print(session->console, "Would deliver '%s' to %s (%s)\n", name, url, size);
	if (trigger)
		console_print(session->console, "Would have the server process '%s'\n", name);
	free(name);
	free(size);
}

int delivery_foretell(struct session *session, const struct delivery *delivery,
	struct ledger *ledger, const struct deliver_item_list *list, cJSON *parent,
	struct error *err)
{
	cJSON *packages = cJSON_AddArrayToObject(parent, "packages");
	const char *url = delivery->url;
	int result = 0;

	json_add_text(parent, "destination", url);
	for (size_t i = 0; i < list->count; i++) {
		const struct deliver_item *item = &list->items[i];

		if (item->error.kind == ERROR_NONE) {
			foretell_item(session, delivery, ledger, item, url, packages);
			continue;
		}
		cJSON_AddItemToArray(packages, item_json(delivery, item));
		if (result != 0)
			console_warning(session->console, "%s", item->error.message);
		else
			*err = item->error;
		result = -1;
	}
	return result;
}

void delivery_up_to_date(
	struct session *session, const struct delivery *delivery, size_t done, cJSON *parent)
{
	const char *url = delivery->url;

	cJSON_AddArrayToObject(parent, "packages");
	json_add_text(parent, "destination", url);
	cJSON_AddNumberToObject(parent, "up_to_date", (double)done);
	if (done > 0)
		console_print(session->console, "Up to date: %zu package%s at %s already%s\n", done,
			done == 1 ? " is" : "s are", url,
			delivery->settings.trigger && !delivery->outbox ? ", and processed" : "");
	else
		console_print(session->console,
			"There is no package to upload; 'trapkit package' makes them\n");
}
