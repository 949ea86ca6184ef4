/* SPDX-License-Identifier: GPL-3.0-or-later */
/* `config --init` and `config set`: the settings file made and changed. */
#include "config_file.h"

#include "console.h"
#include "describe.h"
#include "general.h"
#include "globals.h"
#include "options.h"
#include "settings.h"
#include "trapkit/output_file.h"
#include "trapkit/text.h"
#include "trapkit/toml.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* The file behind a link, so that the link stays one. Owned by the caller. */
static char *real_settings_path(void)
{
	char *path = settings_path();
	char *real = realpath(path, NULL);

	if (real == NULL)
		return path;
	free(path);
	return real;
}

static int install(struct session *session, const char *path, const char *text, struct error *err)
{
	char *folder;
	int status;

	if (session->dry_run) {
		console_print(session->console, "Would write '%s'\n", path);
		return 0;
	}
	folder = xstrndup(path, (size_t)(text_base_name(path) - path));
	status = *folder == '\0' ? 0 : make_folders(folder, err);
	free(folder);
	if (status != 0)
		return -1;
	return output_file_write(path, text, strlen(text), true, err);
}

static bool is_bare_number(const char *value)
{
	return *value != '\0' && strspn(value, "0123456789") == strlen(value);
}

/* A value that option_set() took, as TOML: as it was written where that says more. */
static char *literal_of(const struct option *row, const char *value)
{
	if (row->flag != NULL || row->number != NULL || row->list != NULL || row->choice != NULL)
		return option_literal(row, true);
	if ((row->size != NULL || row->duration != NULL) && is_bare_number(value))
		return xstrdup(value);
	return toml_quote(value);
}

/* Puts the row's present value into the text. */
static int put_row(const char *path, char **text, const struct option *row, const char *value,
	struct error *err)
{
	char *literal = literal_of(row, value);
	char *key = option_key(row);
	char *edited = NULL;
	int status = settings_edit(path, *text, row->section, key, literal, &edited, err);

	if (status == 0) {
		free(*text);
		*text = edited;
	}
	free(key);
	free(literal);
	return status;
}

/* ---- init ---- */

/* What .env said, on request, becomes part of the new file. */
static int merge_env_file(const char *path, char **text, struct error *err)
{
	const struct option *const *all = options_all();

	for (size_t i = 0; all[i] != NULL; i++) {
		char *value;
		int status = 0;

		if (!option_is_first_of_setting(all[i]) || option_level(all[i]) != ORIGIN_ENV_FILE)
			continue;
		value = option_text(all[i], true);
		if (value != NULL)
			status = put_row(path, text, all[i], value, err);
		free(value);
		if (status != 0)
			return -1;
	}
	return 0;
}

/* A server's name alone is enough of an address. */
static void complete_address(const struct option *row, char **answer)
{
	char *whole;

	if (!option_is_setting(row, "GENERAL", "host") || strstr(*answer, "://") != NULL)
		return;
	whole = xasprintf("https://%s", *answer);
	free(*answer);
	*answer = whole;
}

/* Asks until the answer can be taken; an empty one leaves the setting as it is. */
static int ask_value(struct session *session, const char *path, char **text,
	const struct option *row, const char *question, struct error *err)
{
	struct origin origin = {ORIGIN_COMMAND_LINE, "this answer", false};
	int status = 1;

	while (status > 0) {
		char *answer;

		if (console_ask(session->console, question, (row->marks & OPTION_SECRET) != 0,
			    &answer, err) != 0)
			return -1;
		if (*answer == '\0') {
			status = 0;
		} else {
			complete_address(row, &answer);
			if (option_set(row, answer, &origin, err) == 0) {
				status = put_row(path, text, row, answer, err);
			} else {
				console_warning(session->console, "%s", err->message);
				error_clear(err);
			}
		}
		free(answer);
	}
	return status;
}

static int ask_values(struct session *session, const char *path, char **text, struct error *err)
{
	static const struct {
		const char *setting, *question;
	} asked[] = {
		{"GENERAL.host", "TRAPPER server, as https://trapper.example.org (Enter: later)"},
		{"GENERAL.login", "Login, an e-mail address (Enter: later)"},
		{"GENERAL.project_id", "Number of the research project (Enter: later)"},
		{"GENERAL.password", "Password, not shown (Enter: ask at every upload)"},
		{"PACKAGE.timezone",
			"Time zone of the cameras, as Europe/Warsaw (Enter: the one "
			"that the server has for each place)"},
	};

	for (size_t i = 0; i < sizeof asked / sizeof *asked; i++) {
		const struct option *row;

		if (settings_find(asked[i].setting, &row, err) != 0 ||
			ask_value(session, path, text, row, asked[i].question, err) != 0)
			return -1;
	}
	return 0;
}

