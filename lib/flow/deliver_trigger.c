/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Processing asked for once a package: never twice, also when the reply was lost. */
#include "delivery.h"

#include "trapkit/memory.h"
#include "trapkit/package.h"
#include "trapkit/text.h"
#include "trapkit/trapper.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

/*
 * The server appends the resources of a package to the collection of that name, in its own time,
 * and has no word on single requests (contracts/trapper.md 1.7, 1.8). So the resource counts seen
 * before the request are committed with it, and a request whose reply was lost counts as arrived
 * only when a collection appeared or grew by more than other requests of ours can explain.
 */

#define ABSENT (-1)
#define NOT_TOLD (-2)
#define POLL_SECONDS 5.0       /* between two looks at the server */
#define FIRST_POLL_SECONDS 0.5 /* the first looks come sooner: small packages are done at once */

static void add_collection(struct deliver_item *item, const char *name, size_t length,
	int64_t before, uint64_t expected)
{
	struct deliver_collection collection = {xstrndup(name, length), before, expected};

	item->collections = array_grow(item->collections, item->collection_count,
		&item->collection_capacity, sizeof *item->collections);
	item->collections[item->collection_count++] = collection;
}

/* Which collections the package is about, and how much of each it holds. */
static void learn_collections(struct deliver_item *item)
{
	struct definition_summary summary = {0};
	struct error ignored = {0};
	const char *name, *end;
	size_t i;

	if (item->collection_count > 0)
		return;
	if (item->yaml != NULL && definition_read(item->yaml, &summary, &ignored) == 0) {
		for (i = 0; i < summary.count; i++)
			add_collection(item, summary.items[i].name, strlen(summary.items[i].name),
				NOT_TOLD, summary.items[i].resources);
	} else if (item->package.collections != NULL) {
		for (name = item->package.collections; *name != '\0'; name = end) {
			end = name + strcspn(name, "\n");
			add_collection(item, name, (size_t)(end - name), NOT_TOLD, 0);
			end += *end == '\n';
		}
	}
	definition_summary_release(&summary);
}

/* ABSENT, NOT_TOLD, or the number of resources in all collections of that name. */
static int count_resources(
	struct trapper *server, const char *name, int64_t *count, struct error *err)
{
	struct trapper_collection_list list = {0};
	int64_t resources;
	int result = -1;
	size_t i;

	*count = ABSENT;
	if (trapper_collections_named(server, name, &list, err) != 0)
		goto done;
	for (i = 0; i < list.count; i++) {
		if (trapper_collection_resources(server, list.items[i].pk, &resources, err) != 0)
			goto done;
		if (resources < 0 || *count == NOT_TOLD)
			*count = NOT_TOLD;
		else
			*count = (*count < 0 ? 0 : *count) + resources;
	}
	result = 0;
done:
	trapper_collection_list_release(&list);
	return result;
}

/* The counts as the ledger keeps them in `task` while the answer is open: "COUNT NAME" lines. */
static char *counts_to_text(const struct deliver_item *item)
{
	char *text = NULL;
	size_t size = 0, i;
	FILE *stream = open_memstream(&text, &size);

	if (stream == NULL)
		return xstrdup("");
	for (i = 0; i < item->collection_count; i++)
		fprintf(stream, "%" PRId64 " %s\n", item->collections[i].before,
			item->collections[i].name);
	if (fclose(stream) != 0 || text == NULL) {
		free(text);
		return xstrdup("");
	}
	return text;
}

static void counts_from_text(struct deliver_item *item, const char *text)
{
	const char *line, *end;
	char *name;
	long long before;
	size_t i, length;

	for (line = text; line != NULL && *line != '\0'; line = end + (*end == '\n')) {
		end = line + strcspn(line, "\n");
		before = strtoll(line, &name, 10);
		if (name == line || *name != ' ')
			continue;
		name++;
		length = (size_t)(end - name);
		for (i = 0; i < item->collection_count; i++)
			if (strlen(item->collections[i].name) == length &&
				strncmp(item->collections[i].name, name, length) == 0)
				item->collections[i].before = before;
	}
}

static bool names_collection(const char *list, const char *name)
{
	size_t length = strlen(name);
	const char *line;

	for (line = list; line != NULL && *line != '\0'; line += strcspn(line, "\n")) {
		line += *line == '\n';
		if (strncmp(line, name, length) == 0 && (line[length] == '\n' || !line[length]))
			return true;
	}
	return false;
}

/*
 * How many resources the collection held before the first request of ours, kept as a row that no
 * file can have. NOT_TOLD when there is none.
 */
