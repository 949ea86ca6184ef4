/* SPDX-License-Identifier: GPL-3.0-or-later */
/* `trapkit describe`: writes what is derived from the option rows (for `make docs`). */
#include "describe.h"

#include <string.h>

bool describe_tolerates(const struct arguments *arguments)
{
	const struct command *command =
		arguments->parent != NULL ? arguments->parent : arguments->command;

	return command != NULL && strcmp(command->name, "config") == 0;
}

int describe_completion(struct console *console, const char *shell, struct error *err)
{
	(void)console;
	return error_set(err, ERROR_UNAVAILABLE, "no completion for '%s' yet", shell);
}

static int run(struct session *session, struct error *err)
{
	(void)session;
	return error_set(err, ERROR_UNAVAILABLE, "not built yet");
}

const struct command command_describe = {
	.name = "describe",
	.arguments = "settings|man|bash|zsh|fish DIR",
	.minimum = 2,
	.maximum = 2,
	.run = run,
};
