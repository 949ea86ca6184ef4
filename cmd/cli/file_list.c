/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Names of files from the command line and from a list. */
#include "file_list.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/types.h>

#define LARGEST_LIST (256u << 20) /* bytes */

static struct {
	char *from; /* --files-from FILE */
	bool nul;   /* -0 */
} settings;

const struct option file_list_options[] = {
	{.name = "files-from",
		.value = "FILE",
		.file = &settings.from,
		.help = "Read names from FILE, one a line; '-' is standard input."},
	{.name = "null",
		.letter = '0',
		.flag = &settings.nul,
		.fallback = "false",
		.help = "Take the names of --files-from as ended by NUL characters."},
	{0},
};

static int read_list(const char *path, bool nul, struct string_list *names, struct error *err)
{
	bool standard = strcmp(path, "-") == 0;
	FILE *stream = standard ? stdin : fopen(path, "re");
	char *line = NULL;
	size_t room = 0, total = 0;
	ssize_t length;
	int status = 0;

	if (stream == NULL)
		return error_errno(err, "cannot open '%s'", path);
	while (status == 0 && (length = getdelim(&line, &room, nul ? '\0' : '\n', stream)) > 0) {
		total += (size_t)length;
		if (!nul && line[length - 1] == '\n')
			line[--length] = '\0';
		if (!nul && length > 0 && line[length - 1] == '\r')
			line[--length] = '\0';
		if (total > LARGEST_LIST)
			status = error_set(err, ERROR_INPUT, "the list '%s' is too long", path);
		else if (!nul && strlen(line) != (size_t)length)
			status = error_set(err, ERROR_INPUT,
				"the list '%s' holds NUL characters: give -0 for such a list",
				path);
		else if (*line != '\0')
			string_list_add(names, line);
	}
	if (status == 0 && ferror(stream))
		status = error_errno(err, "cannot read '%s'", path);
	free(line);
	if (!standard)
		fclose(stream);
	return status;
}

bool file_list_given(void)
{
	return settings.from != NULL;
}

int file_list_collect(const struct session *session, struct string_list *names, struct error *err)
{
	for (size_t i = 0; i < session->argument_count; i++)
		string_list_add(names, session->arguments[i]);
	return settings.from == NULL ? 0 : read_list(settings.from, settings.nul, names, err);
}
