/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What a failed request means to the person in front of it, and whether to try again. */
#include "http_internal.h"

#include "trapkit/error.h"
#include "trapkit/memory.h"

#include <errno.h>
#include <openssl/x509_vfy.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

/* "'trapper.example.org'", with the port when it is not the usual one. Owned. */
static char *host_shown(const struct http_origin *origin)
{
	bool usual = origin->port == (origin->secure ? 443u : 80u);
	bool brackets = strchr(origin->host, ':') != NULL;

	if (usual)
		return xasprintf("'%s'", origin->host);
	return xasprintf("'%s%s%s:%u'", brackets ? "[" : "", origin->host, brackets ? "]" : "",
		origin->port);
}

/* Why a certificate was refused and what to do. */
static int explain_certificate(
	const struct http_exchange *exchange, const char *host, struct error *err)
{
	long verdict = 0;
	char today[32] = "?";
	time_t now = time(NULL);
	struct tm fields;

	exchange->http->curl->easy_getinfo(
		exchange->http->easy, CURLINFO_SSL_VERIFYRESULT, &verdict);
	if (gmtime_r(&now, &fields) != NULL)
		strftime(today, sizeof today, "%Y-%m-%d %H:%M UTC", &fields);
	switch (verdict) {
	case X509_V_ERR_CERT_HAS_EXPIRED:
	case X509_V_ERR_CERT_NOT_YET_VALID:
		return error_set(err, ERROR_REFUSED,
			"the certificate of %s %s: if this computer's clock is wrong (it says %s), "
			"set it; otherwise the server's administrator must renew the certificate",
			host,
			verdict == X509_V_ERR_CERT_HAS_EXPIRED ? "has expired" : "is not valid yet",
			today);
	case X509_V_ERR_DEPTH_ZERO_SELF_SIGNED_CERT:
	case X509_V_ERR_SELF_SIGNED_CERT_IN_CHAIN:
	case X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT:
	case X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT_LOCALLY:
	case X509_V_ERR_UNABLE_TO_VERIFY_LEAF_SIGNATURE:
		return error_set(err, ERROR_REFUSED,
			"the certificate of %s is not signed by an authority that this computer "
			"knows (%s): if the server is right, get its authority's certificate and "
			"set GENERAL.ca_file to it",
			host, exchange->detail);
	default:
		break;
	}
	if (strstr(exchange->detail, "match") != NULL)
		return error_set(err, ERROR_REFUSED,
			"the certificate of %s is for another name: use the name that the "
			"certificate is for as host (%s)",
			host, exchange->detail);
	return error_set(err, ERROR_REFUSED, "the certificate of %s is refused: %s", host,
		exchange->detail[0] != '\0' ? exchange->detail : "no reason given");
}

/* Failures of the way there: before anything of the request can have left. */
static int explain_connect(const struct http_exchange *exchange, CURLcode code, const char *host,
	bool *quick, struct error *err)
{
	long number = 0;

	*quick = http_clock() - exchange->began < 5;
	if (code == CURLE_COULDNT_RESOLVE_HOST)
		return error_set(err, ERROR_NETWORK,
			"cannot find the server %s: check the spelling of the address, and whether "
			"this computer is online",
			host);
	if (code == CURLE_COULDNT_RESOLVE_PROXY)
		return error_set(err, ERROR_NETWORK,
			"cannot find the proxy that the environment names (https_proxy)");
	exchange->http->curl->easy_getinfo(exchange->http->easy, CURLINFO_OS_ERRNO, &number);
	switch (number) {
	case ECONNREFUSED:
		return error_set(err, ERROR_NETWORK,
			"%s refuses connections: the server is down, or the port is wrong", host);
	case ENETUNREACH:
	case EHOSTUNREACH:
	case ENETDOWN:
		return error_set(err, ERROR_NETWORK,
			"there is no way to %s: this computer is offline, or a firewall is between",
			host);
	default:
		return error_set(err, ERROR_NETWORK, "cannot connect to %s: %s", host,
			exchange->detail[0] != '\0' ? exchange->detail : "no reason given");
	}
}

