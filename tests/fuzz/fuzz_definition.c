/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Fuzz target: reading a YAML definition of unknown origin. */
#include "trapkit/error.h"
#include "trapkit/package.h"

#include <stddef.h>
#include <stdint.h>

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size);

static int look(void *context, const struct definition_entry *entry, struct error *err)
{
	(void)context;
	(void)err;
	return entry->file == NULL;
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
	const struct definition_visitor visitor = {.resource = look};
	struct definition_summary summary = {0};
	struct error err = {0};

	definition_walk_bytes(bytes, size, &visitor, &summary, &err);
	definition_summary_release(&summary);
	return 0;
}
