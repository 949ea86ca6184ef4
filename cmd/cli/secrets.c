/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Secrets brought in when they are needed: from a file, from a command, from a person. */
#include "console.h"
#include "general.h"
#include "globals.h"
#include "options.h"
#include "protect.h"
#include "settings.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#define LARGEST_SECRET 65536u

static void cut_line(char *text)
{
	text[strcspn(text, "\r\n")] = '\0';
}

static int from_file(const char *path, const char *setting, char **secret, struct error *err)
{
	size_t length;

	if (read_whole_file(path, LARGEST_SECRET, secret, &length, err) != 0) {
		err->kind = ERROR_SETTINGS;
		return error_context(err, "%s_file", setting);
	}
	cut_line(*secret);
	return 0;
}

static int from_command(const char *command, const char *setting, char **secret, struct error *err)
{
	FILE *pipe;
	char *line = xcalloc(1, LARGEST_SECRET);
	int status;

	fflush(NULL);
	pipe = popen(command, "r");
	if (pipe == NULL) {
		free(line);
		return error_errno(err, "%s_command: cannot be run", setting);
	}
	if (fgets(line, (int)LARGEST_SECRET, pipe) == NULL)
		*line = '\0';
	/* The rest is drained, so that the command does not die of a closed pipe. */
	while (fgetc(pipe) != EOF)
		continue;
	status = pclose(pipe);
	cut_line(line);
	if (status == 0 && *line != '\0') {
		*secret = line;
		return 0;
	}
	free(line);
	if (status == 0)
		return error_set(err, ERROR_SETTINGS, "%s_command: printed nothing", setting);
	return error_set(err, ERROR_SETTINGS, "%s_command: failed with status %d", setting,
		WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status));
}

static int ask(struct session *session, const struct option *row, const char *setting,
	const char *question, struct error *err)
{
	const char *key = strchr(setting, '.') + 1;
	char *path;

	if (!session->no_input)
		return console_ask(session->console, question, true, row->text, err);
	path = settings_path();
	error_set(err, ERROR_SETTINGS,
		"%s is not set: put it into '%s' (or %s_file, %s_command), or into the "
		"environment as %s__%s",
		setting, path, key, key, row->section, key);
	free(path);
	return -1;
}

int secret_need(
	struct session *session, const char *setting, const char *question, struct error *err)
{
	const struct option *row;
	const char *where;
	enum secret_source source;

	if (settings_find(setting, &row, err) != 0)
		return -1;
	if (*row->text != NULL)
		return 0;
	source = option_secret_source(row, &where);
	if (source == SECRET_VALUE && question == NULL)
		return 0;
	protect_secrets();
	if (source == SECRET_FILE)
		return from_file(where, setting, row->text, err);
	if (source == SECRET_COMMAND)
		return from_command(where, setting, row->text, err);
	return ask(session, row, setting, question, err);
}

static int missing(const char *key, const char *example, struct error *err)
{
	char *path = settings_path();

	error_set(err, ERROR_SETTINGS,
		"GENERAL.%s is not set: put %s = \"%s\" below [GENERAL] in '%s'", key, key, example,
		path);
	free(path);
	return -1;
}

int general_need_login(struct session *session, struct error *err)
{
	char *question;
	int status;

	if (general.host == NULL)
		return missing("host", "https://trapper.example.org", err);
	if (secret_need(session, "GENERAL.token", NULL, err) != 0)
		return -1;
	if (!general.verify_ssl)
		console_warning(session->console,
			"certificates are not verified (GENERAL.verify_ssl = false): anybody on "
			"the "
			"way can read the password");
	if (general.token != NULL)
		return 0;
	if (general.login == NULL)
		return missing("login", "you@example.org", err);
	question = xasprintf("TRAPPER password of %s", general.login);
	status = secret_need(session, "GENERAL.password", question, err);
	free(question);
	return status;
}
