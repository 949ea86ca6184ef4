/* SPDX-License-Identifier: GPL-3.0-or-later */
/* trapkit config: makes, shows, checks and changes the settings file. */
#include "cli/command.h"
#include "cli/console.h"
#include "cli/options.h"
#include "cli/settings.h"

#include <stdlib.h>

static int run_path(struct session *session, struct error *err)
{
	char *path = settings_path();

	(void)err;
	console_result(session->console, "%s\n", path);
	cJSON_AddStringToObject(session->result, "path", path);
	free(path);
	return 0;
}

static const struct command config_path = {
	.name = "path",
	.summary = "Print where the settings file is",
	.examples = "# Where are the settings of the project 'winter'?\n"
		    "$ trapkit config path --project winter\n",
	.run = run_path,
};

static const struct command *const subcommands[] = {&config_path, NULL};

const struct command command_config = {
	.name = "config",
	.summary = "Make, show, check and change the settings file",
	.examples = "# Make the settings file\n$ trapkit config --init\n",
	.subcommands = subcommands,
};
