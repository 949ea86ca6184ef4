/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Where it starts and ends: settings read, command run, error printed, exit status picked. */
#include "cli/arguments.h"
#include "cli/console.h"
#include "cli/describe.h"
#include "cli/globals.h"
#include "cli/interrupt.h"
#include "cli/options.h"
#include "cli/settings.h"
#include "trapkit/text.h"
#include "trapkit/workers.h"

#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static const char *const kind_names[] = {"none", "input", "system", "usage", "settings",
	"unavailable", "network", "busy", "refused", "remote", "cancelled"};

#define FOUND 3 /* exit status: what was watched for is there */

static int status_of(enum error_kind kind)
{
	static const int statuses[] = {0, 1, 1, 2, 78, 69, 75, 75, 77, 1, 130};
	int signal_number = interrupt_signal();

	/* What a stop breaks off fails in many ways: the signal is the cause of all of them. */
	if (kind != ERROR_NONE && signal_number != 0)
		return 128 + signal_number;
	return statuses[kind];
}

/*
 * A closed descriptor would be given to the next file that is opened, and words meant for the
 * screen would end up in it. Standard output gets one that cannot be written: losing it must show.
 */
static void fill_standard_descriptors(void)
{
	for (int fd = 0; fd <= 2; fd++)
		if (fcntl(fd, F_GETFD) < 0) {
			int got = open("/dev/null", fd == STDERR_FILENO ? O_WRONLY : O_RDONLY);

			if (got >= 0 && got != fd) {
				dup2(got, fd);
				close(got);
			}
		}
}

/* The command that the program's name stands for, as in `trapkit-upload`; NULL = none. */
static const struct command *command_of_link(const char *program)
{
	const char *name = program == NULL ? "" : text_base_name(program);

	return strncmp(name, "trapkit-", 8) == 0 ? command_find(commands, name + 8) : NULL;
}

static bool wants_json(char **argv)
{
	bool json = false;

	for (; *argv != NULL && strcmp(*argv, "--") != 0; argv++)
		if (strcmp(*argv, "--json") == 0 || strcmp(*argv, "--json=true") == 0)
			json = true;
		else if (strcmp(*argv, "--no-json") == 0)
			json = false;
	return json;
}

/* The JSON document, whatever came of it. */
static void print_document(struct console *console, const struct arguments *arguments,
	cJSON *result, int status, const struct error *err)
{
	const char *name = arguments->command == NULL ? "trapkit" : arguments->command->name;
	char *schema = arguments->parent == NULL
		? xasprintf("trapkit/%s/1", name)
		: xasprintf("trapkit/%s-%s/1", arguments->parent->name, name);
	cJSON *document = cJSON_CreateObject();
	char *text;

	cJSON_AddStringToObject(document, "schema", schema);
	cJSON_AddBoolToObject(document, "ok", status == 0);
	cJSON_AddNumberToObject(document, "exit", status);
	if (err->kind == ERROR_NONE) {
		cJSON_AddNullToObject(document, "error");
	} else {
		cJSON *error = cJSON_AddObjectToObject(document, "error");
		char *message = text_escape(err->message);

		cJSON_AddStringToObject(error, "kind", kind_names[err->kind]);
		cJSON_AddStringToObject(error, "message", message);
		free(message);
	}
	while (result != NULL && result->child != NULL) {
		cJSON *item = cJSON_DetachItemViaPointer(result, result->child);

		cJSON_AddItemToObject(document, item->string, item);
	}
	text = cJSON_Print(document);
	if (text != NULL) {
		console_write(console, text, strlen(text));
		console_write(console, "\n", 1);
	}
	free(text);
	cJSON_Delete(document);
	free(schema);
}

/* Says what went wrong, makes sure that what was printed arrived, and gives the exit status. */
static int finish(struct console *console, const struct arguments *arguments, cJSON *result,
	bool json, int status, struct error *err)
{
	struct error lost = {0};

	/* A status that only says that something is to be seen is no failure. */
	if (err->kind != ERROR_NONE || (status != 0 && status != FOUND))
		console_tell_held(console);
	if (err->kind != ERROR_NONE) {
		status = status_of(err->kind);
		console_error(console, err->message);
		if (err->kind == ERROR_CANCELLED && interrupt_signal() != 0)
			console_note(console, "the same command, given again, goes on from here");
	} else if (status != 0 && interrupt_signal() != 0) {
		status = 128 + interrupt_signal();
	}
	if (json)
		print_document(console, arguments, result, status, err);
	if (console_finish(console, &lost) != 0) {
		if (strstr(lost.message, "Broken pipe") != NULL) {
			/* `trapkit … | head`: end as quietly as every other filter. */
			signal(SIGPIPE, SIG_DFL);
			raise(SIGPIPE);
		}
		console_error(console, lost.message);
		status = status == 0 ? 1 : status;
	}
	console_log(console, "end", "exit status %d", status);
	return status;
}

