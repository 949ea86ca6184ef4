/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Bytes to and from other machines: FTPS and outbox folders for files, HTTPS for the web services.
 */
#ifndef TRAPKIT_TRANSFER_H
#define TRAPKIT_TRANSFER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

struct error;
struct progress;

/* ---- where files go ---- */

enum remote_scheme { REMOTE_FTPS, REMOTE_FTP, REMOTE_FILE };

/* Everything that decides how a destination is reached. Texts are borrowed. */
struct remote_settings {
	enum remote_scheme scheme;
	const char *host; /* name or address; not for REMOTE_FILE */
	unsigned port;    /* 0 = 21 */
	const char *user, *password;
	const char *user_alternative; /* tried once after a 530, or NULL: the full login */
	const char *folder;           /* "/collections"; for REMOTE_FILE the absolute folder */
	bool passive;                 /* false = active mode (PORT/EPRT) */
	bool verify;                  /* certificate and host name */
	const char *ca_file;          /* PEM, in addition to the system's; or NULL */
	const char *pin_sha256;       /* hex of the one certificate that is trusted; or NULL */
	double timeout;     /* seconds for connect, replies, and a stalled data connection */
	double max_runtime; /* seconds from remote_open on, 0 = none */
	uint64_t rate;      /* bytes a second for this session, 0 = unlimited */
	struct remote_limiter *limiter; /* shared with other sessions instead of `rate`; or NULL */
};

/* One budget of bytes a second for several sessions, in any threads. Outlives them. */
struct remote_limiter *remote_limiter_new(uint64_t rate);
void remote_limiter_free(struct remote_limiter *limiter);

/* "ftps://user@host:21/collections": never a password. Owned by the caller. */
char *remote_url(const struct remote_settings *settings);

/* Parsed `--to`: texts owned. */
struct remote_address {
	enum remote_scheme scheme;
	char *user, *host,
		*folder; /* user NULL when not given; a password in the URL is ERROR_USAGE */
	unsigned port;
};
int remote_parse(const char *url, struct remote_address *address, struct error *err);
void remote_address_release(struct remote_address *address);

/*
 * A session with one destination: one control connection (opened when first needed, opened anew
 * after it broke). Not for two threads at once; parallel uploads open one each.
 */
struct remote;
struct remote *remote_open(const struct remote_settings *settings, const struct progress *progress);
/* Says QUIT when the session is in order. */
void remote_close(struct remote *remote);

/*
 * Connects, logs in, protects the data channel, enters (or makes) the folder. ERROR_REFUSED for 530
 * and for certificates (message: reason, fingerprint, how to pin), ERROR_NETWORK for what may pass
 * (421, 4xx, timeouts, no route), ERROR_REMOTE for a no that stays.
 */
int remote_login(struct remote *remote, struct error *err);

/* *size = bytes of the remote file, or -1 when there is none. */
int remote_size(struct remote *remote, const char *name, int64_t *size, struct error *err);

struct remote_source {
	const char *path; /* local file */
	uint64_t size;    /* bytes it must have */
	uint64_t offset;  /* begin here: REST offset, then STOR; never APPE */
	bool may_vanish;  /* a service takes the file away as soon as it is there: no SIZE after the
			     server's confirmation is no failure */
};

/*
 * Sends [offset, size) to `name` and waits for the server's word. 0 only when the server confirmed
 * and SIZE equals `size`. On failure the control channel's reply, when one came, names the cause in
 * the message and decides the kind: full disk, quota, permission, refused name = ERROR_REMOTE;
 * broken line, stall, 421, 425, 426 = ERROR_NETWORK. *sent counts the bytes that went out in this
 * call. A stop (progress) closes the data connection first, reads the reply and keeps the session.
 */
int remote_store(struct remote *remote, const char *name, const struct remote_source *source,
	uint64_t *sent, struct error *err);
int remote_rename(struct remote *remote, const char *from, const char *to, struct error *err);
int remote_delete(struct remote *remote, const char *name, struct error *err);
/* Makes a folder below the session's folder, one level at a time; existing ones are fine. */
int remote_make_folder(struct remote *remote, const char *path, struct error *err);
/* Fetches a small file whole (at most `limit` bytes). *bytes is owned by the caller. */
int remote_fetch(struct remote *remote, const char *name, size_t limit, char **bytes, size_t *size,
	struct error *err);

struct remote_entry_list {
	struct remote_entry {
		char *name; /* owned */
		bool is_folder;
		uint64_t size; /* bytes; files only */
	} * items;
	size_t count, capacity;
};
/*
 * Adds what lies in a folder below the session's (RFC 3659, MLSD). ERROR_REMOTE when there is no
 * such folder, or the server does not list it.
 */
