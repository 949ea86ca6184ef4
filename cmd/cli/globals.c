/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The options that every command takes. */
#include "globals.h"

#include "options.h"

struct globals globals;

static const char *const progress_modes[] = {"auto", "always", "never", "json", NULL};
static const char *const color_modes[] = {"auto", "always", "never", NULL};
static const char *const log_formats[] = {"text", "json", NULL};
static const char *const shells[] = {"bash", "zsh", "fish", NULL};
static const char group[] = "General options";

const struct option global_options[] = {
	{.name = "config",
		.value = "FILE",
		.file = &globals.config,
		.group = group,
		.help = "Read settings from FILE instead of the project's file."},
	{.name = "settings-dir",
		.value = "DIR",
		.directory = &globals.settings_dir,
		.group = group,
		.help = "Look for project files in DIR; default ~/.trapper-tools, or "
			"$TRAPKIT_SETTINGS_DIR."},
	{.name = "project",
		.value = "NAME",
		.text = &globals.project,
		.fallback = "default",
		.group = group,
		.help = "Use the settings of project NAME."},
	{.name = "set",
		.value = "SECTION.KEY=VALUE",
		.list = &globals.set,
		.group = group,
		.help = "Overrule one setting; may be given several times."},
	{.name = "env-file",
		.value = "FILE",
		.fallback = ".env",
		.file = &globals.env_file,
		.marks = OPTION_OPTIONAL_VALUE,
		.group = group,
		.help = "Read SECTION__KEY variables from FILE too (.env when no FILE is given)."},
	{.name = "dry-run",
		.letter = 'n',
		.flag = &globals.dry_run,
		.group = group,
		.help = "Say what would happen, and change nothing here or there."},
	{.name = "jobs",
		.letter = 'j',
		.value = "N",
		.number = &globals.jobs,
		.minimum = 1,
		.maximum = 1024,
		.group = group,
		.help = "Work on N files at once; default is one for each processor."},
	{.name = "work-dir",
		.value = "DIR",
		.directory = &globals.work_dir,
		.group = group,
		.help = "Keep trapkit's own files in DIR instead of DATA/.trapkit."},
	{.name = "wait-lock",
		.value = "TIME",
		.duration = &globals.wait_lock,
		.fallback = "0",
		.group = group,
		.help = "Wait this long for another run on the same data to end."},
	{.name = "fail-fast",
		.flag = &globals.fail_fast,
		.group = group,
		.help = "Stop at the first bad file instead of going on and counting."},
	{.name = "no-input",
		.flag = &globals.no_input,
		.group = group,
		.help = "Never ask anything; implied when standard input is no terminal."},
	{.name = "json",
		.flag = &globals.json,
		.group = group,
		.help = "Write the result to standard output as one JSON document."},
	{.name = "progress",
		.value = "WHEN",
		.choice = &globals.progress,
		.choices = progress_modes,
		.fallback = "auto",
		.group = group,
		.help = "Show progress: bars on a terminal, a line every 30 s in a pipe, or JSON "
			"events."},
	{.name = "color",
		.value = "WHEN",
		.choice = &globals.color,
		.choices = color_modes,
		.fallback = "auto",
		.group = group,
		.help = "Use colours; NO_COLOR and TERM=dumb are respected."},
	{.name = "no-color",
		.flag = &globals.no_color,
		.group = group,
		.help = "Same as --color=never."},
	{.name = "verbosity",
		.value = "0|1|2",
		.section = "LOGGER",
		.key = "loglevel",
		.number = &globals.verbosity,
		.minimum = 0,
		.maximum = 2,
		.fallback = "1",
		.group = group,
		.help = "Say nothing but what went wrong (0), what matters (1), or everything "
			"(2)."},
	{.name = "verbose",
		.letter = 'v',
		.flag = &globals.verbose,
		.group = group,
		.help = "Same as --verbosity=2."},
	{.name = "quiet",
		.letter = 'q',
		.flag = &globals.quiet,
		.group = group,
		.help = "Same as --verbosity=0."},
	{.name = "logfile",
		.value = "FILE",
		.section = "LOGGER",
		.key = "filename",
		.file = &globals.logfile,
		.group = group,
		.help = "Append every message to FILE, with the time in UTC."},
	{.name = "log-format",
		.value = "FORMAT",
		.section = "LOGGER",
		.key = "format",
		.choice = &globals.log_format,
		.choices = log_formats,
		.fallback = "text",
		.group = group,
		.help = "Write the log file as lines of text or of JSON."},
	{.name = "help",
		.letter = 'h',
		.flag = &globals.help,
		.group = group,
		.help = "Show this help."},
	{.name = "version", .flag = &globals.version, .group = group, .help = "Show the version."},
	{.name = "print-completion",
		.value = "SHELL",
		.text = &globals.print_completion,
		.choices = shells,
		.group = group,
		.marks = OPTION_HIDDEN,
		.help = "Print the completion script for SHELL."},
	{0},
};

const struct option *const global_tables[] = {global_options, NULL};

static const struct option *row_of(const void *target)
{
	const struct option *row = global_options;

	while (row->flag != target && row->number != target && row->choice != target)
		row++;
	return row;
}

/* The long form is set as if it had been given, and blames the short one. */
static void stand_for(const bool *flag, const void *target, const char *value)
{
	struct error err = {0};
	struct origin origin = {.level = ORIGIN_COMMAND_LINE, .text = option_origin(row_of(flag))};

	if (*flag)
		option_set(row_of(target), value, &origin, &err);
}

void globals_settle(void)
{
	stand_for(&globals.verbose, &globals.verbosity, "2");
	stand_for(&globals.quiet, &globals.verbosity, "0");
	stand_for(&globals.no_color, &globals.color, "never");
}
