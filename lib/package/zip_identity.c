/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What identifies an archive: the digest of its directory, which holds every file's CRC-32. */
#include "libzip.h"

#include "trapkit/digest.h"
#include "trapkit/error.h"
#include "trapkit/memory.h"
#include "trapkit/package.h"
#include "trapkit/progress.h"

#include <errno.h>
#include <fcntl.h>
#include <libdeflate.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* PKWARE's APPNOTE 4.3.14 to 4.3.16: end records and the longest comment behind them. */
#define END_SIZE 22u
#define LOCATOR_SIZE 20u
#define END64_SIZE 56u
#define COMMENT_LIMIT 65535u
#define CENTRAL_SIZE 46u
#define LOCAL_SIZE 30u
#define STORED 0u
#define ENCRYPTED 1u /* bit of the flags */
#define CHUNK (256u << 10)

static uint64_t little(const uint8_t *bytes, size_t size)
{
	uint64_t value = 0;

	while (size-- > 0)
		value = value << 8 | bytes[size];
	return value;
}

static bool read_at(int fd, uint8_t *bytes, size_t size, uint64_t offset)
{
	size_t done = 0;

	while (done < size) {
		ssize_t got = pread(fd, bytes + done, size - done, (off_t)(offset + done));

		if (got < 0 && errno == EINTR)
			continue;
		if (got <= 0)
			return false;
		done += (size_t)got;
	}
	return true;
}

/* Where the directory lies; a zip64 record counts where there is one. */
static bool find_directory(int fd, uint64_t file_size, uint64_t *offset, uint64_t *size)
{
	size_t tail_size = file_size < END_SIZE + COMMENT_LIMIT + LOCATOR_SIZE
		? (size_t)file_size
		: END_SIZE + COMMENT_LIMIT + LOCATOR_SIZE;
	uint8_t *tail = xmalloc(tail_size), end64[END64_SIZE];
	bool found = false;

	if (!read_at(fd, tail, tail_size, file_size - tail_size))
		tail_size = 0;
	for (size_t at = tail_size < END_SIZE ? 0 : tail_size - END_SIZE + 1; at-- > 0 && !found;) {
		const uint8_t *end = tail + at;

		if (memcmp(end, "PK\5\6", 4) != 0)
			continue;
		found = true;
		*size = little(end + 12, 4);
		*offset = little(end + 16, 4);
		if (at >= LOCATOR_SIZE && memcmp(end - LOCATOR_SIZE, "PK\6\7", 4) == 0 &&
			read_at(fd, end64, sizeof end64, little(end - LOCATOR_SIZE + 8, 8)) &&
			memcmp(end64, "PK\6\6", 4) == 0) {
			*size = little(end64 + 40, 8);
			*offset = little(end64 + 48, 8);
		}
	}
	free(tail);
	return found && *offset <= file_size && *size <= file_size - *offset;
}

struct reader {
	const char *path;
	int fd;
	uint8_t *space; /* CHUNK bytes */
	zip_t *archive; /* opened when first needed */
	const struct progress *progress;
};

static int digest_directory(const struct reader *reader, uint64_t offset, uint64_t size,
	char hex[SHA256_HEX_SIZE], struct error *err)
{
	struct sha256 *digest = sha256_new(err);
	uint8_t sha256[SHA256_SIZE];
	int result = digest == NULL ? -1 : 0;

	while (result == 0 && size > 0) {
		size_t piece = size < CHUNK ? (size_t)size : CHUNK;

		if (!read_at(reader->fd, reader->space, piece, offset)) {
			result = error_set(err, ERROR_INPUT, "cannot read the directory of '%s'",
				reader->path);
			break;
		}
		sha256_update(digest, reader->space, piece);
		offset += piece;
		size -= piece;
	}
	if (result == 0) {
		sha256_finish(digest, sha256);
		sha256_hex(sha256, hex);
	}
	sha256_free(digest);
	return result;
}

/* What a central header tells (APPNOTE 4.3.12). */
struct entry {
	uint64_t index;
	char name[256]; /* for messages; cut when longer */
	unsigned method, flags;
	uint32_t crc;
	uint64_t packed, size, offset;
};

/* Numbers that do not fit a header stand in its zip64 field, in this order (APPNOTE 4.5.3). */
static void read_zip64(const uint8_t *extra, size_t size, struct entry *entry)
{
	uint64_t *const numbers[] = {&entry->size, &entry->packed, &entry->offset};

	while (size >= 4) {
		size_t length = (size_t)little(extra + 2, 2), at = 4;

		if (length > size - 4)
			return;
		for (size_t i = 0; i < 3 && little(extra, 2) == 1; i++)
			if (*numbers[i] == UINT32_MAX && at + 8 <= length + 4) {
				*numbers[i] = little(extra + at, 8);
				at += 8;
			}
		extra += length + 4;
		size -= length + 4;
	}
}