static int base_of(struct deliver *deliver, const char *name, int64_t *base, struct error *err)
{
	struct ledger_upload row = {0};
	char *key = xasprintf("/collection/%s", name);
	int found = ledger_get_upload(deliver->ledger, deliver->destination, key, &row, err);

	*base = found == 1 ? (int64_t)row.size : NOT_TOLD;
	ledger_upload_release(&row);
	free(key);
	return found < 0 ? -1 : 0;
}

static int put_base(struct deliver *deliver, const char *name, int64_t count, struct error *err)
{
	struct ledger_upload row = {
		.destination = deliver->destination,
		.temporary = (char *)"/",
		.sha256 = (char *)"",
		.size = count < 0 ? 0 : (uint64_t)count,
		.done = true,
	};
	int64_t base;
	int result;

	if (count == NOT_TOLD)
		return 0;
	if (base_of(deliver, name, &base, err) != 0)
		return -1;
	if (base != NOT_TOLD)
		return 0;
	row.remote_name = xasprintf("/collection/%s", name);
	result = ledger_put_upload(deliver->ledger, &row, err);
	free(row.remote_name);
	return result;
}

/* Resources of one package in one collection; all of the package when that cannot be told. */
static uint64_t resources_of(const struct ledger_package *package, const char *name)
{
	struct definition_summary summary = {0};
	struct error ignored = {0};
	uint64_t resources = package->files;
	char *path;
	size_t i;

	if (package->folder == NULL || strchr(package->collections, '\n') == NULL)
		return resources;
	path = xasprintf("%s/%s.yaml", package->folder, package->name);
	if (definition_read(path, &summary, &ignored) == 0) {
		/* A part need not hold anything of each collection of its set. */
		resources = 0;
		for (i = 0; i < summary.count; i++)
			if (strcmp(summary.items[i].name, name) == 0)
				resources = summary.items[i].resources;
	}
	definition_summary_release(&summary);
	free(path);
	return resources;
}

/* Resources that other requests of ours may still bring into a collection. */
static int others_pending(struct deliver *deliver, const struct deliver_item *item,
	const struct deliver_collection *collection, uint64_t *pending, struct error *err)
{
	struct ledger_package_list list = {0};
	int64_t base, here = collection->before < 0 ? 0 : collection->before;
	uint64_t others = 0;
	size_t i;

	if (base_of(deliver, collection->name, &base, err) != 0 ||
		ledger_packages(deliver->ledger, &list, err) != 0)
		return -1;
	for (i = 0; i < list.count; i++) {
		const struct ledger_package *other = &list.items[i];

		if (other->id != item->package.id && other->trigger != TRIGGER_NONE &&
			names_collection(other->collections, collection->name))
			others += resources_of(other, collection->name);
	}
	ledger_package_list_release(&list);
	if (base == NOT_TOLD)
		*pending = others;
	else
		*pending = base + (int64_t)others > here ? (uint64_t)(base - here) + others : 0;
	return 0;
}

static int save(struct deliver *deliver, struct deliver_item *item, enum trigger_state state,
	char *task, struct error *err)
{
	free(item->package.task);
	item->package.task = task;
	item->package.trigger = state;
	item->package.triggered = state == TRIGGER_DONE ? (int64_t)time(NULL) : 0;
	return ledger_put_package(deliver->ledger, &item->package, err);
}

/* Does the server show that the request arrived? */
static int look_for_evidence(
	struct deliver *deliver, struct deliver_item *item, bool *arrived, struct error *err)
{
	uint64_t pending, least;
	int64_t now;
	size_t i;

	*arrived = false;
	for (i = 0; i < item->collection_count && !*arrived; i++) {
		const struct deliver_collection *collection = &item->collections[i];

		if (collection->before == NOT_TOLD)
			continue;
		if (count_resources(deliver->server, collection->name, &now, err) != 0 ||
			others_pending(deliver, item, collection, &pending, err) != 0)
			return -1;
		if (pending == 0 && collection->before == ABSENT && now != ABSENT)
			*arrived = true;
		least = pending == 0 ? 1
				     : pending +
				(collection->expected ? collection->expected : item->package.files);
		if (now >= 0 &&
			now - (collection->before < 0 ? 0 : collection->before) >= (int64_t)least)
			*arrived = true;
	}
	return 0;
}

static double pause_of_poll(double waited)
{
	return waited < POLL_SECONDS ? FIRST_POLL_SECONDS : POLL_SECONDS;
}

/*
 * The reply was lost: asks the server, and waits as long as the user is willing to. With
 * `must_show` it is an error when the server shows nothing, else the item stays as it is.
 */
static int resolve(
	struct deliver *deliver, struct deliver_item *item, bool must_show, struct error *err)
{
	double began = retry_clock();
	bool arrived;

