/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The files of the ledger: put, fetched and removed by path. */
#include "files.h"

#include "trapkit/memory.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* "collection/deployment/rest", taken apart. All owned. */
struct place {
	char *collection, *deployment;
	char *name; /* the rest with `_` for '/' */
	char *sub;  /* the rest when it differs from name, else NULL */
};

static void place_release(struct place *place)
{
	free(place->collection);
	free(place->deployment);
	free(place->name);
	free(place->sub);
	*place = (struct place){0};
}

static int place_of(const char *path, struct place *place, struct error *err)
{
	const char *first = strchr(path, '/');
	const char *second = first == NULL ? NULL : strchr(first + 1, '/');

	if (second == NULL || first == path || second == first + 1 || second[1] == '\0')
		return error_set(err, ERROR_INPUT,
			"'%s' is not of the form collection/deployment/file", path);
	place->collection = xstrndup(path, (size_t)(first - path));
	place->deployment = xstrndup(first + 1, (size_t)(second - first - 1));
	place->name = xstrdup(second + 1);
	place->sub = NULL;
	if (strchr(place->name, '/') != NULL) {
		place->sub = xstrdup(place->name);
		for (char *at = place->name; (at = strchr(at, '/')) != NULL;)
			*at = '_';
	}
	return 0;
}

void store_forget_folder(struct ledger *ledger)
{
	free(ledger->collection);
	free(ledger->deployment);
	ledger->collection = ledger->deployment = NULL;
	ledger->folder = 0;
}

/* 1 = ledger->folder is that of the deployment, 0 = there is none, -1 failed. */
static int use_folder(struct ledger *ledger, const char *collection, const char *deployment,
	bool add, struct error *err)
{
	sqlite3_stmt *statement;
	int code;

	if (ledger->folder != 0 && strcmp(ledger->deployment, deployment) == 0 &&
		strcmp(ledger->collection, collection) == 0)
		return 1;
	statement = store_statement(ledger, FIND_FOLDER, err);
	if (statement == NULL)
		return -1;
	store_forget_folder(ledger);
	store_bind_path(statement, 1, collection);
	store_bind_path(statement, 2, deployment);
	code = sqlite3_step(statement);
	if (code == SQLITE_ROW)
		ledger->folder = sqlite3_column_int64(statement, 0);
	else if (code != SQLITE_DONE)
		store_fail(ledger, err, "cannot read ledger '%s'", ledger->path);
	sqlite3_reset(statement);
	if (code != SQLITE_ROW && code != SQLITE_DONE)
		return -1;
	if (ledger->folder == 0 && add) {
		statement = store_statement(ledger, ADD_FOLDER, err);
		if (statement == NULL)
			return -1;
		store_bind_path(statement, 1, collection);
		store_bind_path(statement, 2, deployment);
		if (store_run(ledger, statement, err) < 0)
			return -1;
		ledger->folder = sqlite3_last_insert_rowid(ledger->db);
	}
	if (ledger->folder == 0)
		return 0;
	ledger->collection = xstrdup(collection);
	ledger->deployment = xstrdup(deployment);
	return 1;
}

static void bind_short_text(sqlite3_stmt *statement, int index, const char *text, size_t size)
{
	size_t length = strnlen(text, size);

	if (length > 0)
		sqlite3_bind_text64(statement, index, text, length, SQLITE_TRANSIENT, SQLITE_UTF8);
}

static void bind_number(sqlite3_stmt *statement, int index, uint32_t number)
{
	if (number != 0)
		sqlite3_bind_int64(statement, index, number);
}

static void bind_taken(sqlite3_stmt *statement, const struct media_facts *facts)
{
	const struct wall_time *taken = &facts->taken;

	sqlite3_bind_int(statement, FILE_TAKEN_SOURCE + 1, (int)facts->taken_source);
	if (facts->taken_source == TIME_NONE || facts->taken_source == TIME_MTIME)
		return;
	sqlite3_bind_int64(statement, FILE_TAKEN + 1,
		(((taken->year * INT64_C(100) + taken->month) * 100 + taken->day) * 100 +
			taken->hour) *
				10000 +
			taken->minute * 100 + taken->second);
	if (taken->has_offset)
		sqlite3_bind_int(statement, FILE_TAKEN_OFFSET + 1, taken->offset);
}

static void bind_facts(sqlite3_stmt *statement, const struct media_facts *facts)
{
	sqlite3_bind_int(statement, FILE_TYPE + 1, (int)facts->type);
	sqlite3_bind_int64(statement, FILE_TROUBLE + 1, facts->trouble);
	bind_number(statement, FILE_WIDTH + 1, facts->width);
	bind_number(statement, FILE_HEIGHT + 1, facts->height);
	bind_number(statement, FILE_ORIENTATION + 1, facts->orientation);
	bind_taken(statement, facts);
	/* SQLite stores NaN as NULL. */
	sqlite3_bind_double(statement, FILE_FPS + 1, facts->fps);
	sqlite3_bind_double(statement, FILE_DURATION + 1, facts->duration);
	sqlite3_bind_double(statement, FILE_LATITUDE + 1, facts->latitude);
	sqlite3_bind_double(statement, FILE_LONGITUDE + 1, facts->longitude);
	bind_short_text(statement, FILE_MAKE + 1, facts->make, sizeof facts->make);
	bind_short_text(statement, FILE_MODEL + 1, facts->model, sizeof facts->model);
	bind_short_text(statement, FILE_SERIAL + 1, facts->serial, sizeof facts->serial);
}

