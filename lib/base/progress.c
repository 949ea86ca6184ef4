/* SPDX-License-Identifier: GPL-3.0-or-later */
/* How work under lib/ speaks to whoever asked for it. */
#include "trapkit/progress.h"

#include "trapkit/error.h"
#include "trapkit/memory.h"

#include <stdarg.h>
#include <stdlib.h>

int progress_send(const struct progress *progress, const struct progress_event *event)
{
	if (progress == NULL || progress->report == NULL)
		return 0;
	return progress->report(progress->context, event);
}

static void say(const struct progress *progress, enum progress_kind kind, const char *path,
	const char *format, va_list arguments)
{
	struct progress_event event = {.kind = kind, .path = path};
	char *text;

	if (progress == NULL || progress->report == NULL)
		return;
	text = xvasprintf(format, arguments);
	event.message = text;
	progress_send(progress, &event);
	free(text);
}

void progress_note(const struct progress *progress, const char *format, ...)
{
	va_list arguments;

	va_start(arguments, format);
	say(progress, PROGRESS_NOTE, NULL, format, arguments);
	va_end(arguments);
}

void progress_detail(const struct progress *progress, const char *format, ...)
{
	va_list arguments;

	va_start(arguments, format);
	say(progress, PROGRESS_DETAIL, NULL, format, arguments);
	va_end(arguments);
}

void progress_warning(const struct progress *progress, const char *path, const char *format, ...)
{
	va_list arguments;

	va_start(arguments, format);
	say(progress, PROGRESS_WARNING, path, format, arguments);
	va_end(arguments);
}

int progress_check(const struct progress *progress, struct error *err)
{
	struct progress_event event = {.kind = PROGRESS_POLL};

	if (progress_send(progress, &event) == 0)
		return 0;
	return error_set(err, ERROR_CANCELLED, "stopped");
}
