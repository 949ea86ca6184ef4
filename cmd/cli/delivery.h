/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What upload and pipeline share: the rows of delivering, and how its results are told. */
#ifndef TRAPKIT_CMD_DELIVERY_H
#define TRAPKIT_CMD_DELIVERY_H

#include "command.h"
#include "destination.h"
#include "trapkit/deliver.h"

/* --trigger and its relatives, --parallel, --limit-rate; not the destination's own rows. */
extern const struct option delivery_options[];

/* A destination with everything that is needed to deliver there. `{ 0 }` is releasable. */
struct delivery {
	struct remote_settings remote;
	struct trapper *server; /* after delivery_connect, when there is something to ask it */
	char *url;              /* remote_url() */
	struct deliver_settings settings;
	bool outbox;
};

/*
 * Reads the settings: no secrets, no network. With `trigger` false processing is not asked for,
 * whatever the settings say.
 */
int delivery_prepare(struct delivery *delivery, bool trigger, struct error *err);
/* The same for a server that cameras send to: no processing to ask for. */
int delivery_prepare_camera(struct delivery *delivery, struct error *err);
/* Gets what is needed to log in, asking on a terminal; before deliver_open. */
int delivery_connect(struct session *session, struct delivery *delivery, struct error *err);
void delivery_release(struct delivery *delivery);
/* --trigger, or UPLOAD.trigger. */
bool delivery_wants_trigger(void);

/* DATA/.trapkit, or --work-dir; owned. */
char *delivery_work_folder(struct session *session, const char *data_path);

/*
 * Tells what became of each package: `packages` and `destination` into `parent`, words to the
 * console. `err` is what deliver_finish said; failures other than that one are warned of.
 */
void delivery_conclude(struct session *session, const struct delivery *delivery,
	const struct deliver *deliver, cJSON *parent, const struct error *err);
/* The same for a dry run: what would be sent. -1 with the error of what would not. */
int delivery_foretell(struct session *session, const struct delivery *delivery,
	struct ledger *ledger, const struct deliver_item_list *list, cJSON *parent,
	struct error *err);
/* Words and JSON when there is nothing to do; `done` packages are there already. */
void delivery_up_to_date(
	struct session *session, const struct delivery *delivery, size_t done, cJSON *parent);

/* A text from disk or elsewhere, made fit to be shown; NULL is null. */
void json_add_text(cJSON *object, const char *key, const char *text);

/* Adds the members of `part` to `into`, arrays to arrays of the same name; frees `part`. */
void merge_results(cJSON *into, cJSON *part);

/* The path as a word of a POSIX shell; owned. */
char *shell_word(const char *text);

/* Hands a ledger's warnings to the console; the context is the session. */
void ledger_warning(void *context, const char *message);

#endif
