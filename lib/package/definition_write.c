/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Writes the YAML definition of a package event by event, in the form that trapper-tools writes. */
#include "trapkit/error.h"
#include "trapkit/memory.h"
#include "trapkit/package.h"

#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <yaml.h>

struct definition_writer {
	yaml_emitter_t emitter;
	FILE *stream;
	bool in_collection, in_deployment;
};

static int write_bytes(void *context, unsigned char *bytes, size_t size)
{
	struct definition_writer *writer = context;

	return fwrite(bytes, 1, size, writer->stream) == size;
}

/* libyaml owns the event from here on, whatever happens. */
static int emit(struct definition_writer *writer, yaml_event_t *event, struct error *err)
{
	if (yaml_emitter_emit(&writer->emitter, event))
		return 0;
	if (writer->emitter.error == YAML_WRITER_ERROR || ferror(writer->stream))
		return error_errno(err, "cannot write the definition");
	return error_set(err, ERROR_INPUT, "cannot write the definition: %s",
		writer->emitter.problem == NULL ? "out of order" : writer->emitter.problem);
}

/* An event could not be made: libyaml does that only for text that is not UTF-8. */
static int refuse_text(const char *text, struct error *err)
{
	return error_set(err, ERROR_INPUT, "'%s' is not valid UTF-8 and cannot be written", text);
}

static int emit_mapping(struct definition_writer *writer, struct error *err)
{
	yaml_event_t event;

	yaml_mapping_start_event_initialize(&event, NULL, NULL, 1, YAML_BLOCK_MAPPING_STYLE);
	return emit(writer, &event, err);
}

static int emit_mapping_end(struct definition_writer *writer, struct error *err)
{
	yaml_event_t event;

	yaml_mapping_end_event_initialize(&event);
	return emit(writer, &event, err);
}

static int emit_sequence(struct definition_writer *writer, struct error *err)
{
	yaml_event_t event;

	yaml_sequence_start_event_initialize(&event, NULL, NULL, 1, YAML_BLOCK_SEQUENCE_STYLE);
	return emit(writer, &event, err);
}

static int emit_sequence_end(struct definition_writer *writer, struct error *err)
{
	yaml_event_t event;

	yaml_sequence_end_event_initialize(&event);
	return emit(writer, &event, err);
}

static int emit_scalar(struct definition_writer *writer, const char *text,
	yaml_scalar_style_t style, struct error *err)
{
	yaml_event_t event;

	if (!yaml_scalar_event_initialize(
		    &event, NULL, NULL, (const yaml_char_t *)text, (int)strlen(text), 1, 1, style))
		return refuse_text(text, err);
	return emit(writer, &event, err);
}

static bool is_one_of(const char *text, const char *const *words)
{
	for (; *words != NULL; words++)
		if (strcasecmp(text, *words) == 0)
			return true;
	return false;
}

/*
 * True for every text that some YAML 1.1 or 1.2 reader takes for something else than a string:
 * words for nothing, truth and numbers, and whatever is made of the characters of numbers and dates
 * alone. That quotes a little more than PyYAML does, which changes no document.
 */
static bool looks_like_another_type(const char *text)
{
	static const char *const words[] = {"null", "~", "yes", "no", "on", "off", "true", "false",
		"y", "n", "=", "<<", ".inf", "+.inf", "-.inf", ".nan", "", NULL};

	if (is_one_of(text, words))
		return true;
	if (strchr("0123456789+-.", text[0]) == NULL)
		return false;
	return strspn(text, "0123456789abcdefABCDEFxXoO+-._:TtZz ") == strlen(text) &&
		strpbrk(text, "0123456789") != NULL;
}

static int emit_text(struct definition_writer *writer, const char *text, struct error *err)
{
	/* libyaml changes the style by itself where the one asked for cannot hold the text. */
	return emit_scalar(writer, text,
		looks_like_another_type(text) ? YAML_SINGLE_QUOTED_SCALAR_STYLE
					      : YAML_PLAIN_SCALAR_STYLE,
		err);
}

static int emit_plain(struct definition_writer *writer, const char *text, struct error *err)
{
	return emit_scalar(writer, text, YAML_PLAIN_SCALAR_STYLE, err);
}

static int emit_text_pair(
	struct definition_writer *writer, const char *key, const char *text, struct error *err)
{
	if (emit_plain(writer, key, err) != 0)
		return -1;
	return text == NULL ? emit_plain(writer, "null", err) : emit_text(writer, text, err);
}

static int emit_plain_pair(
	struct definition_writer *writer, const char *key, const char *text, struct error *err)
{
	return emit_plain(writer, key, err) != 0 ? -1 : emit_plain(writer, text, err);
}

static int emit_integer_pair(
	struct definition_writer *writer, const char *key, int64_t number, struct error *err)
{
	char text[24];

	snprintf(text, sizeof text, "%lld", (long long)number);
	return emit_plain_pair(writer, key, text, err);
}

/* The fewest digits that read back as the same number. */
static int shortest(double number, char out[32])
{
	int digits = 0;

	do
		snprintf(out, 32, "%.*e", digits, number);
	while (strtod(out, NULL) != number && ++digits < 17);
	return digits + 1;
}

/*
 * As exiftool's JSON through PyYAML shows a number: whole ones as integers, others as Python's
 * repr; YAML 1.1 wants a point before an exponent.
 */
static void format_number(double number, char out[32])
{
	char text[32], *exponent;
	int digits = shortest(number, text);

	exponent = strchr(text, 'e');
	if (number == floor(number) && fabs(number) < 1e16)
		snprintf(out, 32, "%.0f", number);
	else if (fabs(number) >= 1e-4 && fabs(number) < 1e16)
		snprintf(out, 32, "%.*g", digits, number);
	else
		snprintf(out, 32, "%.*s%s%s", (int)(exponent - text), text,
			strchr(text, '.') == NULL ? ".0" : "", exponent);
}

