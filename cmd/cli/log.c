/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The log file: one line an event, with the time in UTC. */
#include "log.h"

#include "trapkit/error.h"
#include "trapkit/memory.h"
#include "trapkit/text.h"

#include <cjson/cJSON.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

int log_open(struct log *log, const char *path, bool json, struct error *err)
{
	*log = (struct log){.json = json};
	if (path == NULL)
		return 0;
	log->fd = open(path, O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC, 0666);
	if (log->fd < 0)
		return error_errno(err, "cannot open log file '%s'", path);
	log->open = true;
	return 0;
}

static char *as_json(const char *time, const char *level, const char *stage, const char *path,
	const char *message)
{
	cJSON *object = cJSON_CreateObject();
	char *text, *line;

	cJSON_AddStringToObject(object, "time", time);
	cJSON_AddStringToObject(object, "level", level);
	if (stage != NULL)
		cJSON_AddStringToObject(object, "stage", stage);
	if (path != NULL)
		cJSON_AddStringToObject(object, "path", path);
	cJSON_AddStringToObject(object, "message", message);
	text = cJSON_PrintUnformatted(object);
	line = xasprintf("%s\n", text == NULL ? "{}" : text);
	free(text);
	cJSON_Delete(object);
	return line;
}

void log_write(const struct log *log, const char *level, const char *stage, const char *path,
	const char *message)
{
	char *shown, *where, *line;
	char stamp[32];
	struct tm utc;
	time_t now;
	ssize_t written;

	if (!log->open)
		return;
	now = time(NULL);
	gmtime_r(&now, &utc);
	strftime(stamp, sizeof stamp, "%Y-%m-%dT%H:%M:%SZ", &utc);
	shown = text_escape(message);
	where = path == NULL ? NULL : text_escape(path);
	if (log->json)
		line = as_json(stamp, level, stage, where, shown);
	else
		line = xasprintf("%s %s %s%s%s\n", stamp, level, where == NULL ? "" : where,
			where == NULL ? "" : ": ", shown);
	/* A full disk must not stop the work that is being logged. */
	written = write(log->fd, line, strlen(line));
	(void)written;
	free(line);
	free(where);
	free(shown);
}

void log_close(struct log *log)
{
	if (log->open)
		close(log->fd);
	log->open = false;
}
