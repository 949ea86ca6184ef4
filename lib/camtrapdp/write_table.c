/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Tables written row by row: rows to CSV, CSV to gzip or as it is, and its SHA-256 on the way. */
#include "trapkit/camtrapdp_write.h"

#include "schema.h"
#include "trapkit/csv.h"
#include "trapkit/error.h"
#include "trapkit/memory.h"
#include "zlib_library.h"

#include <inttypes.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#define CHUNK (64u << 10)

struct camtrapdp_writer {
	const struct schema *schema;
	FILE *stream; /* NULL: nothing is kept */
	FILE *rows;   /* writes to `text` */
	char *text;
	size_t text_size;
	bool gzip;
	z_stream deflate;
	bool deflating; /* deflate is to be ended */
	uint8_t packed[CHUNK];
	struct sha256 *digest;
	struct camtrapdp_written written;
};

const char *camtrapdp_table_name(enum camtrapdp_table table)
{
	return schemas[table].name;
}

static int begin_gzip(struct camtrapdp_writer *writer, struct error *err)
{
	if (zlib_load(err) != 0)
		return -1;
	/* 15 + 16: a gzip header, without a time in it. */
	if (zlib.deflate_init(&writer->deflate, 6, Z_DEFLATED, 15 + 16, 8, Z_DEFAULT_STRATEGY,
		    ZLIB_VERSION, (int)sizeof writer->deflate) != Z_OK)
		return error_set(err, ERROR_SYSTEM, "cannot begin to compress a table");
	writer->deflating = true;
	return 0;
}

struct camtrapdp_writer *camtrapdp_writer_open(
	enum camtrapdp_table table, FILE *stream, bool gzip, struct error *err)
{
	struct camtrapdp_writer *writer = xcalloc(1, sizeof *writer);
	const char *names[MOST_FIELDS];

	writer->schema = &schemas[table];
	writer->stream = stream;
	writer->gzip = gzip;
	writer->digest = sha256_new(err);
	writer->rows = open_memstream(&writer->text, &writer->text_size);
	if (writer->digest == NULL || (gzip && begin_gzip(writer, err) != 0))
		goto failed;
	if (writer->rows == NULL) {
		error_errno(err, "cannot make table '%s'", writer->schema->name);
		goto failed;
	}
	for (size_t i = 0; i < writer->schema->count; i++)
		names[i] = writer->schema->fields[i].name;
	csv_write(writer->rows, names, writer->schema->count);
	return writer;
failed:
	camtrapdp_writer_close(writer);
	return NULL;
}

void camtrapdp_writer_close(struct camtrapdp_writer *writer)
{
	if (writer == NULL)
		return;
	if (writer->rows != NULL)
		fclose(writer->rows);
	if (writer->deflating)
		zlib.deflate_end(&writer->deflate);
	sha256_free(writer->digest);
	free(writer->text);
	free(writer);
}

static int put_bytes(
	struct camtrapdp_writer *writer, const void *bytes, size_t size, struct error *err)
{
	sha256_update(writer->digest, bytes, size);
	writer->written.bytes += size;
	if (writer->stream != NULL && fwrite(bytes, 1, size, writer->stream) != size)
		return error_errno(err, "cannot write table '%s'", writer->schema->name);
	return 0;
}

static int put_packed(struct camtrapdp_writer *writer, bool last, struct error *err)
{
	z_stream *deflate = &writer->deflate;
	int result;

	deflate->next_in = (Bytef *)writer->text;
	deflate->avail_in = (uInt)writer->text_size;
	do {
		deflate->next_out = writer->packed;
		deflate->avail_out = CHUNK;
		result = zlib.deflate(deflate, last ? Z_FINISH : Z_NO_FLUSH);
		if (result == Z_STREAM_ERROR)
			return error_set(err, ERROR_SYSTEM, "cannot compress table '%s'",
				writer->schema->name);
		if (put_bytes(writer, writer->packed, CHUNK - deflate->avail_out, err) != 0)
			return -1;
	} while (deflate->avail_out == 0);
	return 0;
}

/* Hands the rows gathered so far on. */
static int flush_rows(struct camtrapdp_writer *writer, bool last, struct error *err)
{
	int result;

	if (fflush(writer->rows) != 0 || ferror(writer->rows))
		return error_set(err, ERROR_SYSTEM, "cannot make table '%s'", writer->schema->name);
	result = writer->gzip ? put_packed(writer, last, err)
			      : put_bytes(writer, writer->text, writer->text_size, err);
	rewind(writer->rows);
	return result;
}

int camtrapdp_write_cells(
	struct camtrapdp_writer *writer, const char *const *cells, struct error *err)
{
	csv_write(writer->rows, cells, writer->schema->count);
	writer->written.rows++;
	return ftello(writer->rows) < CHUNK - 1 ? 0 : flush_rows(writer, false, err);
}