static int load_template(const char *template, char **text, struct error *err)
{
	struct findings findings = {0};
	size_t length;
	int status = -1;

	if (read_whole_file(template, TOML_LARGEST, text, &length, err) != 0)
		return -1;
	if (strlen(*text) != length)
		error_set(err, ERROR_SETTINGS, "'%s' holds NUL bytes", template);
	else if (settings_load_text(template, *text, length, &findings, err) == 0)
		status = findings.errors.count == 0
			? 0
			: error_set(err, ERROR_SETTINGS, "%s", findings.errors.items[0]);
	findings_release(&findings);
	return status;
}

int config_init(struct session *session, const char *template, bool overwrite, struct error *err)
{
	char *path = real_settings_path();
	char *text = NULL;
	int status = -1;

	if (access(path, F_OK) == 0 && !overwrite) {
		error_set(err, ERROR_INPUT,
			"'%s' is there already: change it with 'trapkit config edit', or replace "
			"it with --overwrite",
			path);
		goto done;
	}
	if (template != NULL) {
		if (load_template(template, &text, err) != 0)
			goto done;
	} else {
		text = describe_settings();
	}
	if (merge_env_file(path, &text, err) != 0)
		goto done;
	if (!session->no_input && template == NULL && globals.env_file == NULL &&
		ask_values(session, path, &text, err) != 0)
		goto done;
	if (install(session, path, text, err) != 0)
		goto done;
	if (!session->dry_run) {
		console_print(session->console, "Created project settings at: %s\n", path);
		console_note(session->console, "%s",
			general.host == NULL
				? "put server and login into it with 'trapkit config edit'"
				: "try it out with 'trapkit helpers test_connection'");
	}
	cJSON_AddStringToObject(session->result, "path", path);
	status = 0;
done:
	free(text);
	free(path);
	return status;
}

/* ---- set ---- */

static int read_secret(struct session *session, const char *key, char **secret, struct error *err)
{
	char *question;
	int status;

	if (!session->no_input) {
		question = xasprintf("New value of %s (not shown)", key);
		status = console_ask(session->console, question, true, secret, err);
		free(question);
		return status;
	}
	*secret = xcalloc(1, 65536);
	if (fgets(*secret, 65536, stdin) == NULL) {
		free(*secret);
		*secret = NULL;
		return error_set(err, ERROR_USAGE, "%s: standard input is empty", key);
	}
	(*secret)[strcspn(*secret, "\r\n")] = '\0';
	return 0;
}

/* The value to be set, owned: an argument, or, for secrets, what a person or a pipe says. */
static int value_for(struct session *session, const struct option *row, const char *key,
	const char *value, char **text, struct error *err)
{
	bool secret = (row->marks & OPTION_SECRET) != 0;

	*text = NULL;
	if (secret && value != NULL && strcmp(value, "-") != 0)
		return error_set(err, ERROR_USAGE,
			"%s: a secret on the command line is seen by everybody on this machine: "
			"leave it out to be asked, or give '-' and send it to standard input",
			key);
	if (secret)
		return read_secret(session, key, text, err);
	if (value == NULL)
		return error_set(err, ERROR_USAGE, "missing argument: the value for %s", key);
	*text = xstrdup(value);
	return 0;
}

static int load_text(const char *path, char **text, struct error *err)
{
	size_t length;

	if (access(path, F_OK) != 0) {
		*text = xstrdup("");
		return 0;
	}
	if (read_whole_file(path, TOML_LARGEST, text, &length, err) != 0)
		return -1;
	if (strlen(*text) == length)
		return 0;
	return error_set(err, ERROR_SETTINGS, "'%s' holds NUL bytes", path);
}

/* password_file and password_command are texts without a row of their own. */
static int set_secret_source(
	const char *path, char **text, const char *key, const char *value, struct error *err)
{
	const char *dot = strchr(key, '.');
	char *section, *literal;
	char *edited = NULL;
	int status;

	if (value == NULL)
		return error_set(err, ERROR_USAGE, "missing argument: the value for %s", key);
	section = xstrndup(key, (size_t)(dot - key));
	literal = toml_quote(value);
	status = settings_edit(path, *text, section, dot + 1, literal, &edited, err);
	if (status == 0) {
		free(*text);
		*text = edited;
	}
	free(literal);
	free(section);
	return status;
}

int config_set(struct session *session, const char *key, const char *value, struct error *err)
{
	struct origin origin = {ORIGIN_SET, key, false};
	char *path = real_settings_path();
	const struct option *row;
	char *text = NULL;
	char *wanted = NULL;
	int status = -1;

	if (load_text(path, &text, err) != 0)
		goto done;
	if (settings_take_secret_source(key, NULL, &origin)) {
		if (set_secret_source(path, &text, key, value, err) != 0)
			goto done;
	} else if (settings_find(key, &row, err) != 0 ||
		value_for(session, row, key, value, &wanted, err) != 0 ||
		option_set(row, wanted, &origin, err) != 0 ||
		put_row(path, &text, row, wanted, err) != 0) {
		goto done;
	}
	if (install(session, path, text, err) != 0)
		goto done;
	cJSON_AddStringToObject(session->result, "path", path);
	cJSON_AddStringToObject(session->result, "key", key);
	status = 0;
done:
	free(wanted);
	free(text);
	free(path);
	return status;
}