static struct console *open_console(struct error *err)
{
	struct console_settings settings = {
		.verbosity = (int)globals.verbosity,
		.progress = globals.progress,
		.color = globals.color,
		.json = globals.json,
		.logfile = globals.logfile,
		.log_json = globals.log_format == LOG_JSON,
	};

	return console_new(&settings, err);
}

/* Defaults and command line, then everything between them, then the command line again on top. */
static int read_settings(const struct arguments *arguments, struct error *err)
{
	if (options_reset(err) != 0 || arguments_apply(arguments, err) != 0)
		return -1;
	if (globals.help || globals.version || globals.print_completion != NULL ||
		arguments->help_command || arguments->command == NULL ||
		!command_is_listed(arguments->command))
		return 0;
	if (settings_load(err) != 0) {
		if (!command_repairs_settings(arguments) || err->kind == ERROR_USAGE)
			return -1;
		string_list_add(&settings_findings.errors, err->message);
		error_clear(err);
	}
	return arguments_apply(arguments, err);
}

/* Wrong settings stop every command but those that repair them and tell of them themselves. */
static int judge_findings(
	struct console *console, const struct arguments *arguments, struct error *err)
{
	const struct findings *findings = &settings_findings;

	if (command_repairs_settings(arguments))
		return 0;
	for (size_t i = 0; i < findings->warnings.count; i++)
		console_warning(console, "%s", findings->warnings.items[i]);
	for (size_t i = 0; i + 1 < findings->errors.count; i++)
		console_error(console, findings->errors.items[i]);
	if (findings->errors.count == 0)
		return 0;
	return error_set(
		err, ERROR_SETTINGS, "%s", findings->errors.items[findings->errors.count - 1]);
}

static int run_command(struct console *console, const struct arguments *arguments, cJSON *result,
	struct error *err)
{
	const struct command *command = arguments->command;
	struct session session = {
		.command = command,
		.console = console,
		.progress = console_progress(console),
		.arguments = arguments->rest.items,
		.argument_count = arguments->rest.count,
		.json = globals.json,
		.dry_run = globals.dry_run,
		.no_input = globals.no_input || isatty(STDIN_FILENO) == 0,
		.fail_fast = globals.fail_fast,
		.jobs = globals.jobs > 0 ? (unsigned)globals.jobs : workers_default_jobs(),
		.wait_lock = globals.wait_lock,
		.work_dir = globals.work_dir,
		.result = result,
	};

	if (command->run == NULL)
		return error_set(err, ERROR_USAGE, "'%s' needs a command: see 'trapkit %s --help'",
			command->name, command->name);
	if (arguments_check(arguments, err) != 0)
		return -1;
	console_log(console, "begin", "trapkit %s, version " TRAPKIT_VERSION, command->name);
	return command->run(&session, err);
}

/* Help, version and completion need no settings. True when one of them was wanted. */
static bool answer_simple(
	struct console *console, const struct arguments *arguments, int *status, struct error *err)
{
	*status = 0;
	if (globals.version)
		console_result(console, "trapkit " TRAPKIT_VERSION "\n");
	else if (globals.print_completion != NULL)
		*status = describe_completion(console, globals.print_completion, err);
	else if (globals.help)
		describe_help(console, arguments->parent, arguments->command);
	else if (arguments->help_command)
		*status = describe_help_for(console, arguments->rest.items, err);
	else if (arguments->command == NULL)
		*status = error_set(err, ERROR_USAGE,
			"no command given: 'trapkit --help' lists them; the first is 'trapkit "
			"config --init', and 'trapkit pipeline --data-path CARD --trigger' does it "
			"all");
	else
		return false;
	return true;
}

int main(int argc, char **argv)
{
	const struct command *linked;
	struct arguments arguments = {0};
	struct error err = {0};
	struct error log_err = {0};
	struct console *console;
	cJSON *result = cJSON_CreateObject();
	int status = 0;
	bool json;

	fill_standard_descriptors();
	interrupt_install();
	linked = command_of_link(argc > 0 ? argv[0] : NULL);
	argv += argc > 0;
	json = wants_json(argv);
	globals.verbosity = 1;
	if (arguments_parse(&arguments, linked, argv, &err) == 0)
		read_settings(&arguments, &err);
	globals_settle();
	json = json || globals.json;
	globals.json = json && !globals.help && !globals.version;
	console = open_console(&log_err);
	/* A log that cannot be written is told before any work, not after it. */
	if (err.kind == ERROR_NONE && !globals.help && !globals.version)
		err = log_err;
	if (err.kind == ERROR_NONE && !answer_simple(console, &arguments, &status, &err)) {
		status = judge_findings(console, &arguments, &err);
		if (status == 0)
			status = run_command(console, &arguments, result, &err);
	}
	status = finish(console, &arguments, result, globals.json, status, &err);
	console_free(console);
	cJSON_Delete(result);
	findings_release(&settings_findings);
	arguments_release(&arguments);
	return status;
}
