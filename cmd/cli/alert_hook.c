/* SPDX-License-Identifier: GPL-3.0-or-later */
/* A command of the user's own that is told of alerts: no shell, no secrets, no waiting for ever. */
#include "alert_hook.h"

#include "trapkit/memory.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define LONGEST_SECONDS 60.0

extern char **environ;

static double monotonic(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (double)now.tv_sec + (double)now.tv_nsec / 1e9;
}

/* One word into `word`, which has room; returns where the next begins, or NULL: a quote is open. */
static const char *next_word(const char *at, char *word)
{
	char quote = '\0';

	for (; *at != '\0' && (quote != '\0' || (*at != ' ' && *at != '\t')); at++) {
		if (quote == '\0' && (*at == '\'' || *at == '"'))
			quote = *at;
		else if (*at == quote && quote != '\0')
			quote = '\0';
		else
			*word++ = *at;
	}
	*word = '\0';
	return quote == '\0' ? at : NULL;
}

static int split(const char *command, struct string_list *words, struct error *err)
{
	char *word = xmalloc(strlen(command) + 1);
	const char *at = command + strspn(command, " \t");

	while (at != NULL && *at != '\0') {
		at = next_word(at, word);
		if (at != NULL) {
			string_list_add(words, word);
			at += strspn(at, " \t");
		}
	}
	free(word);
	if (at != NULL && words->count > 0)
		return 0;
	return error_set(err, ERROR_USAGE, "'--on-alert': the command '%s' %s", command,
		at == NULL ? "has a quote that is not closed" : "is empty");
}

int alert_hook_check(const char *command, struct error *err)
{
	struct string_list words = {0};
	int result = split(command, &words, err);

	string_list_release(&words);
	return result;
}

/* SECTION__TOKEN, SECTION__FTP_PASSWORD and the like. */
static bool is_secret(const char *variable)
{
	size_t length = strcspn(variable, "=");
	char *name = xstrndup(variable, length);
	bool secret = false;

	for (const char *at = name; *at != '\0' && strstr(name, "__") != NULL; at++)
		secret = secret || strncasecmp(at, "token", 5) == 0 ||
			strncasecmp(at, "password", 8) == 0;
	free(name);
	return secret;
}

/* The environment without secrets; the texts are borrowed. */
static char **clean_environment(void)
{
	size_t count = 0, used = 0;
	char **clean;

	while (environ[count] != NULL)
		count++;
	clean = xcalloc(count + 1, sizeof *clean);
	for (size_t i = 0; i < count; i++)
		if (!is_secret(environ[i]))
			clean[used++] = environ[i];
	return clean;
}

static void become(char **words, char **environment, int input, int report)
{
	static const int signals[] = {SIGINT, SIGTERM, SIGHUP, SIGPIPE};
	int reason;

	setpgid(0, 0);
	for (size_t i = 0; i < sizeof signals / sizeof *signals; i++)
		signal(signals[i], SIG_DFL);
	if (dup2(input, STDIN_FILENO) >= 0 && dup2(STDERR_FILENO, STDOUT_FILENO) >= 0) {
		environ = environment;
		execvp(words[0], words);
	}
	reason = errno;
	(void)!write(report, &reason, sizeof reason);
	_exit(127);
}

/* Writes the text as fast as it is taken; a command that does not read it is its own affair. */
static int feed(
	int fd, const char *text, double end, const struct progress *progress, struct error *err)
{
	size_t left = strlen(text);

	fcntl(fd, F_SETFL, fcntl(fd, F_GETFL) | O_NONBLOCK);
	while (left > 0 && monotonic() < end) {
		struct pollfd wait = {.fd = fd, .events = POLLOUT};
		ssize_t done;

		if (progress_check(progress, err) != 0)
			return -1;
		if (poll(&wait, 1, 200) <= 0)
			continue;
		done = write(fd, text, left);
		if (done < 0 && errno != EAGAIN && errno != EINTR)
			return 0;
		if (done > 0) {
			text += done;
			left -= (size_t)done;
		}
	}
	return 0;
}

/* *status as waitpid gives it. */
static int await(pid_t child, const char *name, double end, const struct progress *progress,
	int *status, struct error *err)
{
	const struct timespec nap = {.tv_nsec = 20000000L};

	for (;;) {
		pid_t got = waitpid(child, status, WNOHANG);

		if (got == child)
			return 0;
		if (got < 0 && errno != EINTR)
			return error_errno(err, "cannot wait for '%s'", name);
		if (progress_check(progress, err) != 0)
			break;
		if (monotonic() >= end) {
			error_set(err, ERROR_INPUT, "alert command '%s' took over %.0f s", name,
				LONGEST_SECONDS);
			break;
		}
		nanosleep(&nap, NULL);
	}
	kill(-child, SIGKILL);
	waitpid(child, status, 0);
	return -1;
}

static int judge(const char *name, int status, struct error *err)
{
	if (WIFEXITED(status) && WEXITSTATUS(status) == 0)
		return 0;
	if (WIFEXITED(status))
		return error_set(err, ERROR_INPUT, "alert command '%s' failed with status %d", name,
			WEXITSTATUS(status));
	return error_set(err, ERROR_INPUT, "alert command '%s' was killed by signal %d", name,
		WTERMSIG(status));
}

/* Feeds the child and waits for it. Takes the writing end of its input. */
static int attend(pid_t child, const char *name, int input, int report, const char *text,
	const struct progress *progress, struct error *err)
{
	double end = monotonic() + LONGEST_SECONDS;
	int status = 0, reason = 0, result;

	/* Closed by a successful exec without a word. */
	if (read(report, &reason, sizeof reason) == (ssize_t)sizeof reason) {
		close(input);
		waitpid(child, &status, 0);
		errno = reason;
		error_errno(err, "cannot run alert command '%s'", name);
		return -1;
	}
	result = feed(input, text, end, progress, err);
	close(input);
	if (result != 0) {
		kill(-child, SIGKILL);
		waitpid(child, &status, 0);
		return -1;
	}
	result = await(child, name, end, progress, &status, err);
	return result == 0 ? judge(name, status, err) : -1;
}

static int make_pipe(int ends[2], struct error *err)
{
	if (pipe(ends) != 0)
		return error_errno(err, "cannot run the alert command");
	fcntl(ends[0], F_SETFD, FD_CLOEXEC);
	fcntl(ends[1], F_SETFD, FD_CLOEXEC);
	return 0;
}

int alert_hook_run(
	const char *command, const char *text, const struct progress *progress, struct error *err)
{
	struct string_list words = {0};
	int input[2], report[2], result = -1;
	char **environment;
	pid_t child;

	if (split(command, &words, err) != 0 || make_pipe(input, err) != 0)
		goto done;
	if (make_pipe(report, err) != 0) {
		close(input[0]);
		close(input[1]);
		goto done;
	}
	ARRAY_APPEND(&words, NULL);
	environment = clean_environment();
	child = fork();
	if (child == 0)
		become(words.items, environment, input[0], report[1]);
	close(input[0]);
	close(report[1]);
	if (child > 0)
		result = attend(child, words.items[0], input[1], report[0], text, progress, err);
	else
		close(input[1]);
	if (child < 0)
		error_errno(err, "cannot run alert command '%s'", words.items[0]);
	close(report[0]);
	free(environment);
	words.count--;
done:
	string_list_release(&words);
	return result;
}