/* The central header at *at, which moves behind it. False when there is none. */
static bool read_header(
	const struct reader *reader, uint64_t *at, uint64_t end, struct entry *entry)
{
	size_t name, extra, comment;
	uint8_t head[CENTRAL_SIZE];

	if (end - *at < CENTRAL_SIZE || !read_at(reader->fd, head, CENTRAL_SIZE, *at) ||
		memcmp(head, "PK\1\2", 4) != 0)
		return false;
	name = (size_t)little(head + 28, 2);
	extra = (size_t)little(head + 30, 2);
	comment = (size_t)little(head + 32, 2);
	*at += CENTRAL_SIZE;
	if (end - *at < name + extra + comment ||
		!read_at(reader->fd, reader->space, name + extra, *at))
		return false;
	*at += name + extra + comment;
	*entry = (struct entry){.flags = (unsigned)little(head + 8, 2),
		.method = (unsigned)little(head + 10, 2),
		.crc = (uint32_t)little(head + 16, 4),
		.packed = little(head + 20, 4),
		.size = little(head + 24, 4),
		.offset = little(head + 42, 4)};
	memcpy(entry->name, reader->space,
		name < sizeof entry->name ? name : sizeof entry->name - 1);
	read_zip64(reader->space + name, extra, entry);
	return true;
}

/* 1 = its bytes have its CRC-32, 0 = they have not, -1 = stopped. */
static int check_stored(const struct reader *reader, const struct entry *entry, struct error *err)
{
	uint64_t left = entry->size, at = entry->offset + LOCAL_SIZE;
	uint8_t head[LOCAL_SIZE];
	uint32_t crc = 0;

	if (entry->packed != entry->size || !read_at(reader->fd, head, LOCAL_SIZE, entry->offset) ||
		memcmp(head, "PK\3\4", 4) != 0)
		return 0;
	at += little(head + 26, 2) + little(head + 28, 2);
	while (left > 0) {
		size_t piece = left < CHUNK ? (size_t)left : CHUNK;

		if (progress_check(reader->progress, err) != 0)
			return -1;
		if (!read_at(reader->fd, reader->space, piece, at))
			return 0;
		crc = libdeflate_crc32(crc, reader->space, piece);
		at += piece;
		left -= piece;
	}
	return crc == entry->crc;
}

/* The same of one that is not of our making: libzip unpacks it, and compares at its end. */
static int check_packed(struct reader *reader, const struct entry *entry, struct error *err)
{
	zip_file_t *file = NULL;
	zip_int64_t got = -1;
	int code = 0, result = 0;

	if (libzip_load(err) != 0)
		return -1;
	if (reader->archive == NULL)
		reader->archive = zip_open(reader->path, ZIP_RDONLY, &code);
	if (reader->archive != NULL)
		file = zip_fopen_index(reader->archive, entry->index, 0);
	while (file != NULL && result == 0 && (got = zip_fread(file, reader->space, CHUNK)) > 0)
		result = progress_check(reader->progress, err);
	if (file != NULL)
		zip_fclose(file);
	return result == 0 ? got == 0 : -1;
}

/* Every file's bytes against its CRC-32; several times faster than with libzip where stored. */
static int check_contents(struct reader *reader, uint64_t at, uint64_t size, struct error *err)
{
	struct entry entry = {0};
	uint64_t end = at + size;
	int good = 1;

	for (uint64_t index = 0; good == 1 && at < end; index++) {
		if (!read_header(reader, &at, end, &entry))
			return error_set(
				err, ERROR_INPUT, "'%s' is no ZIP that can be read", reader->path);
		entry.index = index;
		good = entry.method == STORED && (entry.flags & ENCRYPTED) == 0
			? check_stored(reader, &entry, err)
			: check_packed(reader, &entry, err);
		if (good == 0)
			error_set(err, ERROR_INPUT,
				"'%s' is damaged at '%s'; make the package again", reader->path,
				entry.name);
	}
	return good == 1 ? 0 : -1;
}

int zip_identity(const char *path, char hex[SHA256_HEX_SIZE], const struct progress *progress,
	struct error *err)
{
	struct reader reader = {.path = path,
		.fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK),
		.progress = progress};
	uint64_t offset = 0, size = 0;
	struct stat status;
	int result = -1;

	if (reader.fd < 0)
		return error_errno(err, "cannot open '%s'", path);
	reader.space = xmalloc(CHUNK);
	if (fstat(reader.fd, &status) != 0)
		error_errno(err, "cannot look at '%s'", path);
	else if (!S_ISREG(status.st_mode) ||
		!find_directory(reader.fd, (uint64_t)status.st_size, &offset, &size))
		error_set(err, ERROR_INPUT, "'%s' is no ZIP, or it is cut short", path);
	else if (digest_directory(&reader, offset, size, hex, err) == 0)
		result = check_contents(&reader, offset, size, err);
	if (reader.archive != NULL)
		zip_discard(reader.archive);
	free(reader.space);
	close(reader.fd);
	return result;
}