static int put_file(struct ledger *ledger, const struct resource *resource,
	const struct place *place, struct error *err)
{
	sqlite3_stmt *statement;

	if (use_folder(ledger, place->collection, place->deployment, true, err) < 0)
		return -1;
	statement = store_statement(ledger, PUT_FILE, err);
	if (statement == NULL)
		return -1;
	store_bind_path(statement, FILE_NAME + 1, place->name);
	store_bind_path(statement, FILE_SUB + 1, place->sub);
	sqlite3_bind_int64(statement, FILE_SIZE + 1, (int64_t)resource->size);
	sqlite3_bind_int64(statement, FILE_MTIME + 1, resource->mtime_ns);
	sqlite3_bind_int(statement, FILE_RACY + 1, resource->racy);
	bind_facts(statement, &resource->facts);
	if (resource->has_sha256)
		sqlite3_bind_blob(statement, FILE_SHA256 + 1, resource->sha256, SHA256_SIZE,
			SQLITE_TRANSIENT);
	sqlite3_bind_int64(statement, FILE_FOLDER + 1, ledger->folder);
	return store_run(ledger, statement, err) < 0 ? -1 : 0;
}

int store_put_file(struct ledger *ledger, const struct resource *resource, struct error *err)
{
	struct place place = {0};
	int result = place_of(resource->path, &place, err);

	if (result == 0 &&
		(strcmp(place.collection, resource->collection) != 0 ||
			strcmp(place.deployment, resource->deployment) != 0 ||
			strcmp(place.name, resource->name) != 0))
		result = error_set(err, ERROR_INPUT,
			"collection, deployment and name of '%s' do not agree with its path",
			resource->path);
	if (result == 0)
		result = put_file(ledger, resource, &place, err);
	place_release(&place);
	return result;
}

/* Runs a statement on one file: folder, name, sub. Returns rows changed; 0 = no such folder. */
static int change_file(struct ledger *ledger, enum statement which, const char *path,
	const uint8_t *sha256, struct error *err)
{
	struct place place = {0};
	sqlite3_stmt *statement;
	int result = place_of(path, &place, err);

	if (result == 0)
		result = use_folder(ledger, place.collection, place.deployment, false, err);
	if (result == 1) {
		statement = store_statement(ledger, which, err);
		result = -1;
		if (statement != NULL) {
			sqlite3_bind_int64(statement, 1, ledger->folder);
			store_bind_path(statement, 2, place.name);
			store_bind_path(statement, 3, place.sub);
			if (sha256 != NULL)
				sqlite3_bind_blob(
					statement, 4, sha256, SHA256_SIZE, SQLITE_TRANSIENT);
			result = store_run(ledger, statement, err);
		}
	}
	place_release(&place);
	return result;
}

int store_put_sha256(struct ledger *ledger, const char *path, const uint8_t sha256[SHA256_SIZE],
	struct error *err)
{
	int changed = change_file(ledger, PUT_SHA256, path, sha256, err);

	if (changed == 0)
		return error_set(err, ERROR_INPUT, "'%s' is not in the ledger", path);
	return changed < 0 ? -1 : 0;
}

int store_remove_file(struct ledger *ledger, const char *path, struct error *err)
{
	return change_file(ledger, REMOVE_FILE, path, NULL, err) < 0 ? -1 : 0;
}

int store_remove_deployment(
	struct ledger *ledger, const char *collection, const char *deployment, struct error *err)
{
	int found = use_folder(ledger, collection, deployment, false, err);

	for (int i = 0; i < 2 && found > 0; i++) {
		sqlite3_stmt *statement =
			store_statement(ledger, i == 0 ? REMOVE_FILES : REMOVE_FOLDER, err);

		if (statement == NULL)
			return -1;
		sqlite3_bind_int64(statement, 1, ledger->folder);
		if (store_run(ledger, statement, err) < 0)
			return -1;
	}
	store_forget_folder(ledger);
	return found < 0 ? -1 : 0;
}

/* Each column is asked for once: finding it takes SQLite longer than handing out its value. */
static sqlite3_value *column(sqlite3_stmt *statement, enum file_column which)
{
	return sqlite3_column_value(statement, (int)which);
}

static int64_t number(sqlite3_stmt *statement, enum file_column which)
{
	return sqlite3_value_int64(column(statement, which));
}

static double number_or_nan(sqlite3_stmt *statement, enum file_column which)
{
	sqlite3_value *value = column(statement, which);

	return sqlite3_value_type(value) == SQLITE_NULL ? NAN : sqlite3_value_double(value);
}

