/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The walk over the ledger's files that every look at a data path begins with. */
#include "each_file.h"

#include "trapkit/error.h"
#include "trapkit/progress.h"

#include <string.h>

struct walk {
	struct ledger *ledger;
	int (*take)(void *context, const struct resource *resource, struct error *err);
	void *context;
	const struct progress *progress;
};

static int walk_collection(const struct walk *walk, const char *name, struct error *err)
{
	struct ledger_files *files = ledger_files_open(walk->ledger, name, NULL, err);
	struct resource resource;
	int more = files == NULL ? -1 : 1;

	while (more > 0 && (more = ledger_files_next(files, &resource, err)) > 0)
		if (walk->take(walk->context, &resource, err) != 0 ||
			progress_check(walk->progress, err) != 0)
			more = -1;
	ledger_files_close(files);
	return more;
}

/* True when a collection is named a second time. */
static bool is_repeated(const struct string_list *list, size_t index)
{
	for (size_t i = 0; i < index; i++)
		if (strcmp(list->items[i], list->items[index]) == 0)
			return true;
	return false;
}

int each_file(struct ledger *ledger, const struct string_list *collections,
	int (*take)(void *context, const struct resource *resource, struct error *err),
	void *context, const struct progress *progress, struct error *err)
{
	const struct walk walk = {ledger, take, context, progress};
	int status = 0;

	if (collections == NULL || collections->count == 0)
		return walk_collection(&walk, NULL, err);
	for (size_t i = 0; status == 0 && i < collections->count; i++)
		if (!is_repeated(collections, i))
			status = walk_collection(&walk, collections->items[i], err);
	return status;
}
