/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Which libraries carry the bytes, for people who report a fault. */
#include "curl_library.h"
#include "trapkit/error.h"
#include "trapkit/memory.h"
#include "trapkit/transfer.h"

#include <openssl/crypto.h>

char *transfer_versions(void)
{
	struct error err = {0};
	const struct curl_library *curl = curl_library(&err);
	const char *openssl = OpenSSL_version(OPENSSL_VERSION);
	const curl_version_info_data *info;

	if (curl == NULL)
		return xasprintf("%s\n%s", openssl, err.message);
	info = curl->version_info(CURLVERSION_NOW);
	return xasprintf("%s\nlibcurl %s (%s)", openssl, info->version,
		info->ssl_version == NULL ? "without TLS" : info->ssl_version);
}
