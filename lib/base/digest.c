/* SPDX-License-Identifier: GPL-3.0-or-later */
/* SHA-256 through OpenSSL, which is loaded when first used: loading it takes longer than starting.
 */
#include "trapkit/digest.h"

#include "trapkit/error.h"
#include "trapkit/lazy_library.h"
#include "trapkit/memory.h"

#include <openssl/evp.h>
#include <pthread.h>
#include <stdlib.h>

static struct {
	__typeof__(EVP_MD_CTX_new) *context_new;
	__typeof__(EVP_MD_CTX_free) *context_free;
	__typeof__(EVP_sha256) *algorithm;
	__typeof__(EVP_DigestInit_ex) *init;
	__typeof__(EVP_DigestUpdate) *update;
	__typeof__(EVP_DigestFinal_ex) *final;
} crypto;
static struct error load_error;
static pthread_once_t once = PTHREAD_ONCE_INIT;

static void load(void)
{
	static const struct lazy_symbol symbols[] = {
		{"EVP_MD_CTX_new", &crypto.context_new},
		{"EVP_MD_CTX_free", &crypto.context_free},
		{"EVP_sha256", &crypto.algorithm},
		{"EVP_DigestInit_ex", &crypto.init},
		{"EVP_DigestUpdate", &crypto.update},
		{"EVP_DigestFinal_ex", &crypto.final},
	};

	lazy_library_load("libcrypto.so.3", "libssl3", symbols, sizeof symbols / sizeof *symbols,
		&load_error);
}

struct sha256 {
	EVP_MD_CTX *context;
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
	digest->context = crypto.context_new();
	if (digest->context == NULL ||
		crypto.init(digest->context, crypto.algorithm(), NULL) != 1) {
		error_set(err, ERROR_UNAVAILABLE, "this OpenSSL does not compute SHA-256");
		sha256_free(digest);
		return NULL;
	}
	return digest;
}

void sha256_update(struct sha256 *digest, const void *bytes, size_t size)
{
	crypto.update(digest->context, bytes, size);
}

void sha256_finish(struct sha256 *digest, uint8_t out[SHA256_SIZE])
{
	crypto.final(digest->context, out, NULL);
	/* With the algorithm kept from sha256_new. */
	crypto.init(digest->context, NULL, NULL);
}

void sha256_free(struct sha256 *digest)
{
	if (digest == NULL)
		return;
	crypto.context_free(digest->context);
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
