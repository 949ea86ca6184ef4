/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What lies in a folder of an FTP server. */
#include "remote.h"

#include "trapkit/memory.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>

/* Servers stop listing long before (pure-ftpd at 10 000 names by default). */
#define LONGEST_LISTING ((size_t)32 << 20)

/* One line of MLSD: "type=file;size=1234;modify=…; NAME" (RFC 3659 section 7). False = no entry. */
static bool parse_line(char *line, struct remote_entry *entry)
{
	char *name = strchr(line, ' ');
	bool is_file = false;

	*entry = (struct remote_entry){0};
	if (name == NULL || name[1] == '\0')
		return false;
	*name++ = '\0';
	for (const char *fact = line; *fact != '\0'; fact += *fact == ';') {
		if (strncasecmp(fact, "type=file;", 10) == 0)
			is_file = true;
		else if (strncasecmp(fact, "type=dir;", 9) == 0)
			entry->is_folder = true;
		else if (strncasecmp(fact, "size=", 5) == 0 && reply_size(fact + 5) > 0)
			entry->size = (uint64_t)reply_size(fact + 5);
		fact += strcspn(fact, ";");
	}
	if (!is_file && !entry->is_folder)
		return false;
	entry->name = xstrdup(name);
	return true;
}

int ftp_list(struct remote *remote, const char *folder, struct remote_entry_list *list,
	struct error *err)
{
	char *text, *line, *rest;
	size_t size;

	if (ftp_retrieve(remote, "MLSD", folder, LONGEST_LISTING, &text, &size, err) != 0)
		return -1;
	for (line = strtok_r(text, "\r\n", &rest); line != NULL;
		line = strtok_r(NULL, "\r\n", &rest)) {
		struct remote_entry entry;

		if (parse_line(line, &entry))
			ARRAY_APPEND(list, entry);
	}
	free(text);
	return 0;
}
