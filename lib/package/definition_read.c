/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Reads a YAML definition event by event, in bounded memory, whoever wrote it. */
#include "trapkit/error.h"
#include "trapkit/memory.h"
#include "trapkit/package.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <yaml.h>

/* Limits on what a foreign file can make us hold. */
#define COLLECTIONS_LIMIT 10000u
#define TEXT_LIMIT 1024u
#define DEPTH_LIMIT 32u
/* Bytes that libyaml may take in without making an event of them. */
#define SILENCE_LIMIT (1u << 20)

struct reader {
	yaml_parser_t parser;
	FILE *file; /* NULL: from memory */
	const uint8_t *bytes;
	size_t size, position;
	size_t silent; /* bytes since the last event */
	const struct definition_visitor *visitor;
	struct definition_summary *summary;
	size_t line; /* of the last event, 1-based */
};

static int wrong(const struct reader *reader, const char *what, struct error *err)
{
	return error_set(err, ERROR_INPUT, "line %zu: %s", reader->line, what);
}

static int feed(void *context, unsigned char *buffer, size_t room, size_t *got)
{
	struct reader *reader = context;

	if (reader->file != NULL) {
		*got = fread(buffer, 1, room, reader->file);
		if (ferror(reader->file))
			return 0;
	} else {
		*got = reader->size - reader->position < room ? reader->size - reader->position
							      : room;
		if (*got > 0)
			memcpy(buffer, reader->bytes + reader->position, *got);
		reader->position += *got;
	}
	reader->silent += *got;
	return reader->silent <= SILENCE_LIMIT;
}

static int next(struct reader *reader, yaml_event_t *event, struct error *err)
{
	if (!yaml_parser_parse(&reader->parser, event)) {
		reader->line = reader->parser.problem_mark.line + 1;
		if (reader->file != NULL && ferror(reader->file))
			return error_errno(err, "cannot read");
		if (reader->silent > SILENCE_LIMIT)
			return wrong(reader, "a value is too long", err);
		return wrong(reader,
			reader->parser.problem == NULL ? "not YAML" : reader->parser.problem, err);
	}
	reader->silent = 0;
	reader->line = event->start_mark.line + 1;
	return 0;
}

/* Passes over the rest of a value whose first event is `type`. */
static int skip_value(struct reader *reader, yaml_event_type_t type, struct error *err)
{
	unsigned depth = 0;

	for (;;) {
		yaml_event_t event;

		if (type == YAML_MAPPING_START_EVENT || type == YAML_SEQUENCE_START_EVENT)
			depth++;
		else if (type == YAML_MAPPING_END_EVENT || type == YAML_SEQUENCE_END_EVENT)
			depth--;
		if (depth == 0)
			return 0;
		if (depth > DEPTH_LIMIT)
			return wrong(reader, "nested too deeply", err);
		if (next(reader, &event, err) != 0)
			return -1;
		type = event.type;
		yaml_event_delete(&event);
	}
}

static int expect(
	struct reader *reader, yaml_event_type_t type, const char *otherwise, struct error *err)
{
	yaml_event_t event;
	yaml_event_type_t found;

	if (next(reader, &event, err) != 0)
		return -1;
	found = event.type;
	yaml_event_delete(&event);
	return found == type ? 0 : wrong(reader, otherwise, err);
}

/* A scalar as text and how it was written. */
struct scalar {
	char *text; /* owned; NULL for a plain null */
	bool plain;
};

static void scalar_release(struct scalar *scalar)
{
	free(scalar->text);
	*scalar = (struct scalar){0};
}

static int take_scalar(const struct reader *reader, const yaml_event_t *event,
	struct scalar *scalar, struct error *err)
{
	const char *text = (const char *)event->data.scalar.value;
	size_t length = event->data.scalar.length;

	if (length > TEXT_LIMIT)
		return wrong(reader, "a text is too long", err);
	if (strlen(text) != length)
		return wrong(reader, "a text holds a NUL", err);
	scalar_release(scalar);
	scalar->plain = event->data.scalar.style == YAML_PLAIN_SCALAR_STYLE;
	if (!(scalar->plain &&
		    (length == 0 || strcmp(text, "~") == 0 || strcasecmp(text, "null") == 0)))
		scalar->text = xstrdup(text);
	return 0;
}

