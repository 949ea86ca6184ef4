/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What the files of the delivery share: the state of a delivery at work and of one connection. */
#ifndef TRAPKIT_FLOW_DELIVERY_H
#define TRAPKIT_FLOW_DELIVERY_H

#include "retry.h"
#include "trapkit/deliver.h"
#include "trapkit/progress.h"

#include <pthread.h>

struct remote;

struct deliver {
	struct deliver_settings settings;
	struct ledger *ledger;
	struct trapper *server;
	const struct progress *progress;
	char *destination; /* remote_url() */
	bool outbox;
	struct remote_limiter *limiter; /* NULL = no limit */
	struct retry retry;

	pthread_mutex_t lock; /* everything below */
	pthread_cond_t changed;
	struct deliver_item **items; /* pointers, so that an item stays where it is */
	size_t count, capacity;
	size_t next;                      /* index of the next item that nobody has begun */
	bool complete;                    /* no more items will come */
	bool stop;                        /* begin nothing more: refused, or out of reach */
	bool abort;                       /* stop what is under way too */
	bool said_direct;                 /* told that the server does not rename */
	uint64_t bytes_total, bytes_done; /* of files that are over */
	struct line *lines;
	unsigned line_count, lines_started;

	pthread_mutex_t server_lock; /* one conversation with the server at a time */
};

/* One connection with its thread. */
struct line {
	struct deliver *deliver;
	pthread_t thread;
	struct remote *remote;    /* opened when first needed */
	struct progress progress; /* what the connection reports to */
	uint64_t position; /* bytes of the present file that are there; under deliver->lock */
	bool name_taken;   /* the present package's name belongs to another one there */
};

/* ERROR_CANCELLED when asked to stop, ERROR_NETWORK when the time for the run is over. */
int deliver_check(struct deliver *deliver, struct error *err);
/* Makes the numbers of the stage known. */
void deliver_report(struct deliver *deliver);

/* What tells a file from another of its size: of a ZIP zip_identity(), of others the SHA-256. */
int deliver_identify(const char *path, char hex[SHA256_HEX_SIZE], const struct progress *progress,
	struct error *err);

/* One file, whatever it takes. The item's counters are kept. */
int deliver_file(struct line *line, struct deliver_item *item, const char *path, const char *sha256,
	uint64_t size, bool is_zip, struct error *err);

/* Asks for processing when that is wanted and right. */
int deliver_ask(struct deliver *deliver, struct deliver_item *item, struct error *err);
/* Polls until the server shows what the items of this run hold. */
int deliver_wait(struct deliver *deliver, struct error *err);

/* Where the package's two files lie. Owned by the caller. */
void deliver_paths(const struct ledger_package *package, char **yaml, char **zip);

#endif
