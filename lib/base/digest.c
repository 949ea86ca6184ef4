/* SPDX-License-Identifier: GPL-3.0-or-later */
/* SHA-256 through OpenSSL, which is loaded when first used: loading it takes longer than starting.
 */
/* The older door to it: the newer one does not let us at the state, which the lanes share. */
#define OPENSSL_SUPPRESS_DEPRECATED
#include "trapkit/digest.h"

#include "sha256_lanes.h"
#include "trapkit/error.h"
#include "trapkit/lazy_library.h"
#include "trapkit/memory.h"

#include <openssl/sha.h>
#include <pthread.h>
#include <stdlib.h>

/* Fewer messages than these are faster one after the other. */
#define LANES_WORTH 4u

static struct {
	__typeof__(SHA256_Init) *init;
	__typeof__(SHA256_Update) *update;
	__typeof__(SHA256_Final) *final;
} crypto;
static struct error load_error;
static bool lanes_pay;
static pthread_once_t once = PTHREAD_ONCE_INIT;

static void load(void)
{
	static const struct lazy_symbol symbols[] = {
		{"SHA256_Init", &crypto.init},
		{"SHA256_Update", &crypto.update},
		{"SHA256_Final", &crypto.final},
	};

	lazy_library_load("libcrypto.so.3", "libssl3", symbols, sizeof symbols / sizeof *symbols,
		&load_error);
	lanes_pay = sha256_lanes_pay();
}

struct sha256 {
	SHA256_CTX state;
};

struct sha256 *sha256_new(struct error *err)
{
	struct sha256 *digest;

	pthread_once(&once, load);
	if (load_error.kind != ERROR_NONE) {
		*err = load_error;
		return NULL;
	}
	digest = xcalloc(1, sizeof *digest);
	crypto.init(&digest->state);
	return digest;
}

void sha256_update(struct sha256 *digest, const void *bytes, size_t size)
{
	crypto.update(&digest->state, bytes, size);
}

/* As many blocks of each as there are; lanes that nobody needs hash the first one's once more. */
static void update_lanes(
	struct sha256 *const *digests, const uint8_t *const *bytes, size_t count, size_t blocks)
{
	uint32_t *states[SHA256_LANES], unused[SHA256_LANES][SHA256_WORDS] = {{0}};
	const uint8_t *from[SHA256_LANES];

	for (size_t i = 0; i < SHA256_LANES; i++) {
		states[i] = i < count ? digests[i]->state.h : unused[i];
		from[i] = i < count ? bytes[i] : bytes[0];
	}
	sha256_lanes(states, from, blocks);
	for (size_t i = 0; i < count; i++) {
		SHA256_CTX *state = &digests[i]->state;
		uint64_t bits = ((uint64_t)state->Nh << 32 | state->Nl) + blocks * SHA256_BLOCK * 8;

		state->Nh = (SHA_LONG)(bits >> 32);
		state->Nl = (SHA_LONG)bits;
	}
}

static bool lanes_fit(struct sha256 *const *digests, size_t count)
{
	for (size_t i = 0; i < count; i++)
		if (digests[i]->state.num != 0)
			return false;
	return lanes_pay && count >= LANES_WORTH && count <= SHA256_LANES;
}

void sha256_update_many(
	struct sha256 *const *digests, const uint8_t *const *bytes, size_t count, size_t size)
{
	size_t done = 0;

	if (lanes_fit(digests, count)) {
		done = size - size % SHA256_BLOCK;
		update_lanes(digests, bytes, count, size / SHA256_BLOCK);
	}
	for (size_t i = 0; i < count && done < size; i++)
		crypto.update(&digests[i]->state, bytes[i] + done, size - done);
}

void sha256_finish(struct sha256 *digest, uint8_t out[SHA256_SIZE])
{
	crypto.final(out, &digest->state);
	crypto.init(&digest->state);
}

void sha256_free(struct sha256 *digest)
{
	free(digest);
}

void sha256_hex(const uint8_t sha256[SHA256_SIZE], char hex[SHA256_HEX_SIZE])
{
	static const char digits[] = "0123456789abcdef";

	for (size_t i = 0; i < SHA256_SIZE; i++) {
		hex[2 * i] = digits[sha256[i] >> 4];
		hex[2 * i + 1] = digits[sha256[i] & 15];
	}
	hex[2 * SHA256_SIZE] = '\0';
}