/*
 * The next key of a mapping into `key`, or *end at its end. A key that is no scalar is refused.
 */
static int next_key(struct reader *reader, struct scalar *key, bool *end, struct error *err)
{
	yaml_event_t event;
	int result = 0;

	if (next(reader, &event, err) != 0)
		return -1;
	*end = event.type == YAML_MAPPING_END_EVENT;
	if (event.type == YAML_SCALAR_EVENT)
		result = take_scalar(reader, &event, key, err);
	else if (!*end)
		result = wrong(reader, "a key is not a text", err);
	if (result == 0 && !*end && key->text == NULL)
		result = wrong(reader, "a key is empty", err);
	yaml_event_delete(&event);
	return result;
}

static int next_value(
	struct reader *reader, const char *key, struct scalar *scalar, struct error *err)
{
	yaml_event_t event;
	int result;

	if (scalar->text != NULL)
		return error_set(err, ERROR_INPUT, "line %zu: '%s' twice", reader->line, key);
	if (next(reader, &event, err) != 0)
		return -1;
	if (event.type == YAML_SCALAR_EVENT)
		result = take_scalar(reader, &event, scalar, err);
	else
		result = error_set(
			err, ERROR_INPUT, "line %zu: '%s' is not a plain value", reader->line, key);
	yaml_event_delete(&event);
	return result;
}

static int skip_next(struct reader *reader, struct error *err)
{
	yaml_event_t event;
	yaml_event_type_t type;

	if (next(reader, &event, err) != 0)
		return -1;
	type = event.type;
	yaml_event_delete(&event);
	return skip_value(reader, type, err);
}

static int unknown_key(struct reader *reader, const char *where, const char *key, struct error *err)
{
	const struct definition_visitor *visitor = reader->visitor;

	if (visitor != NULL && visitor->unknown != NULL &&
		visitor->unknown(visitor->context, where, key, reader->line, err) != 0)
		return -1;
	return skip_next(reader, err);
}

/* Keys that are read, and where their values go. */
struct field {
	const char *key;
	struct scalar *value; /* NULL: known, but of no interest here */
};

/* 1 = was a field and is taken, 0 = another key. */
static int take_field(
	struct reader *reader, const char *key, const struct field *fields, struct error *err)
{
	for (; fields->key != NULL; fields++) {
		if (strcmp(fields->key, key) != 0)
			continue;
		if (fields->value == NULL)
			return skip_next(reader, err) != 0 ? -1 : 1;
		return next_value(reader, key, fields->value, err) != 0 ? -1 : 1;
	}
	return 0;
}

static int parse_number(const char *text, uint64_t limit, uint64_t *number)
{
	uint64_t value = 0;

	if (text == NULL || *text == '\0')
		return -1;
	for (; *text != '\0'; text++) {
		if (*text < '0' || *text > '9' || value > (limit - (uint64_t)(*text - '0')) / 10)
			return -1;
		value = value * 10 + (uint64_t)(*text - '0');
	}
	*number = value;
	return 0;
}

static size_t digits_at(const char **text, size_t most)
{
	size_t count = 0;

	while (count < most && **text >= '0' && **text <= '9') {
		(*text)++;
		count++;
	}
	return count;
}

static bool skip_char(const char **text, const char *set)
{
	if (**text == '\0' || strchr(set, **text) == NULL)
		return false;
	(*text)++;
	return true;
}

