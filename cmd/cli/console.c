/* SPDX-License-Identifier: GPL-3.0-or-later */
/* All that is said: results to standard output; talk, progress and errors to standard error. */
#include "console.h"

#include "bars.h"
#include "globals.h"
#include "interrupt.h"
#include "log.h"
#include "trapkit/text.h"

#include <cjson/cJSON.h>
#include <errno.h>
#include <poll.h>
#include <pthread.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <termios.h>
#include <time.h>
#include <unistd.h>

struct console {
	struct console_settings settings;
	struct progress progress;
	pthread_mutex_t lock;
	struct bars bars;
	struct log log;
	bool color;       /* on standard error */
	int output_errno; /* the first write error on standard output */
	/* Warnings that -q held back, and how many there were. */
	struct string_list held;
	size_t held_count;
};

/* The first of many tell enough; --logfile has them all. */
#define MOST_HELD 100

static double monotonic(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (double)now.tv_sec + (double)now.tv_nsec / 1e9;
}

static bool is_dumb(void)
{
	const char *term = getenv("TERM");

	return term == NULL || *term == '\0' || strcmp(term, "dumb") == 0;
}

static bool wants_color(int mode, int fd)
{
	const char *no_color = getenv("NO_COLOR");

	if (mode != COLOR_AUTO)
		return mode == COLOR_ALWAYS;
	return isatty(fd) && !is_dumb() && (no_color == NULL || *no_color == '\0');
}

static enum bars_mode choose_bars(const struct console_settings *settings)
{
	bool terminal = isatty(STDERR_FILENO) != 0;

	if (settings->progress == PROGRESS_JSON)
		return BARS_JSON;
	if (settings->progress == PROGRESS_NEVER)
		return BARS_NONE;
	if (settings->progress == PROGRESS_ALWAYS)
		return terminal && !is_dumb() ? BARS_DRAWN : BARS_LINES;
	if (settings->verbosity == 0)
		return BARS_NONE;
	return terminal && !is_dumb() ? BARS_DRAWN : BARS_LINES;
}

/* ---- standard error ---- */

static void note_output_error(struct console *console, bool failed)
{
	if (failed && console->output_errno == 0)
		console->output_errno = errno != 0 ? errno : EIO;
}

/* One of "error", "warning", "note", "detail": a line of text, or an event with --progress=json. */
static void say_json(
	struct console *console, const char *level, const char *path, const char *message)
{
	cJSON *object = cJSON_CreateObject();
	char *text;

	cJSON_AddStringToObject(object, "event", level);
	if (path != NULL) {
		char *shown = text_escape(path);

		cJSON_AddStringToObject(object, "path", shown);
		free(shown);
	}
	cJSON_AddStringToObject(object, "message", message);
	text = cJSON_PrintUnformatted(object);
	fprintf(console->bars.out, "%s\n", text == NULL ? "" : text);
	free(text);
	cJSON_Delete(object);
}

static void say(struct console *console, const char *level, const char *path, const char *message)
{
	bool labelled = strcmp(level, "error") == 0 || strcmp(level, "warning") == 0;
	const char *paint = *level == 'e' ? "\033[1;31m" : "\033[1;33m";
	char *shown = text_escape(message);
	char *where = path == NULL ? NULL : text_escape(path);
	FILE *out = console->bars.out;

	if (console->bars.mode == BARS_JSON) {
		say_json(console, level, path, shown);
	} else {
		bars_hide(&console->bars);
		/* What was said before stands before it, where both go into one file. */
		errno = 0;
		note_output_error(console, fflush(stdout) != 0);
		if (labelled)
			fprintf(out, "trapkit: %s%s:%s ", console->color ? paint : "", level,
				console->color ? "\033[0m" : "");
		fprintf(out, "%s%s%s\n", where == NULL ? "" : where, where == NULL ? "" : ": ",
			shown);
	}
	fflush(out);
	free(where);
	free(shown);
}

static void hold(struct console *console, const char *path, const char *message)
{
	char *text =
		xasprintf("%s%s%s", path == NULL ? "" : path, path == NULL ? "" : ": ", message);

	if (console->held_count++ < MOST_HELD)
		string_list_add(&console->held, text);
	free(text);
}

static void take_message(struct console *console, const struct progress_event *event)
{
	static const char *const levels[] = {"note", "warning", "detail"};
	static const int needed[] = {1, 1, 2};
	size_t which = (size_t)(event->kind - PROGRESS_NOTE);

	if (event->message == NULL || which > 2)
		return;
	if (console->settings.verbosity >= needed[which])
		say(console, levels[which], event->path, event->message);
	else if (which == 1)
		hold(console, event->path, event->message);
	if (which == 1 || console->settings.verbosity >= needed[which])
		log_write(&console->log, levels[which], event->stage, event->path, event->message);
}

static int report(void *context, const struct progress_event *event)
{
	struct console *console = context;

	if (event->kind == PROGRESS_POLL)
		return interrupt_signal();
	pthread_mutex_lock(&console->lock);
	if (event->kind <= PROGRESS_END)
		bars_take(&console->bars, event, monotonic());
	else
		take_message(console, event);
	pthread_mutex_unlock(&console->lock);
	return interrupt_signal();
}

struct console *console_new(const struct console_settings *settings, struct error *err)
{
	struct console *console = xcalloc(1, sizeof *console);

	console->settings = *settings;
	console->progress = (struct progress){report, console};
	pthread_mutex_init(&console->lock, NULL);
	console->bars.out = stderr;
	console->bars.mode = choose_bars(settings);
	console->color = wants_color(settings->color, STDERR_FILENO);
	log_open(&console->log, settings->logfile, settings->log_json, err);
	return console;
}

