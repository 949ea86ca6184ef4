/* SPDX-License-Identifier: GPL-3.0-or-later */
/* A results file of any size: once through for the header, then image by image. */
#include "detections_read.h"

#include "trapkit/error.h"
#include "trapkit/memory.h"

#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

struct detections_reader {
	char *name;
	FILE *stream;      /* NULL: in memory */
	const char *bytes; /* in memory */
	size_t size;       /* likewise */
	uint64_t images_offset, images_line;
	struct detections_header header;
	struct json_reader *json; /* on the images */
	bool finished;            /* behind the last image */
	struct detections_scratch scratch;
	FILE *again;               /* the same file, for detections_at */
	struct json_reader *entry; /* on what detections_at read last */
};

void detections_close(struct detections_reader *reader)
{
	if (reader == NULL)
		return;
	json_close(reader->json);
	if (reader->stream != NULL)
		fclose(reader->stream);
	detections_header_release(&reader->header);
	detections_scratch_release(&reader->scratch);
	json_close(reader->entry);
	if (reader->again != NULL)
		fclose(reader->again);
	free(reader->name);
	free(reader);
}

const struct detections_header *detections_header(const struct detections_reader *reader)
{
	return &reader->header;
}

static struct json_reader *open_json(struct detections_reader *reader, uint64_t offset)
{
	struct json_settings settings = {
		.name = reader->name,
		.most_kept = DETECTIONS_LARGEST_IMAGE,
		.first_line = reader->images_line,
	};

	if (reader->stream == NULL)
		return json_open_memory(reader->bytes + offset, reader->size - offset, &settings);
	return json_open(reader->stream, &settings);
}

/* Reads the header, and goes back to before the first image. */
static int begin(struct detections_reader *reader, struct error *err)
{
	struct json_token token;
	int result;

	reader->json = open_json(reader, 0);
	result = detections_read_header(
		reader->json, &reader->header, &reader->images_offset, &reader->images_line, err);
	json_close(reader->json);
	reader->json = NULL;
	if (result != 0)
		return -1;
	if (reader->stream != NULL &&
		fseeko(reader->stream, (off_t)reader->images_offset, SEEK_SET) != 0)
		return error_errno(err, "cannot read '%s' again", reader->name);
	reader->json = open_json(reader, reader->images_offset);
	return json_next(reader->json, &token, err);
}

static int open_file(struct detections_reader *reader, struct error *err)
{
	struct stat status;

	/* Not to hang on a pipe that nobody writes. */
	if (stat(reader->name, &status) == 0 && !S_ISREG(status.st_mode))
		return error_set(err, ERROR_INPUT,
			"'%s' is not a file: detections are read twice, so save them in one first",
			reader->name);
	reader->stream = fopen(reader->name, "re");
	if (reader->stream != NULL)
		reader->again = fopen(reader->name, "re");
	if (reader->again == NULL)
		return error_errno(err, "cannot open '%s'", reader->name);
	setvbuf(reader->again, NULL, _IONBF, 0);
	return 0;
}

struct detections_reader *detections_open(const char *path, struct error *err)
{
	struct detections_reader *reader = xcalloc(1, sizeof *reader);

	reader->name = xstrdup(path);
	if (open_file(reader, err) == 0 && begin(reader, err) == 0)
		return reader;
	detections_close(reader);
	return NULL;
}

struct detections_reader *detections_open_memory(
	const void *bytes, size_t size, const char *name, struct error *err)
{
	struct detections_reader *reader = xcalloc(1, sizeof *reader);

	reader->name = xstrdup(name);
	reader->bytes = bytes;
	reader->size = size;
	if (begin(reader, err) == 0)
		return reader;
	detections_close(reader);
	return NULL;
}

/* Reads the entry whose opening bracket was just read. */
static int read_entry(struct detections_reader *reader, struct json_reader *json,
	struct detected_image *image, struct error *err)
{
	uint64_t offset = json_offset(json);

	json_keep(json);
	if (detections_read_image(json, &reader->header, &reader->scratch, image, err) != 0)
		return -1;
	image->offset = offset;
	image->json = json_kept(json, &image->json_size);
	return 0;
}

int detections_next(
	struct detections_reader *reader, struct detected_image *image, struct error *err)
{
	struct json_token token;

	if (reader->finished)
		return 0;
	if (json_next(reader->json, &token, err) != 0)
		return -1;
	reader->finished = token.kind == JSON_ARRAY_END;
	if (reader->finished)
		return 0;
	if (token.kind != JSON_OBJECT)
		return json_refuse(reader->json, err, "an image that is not an object");
	if (read_entry(reader, reader->json, image, err) != 0)
		return -1;
	image->offset += reader->images_offset;
	return 1;
}

/* Entries are small: to read far beyond one would cost more than to read it. */
#define ENTRY_BUFFER 4096

/* A reader on the entry at `offset`. */
static struct json_reader *json_at(
	struct detections_reader *reader, uint64_t offset, struct error *err)
{
	struct json_settings settings = {.name = reader->name,
		.most_kept = DETECTIONS_LARGEST_IMAGE,
		.buffer = ENTRY_BUFFER};

	if (reader->stream == NULL)
		return json_open_memory(reader->bytes + offset, reader->size - offset, &settings);
	if (fseeko(reader->again, (off_t)offset, SEEK_SET) != 0) {
		error_errno(err, "cannot read '%s' again", reader->name);
		return NULL;
	}
	return json_open(reader->again, &settings);
}

int detections_at(struct detections_reader *reader, uint64_t offset, struct detected_image *image,
	struct error *err)
{
	struct json_token token;
	int result = -1;

	json_close(reader->entry);
	reader->entry = json_at(reader, offset, err);
	if (reader->entry == NULL || json_next(reader->entry, &token, err) != 0)
		return -1;
	if (token.kind != JSON_OBJECT)
		return json_refuse(reader->entry, err, "the file was changed while it was read");
	result = read_entry(reader, reader->entry, image, err);
	image->offset = offset;
	return result;
}