/* YAML 1.1's timestamp (yaml.org/type/timestamp.html), as PyYAML resolves plain scalars. */
static bool is_yaml_timestamp(const char *text)
{
	size_t month, day;

	if (digits_at(&text, 4) != 4 || !skip_char(&text, "-"))
		return false;
	month = digits_at(&text, 2);
	if (month == 0 || !skip_char(&text, "-"))
		return false;
	day = digits_at(&text, 2);
	if (day == 0)
		return false;
	if (*text == '\0')
		return month == 2 && day == 2;
	if (!skip_char(&text, "Tt")) {
		if (!skip_char(&text, " \t"))
			return false;
		text += strspn(text, " \t");
	}
	if (digits_at(&text, 2) == 0 || !skip_char(&text, ":") || digits_at(&text, 2) != 2 ||
		!skip_char(&text, ":") || digits_at(&text, 2) != 2)
		return false;
	if (skip_char(&text, "."))
		text += strspn(text, "0123456789");
	text += strspn(text, " \t");
	if (*text == '\0' || strcmp(text, "Z") == 0)
		return true;
	if (!skip_char(&text, "+-") || digits_at(&text, 2) == 0)
		return false;
	return *text == '\0' ||
		(skip_char(&text, ":") && digits_at(&text, 2) == 2 && *text == '\0');
}

static int visit_resource(struct reader *reader, struct definition_entry *entry,
	const struct scalar *date, const struct scalar *size, struct error *err)
{
	const struct definition_visitor *visitor = reader->visitor;

	if (entry->file == NULL)
		return error_set(
			err, ERROR_INPUT, "line %zu: a resource without 'file'", entry->line);
	reader->summary->items[entry->collection].resources++;
	if (visitor == NULL || visitor->resource == NULL)
		return 0;
	entry->date_recorded = date->text;
	entry->date_is_text = date->text != NULL && !(date->plain && is_yaml_timestamp(date->text));
	entry->has_size = parse_number(size->text, UINT64_MAX, &entry->size) == 0;
	return visitor->resource(visitor->context, entry, err);
}

/* The mapping's start has been read. */
static int read_resource(
	struct reader *reader, size_t collection, const char *deployment_id, struct error *err)
{
	struct scalar key = {0}, name = {0}, file = {0}, date = {0}, size = {0};
	const struct field fields[] = {{"name", &name}, {"file", &file}, {"date_recorded", &date},
		{"file_size", &size}, {"mime_type", NULL}, {"file_width", NULL},
		{"file_height", NULL}, {"file_fps", NULL}, {"file_duration", NULL},
		{"extra_file", NULL}, {NULL, NULL}};
	struct definition_entry entry = {
		.collection = collection, .deployment_id = deployment_id, .line = reader->line};
	bool end = false;
	int result = -1;

	for (;;) {
		int taken;

		if (next_key(reader, &key, &end, err) != 0)
			goto done;
		if (end)
			break;
		taken = take_field(reader, key.text, fields, err);
		if (taken < 0 ||
			(taken == 0 && unknown_key(reader, "resource", key.text, err) != 0))
			goto done;
	}
	entry.name = name.text;
	entry.file = file.text;
	result = visit_resource(reader, &entry, &date, &size, err);
done:
	scalar_release(&key);
	scalar_release(&name);
	scalar_release(&file);
	scalar_release(&date);
	scalar_release(&size);
	return result;
}

/* A sequence of mappings, or null; `item` is called after each mapping's start. */
static int read_sequence(struct reader *reader, const char *what,
	int (*item)(struct reader *, size_t, const char *, struct error *), size_t collection,
	const char *deployment_id, struct error *err)
{
	yaml_event_t event;
	yaml_event_type_t type;

	if (next(reader, &event, err) != 0)
		return -1;
	type = event.type;
	yaml_event_delete(&event);
	if (type != YAML_SEQUENCE_START_EVENT)
		return error_set(
			err, ERROR_INPUT, "line %zu: '%s' is not a list", reader->line, what);
	for (;;) {
		if (next(reader, &event, err) != 0)
			return -1;
		type = event.type;
		yaml_event_delete(&event);
		if (type == YAML_SEQUENCE_END_EVENT)
			return 0;
		if (type != YAML_MAPPING_START_EVENT)
			return error_set(err, ERROR_INPUT, "line %zu: an item of '%s' has no keys",
				reader->line, what);
		if (item(reader, collection, deployment_id, err) != 0)
			return -1;
	}
}

