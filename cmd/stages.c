/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What the stages of pipeline share and no one of them owns. */
#include "stages.h"

#include "cli/options.h"
#include "trapkit/timestamp.h"

struct zone *stage_open_zone(struct session *session, const char *name, struct error *err)
{
	const struct option *option = command_option(session->command, "timezone");
	struct zone *zone = zone_open(name, err);

	if (zone == NULL && err->kind == ERROR_INPUT && option != NULL && option_is_set(option)) {
		error_context(err, "%s", option_origin(option));
		err->kind =
			option_level(option) == ORIGIN_COMMAND_LINE ? ERROR_USAGE : ERROR_SETTINGS;
	}
	return zone;
}
