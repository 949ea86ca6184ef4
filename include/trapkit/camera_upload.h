/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Pictures and daily reports to an AddaxAI Connect server as a camera sends them, each once. */
#ifndef TRAPKIT_CAMERA_UPLOAD_H
#define TRAPKIT_CAMERA_UPLOAD_H

#include "trapkit/digest.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

struct camera_checking;
struct error;
struct ledger;
struct progress;
struct remote_settings;

/*
 * The promise (what the server does: contracts/camera-addaxai). Only files that the server would
 * take leave this computer. A file goes under a hidden name, which the server's service ignores, is
 * verified by its size and renamed. Contents that were sent are not sent again, whatever their name
 * is: once for each path where the path tells the camera, else once. The process may end at any
 * moment: the next run goes on.
 */
struct camera_upload_settings {
	const struct remote_settings *remote;   /* borrowed; its folder is the upload root */
	const struct camera_checking *checking; /* borrowed */
	unsigned retries;   /* attempts after the first that bring a file no further */
	double first_pause; /* seconds before the second attempt, doubled each time; 0 = 1 */
	double max_runtime; /* seconds over all, 0 = none */
	unsigned parallel;  /* connections; 0 = 1; fewer where the server takes no more */
	bool plain;         /* under the final name at once: for services that miss renamed files */
	bool again;         /* what was sent before, too */
	bool fail_fast;     /* stop at the first file that is refused or fails */
	bool dry_run;       /* decide, but send nothing */
	double verify;      /* seconds to wait for the server's verdicts; 0 = do not ask */
};

/* The server lets one address have so many. */
#define CAMERA_UPLOAD_CONNECTIONS 5

enum camera_upload_status {
	CAMERA_UPLOAD_WAITING, /* not come to */
	CAMERA_UPLOAD_WOULD_SEND,
	CAMERA_UPLOAD_SENT,
	CAMERA_UPLOAD_ALREADY_SENT,
	CAMERA_UPLOAD_SKIPPED, /* hidden, or no file */
	CAMERA_UPLOAD_REFUSED, /* the server would not take it */
	CAMERA_UPLOAD_FAILED
};

/* What became of a file on the server. */
enum camera_upload_verdict {
	CAMERA_VERDICT_NONE, /* not asked */
	CAMERA_VERDICT_ACCEPTED,
	CAMERA_VERDICT_REJECTED,
	CAMERA_VERDICT_WAITING, /* it still lies where it was put */
	CAMERA_VERDICT_UNKNOWN  /* taken, but what was rejected cannot be read */
};

/* A local file, and what became of it. Texts are owned. */
struct camera_upload_file {
	char *path;
	size_t below;  /* where in `path` the path below the upload root begins */
	uint64_t size; /* bytes, for the progress; settled when it is read */

	enum camera_upload_status status; /* others than WAITING stay as they are */
	char *remote;                     /* path on the server; NULL when it has none */
	bool by_path;                     /* the path on the server tells the camera */
	char sha256[SHA256_HEX_SIZE];     /* "" when not read */
	char *reason;      /* identifier: the server's; "network", "server" or "local" of FAILED */
	char *details;     /* a sentence */
	unsigned warnings; /* enum camera_warning bits */
	uint64_t bytes_sent;
	enum camera_upload_verdict verdict;
	char *verdict_reason, *verdict_details; /* of REJECTED, the server's */
};
void camera_upload_file_release(struct camera_upload_file *file);

/*
 * Sends the files in order, and looks for verdicts. 0 also when files were refused, rejected or
 * failed: their status tells. -1 with `err` for what concerns all: no network, refused login, a
 * full server, a stop; those not come to stay CAMERA_UPLOAD_WAITING.
 */
int camera_upload(const struct camera_upload_settings *settings, struct ledger *ledger,
	struct camera_upload_file *files, size_t count, const struct progress *progress,
	struct error *err);

#ifdef __cplusplus
}
#endif

#endif