int remote_list(struct remote *remote, const char *folder, struct remote_entry_list *list,
	struct error *err);
void remote_entry_list_release(struct remote_entry_list *list);

/* "TLSv1.3 TLS_AES_256_GCM_SHA384, certificate CN=…, valid until …": for connection tests.
 * Borrowed. */
const char *remote_description(struct remote *remote);

/* ---- HTTPS ---- */

struct http_settings {
	const char *user, *password; /* Basic, or NULL */
	const char *token;           /* wins over user and password; or NULL */
	const char *token_scheme;    /* "Token" (TRAPPER) or "Bearer" (traplinked) */
	bool verify;
	const char *ca_file;
	double connect_timeout, timeout; /* seconds; timeout = without a byte */
	double max_runtime;              /* seconds from http_open on, 0 = none */
	unsigned retries;                /* attempts after the first */
};

/*
 * Where the body of a GET's 200 or 206 goes that is too large for memory. What is in the file is
 * gone on with (RFC 9110 section 14): the rest is asked for on condition that the bytes there are
 * still those of the server, by their validator, else by their number; otherwise all of it comes
 * anew. After a failure what came stays, so that a later request can go on. Texts are owned.
 */
struct http_download {
	int fd;            /* borrowed, open for writing */
	uint64_t have;     /* bytes of it that are in the file */
	uint64_t total;    /* bytes it will have; 0 = not told */
	uint64_t furthest; /* most bytes that were there; attempts count anew when it grows */
	char *validator;   /* ETag or Last-Modified; NULL = none */
	char *file_name;   /* what the server calls the file, without folders; NULL = nothing */
	const char *stage; /* of the progress; borrowed */
	/* A body begins to come, the members are as its head says; -1 with err ends it. Or NULL. */
	int (*begin)(void *context, const struct http_download *download, struct error *err);
	void *context;
};
void http_download_release(struct http_download *download);

struct http_request {
	const char *method;       /* "GET", "POST" */
	const char *url;          /* absolute; credentials go out only to the host of `home` */
	const char *home;         /* base URL whose host may see the credentials */
	const char *accept;       /* type of reply that is asked for; NULL = any */
	const char *content_type; /* of body, or NULL */
	const char *body;         /* or NULL */
	double timeout;           /* 0 = the settings' */
	bool only_once;           /* never sent again once it may have left: triggers */
	size_t limit;             /* most bytes of a reply kept in memory; 0 = 64 MiB */
	const char *url_again; /* instead of `url` once it may have reached the server; or NULL */
	struct http_download *download; /* GET: takes a good reply's body; or NULL */
};

struct http_reply {
	long status;
	char *body; /* NUL-terminated too, owned */
	size_t size;
	char *content_type; /* owned, or NULL */
	bool maybe_sent;    /* something of the request may have reached the server */
	unsigned attempts;
	double retry_after; /* seconds the server asks to wait, -1 = it does not say */
};

/*
 * Libcurl, loaded when first used (ERROR_UNAVAILABLE when it is not there). Retries connect
 * failures, timeouts, broken replies, 429 and 5xx with exponential back-off and jitter, never below
 * Retry-After (RFC 9110 section 10.2.3: seconds or date; a server that asks for more than 10
 * minutes is not waited for); follows redirects for GET, never to another scheme than https once
 * begun with https, and never with the credentials to another host. Plain http:// only to this
 * computer.
 *
 * Returns 0 for every reply that came whole, whatever its status: after the last attempt that may
 * be a 429 or 5xx. -1 with ERROR_NETWORK for what may pass, ERROR_REFUSED for certificates and for
 * redirects that are not followed, ERROR_SETTINGS for a wrong address or ca_file, ERROR_REMOTE for
 * a reply over the limit, ERROR_CANCELLED within a second of being stopped. Messages never hold
 * credentials or queries. The settings are copied; one session is for one thread at a time.
 */
struct http *http_open(const struct http_settings *settings, const struct progress *progress);
void http_close(struct http *http);
int http_perform(struct http *http, const struct http_request *request, struct http_reply *reply,
	struct error *err);
void http_reply_release(struct http_reply *reply);

/*
 * ERROR_SETTINGS unless `url` is https://host…, or http:// to this computer (localhost, 127.x,
 * ::1), without a login in it. Needs no libcurl.
 */
int http_check_base(const char *url, struct error *err);

/* Percent-encodes one query value or path part. Owned by the caller. */
char *http_escape(const char *text);

/* Names and versions of the libraries behind this room, one a line. Owned by the caller. */
char *transfer_versions(void);

#ifdef __cplusplus
}
#endif

#endif
