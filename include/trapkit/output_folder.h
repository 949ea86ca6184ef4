/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Folders that appear whole or not at all. */
#ifndef TRAPKIT_OUTPUT_FOLDER_H
#define TRAPKIT_OUTPUT_FOLDER_H

#include "trapkit/output_file.h"

#ifdef __cplusplus
extern "C" {
#endif

/*
 * Filled under a temporary name beside the final one; publishing renames it. `{ 0 }` is valid and
 * may be discarded. What a killed run left is removed by the next output_folder_open of the path.
 */
struct output_folder {
	char *path;      /* final name, owned */
	char *temporary; /* where to write; owned; NULL when nothing is open */
};

int output_folder_open(struct output_folder *folder, const char *path, struct error *err);

/*
 * 0 when the folder may be published at `path`. ERROR_INPUT: with OUTPUT_REFUSE something is there
 * that is no empty folder.
 */
int output_folder_check(const char *path, enum output_existing existing, struct error *err);

/*
 * Makes the folder appear; whoever wrote its files has flushed them to the disk. A folder that is
 * there is replaced when it is empty, or with OUTPUT_REPLACE when the new one has each file that is
 * in it: nothing else is ever lost. Else ERROR_INPUT, naming what is in the way. The struct is
 * released either way.
 */
int output_folder_publish(
	struct output_folder *folder, enum output_existing existing, struct error *err);

/* Drops what was written. Safe after publish and on `{ 0 }`. */
void output_folder_discard(struct output_folder *folder);

#ifdef __cplusplus
}
#endif

#endif
