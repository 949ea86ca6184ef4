/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The deployments table that TRAPPER imports, made from what the files say. */
#include "each_file.h"
#include "template_parts.h"
#include "trapkit/error.h"
#include "trapkit/ledger.h"
#include "trapkit/progress.h"
#include "trapkit/text.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

struct template_maker {
	struct template_settings settings;
	struct template_result *result;
	const struct progress *progress;
	struct location_list locations;
	struct old_table old;
	struct row_list rows;
	/* The folder at hand: whole in the first, or each camera's files in its own. */
	char *collection, *name; /* NULL = none begun */
	struct folder folders[MOST_CAMERAS];
	struct camera_list cameras;
};

/* Takes the text. */
static void warn(struct template_maker *maker, char *text)
{
	string_list_add(&maker->result->warnings, text);
	free(text);
}

/* "52.0987666": seven decimals are a centimetre; zeros at the end say nothing. */
static char *degrees(double value)
{
	char *text = xasprintf("%.7f", value);
	size_t length = strlen(text);

	while (text[length - 1] == '0' && text[length - 2] != '.')
		text[--length] = '\0';
	return text;
}

/* TRAPPER's locations are what follows the first dash: R1-32_01 hangs at 32_01. */
static char *location_of(const char *id)
{
	const char *dash = strchr(id, '-');

	return xstrdup(dash == NULL ? "" : dash + 1);
}

static void fill_position(struct template_maker *maker, const struct folder *folder,
	struct row *row, struct template_deployment *deployment)
{
	const struct location *location = deployment->location[0] == '\0'
		? NULL
		: locations_find(&maker->locations, deployment->location);
	double latitude, longitude;

	if (location == NULL) {
		if (folder->has_position) {
			deployment->latitude = folder->latitude;
			deployment->longitude = folder->longitude;
			row->cells[COLUMN_LATITUDE] = degrees(folder->latitude);
			row->cells[COLUMN_LONGITUDE] = degrees(folder->longitude);
		}
		return;
	}
	free(deployment->location);
	deployment->location = xstrdup(location->id);
	row->cells[COLUMN_LATITUDE] = xstrdup(location->latitude);
	row->cells[COLUMN_LONGITUDE] = xstrdup(location->longitude);
	if (location->name[0] != '\0')
		row->cells[COLUMN_LOCATION_NAME] = xstrdup(location->name);
	if (location->uncertainty[0] != '\0')
		row->cells[COLUMN_UNCERTAINTY] = xstrdup(location->uncertainty);
	if (!text_parse_number(location->latitude, &latitude) ||
		!text_parse_number(location->longitude, &longitude))
		return;
	deployment->latitude = latitude;
	deployment->longitude = longitude;
	if (folder->has_position) {
		double distance =
			place_distance(latitude, longitude, folder->latitude, folder->longitude);

		if (distance > 1000) {
			char *message = xasprintf("the pictures' GPS is %.1f km from location "
						  "'%s'",
				distance / 1000, location->id);

			string_list_add(&deployment->warnings, message);
			free(message);
		}
	}
}

static void note_location(struct template_maker *maker, struct template_deployment *deployment)
{
	const char *nearest;
	char *message;

	if (deployment->location[0] == '\0') {
		message = xasprintf("no locationID: the folder's name has no '-' before a location "
				    "(as in R1-32_01)");
	} else if (maker->settings.locations != NULL &&
		locations_find(&maker->locations, deployment->location) == NULL) {
		nearest = locations_nearest(&maker->locations, deployment->location);
		message = xasprintf("location '%s' is not in '%s'%s%s%s", deployment->location,
			maker->settings.locations, nearest == NULL ? "" : "; the nearest is '",
			nearest == NULL ? "" : nearest, nearest == NULL ? "" : "'");
	} else {
		return;
	}
	string_list_add(&deployment->warnings, message);
	free(message);
}

static void add_row(struct template_maker *maker, const struct folder *folder,
	struct template_deployment *deployment)
{
	struct row row = {.first = deployment->first, .last = deployment->last};

	note_location(maker, deployment);
	fill_position(maker, folder, &row, deployment);
	row.folder = xstrdup(deployment->folder);
	row.cells[COLUMN_ID] = xstrdup(deployment->id);
	row.cells[COLUMN_LOCATION] = xstrdup(deployment->location);
	row.cells[COLUMN_START] =
		template_time(&maker->settings, deployment->first, deployment->first_offset);
	row.cells[COLUMN_END] =
		template_time(&maker->settings, deployment->last, deployment->last_offset);
	row.cells[COLUMN_CAMERA_MODEL] = folder_camera_model(folder);
	if (folder->cameras.count == 1 && folder->cameras.items[0].serial[0] != '\0')
		row.cells[COLUMN_CAMERA_ID] = xstrdup(folder->cameras.items[0].serial);
	if (folder->resets > 0 || folder->steps > 0)
		row.cells[COLUMN_TIMESTAMP_ISSUES] = xstrdup("true");
	for (size_t i = 0; i < maker->rows.count; i++)
		if (strcmp(maker->rows.items[i].cells[COLUMN_ID], deployment->id) == 0) {
			char *message = xasprintf(
				"the same deploymentID '%s' as '%s'; rename one of the folders",
				deployment->id, maker->rows.items[i].folder);

			string_list_add(&deployment->warnings, message);
			free(message);
			maker->result->failed++;
			break;
		}
	ARRAY_APPEND(&maker->rows, row);
}

