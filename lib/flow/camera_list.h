/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Which cameras left pictures in one folder, and which of them took a file. */
#ifndef TRAPKIT_FLOW_CAMERA_LIST_H
#define TRAPKIT_FLOW_CAMERA_LIST_H

#include "trapkit/model.h"

#define MOST_CAMERAS 16

struct camera {
	char make[48], model[48], serial[48]; /* make and model in lower case */
	uint64_t files;
};

struct camera_list {
	struct camera items[MOST_CAMERAS]; /* in the order of their first files */
	size_t count;
	bool more;   /* than are kept */
	size_t last; /* of the file before */
};

/* Counts the file as its camera's. One that names none (a film) is not counted. */
void camera_list_add(struct camera_list *list, const struct media_facts *facts);

/*
 * The number of the camera that took the file, files taken in order of their names: one that names
 * none belongs to that of the file before it, the first ones to the first camera.
 */
size_t camera_list_find(struct camera_list *list, const struct media_facts *facts);

/* "reconyx hc500 no. H500DE01120343". Owned by the caller. */
char *camera_text(const struct camera *camera);
/* All of them with their files. Owned by the caller. */
char *camera_list_text(const struct camera_list *list);

/*
 * The deployment of one camera of a folder whose deployment is `id`: "r1-32_01-h500de01120343", by
 * its number, else by its model, so that it stays the same when files come. Owned by the caller.
 */
char *camera_deployment_id(const char *id, const struct camera *camera);

#endif
