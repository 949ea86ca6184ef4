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
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* PKWARE's APPNOTE 4.3.14 to 4.3.16: end records and the longest comment behind them. */
#define END_SIZE 22u
#define LOCATOR_SIZE 20u
#define END64_SIZE 56u
#define COMMENT_LIMIT 65535u
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

static int digest_directory(int fd, uint64_t offset, uint64_t size, char hex[SHA256_HEX_SIZE],
	const char *path, struct error *err)
{
	struct sha256 *digest = sha256_new(err);
	uint8_t *bytes = xmalloc(CHUNK), sha256[SHA256_SIZE];
	int result = digest == NULL ? -1 : 0;

	while (result == 0 && size > 0) {
		size_t piece = size < CHUNK ? (size_t)size : CHUNK;

		if (!read_at(fd, bytes, piece, offset)) {
			result = error_set(
				err, ERROR_INPUT, "cannot read the directory of '%s'", path);
			break;
		}
		sha256_update(digest, bytes, piece);
		offset += piece;
		size -= piece;
	}
	if (result == 0) {
		sha256_finish(digest, sha256);
		sha256_hex(sha256, hex);
	}
	sha256_free(digest);
	free(bytes);
	return result;
}

/* Every file's bytes against its CRC-32. */
static int check_contents(const char *path, const struct progress *progress, struct error *err)
{
	uint8_t *bytes = xmalloc(CHUNK);
	int code = 0, result = -1;
	zip_t *archive = NULL;

	if (libzip_load(err) != 0)
		goto done;
	archive = zip_open(path, ZIP_RDONLY, &code);
	if (archive == NULL) {
		error_set(err, ERROR_INPUT, "'%s' is no ZIP that can be read", path);
		goto done;
	}
	for (zip_int64_t i = 0; i < zip_get_num_entries(archive, 0); i++) {
		zip_file_t *file = zip_fopen_index(archive, (zip_uint64_t)i, 0);
		zip_int64_t got = -1;

		while (file != NULL && (got = zip_fread(file, bytes, CHUNK)) > 0)
			if (progress_check(progress, err) != 0)
				break;
		if (file != NULL)
			zip_fclose(file);
		if (got > 0)
			goto done;
		if (got < 0) {
			error_set(err, ERROR_INPUT,
				"'%s' is damaged at '%s'; make the package again", path,
				zip_get_name(archive, (zip_uint64_t)i, 0));
			goto done;
		}
	}
	result = 0;
done:
	if (archive != NULL)
		zip_discard(archive);
	free(bytes);
	return result;
}

int zip_identity(const char *path, char hex[SHA256_HEX_SIZE], const struct progress *progress,
	struct error *err)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
	uint64_t offset = 0, size = 0;
	struct stat status;
	int result = -1;

	if (fd < 0)
		return error_errno(err, "cannot open '%s'", path);
	if (fstat(fd, &status) != 0)
		error_errno(err, "cannot look at '%s'", path);
	else if (!S_ISREG(status.st_mode) ||
		!find_directory(fd, (uint64_t)status.st_size, &offset, &size))
		error_set(err, ERROR_INPUT, "'%s' is no ZIP, or it is cut short", path);
	else if (digest_directory(fd, offset, size, hex, path, err) == 0)
		result = check_contents(path, progress, err);
	close(fd);
	return result;
}