/* `camera` is NULL when the folder is not split. */
static void end_deployment(
	struct template_maker *maker, struct folder *folder, const struct camera *camera)
{
	struct template_deployment deployment = {.latitude = NAN, .longitude = NAN};
	char *id = text_slugify(maker->name);
	const char *trouble = NULL;

	deployment.folder = xasprintf("%s/%s", maker->collection, maker->name);
	deployment.id = camera == NULL ? xstrdup(id) : camera_deployment_id(id, camera);
	deployment.location = location_of(id);
	folder_finish(folder, &maker->settings, &deployment);
	if (id[0] == '\0')
		trouble = "no deploymentID can be made of the folder's name; rename it";
	else if (!deployment.dated)
		trouble = "left out: none of its files has a date";
	if (trouble != NULL) {
		string_list_add(&deployment.warnings, trouble);
		deployment.dated = false;
		maker->result->failed++;
	} else {
		add_row(maker, folder, &deployment);
	}
	for (size_t i = 0; i < deployment.warnings.count; i++)
		progress_warning(maker->progress, deployment.folder, "%s%s%s",
			camera == NULL ? "" : deployment.id, camera == NULL ? "" : ": ",
			deployment.warnings.items[i]);
	ARRAY_APPEND(&maker->result->deployments, deployment);
	folder_release(folder);
	free(id);
}

static void end_folder(struct template_maker *maker)
{
	bool split = maker->cameras.count > 1;

	if (maker->name == NULL)
		return;
	if (maker->cameras.more)
		warn(maker,
			xasprintf("'%s/%s' holds pictures of more than %d cameras: only so many "
				  "are told apart",
				maker->collection, maker->name, MOST_CAMERAS));
	end_deployment(maker, &maker->folders[0], split ? &maker->cameras.items[0] : NULL);
	for (size_t i = 1; i < maker->cameras.count; i++)
		end_deployment(maker, &maker->folders[i], &maker->cameras.items[i]);
	free(maker->collection);
	free(maker->name);
	maker->collection = maker->name = NULL;
	maker->cameras = (struct camera_list){0};
}

static void free_maker(struct template_maker *maker)
{
	for (size_t i = 0; i < MOST_CAMERAS; i++)
		folder_release(&maker->folders[i]);
	free(maker->collection);
	free(maker->name);
	locations_release(&maker->locations);
	old_table_release(&maker->old);
	rows_release(&maker->rows);
	free(maker);
}

struct template_maker *template_begin(const struct template_settings *settings,
	struct template_result *result, const struct progress *progress, struct error *err)
{
	struct template_maker *maker = xcalloc(1, sizeof *maker);

	maker->settings = *settings;
	maker->result = result;
	maker->progress = progress;
	if ((settings->locations != NULL &&
		    locations_read(settings->locations, &maker->locations, err) != 0) ||
		(settings->merge != NULL &&
			old_table_read(settings->merge, &maker->old, err) != 0)) {
		free_maker(maker);
		return NULL;
	}
	return maker;
}

void template_add(struct template_maker *maker, const struct resource *resource)
{
	size_t camera = 0;

	if (maker->name == NULL || strcmp(maker->collection, resource->collection) != 0 ||
		strcmp(maker->name, resource->deployment) != 0) {
		end_folder(maker);
		maker->collection = xstrdup(resource->collection);
		maker->name = xstrdup(resource->deployment);
	}
	if (maker->settings.split_cameras) {
		camera_list_add(&maker->cameras, &resource->facts);
		camera = camera_list_find(&maker->cameras, &resource->facts);
	}
	folder_add(&maker->folders[camera], &maker->settings, resource);
}

int template_finish(struct template_maker *maker, struct error *err)
{
	struct template_result *result = maker->result;
	const struct progress *progress = maker->progress;
	size_t before = result->warnings.count;
	int status;

	end_folder(maker);
	if (maker->rows.count == 0)
		warn(maker,
			xstrdup("no deployment with a dated file; folders are expected as "
				"DATA/COLLECTION/DEPLOYMENT/FILES"));
	status = table_write(&maker->settings, &maker->rows, &maker->old, result, err);
	for (size_t i = before; status == 0 && i < result->warnings.count; i++)
		progress_warning(progress, NULL, "%s", result->warnings.items[i]);
	free_maker(maker);
	return status;
}

static int take_file(void *context, const struct resource *resource, struct error *err)
{
	(void)err;
	template_add(context, resource);
	return 0;
}

int template_make(struct ledger *ledger, const struct template_settings *settings,
	struct template_result *result, const struct progress *progress, struct error *err)
{
	struct template_maker *maker = template_begin(settings, result, progress, err);

	if (maker == NULL)
		return -1;
	if (each_file(ledger, settings->collections, take_file, maker, progress, err) != 0) {
		free_maker(maker);
		return -1;
	}
	return template_finish(maker, err);
}

void template_result_release(struct template_result *result)
{
	for (size_t i = 0; i < result->deployments.count; i++) {
		struct template_deployment *deployment = &result->deployments.items[i];

		free(deployment->id);
		free(deployment->location);
		free(deployment->folder);
		string_list_release(&deployment->cameras);
		string_list_release(&deployment->warnings);
	}
	free(result->deployments.items);
	string_list_release(&result->warnings);
	free(result->table);
	*result = (struct template_result){0};
}
