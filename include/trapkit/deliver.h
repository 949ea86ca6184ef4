/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Packages brought to their destination: proven whole there, sent once, processing asked once. */
#ifndef TRAPKIT_DELIVER_H
#define TRAPKIT_DELIVER_H

#include "trapkit/error.h"
#include "trapkit/ledger.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

struct progress;
struct remote;
struct remote_settings;
struct trapper;

/*
 * The promise. A file counts as delivered when the destination shows it under its final name with
 * the local file's size and the ledger knows that it was this file that was sent there. It travels
 * under `NAME.part`; what was begun is gone on with only when ledger and file agree on SHA-256 and
 * size. Files of another origin are never overwritten without `overwrite` and never taken for ours.
 * The ZIP goes first, the YAML last. The process may end at any moment: the next run goes on.
 */
struct deliver_settings {
	const struct remote_settings *remote; /* borrowed for the lifetime of the deliver */
	unsigned retries;   /* attempts after the first that bring the file no further */
	double first_pause; /* seconds before the second attempt, doubled each time; 0 = 1 */
	double max_runtime; /* seconds over all, 0 = none */
	unsigned parallel;  /* packages at a time, each over its own connection; 0 = 1 */
	bool overwrite;     /* replace files of another origin */
	bool trigger;       /* ask for processing; not done for an outbox */
	bool force_trigger; /* ask again where the reply to an earlier request was lost */
	bool remove_zip;    /* the server deletes the ZIP once it is processed */
	double wait; /* seconds to wait until the server shows what was sent; 0 = do not wait */
};

enum deliver_status {
	DELIVER_WAITING, /* not begun, or stopped before its turn */
	DELIVER_SENT,    /* delivered by this run */
	DELIVER_THERE,   /* delivered by an earlier run */
	DELIVER_FAILED   /* `error` says why; delivered in part or not at all */
};

enum deliver_request {
	DELIVER_TRIGGER_NOT_ASKED,
	DELIVER_TRIGGER_SENT,    /* by this run, and answered */
	DELIVER_TRIGGER_EARLIER, /* by an earlier run */
	DELIVER_TRIGGER_SEEN,    /* the reply was lost, but the server shows that it arrived */
	DELIVER_TRIGGER_OUTBOX,  /* processing starts when the outbox has reached the server */
	DELIVER_TRIGGER_FAILED   /* refused, unknown, or not come to: `error` says why */
};

/* What the server showed of one collection before processing was asked for. */
struct deliver_collection {
	char *name;
	int64_t before;    /* resources; -1 = no such collection, -2 = not told */
	uint64_t expected; /* resources of this package in it; 0 = not known */
};

/* One package: what to deliver, and what became of it. Texts are owned. `{ 0 }` is valid. */
struct deliver_item {
	struct ledger_package package; /* a row of the ledger (id not 0) */
	char *yaml, *zip;              /* paths of the local files */
	bool trigger_again;            /* ask again even though an earlier request was answered */

	enum deliver_status status;
	enum deliver_request trigger;
	bool processed;      /* `wait`: the server shows it */
	uint64_t bytes_sent; /* by this run, re-sent ones included */
	uint64_t resumed_at; /* offset in the ZIP where this run went on; 0 = from its beginning */
	unsigned attempts;   /* of storing a file */
	struct error error;  /* of what failed; set before it is added: it is not to be sent */
	struct deliver_collection *collections;
	size_t collection_count, collection_capacity;
};
void deliver_item_release(struct deliver_item *item);

/*
 * A delivery at work. Threads start with the first item; items may be added while earlier ones are
 * on their way. The ledger is used from these threads: it takes one change at a time (ledger.h).
 * `server` may be NULL unless `trigger` is set and the destination is no outbox.
 */
struct deliver;
struct deliver *deliver_open(const struct deliver_settings *settings, struct ledger *ledger,
	struct trapper *server, const struct progress *progress);

/* Sets item->error unless the package was made with all that `kinds` names covered. */
void deliver_check_blur(struct deliver_item *item, const char *kinds);

/* Takes the item over: *item is zeroed. What the ledger's LEDGER_BLUR says is checked. */
void deliver_add(struct deliver *deliver, struct deliver_item *item);

/*
 * Waits until everything is delivered and triggered as asked, or failed. -1 when anything failed,
 * with the error of the first package; a stop (progress) and a refused login come before others.
 */
int deliver_finish(struct deliver *deliver, struct error *err);

/* The items in the order they were added. Valid until deliver_close, settled after finish. */
size_t deliver_count(const struct deliver *deliver);
const struct deliver_item *deliver_result(const struct deliver *deliver, size_t index);

/* Stops what is still under way, which keeps its state, and ends the threads. */
void deliver_close(struct deliver *deliver);

/*
 * True when the ledger says that both files of the package are at `destination` (remote_url) and,
 * with `trigger`, that processing was asked for and answered: nothing is left to do.
 */
bool deliver_is_done(struct ledger *ledger, const struct ledger_package *package,
	const char *yaml_name, const char *zip_name, const char *destination, bool trigger);

/* ---- what there is to deliver ---- */

struct deliver_item_list {
	struct deliver_item *items;
	size_t count, capacity;
};
void deliver_item_list_release(struct deliver_item_list *list);

/*
 * The packages of the ledger that are written and not yet delivered to `destination` or, with
 * `trigger`, not yet processed; oldest first. `done` (may be NULL) counts those with nothing left
 * to do. Of packages that were never sent, one whose files all are in later ones is left out with a
 * note; one of which only some are has an `error` and will fail without being sent, because both
 * would bring these pictures twice.
 */
int deliver_plan(struct ledger *ledger, const char *destination, bool trigger,
	const struct progress *progress, struct deliver_item_list *list, size_t *done,
	struct error *err);

/*
 * True when processing of the package was not asked for, and all its files are in packages that
 * were made later and are on their way: with both, TRAPPER would hold them twice.
 */
bool deliver_is_superseded(struct ledger *ledger, const struct ledger_package *package);

/*
 * For a server that lost its files: where `destination` (remote_url) shows neither file of a
 * package that was delivered there, the ledger forgets that they were sent and processed there, and
 * 1 is returned; else 0.
 */
int deliver_forget_lost(struct ledger *ledger, struct ledger_package *package,
	struct remote *remote, const char *destination, struct error *err);

/* The package of that row, with the paths of its files. ERROR_INPUT when there is none. */
int deliver_take(struct ledger *ledger, int64_t id, struct deliver_item *item, struct error *err);

/*
 * The name of a set that was sent or processed and holds files of `package`, which was not: both
 * would bring them twice. Where the ledger does not know the files of both, those that share a
 * collection are taken to. Owned; NULL when there is none.
 */
char *deliver_overlap(struct ledger *ledger, const struct ledger_package *package);

/*
 * Two files named by the user: finds their package in the ledger or adds one. Contents that differ
 * from what the ledger knows under these paths are a new package. ERROR_INPUT when they are no
 * definition and no ZIP.
 */
int deliver_adopt(struct ledger *ledger, const char *yaml, const char *zip,
	const struct progress *progress, struct deliver_item *item, struct error *err);

/* True when the ledger knows the package that lies in this ZIP. */
bool deliver_knows(struct ledger *ledger, const char *zip);

#ifdef __cplusplus
}
#endif

#endif