	for (;;) {
		if (look_for_evidence(deliver, item, &arrived, err) != 0)
			return error_context(err,
				"whether the processing of '%s' was started is not known",
				item->package.name);
		if (arrived) {
			item->trigger = DELIVER_TRIGGER_SEEN;
			return save(deliver, item, TRIGGER_DONE,
				xstrdup("seen on the server; the reply was lost"), err);
		}
		if (!must_show)
			return 0;
		if (retry_clock() - began >= deliver->settings.wait)
			break;
		if (retry_sleep(&deliver->retry, pause_of_poll(retry_clock() - began), err) != 0)
			return -1;
	}
	return error_set(err, ERROR_NETWORK,
		"processing of '%s' was asked for, but the reply was lost and the server does not "
		"show the result (yet): run the same command again later; if you know that the "
		"server did not get it, add --force-trigger",
		item->package.name);
}

static int record_counts(struct deliver *deliver, struct deliver_item *item, struct error *err)
{
	size_t i;

	for (i = 0; i < item->collection_count; i++) {
		struct deliver_collection *collection = &item->collections[i];

		if (count_resources(deliver->server, collection->name, &collection->before, err) ==
			0) {
			if (put_base(deliver, collection->name, collection->before, err) != 0)
				return -1;
			continue;
		}
		/* A login that may not list collections may still ask for processing. */
		if (err->kind != ERROR_REMOTE && err->kind != ERROR_REFUSED &&
			err->kind != ERROR_INPUT)
			return -1;
		progress_detail(deliver->progress, "the server does not list collection '%s': %s",
			collection->name, err->message);
		error_clear(err);
		collection->before = NOT_TOLD;
	}
	return 0;
}

/*
 * With two requests for one collection whose fate is unknown, no count could tell which of them
 * arrived: the next one has to wait until the first is settled.
 */
static int check_no_other_open(
	struct deliver *deliver, const struct deliver_item *item, struct error *err)
{
	struct ledger_package_list list = {0};
	int result = ledger_packages(deliver->ledger, &list, err);
	size_t i, k;

	for (i = 0; i < list.count && result == 0; i++) {
		const struct ledger_package *other = &list.items[i];

		if (other->id == item->package.id ||
			(other->trigger != TRIGGER_POSTING && other->trigger != TRIGGER_UNKNOWN))
			continue;
		for (k = 0; k < item->collection_count && result == 0; k++)
			if (names_collection(other->collections, item->collections[k].name))
				result = error_set(err, ERROR_NETWORK,
					"processing of '%s' is asked for once it is known whether "
					"the server got the request for '%s', which is of the same "
					"collection",
					item->package.name, other->name);
	}
	ledger_package_list_release(&list);
	return result;
}

static int not_started(const struct deliver_item *item, struct error *err)
{
	struct error reason = *err;

	if (err->kind != ERROR_REMOTE)
		return error_context(err, "processing of '%s' was not started", item->package.name);
	return error_set(err, ERROR_REMOTE,
		"processing of '%s' was not started: %s; put that right and run the same command "
		"again; if the package is at fault, 'trapkit package --again' makes another",
		item->package.name, reason.message);
}

static int post(struct deliver *deliver, struct deliver_item *item, struct error *err)
{
	bool maybe_sent = false;
	struct error ignored = {0};
	char *answer = NULL;

	if (deliver_check(deliver, err) != 0 || check_no_other_open(deliver, item, err) != 0 ||
		record_counts(deliver, item, err) != 0 ||
		save(deliver, item, TRIGGER_POSTING, counts_to_text(item), err) != 0)
		return -1;
	if (trapper_process(deliver->server, text_base_name(item->yaml), text_base_name(item->zip),
		    deliver->settings.remove_zip, &answer, &maybe_sent, err) == 0) {
		item->trigger = DELIVER_TRIGGER_SENT;
		return save(deliver, item, TRIGGER_DONE, answer ? answer : xstrdup(""), err);
	}
	free(answer);
	/* A server that said no has not begun; silence and a proxy's error leave it open. */
	if (!maybe_sent) {
		if (save(deliver, item, TRIGGER_NONE, NULL, &ignored) != 0)
			*err = ignored;
		return not_started(item, err);
	}
	if (save(deliver, item, TRIGGER_UNKNOWN, counts_to_text(item), &ignored) != 0) {
		*err = ignored;
		return -1;
	}
	if (err->kind == ERROR_CANCELLED)
		return -1;
	progress_detail(
		deliver->progress, "reply to the processing request lost: %s", err->message);
	error_clear(err);
	return resolve(deliver, item, true, err);
}

/* For `wait` on what an earlier run asked for. */
static int recall_bases(struct deliver *deliver, struct deliver_item *item, struct error *err)
{
	size_t i;

	for (i = 0; i < item->collection_count; i++)
		if (base_of(deliver, item->collections[i].name, &item->collections[i].before,
			    err) != 0)
			return -1;
	return 0;
}

