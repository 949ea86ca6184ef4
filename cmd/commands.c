/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The list of all commands. */
#include "cli/command.h"

/* A command is one file cmd/NAME.c with a `const struct command command_NAME`, listed twice here.
 */
extern const struct command command_config, command_convert, command_describe, command_detect,
	command_export, command_helpers, command_package, command_pipeline, command_profile,
	command_report, command_template, command_traplinked_sync, command_upload, command_validate;

const struct command *const commands[] = {
	&command_config,
	&command_convert,
	&command_describe,
	&command_detect,
	&command_export,
	&command_helpers,
	&command_package,
	&command_pipeline,
	&command_profile,
	&command_report,
	&command_template,
	&command_traplinked_sync,
	&command_upload,
	&command_validate,
	NULL,
};
