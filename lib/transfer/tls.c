/* SPDX-License-Identifier: GPL-3.0-or-later */
/* TLS as a client of one server. */
#include "tls.h"

#include "trapkit/error.h"
#include "trapkit/memory.h"
#include "trapkit/transfer.h"

#include <arpa/inet.h>
#include <ctype.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define DIGEST_BYTES 32
#define FINGERPRINT_SIZE (DIGEST_BYTES * 3)

/*
 * TLS 1.3 sessions come after the handshake, on any connection. A copy is kept, because OpenSSL
 * marks the original as bad when its connection ends rudely.
 */
static int keep_session(SSL *ssl, SSL_SESSION *session)
{
	struct tickets *tickets = SSL_get_app_data(ssl);
	SSL_SESSION *copy;

	if (tickets == NULL || !SSL_SESSION_is_resumable(session))
		return 0;
	copy = SSL_SESSION_dup(session);
	if (copy == NULL)
		return 0;
	if (tickets->count == TICKETS) {
		SSL_SESSION_free(tickets->items[0]);
		memmove(tickets->items, tickets->items + 1,
			(TICKETS - 1) * sizeof tickets->items[0]);
		tickets->count--;
	}
	tickets->items[tickets->count++] = copy;
	return 0;
}

/* Hex with or without colons into bytes. */
static bool parse_pin(const char *text, unsigned char digest[DIGEST_BYTES])
{
	size_t digits = 0;

	for (; *text != '\0'; text++) {
		const char *hex = "0123456789abcdef";
		const char *at;

		if (*text == ':' || *text == ' ')
			continue;
		at = strchr(hex, tolower((unsigned char)*text));
		if (at == NULL || digits == 2 * DIGEST_BYTES)
			return false;
		if (digits % 2 == 0)
			digest[digits / 2] = (unsigned char)((at - hex) << 4);
		else
			digest[digits / 2] |= (unsigned char)(at - hex);
		digits++;
	}
	return digits == 2 * DIGEST_BYTES;
}

static const char *library_problem(void)
{
	const char *reason = ERR_reason_error_string(ERR_peek_last_error());

	return reason == NULL ? "unknown trouble" : reason;
}

int tls_init(struct tls *tls, const struct remote_settings *settings, struct error *err)
{
	unsigned char digest[DIGEST_BYTES];

	if (tls->context != NULL)
		return 0;
	if (settings->pin_sha256 != NULL && !parse_pin(settings->pin_sha256, digest))
		return error_set(err, ERROR_SETTINGS,
			"UPLOAD.pin_sha256 '%s' is not a certificate's SHA-256 (64 hex digits)",
			settings->pin_sha256);
	if (openssl_load(err) != 0)
		return -1;
	ERR_clear_error();
	tls->context = SSL_CTX_new(TLS_client_method());
	if (tls->context == NULL)
		return error_set(err, ERROR_UNAVAILABLE, "cannot start TLS: %s", library_problem());
	SSL_CTX_set_min_proto_version(tls->context, TLS1_2_VERSION);
	/* The verdict is read after the handshake: only then can the message show the certificate.
	 */
	SSL_CTX_set_verify(tls->context, SSL_VERIFY_NONE, NULL);
	SSL_CTX_set_mode(
		tls->context, SSL_MODE_ENABLE_PARTIAL_WRITE | SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER);
	SSL_CTX_set_session_cache_mode(
		tls->context, SSL_SESS_CACHE_CLIENT | SSL_SESS_CACHE_NO_INTERNAL);
	SSL_CTX_sess_set_new_cb(tls->context, keep_session);
	SSL_CTX_set_default_verify_paths(tls->context);
	if (settings->ca_file != NULL &&
		SSL_CTX_load_verify_file(tls->context, settings->ca_file) != 1) {
		error_set(err, ERROR_SETTINGS, "cannot read certificates from '%s': %s",
			settings->ca_file, library_problem());
		SSL_CTX_free(tls->context);
		tls->context = NULL;
		return -1;
	}
	return 0;
}

void tls_forget(struct tls *tls)
{
	while (tls->tickets.count > 0)
		SSL_SESSION_free(tls->tickets.items[--tls->tickets.count]);
}

void tls_release(struct tls *tls)
{
	tls_forget(tls);
	if (tls->context != NULL)
		SSL_CTX_free(tls->context);
	*tls = (struct tls){0};
}

static bool is_address(const char *host)
{
	unsigned char bytes[sizeof(struct in6_addr)];

	return inet_pton(AF_INET, host, bytes) == 1 || inet_pton(AF_INET6, host, bytes) == 1;
}

/*
 * The newest session is the one a server is most likely to know. In TLS 1.3 each is meant for one
 * use (RFC 8446 C.4), and some servers hold to that: an older one is kept for the next time.
 */
static SSL_SESSION *newest(struct tickets *tickets)
{
	SSL_SESSION *session = tickets->items[tickets->count - 1];
	SSL_SESSION *copy = SSL_SESSION_dup(session);

	if (SSL_SESSION_get_protocol_version(session) >= TLS1_3_VERSION && tickets->count > 1) {
		SSL_SESSION_free(session);
		tickets->count--;
	}
	return copy;
}