static int emit_number_pair(
	struct definition_writer *writer, const char *key, double number, struct error *err)
{
	char text[32] = "null";

	if (isfinite(number))
		format_number(number, text);
	return emit_plain_pair(writer, key, text, err);
}

struct definition_writer *definition_open(FILE *stream, struct error *err)
{
	struct definition_writer *writer = xcalloc(1, sizeof *writer);
	yaml_event_t event;

	writer->stream = stream;
	if (!yaml_emitter_initialize(&writer->emitter)) {
		error_set(err, ERROR_SYSTEM, "cannot begin the definition: out of memory");
		free(writer);
		return NULL;
	}
	yaml_emitter_set_output(&writer->emitter, write_bytes, writer);
	yaml_emitter_set_width(&writer->emitter, -1);
	yaml_emitter_set_unicode(&writer->emitter, 0);
	yaml_stream_start_event_initialize(&event, YAML_UTF8_ENCODING);
	if (emit(writer, &event, err) != 0)
		goto failed;
	yaml_document_start_event_initialize(&event, NULL, NULL, NULL, 1);
	if (emit(writer, &event, err) != 0 || emit_mapping(writer, err) != 0 ||
		emit_plain(writer, "collections", err) != 0 || emit_sequence(writer, err) != 0)
		goto failed;
	return writer;
failed:
	definition_close(writer);
	return NULL;
}

static int end_deployment(struct definition_writer *writer, struct error *err)
{
	if (!writer->in_deployment)
		return 0;
	writer->in_deployment = false;
	return emit_sequence_end(writer, err) != 0 ? -1 : emit_mapping_end(writer, err);
}

static int end_collection(struct definition_writer *writer, struct error *err)
{
	if (end_deployment(writer, err) != 0)
		return -1;
	if (!writer->in_collection)
		return 0;
	writer->in_collection = false;
	return emit_sequence_end(writer, err) != 0 ? -1 : emit_mapping_end(writer, err);
}

int definition_collection(struct definition_writer *writer,
	const struct definition_collection *collection, struct error *err)
{
	if (end_collection(writer, err) != 0 || emit_mapping(writer, err) != 0 ||
		emit_text_pair(writer, "name", collection->name, err) != 0 ||
		emit_integer_pair(writer, "project_id", collection->project_id, err) != 0 ||
		emit_text_pair(writer, "timezone", collection->timezone, err) != 0 ||
		emit_plain_pair(writer, "timezone_ignore_dst",
			collection->ignore_dst ? "true" : "false", err) != 0 ||
		emit_text_pair(writer, "resources_dir", collection->name, err) != 0 ||
		emit_plain(writer, "deployments", err) != 0 || emit_sequence(writer, err) != 0)
		return -1;
	writer->in_collection = true;
	return 0;
}

int definition_deployment(
	struct definition_writer *writer, const char *deployment_id, struct error *err)
{
	if (end_deployment(writer, err) != 0 || emit_mapping(writer, err) != 0 ||
		emit_text_pair(writer, "deployment_id", deployment_id, err) != 0 ||
		emit_plain(writer, "resources", err) != 0 || emit_sequence(writer, err) != 0)
		return -1;
	writer->in_deployment = true;
	return 0;
}

static int emit_size_pair(
	struct definition_writer *writer, const char *key, uint32_t size, struct error *err)
{
	if (size == 0)
		return emit_plain_pair(writer, key, "null", err);
	return emit_integer_pair(writer, key, size, err);
}

int definition_resource(struct definition_writer *writer,
	const struct definition_resource *resource, struct error *err)
{
	char date[TIMESTAMP_SIZE];

	/* `+0000` without a colon: the one form of an instant that YAML 1.1 keeps a string. */
	format_utc_basic(resource->utc, date);
	if (emit_mapping(writer, err) != 0 ||
		emit_text_pair(writer, "name", resource->name, err) != 0 ||
		emit_text_pair(writer, "file", resource->name, err) != 0 ||
		emit_plain_pair(writer, "date_recorded", date, err) != 0 ||
		emit_text_pair(writer, "mime_type", resource->mime_type, err) != 0 ||
		emit_size_pair(writer, "file_width", resource->width, err) != 0 ||
		emit_size_pair(writer, "file_height", resource->height, err) != 0 ||
		emit_integer_pair(writer, "file_size", (int64_t)resource->size, err) != 0 ||
		emit_number_pair(writer, "file_fps", resource->fps, err) != 0 ||
		emit_number_pair(writer, "file_duration", resource->duration, err) != 0)
		return -1;
	return emit_mapping_end(writer, err);
}

int definition_finish(struct definition_writer *writer, struct error *err)
{
	yaml_event_t event;

	if (end_collection(writer, err) != 0 || emit_sequence_end(writer, err) != 0 ||
		emit_mapping_end(writer, err) != 0)
		return -1;
	yaml_document_end_event_initialize(&event, 1);
	if (emit(writer, &event, err) != 0)
		return -1;
	yaml_stream_end_event_initialize(&event);
	if (emit(writer, &event, err) != 0)
		return -1;
	if (!yaml_emitter_flush(&writer->emitter) || fflush(writer->stream) != 0)
		return error_errno(err, "cannot write the definition");
	return 0;
}

void definition_close(struct definition_writer *writer)
{
	if (writer == NULL)
		return;
	yaml_emitter_delete(&writer->emitter);
	free(writer);
}
