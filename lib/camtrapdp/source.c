/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Reads plain, deflated and gzip bytes with fixed memory, and refuses bombs. */
#include "source.h"

#include "trapkit/error.h"
#include "trapkit/memory.h"
#include "zlib_library.h"

#include <libdeflate.h>
#include <stdlib.h>
#include <string.h>

#define CHUNK 65536u
/* Tables unpack to about ten times their size; deflate can make it a thousand. */
#define RATIO_LIMIT 200u
#define RATIO_FROM (64u << 20) /* bytes below which the ratio does not matter */
#define RAW_WINDOW (-15)
#define GZIP_WINDOW (15 + 16)

/* One decompressor with its input. */
struct unpacker {
	bool on, begun, ended; /* ended: the stream, or the gzip member, was complete */
	bool dry;              /* nothing comes after `in` */
	z_stream stream;
	uint8_t in[CHUNK];
};

struct source {
	struct source_range range;
	uint64_t taken;  /* packed bytes read */
	uint64_t member; /* bytes out of the ZIP entry */
	uint64_t given;
	uint32_t crc;
	struct unpacker zip, gzip;
};

typedef int (*read_function)(
	struct source *source, uint8_t *out, size_t size, size_t *got, struct error *err);

static int start(struct unpacker *unpacker, int window, struct error *err)
{
	if (zlib_load(err) != 0)
		return -1;
	if (zlib.init(&unpacker->stream, window, ZLIB_VERSION, (int)sizeof unpacker->stream) !=
		Z_OK)
		return error_set(err, ERROR_SYSTEM, "cannot start zlib");
	unpacker->on = true;
	return 0;
}

struct source *bytes_source_new(const struct source_range *range, bool gzip, struct error *err)
{
	struct source *source;

	if (range->is_member && range->method != 0 && range->method != 8) {
		error_set(err, ERROR_INPUT,
			"is packed with a method (%u) that is not read here; pack it with deflate",
			range->method);
		return NULL;
	}
	source = xcalloc(1, sizeof *source);
	source->range = *range;
	if ((range->is_member && range->method == 8 && start(&source->zip, RAW_WINDOW, err) != 0) ||
		(gzip && start(&source->gzip, GZIP_WINDOW, err) != 0)) {
		bytes_source_free(source);
		return NULL;
	}
	return source;
}

uint64_t bytes_source_packed(const struct source *source)
{
	return source->range.packed;
}

bool bytes_source_unpacks(const struct source *source)
{
	return source->zip.on || source->gzip.on;
}

void bytes_source_free(struct source *source)
{
	if (source == NULL)
		return;
	if (source->zip.on)
		zlib.end(&source->zip.stream);
	if (source->gzip.on)
		zlib.end(&source->gzip.stream);
	free(source);
}

static int read_raw(
	struct source *source, uint8_t *out, size_t size, size_t *got, struct error *err)
{
	uint64_t left = source->range.packed - source->taken;

	*got = left < size ? (size_t)left : size;
	if (*got == 0)
		return 0;
	if (bytes_read(source->range.from, source->range.offset + source->taken, out, *got, err) !=
		0)
		return -1;
	source->taken += *got;
	return 1;
}

static int refill(
	struct source *source, struct unpacker *unpacker, read_function from, struct error *err)
{
	size_t got = 0;

	if (unpacker->stream.avail_in > 0 || unpacker->dry)
		return 0;
	switch (from(source, unpacker->in, CHUNK, &got, err)) {
	case -1:
		return -1;
	case 0:
		unpacker->dry = true;
		break;
	default:
		break;
	}
	unpacker->stream.next_in = unpacker->in;
	unpacker->stream.avail_in = (uInt)got;
	return 0;
}

/* After a stream's end: 1 = another gzip member follows, 0 = the end, -1 = bytes that do not
 * belong. */
static int after_end(struct source *source, struct unpacker *unpacker, read_function from,
	bool members, struct error *err)
{
	if (refill(source, unpacker, from, err) != 0)
		return -1;
	if (unpacker->stream.avail_in == 0)
		return 0;
	if (!members || unpacker->stream.next_in[0] != 0x1F)
		return error_set(err, ERROR_INPUT,
			"there are bytes after the end of the compressed data; pack the file anew");
	zlib.reset(&unpacker->stream);
	unpacker->ended = false;
	return 1;
}

static int unpack(struct source *source, struct unpacker *unpacker, read_function from,
	bool members, uint8_t *out, size_t size, size_t *got, struct error *err)
{
	z_stream *stream = &unpacker->stream;

	*got = 0;
	while (*got == 0) {
		int status;

		if (unpacker->ended) {
			status = after_end(source, unpacker, from, members, err);
			if (status <= 0)
				return status;
		}
		if (refill(source, unpacker, from, err) != 0)
			return -1;
		if (stream->avail_in == 0)
			return error_set(err, ERROR_INPUT,
				"the compressed data is cut off; fetch or pack the file anew");
		stream->next_out = out;
		stream->avail_out = (uInt)size;
		status = zlib.inflate(stream, Z_NO_FLUSH);
		*got = size - stream->avail_out;
		if (status == Z_STREAM_END)
			unpacker->ended = true;
		else if (status != Z_OK && status != Z_BUF_ERROR)
			return error_set(err, ERROR_INPUT,
				"the compressed data is damaged (%s); fetch or pack the file anew",
				stream->msg == NULL ? "zlib" : stream->msg);
	}
	return 1;
}

/* The bytes of the ZIP entry, or of the file. */
static int read_member(
	struct source *source, uint8_t *out, size_t size, size_t *got, struct error *err)
{
	int status = source->zip.on
		? unpack(source, &source->zip, read_raw, false, out, size, got, err)
		: read_raw(source, out, size, got, err);

	if (!source->range.is_member || status < 0)
		return status;
	if (status > 0) {
		source->crc = libdeflate_crc32(source->crc, out, *got);
		source->member += *got;
		if (source->member > source->range.size)
			return error_set(err, ERROR_INPUT,
				"the ZIP entry unpacks to more than it says; it is refused");
		return 1;
	}
	if (source->member != source->range.size || source->crc != source->range.crc)
		return error_set(err, ERROR_INPUT,
			"the ZIP entry's size or CRC is not what the directory says; fetch it "
			"again");
	return 0;
}

int bytes_source_read(
	struct source *source, uint8_t *out, size_t size, size_t *got, struct error *err)
{
	int status = source->gzip.on
		? unpack(source, &source->gzip, read_member, true, out, size, got, err)
		: read_member(source, out, size, got, err);

	if (status <= 0)
		return status;
	source->given += *got;
	if (source->given > RATIO_FROM && source->given / RATIO_LIMIT > source->taken)
		return error_set(err, ERROR_INPUT,
			"it unpacks to more than %u times its size, which no table does; it is "
			"refused",
			RATIO_LIMIT);
	return 1;
}
