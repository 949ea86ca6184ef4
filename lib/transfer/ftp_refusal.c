/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What a server's no means, and what a person can do about it. */
#include "remote.h"

#include "trapkit/error.h"

#include <ctype.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

struct meaning {
	int code;         /* 0 = any */
	const char *word; /* in the text, or NULL = any */
	enum error_kind kind;
	const char *advice;
};

static const char reuse_advice[] =
	"the server demands that data connections reuse the TLS session and did not recognise it; "
	"its administrator can switch that off ('require_ssl_reuse=NO' in vsftpd, 'TLSOptions "
	"NoSessionReuseRequired' in proftpd)";
static const char full_advice[] =
	"the server's disk is full: its administrator must make room, then run the same command "
	"again and it goes on from there";
static const char quota_advice[] =
	"the quota of this account is used up: ask the administrator for more, or delete uploads "
	"that are no longer needed, then run the same command again";
static const char user_advice[] =
	"check UPLOAD.ftp_user and UPLOAD.ftp_password (else GENERAL.login and GENERAL.password), "
	"and ask whether the account may use FTP; it is not tried again, so that the account is "
	"not locked";
static const char permission_advice[] =
	"the account may not do that there: ask the administrator, or check UPLOAD.ftp_dir";
static const char tls_advice[] = "the server wants encryption: set UPLOAD.ftp_tls = true";
static const char crowd_advice[] =
	"it serves no more clients just now: try again later, with fewer parallel uploads";

/* The first that fits counts. Texts are those of pure-ftpd 1.0.50, vsftpd 3.0.3, proftpd 1.3.8. */
static const struct meaning meanings[] = {
	{421, "many", ERROR_NETWORK, crowd_advice},
	{421, "maximum", ERROR_NETWORK, crowd_advice},
	{421, "users", ERROR_NETWORK, crowd_advice},
	{421, "connections", ERROR_NETWORK, crowd_advice},
	{421, "cleartext", ERROR_REFUSED, tls_advice},
	{421, NULL, ERROR_NETWORK, "it closed the session: try again later"},
	{530, "TLS", ERROR_REFUSED, tls_advice},
	{530, "SSL", ERROR_REFUSED, tls_advice},
	{530, "encrypt", ERROR_REFUSED, tls_advice},
	{530, NULL, ERROR_REFUSED, user_advice},
	{550, "SSL/TLS required", ERROR_REFUSED, tls_advice},
	{430, NULL, ERROR_REFUSED, user_advice},
	{532, NULL, ERROR_REFUSED, user_advice},
	{522, "reuse", ERROR_REMOTE, reuse_advice},
	{425, "reuse", ERROR_REMOTE, reuse_advice},
	{522, NULL, ERROR_REMOTE, "the server insists on other TLS settings"},
	{425, "not permitted", ERROR_REMOTE, reuse_advice},
	{425, NULL, ERROR_NETWORK, NULL},
	{426, NULL, ERROR_NETWORK, NULL},
	{0, "quota", ERROR_REMOTE, quota_advice},
	{0, "space", ERROR_REMOTE, full_advice},
	{0, "disk full", ERROR_REMOTE, full_advice},
	{0, "disk is full", ERROR_REMOTE, full_advice},
	{452, NULL, ERROR_REMOTE, full_advice},
	{552, NULL, ERROR_REMOTE,
		"the server's disk or the account's quota is full: ask its administrator, then run "
		"the same command again and it goes on from there"},
	{451, "read", ERROR_NETWORK, NULL},
	{451, "network", ERROR_NETWORK, NULL},
	{451, "connection", ERROR_NETWORK, NULL},
	{451, "writ", ERROR_REMOTE,
		"the server could not write the file, most likely its disk is full: ask its "
		"administrator, then run the same command again and it goes on from there"},
	{553, NULL, ERROR_REMOTE, "the server does not take this name there"},
	{534, NULL, ERROR_REMOTE, NULL},
	{0, "denied", ERROR_REMOTE, permission_advice},
	{0, "permi", ERROR_REMOTE, permission_advice},
	{0, "prohibited", ERROR_REMOTE, permission_advice},
	{0, "read-only", ERROR_REMOTE, permission_advice},
};

static bool contains(const char *text, const char *word)
{
	size_t length = strlen(word);

	for (; *text != '\0'; text++)
		if (strncasecmp(text, word, length) == 0)
			return true;
	return false;
}

static const struct meaning *meaning_of(const struct ftp_reply *reply)
{
	for (size_t i = 0; i < sizeof meanings / sizeof *meanings; i++) {
		const struct meaning *at = &meanings[i];

		if ((at->code == 0 || at->code == reply->code) &&
			(at->word == NULL || contains(reply->text, at->word)))
			return at;
	}
	return NULL;
}

bool ftp_wants_reuse(const struct ftp_reply *reply)
{
	return reply->code == 522 || (reply->code == 425 && meaning_of(reply)->advice != NULL) ||
		(reply->code >= 400 && contains(reply->text, "session reuse"));
}

int ftp_refusal(struct remote *remote, const struct ftp_reply *reply, struct error *err,
	const char *what, ...)
{
	const struct meaning *meaning = meaning_of(reply);
	const char *advice = meaning == NULL ? NULL : meaning->advice;
	enum error_kind kind = meaning != NULL ? meaning->kind
		: reply->code / 100 == 4       ? ERROR_NETWORK
					       : ERROR_REMOTE;
	char subject[ERROR_MESSAGE_SIZE / 2];
	va_list arguments;

	va_start(arguments, what);
	vsnprintf(subject, sizeof subject, what, arguments);
	va_end(arguments);
	error_set(err, kind, "%s: the server said \"%d %s\"%s%s", subject, reply->code, reply->text,
		advice == NULL ? "" : "; ", advice == NULL ? "" : advice);
	if (reply->code == 421)
		control_drop(remote);
	return -1;
}
