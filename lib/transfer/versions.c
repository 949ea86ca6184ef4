/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Which libraries carry the bytes, for people who report a fault. */
#include "curl_library.h"
#include "trapkit/error.h"
#include "trapkit/lazy_library.h"
#include "trapkit/memory.h"
#include "trapkit/transfer.h"

#include <openssl/crypto.h>

static const char *openssl_version(void)
{
	__typeof__(OpenSSL_version) *version = NULL;
	const struct lazy_symbol symbol = {"OpenSSL_version", &version};
	struct error err = {0};

	if (lazy_library_load("libcrypto.so.3", "libssl3", &symbol, 1, &err) != 0)
		return "OpenSSL: not installed (apt install libssl3)";
	return version(OPENSSL_VERSION);
}

char *transfer_versions(void)
{
	struct error err = {0};
	const struct curl_library *curl = curl_library(&err);
	const char *openssl = openssl_version();
	const curl_version_info_data *info;

	if (curl == NULL)
		return xasprintf("%s\n%s", openssl, err.message);
	info = curl->version_info(CURLVERSION_NOW);
	return xasprintf("%s\nlibcurl %s (%s)", openssl, info->version,
		info->ssl_version == NULL ? "without TLS" : info->ssl_version);
}
