/* SPDX-License-Identifier: GPL-3.0-or-later */
/* SHA-256 of a whole file, as hex. */
#include "trapkit/digest.h"
#include "trapkit/error.h"
#include "trapkit/memory.h"
#include "trapkit/package.h"
#include "trapkit/progress.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <unistd.h>

#define CHUNK (256u << 10)

static int digest_all(int fd, const char *path, struct sha256 *digest, uint8_t *buffer,
	const struct progress *progress, struct error *err)
{
	ssize_t got;

	while ((got = read(fd, buffer, CHUNK)) != 0) {
		if (got < 0 && errno == EINTR)
			continue;
		if (got < 0)
			return error_errno(err, "cannot read '%s'", path);
		sha256_update(digest, buffer, (size_t)got);
		if (progress_check(progress, err) != 0)
			return -1;
	}
	return 0;
}

int file_sha256(const char *path, char hex[SHA256_HEX_SIZE], const struct progress *progress,
	struct error *err)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	struct sha256 *digest = NULL;
	uint8_t *buffer = xmalloc(CHUNK), sha256[SHA256_SIZE];
	int result = -1;

	if (fd < 0) {
		error_errno(err, "cannot open '%s'", path);
		goto done;
	}
	digest = sha256_new(err);
	if (digest == NULL)
		goto done;
	posix_fadvise(fd, 0, 0, POSIX_FADV_SEQUENTIAL);
	if (digest_all(fd, path, digest, buffer, progress, err) != 0)
		goto done;
	sha256_finish(digest, sha256);
	sha256_hex(sha256, hex);
	result = 0;
done:
	sha256_free(digest);
	free(buffer);
	if (fd >= 0)
		close(fd);
	return result;
}
