/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Secrets brought in when they are needed: from a file, from a command, from a person. */
#include "console.h"
#include "general.h"
#include "globals.h"
#include "interrupt.h"
#include "options.h"
#include "protect.h"
#include "settings.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define LARGEST_SECRET 65536u
#define COMMAND_SECONDS 60

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

/*
 * Runs /bin/sh with the writing end of a pipe as its output; *reader is the other end. `apart` in a
 * group of its own, which can be killed as one, but cannot read from the terminal.
 */
static int start_shell(
	const char *command, bool apart, pid_t *child, int *reader, struct error *err)
{
	int ends[2];

	fflush(NULL);
	if (pipe(ends) != 0)
		return error_errno(err, "cannot make a pipe");
	*child = fork();
	if (*child == 0) {
		if (apart)
			setpgid(0, 0);
		if (dup2(ends[1], STDOUT_FILENO) >= 0) {
			close(ends[0]);
			close(ends[1]);
			execl("/bin/sh", "sh", "-c", command, (char *)NULL);
		}
		_exit(127);
	}
	close(ends[1]);
	*reader = ends[0];
	if (*child > 0)
		return 0;
	close(ends[0]);
	return error_errno(err, "cannot start a process");
}

/* Reads to the end, until a stop, or for `limit` seconds (0 = as long as it takes). */
static int read_secret(int fd, char *text, time_t limit, struct error *err)
{
	struct timespec now;
	char rest[256];
	size_t used = 0;
	time_t end;

	clock_gettime(CLOCK_MONOTONIC, &now);
	for (end = now.tv_sec + limit; limit == 0 || now.tv_sec < end;
		clock_gettime(CLOCK_MONOTONIC, &now)) {
		struct pollfd wait = {.fd = fd, .events = POLLIN};
		size_t room = LARGEST_SECRET - 1 - used;
		ssize_t got;

		if (interrupt_signal() != 0)
			return error_set(err, ERROR_CANCELLED, "stopped");
		if (poll(&wait, 1, 200) <= 0)
			continue;
		/* What is too long is drained, so that the command does not die of a full pipe. */
		got = read(fd, room > 0 ? text + used : rest, room > 0 ? room : sizeof rest);
		if (got == 0)
			return 0;
		if (got > 0 && room > 0)
			used += (size_t)got;
		else if (got < 0 && errno != EINTR)
			return error_errno(err, "cannot be read");
	}
	return error_set(err, ERROR_SETTINGS, "said nothing for %ld s: does it wait for somebody?",
		(long)limit);
}

static int judge_command(int status, const char *line, struct error *err)
{
	if (status == 0 && *line != '\0')
		return 0;
	if (status == 0)
		return error_set(err, ERROR_SETTINGS, "printed nothing");
	return error_set(err, ERROR_SETTINGS, "failed with status %d",
		WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status));
}

/* With nobody there who could answer it, it must not keep a nightly run for ever. */
static int from_command(struct session *session, const char *command, const char *setting,
	char **secret, struct error *err)
{
	char *line = xcalloc(1, LARGEST_SECRET);
	int reader = -1, status = 0, result = -1;
	pid_t child = -1;

	if (start_shell(command, session->no_input, &child, &reader, err) == 0) {
		result = read_secret(reader, line, session->no_input ? COMMAND_SECONDS : 0, err);
		close(reader);
		if (result != 0)
			kill(session->no_input ? -child : child, SIGKILL);
		while (waitpid(child, &status, 0) < 0 && errno == EINTR)
			continue;
		cut_line(line);
		if (result == 0)
			result = judge_command(status, line, err);
	}
	if (result == 0) {
		*secret = line;
		return 0;
	}
	free(line);
	return error_context(err, "%s_command", setting);
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
		return from_command(session, where, setting, row->text, err);
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
			"the way can read the password");
	if (general.token != NULL)
		return 0;
	if (general.login == NULL)
		return missing("login", "you@example.org", err);
	question = xasprintf("TRAPPER password of %s", general.login);
	status = secret_need(session, "GENERAL.password", question, err);
	free(question);
	return status;
}
