/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Which cameras left pictures in one folder, and which of them took a file. */
#include "camera_list.h"

#include "trapkit/memory.h"
#include "trapkit/text.h"

#include <stdlib.h>
#include <string.h>

static void lower(char *text)
{
	for (; *text != '\0'; text++)
		if (*text >= 'A' && *text <= 'Z')
			*text = (char)(*text - 'A' + 'a');
}

/* False when the file names no camera. */
static bool camera_of(const struct media_facts *facts, struct camera *camera)
{
	*camera = (struct camera){.files = 1};
	memcpy(camera->make, facts->make, sizeof camera->make);
	memcpy(camera->model, facts->model, sizeof camera->model);
	memcpy(camera->serial, facts->serial, sizeof camera->serial);
	lower(camera->make);
	lower(camera->model);
	return camera->make[0] != '\0' || camera->model[0] != '\0';
}

/* What one of them lacks does not make another camera: damaged files, films without a number. */
static bool agree(const char *known, const char *seen)
{
	return *known == '\0' || *seen == '\0' || strcmp(known, seen) == 0;
}

static size_t index_of(const struct camera_list *list, const struct camera *camera)
{
	size_t i;

	for (i = 0; i < list->count; i++)
		if (strcmp(list->items[i].make, camera->make) == 0 &&
			agree(list->items[i].model, camera->model) &&
			agree(list->items[i].serial, camera->serial))
			break;
	return i;
}

void camera_list_add(struct camera_list *list, const struct media_facts *facts)
{
	struct camera camera, *known;
	size_t i;

	if (!camera_of(facts, &camera))
		return;
	i = index_of(list, &camera);
	if (i == MOST_CAMERAS) {
		list->more = true;
		return;
	}
	known = &list->items[i];
	if (i == list->count) {
		list->count++;
		*known = camera;
		return;
	}
	known->files++;
	if (known->model[0] == '\0')
		memcpy(known->model, camera.model, sizeof known->model);
	if (known->serial[0] == '\0')
		memcpy(known->serial, camera.serial, sizeof known->serial);
}

size_t camera_list_find(struct camera_list *list, const struct media_facts *facts)
{
	struct camera camera;
	size_t i;

	if (camera_of(facts, &camera) && (i = index_of(list, &camera)) < list->count)
		list->last = i;
	return list->last;
}

char *camera_text(const struct camera *camera)
{
	bool twice = strncmp(camera->model, camera->make, strlen(camera->make)) == 0;

	return xasprintf("%s%s%s%s%s", twice ? "" : camera->make,
		twice || camera->make[0] == '\0' || camera->model[0] == '\0' ? "" : " ",
		camera->model, camera->serial[0] == '\0' ? "" : " no. ", camera->serial);
}

char *camera_list_text(const struct camera_list *list)
{
	char *all = xstrdup("");

	for (size_t i = 0; i < list->count; i++) {
		const struct camera *camera = &list->items[i];
		char *text = camera_text(camera);
		char *more = xasprintf("%s%s%s (%llu file%s)", all, i == 0 ? "" : ", ", text,
			(unsigned long long)camera->files, camera->files == 1 ? "" : "s");

		free(text);
		free(all);
		all = more;
	}
	return all;
}

char *camera_deployment_id(const char *id, const struct camera *camera)
{
	const char *parts[] = {camera->serial, camera->model, camera->make};
	char *slug = NULL, *whole;

	for (size_t i = 0; i < 3 && (slug == NULL || *slug == '\0'); i++) {
		free(slug);
		slug = text_slugify(parts[i]);
	}
	whole = xasprintf("%s-%s", id, slug);
	free(slug);
	return whole;
}