void console_free(struct console *console)
{
	if (console == NULL)
		return;
	bars_hide(&console->bars);
	log_close(&console->log);
	string_list_release(&console->held);
	pthread_mutex_destroy(&console->lock);
	free(console);
}

const struct progress *console_progress(struct console *console)
{
	return &console->progress;
}

void console_tell_held(struct console *console)
{
	pthread_mutex_lock(&console->lock);
	for (size_t i = 0; i < console->held.count; i++)
		say(console, "warning", NULL, console->held.items[i]);
	if (console->held_count > console->held.count) {
		char *text = xasprintf("and %zu more warnings; --logfile FILE keeps all",
			console->held_count - console->held.count);

		say(console, "warning", NULL, text);
		free(text);
	}
	string_list_release(&console->held);
	console->held_count = 0;
	pthread_mutex_unlock(&console->lock);
}

void console_error(struct console *console, const char *message)
{
	pthread_mutex_lock(&console->lock);
	say(console, "error", NULL, message);
	log_write(&console->log, "error", NULL, NULL, message);
	pthread_mutex_unlock(&console->lock);
}

static void take_formatted(
	struct console *console, enum progress_kind kind, const char *format, va_list arguments)
{
	struct progress_event event = {.kind = kind};
	char *text = xvasprintf(format, arguments);

	event.message = text;
	report(console, &event);
	free(text);
}

void console_warning(struct console *console, const char *format, ...)
{
	va_list arguments;

	va_start(arguments, format);
	take_formatted(console, PROGRESS_WARNING, format, arguments);
	va_end(arguments);
}

void console_note(struct console *console, const char *format, ...)
{
	va_list arguments;

	va_start(arguments, format);
	take_formatted(console, PROGRESS_NOTE, format, arguments);
	va_end(arguments);
}

void console_log(struct console *console, const char *level, const char *format, ...)
{
	va_list arguments;
	char *text;

	va_start(arguments, format);
	text = xvasprintf(format, arguments);
	va_end(arguments);
	pthread_mutex_lock(&console->lock);
	log_write(&console->log, level, NULL, NULL, text);
	pthread_mutex_unlock(&console->lock);
	free(text);
}

/* ---- standard output ---- */

static void put(struct console *console, const char *format, va_list arguments)
{
	pthread_mutex_lock(&console->lock);
	/* On a terminal both streams share the screen. */
	bars_hide(&console->bars);
	errno = 0;
	note_output_error(console, vfprintf(stdout, format, arguments) < 0);
	pthread_mutex_unlock(&console->lock);
}

void console_print(struct console *console, const char *format, ...)
{
	va_list arguments;

	if (console->settings.json || console->settings.verbosity == 0)
		return;
	va_start(arguments, format);
	put(console, format, arguments);
	va_end(arguments);
}

void console_result(struct console *console, const char *format, ...)
{
	va_list arguments;

	if (console->settings.json)
		return;
	va_start(arguments, format);
	put(console, format, arguments);
	va_end(arguments);
}

void console_write(struct console *console, const void *bytes, size_t size)
{
	pthread_mutex_lock(&console->lock);
	bars_hide(&console->bars);
	errno = 0;
	note_output_error(console, fwrite(bytes, 1, size, stdout) != size);
	pthread_mutex_unlock(&console->lock);
}

int console_finish(struct console *console, struct error *err)
{
	pthread_mutex_lock(&console->lock);
	bars_hide(&console->bars);
	errno = 0;
	note_output_error(console, fflush(stdout) != 0);
	note_output_error(console, ferror(stdout) != 0);
	pthread_mutex_unlock(&console->lock);
	if (console->output_errno == 0)
		return 0;
	errno = console->output_errno;
	return error_errno(err, "cannot write to standard output");
}

/* ---- questions ---- */

static int read_line(int fd, char *line, size_t room, struct error *err)
{
	size_t used = 0;

	for (;;) {
		struct pollfd wait = {.fd = fd, .events = POLLIN};
		ssize_t got = 0;

		if (interrupt_signal() != 0)
			return error_set(err, ERROR_CANCELLED, "stopped");
		if (poll(&wait, 1, 200) <= 0)
			continue;
		got = read(fd, line + used, room - 1 - used);
		if (got < 0 && errno == EINTR)
			continue;
		if (got <= 0 && used == 0)
			return error_set(err, ERROR_CANCELLED, "no answer");
		used += got > 0 ? (size_t)got : 0;
		line[used] = '\0';
		if (got <= 0 || strchr(line, '\n') != NULL || used == room - 1) {
			line[strcspn(line, "\r\n")] = '\0';
			return 0;
		}
	}
}

int console_ask(struct console *console, const char *question, bool hidden, char **answer,
	struct error *err)
{
	struct termios before, without;
	char line[1024] = "";
	bool changed = false;
	int status;

	pthread_mutex_lock(&console->lock);
	bars_hide(&console->bars);
	if (hidden && tcgetattr(STDIN_FILENO, &before) == 0) {
		without = before;
		without.c_lflag &= ~(tcflag_t)ECHO;
		changed = tcsetattr(STDIN_FILENO, TCSAFLUSH, &without) == 0;
	}
	/* After the echo is off: nothing typed at the sight of the question may show. */
	fprintf(stderr, "%s: ", question);
	fflush(stderr);
	status = read_line(STDIN_FILENO, line, sizeof line, err);
	if (changed) {
		tcsetattr(STDIN_FILENO, TCSAFLUSH, &before);
		fputc('\n', stderr);
	}
	pthread_mutex_unlock(&console->lock);
	*answer = status == 0 ? xstrdup(line) : NULL;
	explicit_bzero(line, sizeof line);
	return status;
}
