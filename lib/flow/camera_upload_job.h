/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What the files of the camera upload share: the run, its connections, the file at hand. */
#ifndef TRAPKIT_FLOW_CAMERA_UPLOAD_JOB_H
#define TRAPKIT_FLOW_CAMERA_UPLOAD_JOB_H

#include "retry.h"
#include "trapkit/camera.h"
#include "trapkit/camera_upload.h"
#include "trapkit/ledger.h"
#include "trapkit/progress.h"
#include "trapkit/transfer.h"

#include <pthread.h>
#include <sys/stat.h>

struct upload;

struct connection {
	struct upload *upload;
	struct remote *remote;    /* opened when first needed */
	struct progress progress; /* what the connection reports to */
	/* Under upload->lock: */
	uint64_t position; /* bytes of the present file that are there */
	bool busy;
	bool retired; /* the server takes no more connections */
};

struct upload {
	const struct camera_upload_settings *settings;
	struct ledger *ledger;
	const struct progress *progress;
	struct camera_upload_file *files;
	size_t count, next;
	char *destination;              /* remote_url() */
	struct remote_limiter *limiter; /* NULL = no limit */
	struct retry retry;

	pthread_mutex_t lock; /* everything below */
	pthread_cond_t changed;
	struct connection connections[CAMERA_UPLOAD_CONNECTIONS];
	unsigned connection_count;
	struct camera_job *jobs;        /* files at hand, one a thread */
	struct string_list interrupted; /* hidden names that another session may still write to */
	bool plain;                     /* asked for, or found to be needed */
	bool stop;                      /* `error` concerns all */
	struct error error;
	size_t done;
	uint64_t bytes_total, bytes_done;
};

/* A file on its way. */
struct camera_job {
	struct upload *upload;
	struct camera_upload_file *file;
	struct camera_job *next; /* in upload->jobs */
	int fd;
	struct stat begun;             /* the local file when it was opened */
	char *remote;                  /* where it should go on the server */
	const char *place;             /* `remote` where the path tells the camera, else "" */
	char id[256];                  /* of the camera */
	struct ledger_camera_file row; /* what the ledger knows */
	bool known;                    /* there is a row to go on from */
};

/* ERROR_CANCELLED when asked to stop, ERROR_NETWORK when the time for the run is over. */
int upload_check(struct upload *upload, struct error *err);
void upload_report(struct upload *upload, enum progress_kind kind);

/* Waits for a connection that nobody uses; NULL with `err` when the run ends. */
struct connection *connection_take(struct upload *upload, struct error *err);
void connection_give(struct connection *connection);
/* The server has no room for this one: true when there are others to go on with. */
bool connection_retire(struct connection *connection);

/* The verdict on the file at hand, were it at `remote` on the server. */
void job_check(const struct camera_job *job, const char *remote, struct camera_check *check);

/* Commits what is about to happen, or has happened, to the file. */
int job_remember(struct camera_job *job, enum camera_file_state state, const char *remote,
	struct error *err);

/* Brings the file to the server, whatever it takes. */
int camera_send(struct camera_job *job, struct error *err);

/* Removes what sessions that broke off have left under hidden names. */
void camera_sweep(struct upload *upload);

/* The rejected files that the server shows; *readable tells whether it shows them. */
int camera_rejected(
	struct upload *upload, struct remote_entry_list *list, bool *readable, struct error *err);
/* Finds out what became of the files sent; `before` are those rejected earlier. */
int camera_verify(struct upload *upload, struct remote_entry_list *before, struct error *err);

#endif