static int visit_deployment(
	struct reader *reader, size_t collection, const char *id, size_t line, struct error *err)
{
	const struct definition_visitor *visitor = reader->visitor;

	if (id == NULL)
		return error_set(err, ERROR_INPUT,
			"line %zu: a deployment whose 'deployment_id' is missing or not first",
			line);
	reader->summary->items[collection].deployments++;
	if (visitor == NULL || visitor->deployment == NULL)
		return 0;
	return visitor->deployment(visitor->context, collection, id, line, err);
}

static int read_deployment(
	struct reader *reader, size_t collection, const char *unused, struct error *err)
{
	struct scalar key = {0}, id = {0};
	const struct field fields[] = {{"deployment_id", &id}, {NULL, NULL}};
	bool end = false, visited = false, listed = false;
	size_t line = reader->line;
	int result = -1;

	(void)unused;
	while (next_key(reader, &key, &end, err) == 0) {
		bool resources = !end && strcmp(key.text, "resources") == 0;
		int taken;

		if ((end || resources) && !visited &&
			visit_deployment(reader, collection, id.text, line, err) != 0)
			break;
		visited = visited || end || resources;
		result = end ? 0 : -1;
		if (end)
			break;
		if (resources && listed) {
			wrong(reader, "'resources' twice", err);
			break;
		}
		listed = listed || resources;
		taken = resources ? read_sequence(reader, "resources", read_resource, collection,
					    id.text, err) == 0
				? 1
				: -1
				  : take_field(reader, key.text, fields, err);
		if (taken < 0 ||
			(taken == 0 && unknown_key(reader, "deployment", key.text, err) != 0))
			break;
	}
	scalar_release(&key);
	scalar_release(&id);
	return result;
}

struct collection_texts {
	struct scalar name, folder, zone, ignore_dst, project;
};

static int keep_collection(struct reader *reader, size_t index,
	const struct collection_texts *texts, size_t line, struct error *err)
{
	struct definition_summary_collection *kept = &reader->summary->items[index];
	uint64_t project = 0;

	if (texts->name.text == NULL)
		return error_set(err, ERROR_INPUT, "line %zu: a collection without 'name'", line);
	if (texts->project.text != NULL &&
		parse_number(texts->project.text, INT64_MAX, &project) != 0)
		return error_set(err, ERROR_INPUT,
			"line %zu: 'project_id' is '%s' instead of a number", line,
			texts->project.text);
	kept->name = xstrdup(texts->name.text);
	kept->resources_dir =
		xstrdup(texts->folder.text == NULL ? texts->name.text : texts->folder.text);
	kept->timezone = texts->zone.text == NULL ? NULL : xstrdup(texts->zone.text);
	kept->project_id = (int64_t)project;
	kept->ignore_dst = texts->ignore_dst.text != NULL &&
		(strcasecmp(texts->ignore_dst.text, "true") == 0 ||
			strcasecmp(texts->ignore_dst.text, "yes") == 0 ||
			strcasecmp(texts->ignore_dst.text, "on") == 0);
	return 0;
}

/* `deployments` and the collection's own `resources`; 1 = was one of them, 0 = another key. */
static int read_lists(
	struct reader *reader, size_t index, const char *key, bool seen[2], struct error *err)
{
	bool deployments = strcmp(key, "deployments") == 0;

	if (!deployments && strcmp(key, "resources") != 0)
		return 0;
	if (seen[deployments])
		return error_set(err, ERROR_INPUT, "line %zu: '%s' twice", reader->line, key);
	seen[deployments] = true;
	return read_sequence(reader, key, deployments ? read_deployment : read_resource, index,
		       NULL, err) == 0
		? 1
		: -1;
}

static int read_collection(
	struct reader *reader, size_t unused_index, const char *unused, struct error *err)
{
	struct collection_texts texts = {0};
	struct scalar key = {0};
	const struct field fields[] = {{"name", &texts.name}, {"resources_dir", &texts.folder},
		{"timezone", &texts.zone}, {"timezone_ignore_dst", &texts.ignore_dst},
		{"project_id", &texts.project}, {"project_name", NULL}, {"managers", NULL},
		{"location_id", NULL}, {NULL, NULL}};
	size_t index = reader->summary->count, line = reader->line;
	bool end = false, seen[2] = {false, false};
	int result = -1;