int camtrapdp_writer_finish(
	struct camtrapdp_writer *writer, struct camtrapdp_written *written, struct error *err)
{
	uint8_t digest[SHA256_SIZE];

	if (flush_rows(writer, true, err) != 0)
		return -1;
	if (writer->stream != NULL && fflush(writer->stream) != 0)
		return error_errno(err, "cannot write table '%s'", writer->schema->name);
	sha256_finish(writer->digest, digest);
	sha256_hex(digest, writer->written.sha256);
	*written = writer->written;
	return 0;
}

/* Every cell empty. */
static void begin_row(const char *cells[MOST_FIELDS])
{
	for (size_t i = 0; i < MOST_FIELDS; i++)
		cells[i] = "";
}

static void set(const char **cell, const char *text)
{
	if (text != NULL)
		*cell = text;
}

int camtrapdp_write_media(
	struct camtrapdp_writer *writer, const struct camtrapdp_media_row *row, struct error *err)
{
	const char *cells[MOST_FIELDS];

	begin_row(cells);
	cells[M_ID] = row->media_id;
	cells[M_DEPLOYMENT] = row->deployment_id;
	set(&cells[M_METHOD], row->capture_method);
	cells[M_TIMESTAMP] = row->timestamp;
	cells[M_PATH] = row->file_path;
	cells[M_PUBLIC] = row->is_public ? "true" : "false";
	cells[M_NAME] = row->file_name;
	cells[M_TYPE] = row->media_type;
	return camtrapdp_write_cells(writer, cells, err);
}

#define NUMBER_SIZE 32

/* At most `digits` decimals, none of them a zero at the end. */
static const char *show_number(double number, int digits, char out[NUMBER_SIZE])
{
	size_t length;

	snprintf(out, NUMBER_SIZE, "%.*f", digits, number);
	length = strlen(out);
	while (length > 1 && out[length - 1] == '0' && strchr(out, '.') != NULL)
		out[--length] = '\0';
	if (out[length - 1] == '.')
		out[length - 1] = '\0';
	return out;
}

static double between(double number, double least, double most)
{
	return number < least ? least : number > most ? most : number;
}

/* Decimals of a box: a ten-thousandth of a pixel of any camera. */
#define BOX_DIGITS 6
#define BOX_UNIT 1e-6

/* One side of the box, rounded before it is clamped, so that x + width stays within 1. */
static void show_side(
	double start, double length, const char **cells, char texts[2][NUMBER_SIZE], int distance)
{
	double units = 1 / BOX_UNIT;
	double first = round(between(start, 0, 1 - BOX_UNIT) * units);
	double last = round(between(start + length, 0, 1) * units);
	double extent = last - first < 1 ? 1 : last - first;

	cells[0] = show_number(first / units, BOX_DIGITS, texts[0]);
	cells[distance] = show_number(extent / units, BOX_DIGITS, texts[1]);
}

int camtrapdp_write_observation(struct camtrapdp_writer *writer,
	const struct camtrapdp_observation_row *row, struct error *err)
{
	const struct field *fields = writer->schema->fields;
	const char *cells[MOST_FIELDS];
	char count[NUMBER_SIZE], probability[NUMBER_SIZE], across[2][NUMBER_SIZE],
		down[2][NUMBER_SIZE];

	begin_row(cells);
	cells[O_ID] = row->observation_id;
	cells[O_DEPLOYMENT] = row->deployment_id;
	set(&cells[O_MEDIA], row->media_id);
	set(&cells[O_EVENT], row->event_id);
	cells[O_START] = row->start;
	cells[O_END] = row->end;
	cells[O_LEVEL] = fields[O_LEVEL].choices[row->level];
	cells[O_TYPE] = fields[O_TYPE].choices[row->type];
	set(&cells[O_NAME], row->scientific_name);
	if (row->count > 0) {
		snprintf(count, sizeof count, "%" PRIu64, row->count);
		cells[O_COUNT] = count;
	}
	if (row->has_box) {
		show_side(row->x, row->width, &cells[O_X], across, O_WIDTH - O_X);
		show_side(row->y, row->height, &cells[O_Y], down, O_HEIGHT - O_Y);
	}
	if (row->classified_by != NULL) {
		cells[O_METHOD] = "machine";
		cells[O_BY] = row->classified_by;
		set(&cells[O_TIMESTAMP], row->classified_at);
	}
	if (!isnan(row->probability))
		cells[O_PROBABILITY] =
			show_number(between(row->probability, 0, 1), BOX_DIGITS, probability);
	return camtrapdp_write_cells(writer, cells, err);
}
