/* SPDX-License-Identifier: GPL-3.0-or-later */
/* SHA-256 of a whole file, as hex. */
#include "trapkit/error.h"
#include "trapkit/memory.h"
#include "trapkit/package.h"
#include "trapkit/progress.h"

#include <errno.h>
#include <fcntl.h>
#include <openssl/evp.h>
#include <stdlib.h>
#include <unistd.h>

#define CHUNK (256u << 10)

static int digest_all(int fd, const char *path, EVP_MD_CTX *context, uint8_t *buffer,
	const struct progress *progress, struct error *err)
{
	ssize_t got;

	while ((got = read(fd, buffer, CHUNK)) != 0) {
		if (got < 0 && errno == EINTR)
			continue;
		if (got < 0)
			return error_errno(err, "cannot read '%s'", path);
		EVP_DigestUpdate(context, buffer, (size_t)got);
		if (progress_check(progress, err) != 0)
			return -1;
	}
	return 0;
}

void sha256_hex(const uint8_t sha256[SHA256_SIZE], char hex[2 * SHA256_SIZE + 1])
{
	static const char digits[] = "0123456789abcdef";

	for (size_t i = 0; i < SHA256_SIZE; i++) {
		hex[2 * i] = digits[sha256[i] >> 4];
		hex[2 * i + 1] = digits[sha256[i] & 15];
	}
	hex[2 * SHA256_SIZE] = '\0';
}

int file_sha256(const char *path, char hex[2 * SHA256_SIZE + 1], const struct progress *progress,
	struct error *err)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	EVP_MD_CTX *context = EVP_MD_CTX_new();
	uint8_t *buffer = xmalloc(CHUNK), digest[SHA256_SIZE];
	int result = -1;

	if (fd < 0) {
		error_errno(err, "cannot open '%s'", path);
		goto done;
	}
	if (context == NULL || EVP_DigestInit_ex(context, EVP_sha256(), NULL) != 1) {
		error_set(err, ERROR_SYSTEM, "SHA-256 is not available in this OpenSSL");
		goto done;
	}
	posix_fadvise(fd, 0, 0, POSIX_FADV_SEQUENTIAL);
	if (digest_all(fd, path, context, buffer, progress, err) != 0)
		goto done;
	EVP_DigestFinal_ex(context, digest, NULL);
	sha256_hex(digest, hex);
	result = 0;
done:
	EVP_MD_CTX_free(context);
	free(buffer);
	if (fd >= 0)
		close(fd);
	return result;
}
