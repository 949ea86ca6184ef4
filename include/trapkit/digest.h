/* SPDX-License-Identifier: GPL-3.0-or-later */
/* SHA-256 (FIPS 180-4), as OpenSSL computes it, or several side by side. */
#ifndef TRAPKIT_DIGEST_H
#define TRAPKIT_DIGEST_H

#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

struct error;

#define SHA256_SIZE 32
#define SHA256_HEX_SIZE (2 * SHA256_SIZE + 1)

/* A digest under way; one thread at a time. */
struct sha256;

/* libcrypto is loaded when this is first called; ERROR_UNAVAILABLE when it is not there. */
struct sha256 *sha256_new(struct error *err);
void sha256_update(struct sha256 *digest, const void *bytes, size_t size);
/*
 * The same for several digests, `size` bytes each: on processors without instructions for SHA-256
 * up to four times as fast, given SHA256_LANES of them and sizes that are multiples of 64.
 */
#define SHA256_LANES 8u
void sha256_update_many(
	struct sha256 *const *digests, const uint8_t *const *bytes, size_t count, size_t size);
/* Gives the digest and begins a new one. */
void sha256_finish(struct sha256 *digest, uint8_t out[SHA256_SIZE]);
void sha256_free(struct sha256 *digest);

/* Lower-case hex, NUL-terminated. */
void sha256_hex(const uint8_t sha256[SHA256_SIZE], char hex[SHA256_HEX_SIZE]);

#ifdef __cplusplus
}
#endif

#endif