static int ask(struct deliver *deliver, struct deliver_item *item, struct error *err)
{
	enum trigger_state state = item->package.trigger;

	learn_collections(item);
	if (state == TRIGGER_DONE && !item->trigger_again) {
		item->trigger = DELIVER_TRIGGER_EARLIER;
		return recall_bases(deliver, item, err);
	}
	if (state == TRIGGER_POSTING || state == TRIGGER_UNKNOWN) {
		counts_from_text(item, item->package.task);
		if (state == TRIGGER_POSTING &&
			save(deliver, item, TRIGGER_UNKNOWN, counts_to_text(item), err) != 0)
			return -1;
		if (!deliver->settings.force_trigger && !item->trigger_again)
			return resolve(deliver, item, true, err);
		/* Also when it is forced: what the server shows is not sent again. */
		if (resolve(deliver, item, false, err) != 0)
			return -1;
		if (item->trigger == DELIVER_TRIGGER_SEEN)
			return 0;
	}
	return post(deliver, item, err);
}

int deliver_ask(struct deliver *deliver, struct deliver_item *item, struct error *err)
{
	int result;

	if (!deliver->settings.trigger || deliver->outbox) {
		item->trigger = item->package.trigger == TRIGGER_DONE ? DELIVER_TRIGGER_EARLIER
			: deliver->settings.trigger                   ? DELIVER_TRIGGER_OUTBOX
								      : DELIVER_TRIGGER_NOT_ASKED;
		return 0;
	}
	item->trigger = DELIVER_TRIGGER_FAILED;
	if (deliver->server == NULL)
		return error_set(err, ERROR_SETTINGS,
			"processing cannot be started: GENERAL.host and its login are not set");
	pthread_mutex_lock(&deliver->server_lock);
	result = ask(deliver, item, err);
	pthread_mutex_unlock(&deliver->server_lock);
	return result;
}

/* ---- --wait ---- */

static bool was_asked(const struct deliver_item *item)
{
	return item->trigger == DELIVER_TRIGGER_SENT || item->trigger == DELIVER_TRIGGER_SEEN ||
		item->trigger == DELIVER_TRIGGER_EARLIER;
}

/* What must be there of one collection once all that this run asked for is processed. */
static int64_t target_of(struct deliver *deliver, const char *name, bool *told)
{
	int64_t least = 0;
	uint64_t sum = 0;
	bool found = false;
	size_t i, k;

	*told = true;
	for (i = 0; i < deliver->count; i++) {
		const struct deliver_item *item = deliver->items[i];

		if (!was_asked(item))
			continue;
		for (k = 0; k < item->collection_count; k++) {
			const struct deliver_collection *collection = &item->collections[k];

			if (strcmp(collection->name, name) != 0)
				continue;
			sum += collection->expected;
			if (collection->before == NOT_TOLD)
				*told = false;
			else if (!found || collection->before < least)
				least = collection->before;
			found = true;
		}
	}
	return (least < 0 ? 0 : least) + (int64_t)sum;
}

static int is_processed(struct deliver *deliver, const struct deliver_item *item, bool *processed,
	struct error *err)
{
	int64_t target, now;
	bool told;
	size_t i;

	*processed = true;
	for (i = 0; i < item->collection_count && *processed; i++) {
		target = target_of(deliver, item->collections[i].name, &told);
		if (count_resources(deliver->server, item->collections[i].name, &now, err) != 0)
			return -1;
		if (now == ABSENT || (now >= 0 && told && now < target))
			*processed = false;
	}
	return 0;
}

/* Marks what the server shows; *open = how many items it does not show yet. */
static int look_at_all(struct deliver *deliver, size_t *open, struct error *err)
{
	size_t i;

	*open = 0;
	for (i = 0; i < deliver->count; i++) {
		struct deliver_item *item = deliver->items[i];

		if (item->processed || !was_asked(item))
			continue;
		if (is_processed(deliver, item, &item->processed, err) != 0)
			return -1;
		*open += !item->processed;
	}
	return 0;
}

int deliver_wait(struct deliver *deliver, struct error *err)
{
	double began = retry_clock();
	size_t open;

	for (;;) {
		if (look_at_all(deliver, &open, err) != 0)
			return error_context(err, "waiting for the server to process");
		if (open == 0)
			return 0;
		if (retry_clock() - began >= deliver->settings.wait)
			break;
		if (retry_sleep(&deliver->retry, pause_of_poll(retry_clock() - began), err) != 0)
			return -1;
	}
	return error_set(err, ERROR_NETWORK,
		"the server took the request%s but does not show all resources after %.0f s; it "
		"may still be at work: look at the collection later, nothing needs to be sent "
		"again",
		open > 1 ? "s" : "", deliver->settings.wait);
}