static void short_text(sqlite3_stmt *statement, enum file_column which, char *out, size_t size)
{
	sqlite3_value *value = column(statement, which);
	const void *text = sqlite3_value_blob(value);
	size_t length = (size_t)sqlite3_value_bytes(value);

	if (text == NULL)
		return; /* "", as the row begins */
	length = length < size ? length : size - 1;
	memcpy(out, text, length);
	out[length] = '\0';
}

static void read_taken(sqlite3_stmt *statement, struct media_facts *facts)
{
	sqlite3_value *value = column(statement, FILE_TAKEN);
	int64_t taken = sqlite3_value_int64(value);

	facts->taken_source = (enum time_source)number(statement, FILE_TAKEN_SOURCE);
	if (sqlite3_value_type(value) == SQLITE_NULL)
		return;
	facts->taken.second = (int)(taken % 100);
	facts->taken.minute = (int)(taken / 100 % 100);
	facts->taken.hour = (int)(taken / 10000 % 100);
	facts->taken.day = (int)(taken / 1000000 % 100);
	facts->taken.month = (int)(taken / 100000000 % 100);
	facts->taken.year = (int)(taken / 10000000000);
	value = column(statement, FILE_TAKEN_OFFSET);
	facts->taken.has_offset = sqlite3_value_type(value) != SQLITE_NULL;
	facts->taken.offset = sqlite3_value_int(value);
}

static void read_rest(sqlite3_stmt *statement, struct resource *resource)
{
	struct media_facts *facts = &resource->facts;
	sqlite3_value *value = column(statement, FILE_SHA256);

	facts->width = (uint32_t)number(statement, FILE_WIDTH);
	facts->height = (uint32_t)number(statement, FILE_HEIGHT);
	facts->orientation = (uint8_t)number(statement, FILE_ORIENTATION);
	facts->fps = number_or_nan(statement, FILE_FPS);
	facts->duration = number_or_nan(statement, FILE_DURATION);
	facts->latitude = number_or_nan(statement, FILE_LATITUDE);
	facts->longitude = number_or_nan(statement, FILE_LONGITUDE);
	short_text(statement, FILE_MAKE, facts->make, sizeof facts->make);
	short_text(statement, FILE_MODEL, facts->model, sizeof facts->model);
	short_text(statement, FILE_SERIAL, facts->serial, sizeof facts->serial);
	if (sqlite3_value_bytes(value) == SHA256_SIZE) {
		resource->has_sha256 = true;
		memcpy(resource->sha256, sqlite3_value_blob(value), SHA256_SIZE);
	}
}

void files_read_row(sqlite3_stmt *statement, struct resource *resource)
{
	struct media_facts *facts = &resource->facts;

	*resource = (struct resource){
		.facts = {.fps = NAN, .duration = NAN, .latitude = NAN, .longitude = NAN}};
	resource->size = (uint64_t)number(statement, FILE_SIZE);
	resource->mtime_ns = number(statement, FILE_MTIME);
	resource->racy = number(statement, FILE_RACY) != 0;
	facts->type = (enum media_type)number(statement, FILE_TYPE);
	facts->trouble = (unsigned)number(statement, FILE_TROUBLE);
	read_taken(statement, facts);
	if (sqlite3_column_count(statement) > FILE_WIDTH)
		read_rest(statement, resource);
}

static int get_file(struct ledger *ledger, const char *path, struct place *place,
	struct resource *resource, struct error *err)
{
	sqlite3_stmt *statement = store_statement(ledger, GET_FILE, err);
	int code;

	if (statement == NULL)
		return -1;
	sqlite3_bind_int64(statement, 1, ledger->folder);
	store_bind_path(statement, 2, place->name);
	code = sqlite3_step(statement);
	if (code == SQLITE_ROW) {
		char *sub = store_column(statement, FILE_SUB);

		/* The same name, but another file that came to it. */
		if ((sub == NULL) != (place->sub == NULL) ||
			(sub != NULL && strcmp(sub, place->sub) != 0))
			code = SQLITE_DONE;
		free(sub);
	} else if (code != SQLITE_DONE) {
		store_fail(ledger, err, "cannot read ledger '%s'", ledger->path);
	}
	if (code == SQLITE_ROW) {
		files_read_row(statement, resource);
		resource->path = xstrdup(path);
		resource->collection = place->collection;
		resource->deployment = place->deployment;
		resource->name = place->name;
		place->collection = place->deployment = place->name = NULL;
	}
	sqlite3_reset(statement);
	return code == SQLITE_ROW ? 1 : code == SQLITE_DONE ? 0 : -1;
}

int store_get_file(
	struct ledger *ledger, const char *path, struct resource *resource, struct error *err)
{
	struct place place = {0};
	int result = place_of(path, &place, err);

	if (result == 0)
		result = use_folder(ledger, place.collection, place.deployment, false, err);
	if (result == 1)
		result = get_file(ledger, path, &place, resource, err);
	place_release(&place);
	return result;
}