static int explain_timeout(
	const struct http_exchange *exchange, const char *host, bool *again, struct error *err)
{
	if (exchange->expired) {
		*again = false;
		return error_set(err, ERROR_NETWORK,
			"the time allowed for all of it (max_runtime, %g s) ran out while waiting "
			"for %s",
			exchange->http->max_runtime, host);
	}
	if (exchange->connected)
		return error_set(err, ERROR_NETWORK, "%s sent nothing for %g s", host,
			http_stall_limit(exchange));
	return error_set(err, ERROR_NETWORK,
		"%s did not answer within %g s: the server or the network is slow or down, or a "
		"firewall is between",
		host, exchange->http->connect_timeout);
}

/* Failures that another try will not change. */
static int explain_final(
	const struct http_exchange *exchange, CURLcode code, const char *host, struct error *err)
{
	if (exchange->strayed)
		return error_set(err, ERROR_REFUSED,
			"%s does not lead to this computer: unencrypted http is only for testing "
			"on one computer, write https://",
			host);
	if (exchange->too_large)
		return error_set(err, ERROR_REMOTE,
			"the reply of %s is larger than the %zu bytes that make sense", host,
			exchange->limit);
	if (code == CURLE_SSL_CACERT_BADFILE)
		return error_set(err, ERROR_SETTINGS,
			"cannot use the certificates in '%s': it must be a readable PEM file",
			exchange->http->ca_file == NULL ? "the system's folder"
							: exchange->http->ca_file);
	return explain_certificate(exchange, host, err);
}

static int explain_broken(
	const struct http_exchange *exchange, CURLcode code, const char *host, struct error *err)
{
	/* A TLS session that ends without a goodbye; newer OpenSSL calls that an error. */
	bool cut = code == CURLE_RECV_ERROR && strstr(exchange->detail, "unexpected eof") != NULL;
	long header = 0;

	exchange->http->curl->easy_getinfo(exchange->http->easy, CURLINFO_HEADER_SIZE, &header);
	if (code == CURLE_GOT_NOTHING || (cut && header == 0))
		return error_set(
			err, ERROR_NETWORK, "%s closed the connection without an answer", host);
	if (code == CURLE_PARTIAL_FILE || cut)
		return error_set(err, ERROR_NETWORK,
			"the connection to %s broke in the middle of the answer", host);
	if (code == CURLE_SSL_CONNECT_ERROR && strstr(exchange->detail, "wrong version") != NULL)
		return error_set(err, ERROR_NETWORK,
			"%s does not answer in TLS: check the port of the address", host);
	return error_set(err, ERROR_NETWORK, "the connection to %s failed: %s", host,
		exchange->detail[0] != '\0' ? exchange->detail
					    : exchange->http->curl->easy_strerror(code));
}

int http_explain(const struct http_exchange *exchange, CURLcode code, bool *again, bool *quick,
	struct error *err)
{
	char *host = host_shown(&exchange->origin);

	*again = true;
	*quick = false;
	switch (code) {
	case CURLE_COULDNT_RESOLVE_HOST:
	case CURLE_COULDNT_RESOLVE_PROXY:
	case CURLE_COULDNT_CONNECT:
		explain_connect(exchange, code, host, quick, err);
		break;
	case CURLE_OPERATION_TIMEDOUT:
		explain_timeout(exchange, host, again, err);
		break;
	case CURLE_PEER_FAILED_VERIFICATION:
	case CURLE_SSL_CACERT_BADFILE:
	case CURLE_SSL_ISSUER_ERROR:
	case CURLE_WRITE_ERROR:
	case CURLE_ABORTED_BY_CALLBACK:
		*again = false;
		explain_final(exchange, code, host, err);
		break;
	default:
		explain_broken(exchange, code, host, err);
	}
	free(host);
	return -1;
}