	(void)unused;
	(void)unused_index;
	if (index >= COLLECTIONS_LIMIT)
		return wrong(reader, "too many collections", err);
	ARRAY_APPEND(reader->summary, (struct definition_summary_collection){0});
	while (next_key(reader, &key, &end, err) == 0) {
		int taken;

		if (end) {
			result = keep_collection(reader, index, &texts, line, err);
			break;
		}
		taken = read_lists(reader, index, key.text, seen, err);
		if (taken == 0)
			taken = take_field(reader, key.text, fields, err);
		if (taken < 0 ||
			(taken == 0 && unknown_key(reader, "collection", key.text, err) != 0))
			break;
	}
	scalar_release(&key);
	scalar_release(&texts.name);
	scalar_release(&texts.folder);
	scalar_release(&texts.zone);
	scalar_release(&texts.ignore_dst);
	scalar_release(&texts.project);
	return result;
}

static int read_document(struct reader *reader, struct error *err)
{
	static const char not_one[] = "not a package definition: no 'collections' at the top";
	struct scalar key = {0};
	bool end = false, found = false;
	int result = -1;

	if (expect(reader, YAML_STREAM_START_EVENT, not_one, err) != 0 ||
		expect(reader, YAML_DOCUMENT_START_EVENT, not_one, err) != 0 ||
		expect(reader, YAML_MAPPING_START_EVENT, not_one, err) != 0)
		return -1;
	while (next_key(reader, &key, &end, err) == 0) {
		if (end) {
			result = found ? 0 : wrong(reader, not_one, err);
			break;
		}
		if (strcmp(key.text, "collections") == 0 && !found) {
			found = true;
			if (read_sequence(reader, "collections", read_collection, 0, NULL, err) !=
				0)
				break;
		} else if (unknown_key(reader, "definition", key.text, err) != 0) {
			break;
		}
	}
	scalar_release(&key);
	if (result != 0 ||
		expect(reader, YAML_DOCUMENT_END_EVENT, "more than one document", err) != 0)
		return -1;
	return expect(reader, YAML_STREAM_END_EVENT, "more than one document", err);
}

static int walk(struct reader *reader, struct definition_summary *summary, struct error *err)
{
	struct definition_summary own = {0};
	int result;

	reader->summary = &own;
	if (!yaml_parser_initialize(&reader->parser))
		return error_set(err, ERROR_SYSTEM, "out of memory");
	yaml_parser_set_input(&reader->parser, feed, reader);
	result = read_document(reader, err);
	yaml_parser_delete(&reader->parser);
	if (result == 0 && summary != NULL)
		*summary = own;
	else
		definition_summary_release(&own);
	return result;
}

int definition_walk_bytes(const uint8_t *bytes, size_t size,
	const struct definition_visitor *visitor, struct definition_summary *summary,
	struct error *err)
{
	struct reader reader = {.bytes = bytes, .size = size, .visitor = visitor};

	return walk(&reader, summary, err);
}

int definition_walk(const char *path, const struct definition_visitor *visitor,
	struct definition_summary *summary, struct error *err)
{
	struct reader reader = {.file = fopen(path, "rbe"), .visitor = visitor};
	int result;

	if (reader.file == NULL)
		return error_errno(err, "cannot open '%s'", path);
	result = walk(&reader, summary, err);
	fclose(reader.file);
	return result == 0 ? 0 : error_context(err, "'%s'", path);
}

int definition_read(const char *path, struct definition_summary *summary, struct error *err)
{
	return definition_walk(path, NULL, summary, err);
}

void definition_summary_release(struct definition_summary *summary)
{
	for (size_t i = 0; i < summary->count; i++) {
		free(summary->items[i].name);
		free(summary->items[i].timezone);
		free(summary->items[i].resources_dir);
	}
	free(summary->items);
	*summary = (struct definition_summary){0};
}