void tls_attach(struct tls *tls, struct wire *wire, const struct remote_settings *settings,
	bool resume, bool only_12)
{
	X509_VERIFY_PARAM *rules;

	wire_protect(wire, tls->context);
	rules = SSL_get0_param(wire->ssl);
	SSL_set_app_data(wire->ssl, &tls->tickets);
	if (is_address(settings->host)) {
		X509_VERIFY_PARAM_set1_ip_asc(rules, settings->host);
	} else {
		X509_VERIFY_PARAM_set_hostflags(rules, X509_CHECK_FLAG_NO_PARTIAL_WILDCARDS);
		X509_VERIFY_PARAM_set1_host(rules, settings->host, 0);
		SSL_set_tlsext_host_name(wire->ssl, settings->host);
	}
	if (only_12)
		SSL_set_max_proto_version(wire->ssl, TLS1_2_VERSION);
	if (resume && tls->tickets.count > 0) {
		SSL_SESSION *session = newest(&tls->tickets);

		if (session != NULL)
			SSL_set_session(wire->ssl, session);
		SSL_SESSION_free(session);
	}
}

static void day_of(const ASN1_TIME *time, char text[16])
{
	struct tm parts;

	if (ASN1_TIME_to_tm(time, &parts) != 1 || strftime(text, 16, "%Y-%m-%d", &parts) == 0)
		snprintf(text, 16, "unknown");
}

static char *subject_of(X509 *certificate)
{
	BIO *memory = BIO_new(BIO_s_mem());
	char *bytes = NULL;
	char *text = NULL;
	long size;

	if (memory != NULL &&
		X509_NAME_print_ex(memory, X509_get_subject_name(certificate), 0,
			XN_FLAG_RFC2253 & ~(unsigned long)ASN1_STRFLGS_ESC_MSB) >= 0) {
		size = BIO_get_mem_data(memory, &bytes);
		if (size > 200)
			size = 200;
		text = size > 0 ? xstrndup(bytes, (size_t)size) : NULL;
	}
	BIO_free(memory);
	return text == NULL ? xstrdup("without a name") : text;
}

static void fingerprint_of(
	X509 *certificate, unsigned char digest[DIGEST_BYTES], char text[FINGERPRINT_SIZE])
{
	unsigned size = DIGEST_BYTES;

	memset(digest, 0, DIGEST_BYTES);
	X509_digest(certificate, EVP_sha256(), digest, &size);
	for (size_t i = 0; i < DIGEST_BYTES; i++)
		snprintf(text + 3 * i, FINGERPRINT_SIZE - 3 * i, "%02X%s", digest[i],
			i + 1 < DIGEST_BYTES ? ":" : "");
}

static int refuse(const struct remote_settings *settings, X509 *certificate, long verdict,
	const char *fingerprint, struct error *err)
{
	char from[16], until[16], today[16], clock[120] = "";
	char *subject = subject_of(certificate);
	time_t now = time(NULL);
	struct tm parts;
	bool late = verdict == X509_V_ERR_CERT_HAS_EXPIRED;

	day_of(X509_get0_notBefore(certificate), from);
	day_of(X509_get0_notAfter(certificate), until);
	if (gmtime_r(&now, &parts) == NULL ||
		strftime(today, sizeof today, "%Y-%m-%d", &parts) == 0)
		snprintf(today, sizeof today, "unknown");
	if (late || verdict == X509_V_ERR_CERT_NOT_YET_VALID)
		snprintf(clock, sizeof clock,
			" This computer's clock says %s: if that is wrong, set the clock.", today);
	error_set(err, ERROR_REFUSED,
		"certificate of '%s' refused: %s (%s, valid %s to %s, SHA-256 %s).%s If you are "
		"sure that this is the right server, trust exactly this certificate with "
		"UPLOAD.pin_sha256 = \"%s\", or name its authority in UPLOAD.ca_file",
		settings->host, X509_verify_cert_error_string(verdict), subject, from, until,
		fingerprint, clock, fingerprint);
	free(subject);
	return -1;
}

int tls_check(const struct wire *wire, const struct remote_settings *settings, struct error *err)
{
	X509 *certificate = SSL_get1_peer_certificate(wire->ssl);
	unsigned char digest[DIGEST_BYTES], pin[DIGEST_BYTES];
	char text[FINGERPRINT_SIZE];
	long verdict = SSL_get_verify_result(wire->ssl);
	int result = 0;

	if (certificate == NULL)
		return error_set(err, ERROR_REFUSED, "'%s' showed no certificate", settings->host);
	fingerprint_of(certificate, digest, text);
	if (settings->pin_sha256 != NULL) {
		if (!parse_pin(settings->pin_sha256, pin) || memcmp(pin, digest, sizeof pin) != 0)
			result = error_set(err, ERROR_REFUSED,
				"certificate of '%s' refused: it is not the one of "
				"UPLOAD.pin_sha256. "
				"The server's is now %s: ask its administrator whether it was "
				"renewed, and only then pin the new one",
				settings->host, text);
	} else if (settings->verify && verdict != X509_V_OK) {
		result = refuse(settings, certificate, verdict, text, err);
	}
	X509_free(certificate);
	return result;
}

char *tls_description(const struct wire *wire)
{
	X509 *certificate;
	char *subject, *text;
	char until[16];

	if (wire->ssl == NULL)
		return xstrdup("not encrypted");
	certificate = SSL_get1_peer_certificate(wire->ssl);
	if (certificate == NULL)
		return xasprintf("%s %s", SSL_get_version(wire->ssl), SSL_get_cipher(wire->ssl));
	subject = subject_of(certificate);
	day_of(X509_get0_notAfter(certificate), until);
	text = xasprintf("%s %s, certificate %s, valid until %s", SSL_get_version(wire->ssl),
		SSL_get_cipher(wire->ssl), subject, until);
	free(subject);
	X509_free(certificate);
	return text;
}
