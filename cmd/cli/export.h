/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The two halves of export: fetched from a server, or built from folders. */
#ifndef TRAPKIT_CMD_EXPORT_H
#define TRAPKIT_CMD_EXPORT_H

#include "command.h"

/* What both halves heed. */
struct export_settings {
	char *output; /* NULL = the half's own choice */
	bool overwrite, exclude_blank, private_human, private_vehicle;
	char *filetype;                             /* "csv.gz" */
	char *name, *version, *title, *description; /* NULL = not given */
	struct string_list private_species, keywords;
};
extern struct export_settings export_settings;

extern const struct option export_server_options[], export_local_options[];

/* --init-metadata, which needs no --local. */
bool export_writes_metadata(void);

/* `export PROJECT` and `export --local`: what a command's run returns. */
int export_from_server(struct session *session, struct error *err);
int export_from_folders(struct session *session, struct error *err);

#endif
