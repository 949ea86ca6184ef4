/* SPDX-License-Identifier: GPL-3.0-or-later */
/* From a [[CAMERA]] table to a profile, with messages that name file and line. */
#include "profiles.h"
#include "trapkit/error.h"
#include "trapkit/text.h"
#include "trapkit/toml.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>

static const char *const keys[] = {"name", "note", "make", "model", "path", "id", "id_pattern",
	"id_group", "date", "date_pattern", "date_order", "gps", "gps_pattern", "requires",
	"max_size", NULL};

struct parsing {
	const struct toml_value *table;
	const char *file;
	struct error *err;
	bool failed;
};

static unsigned line_of(const struct parsing *parsing)
{
	if (parsing->table->line > 0)
		return parsing->table->line;
	return parsing->table->count > 0 ? parsing->table->items[0].line : 0;
}

/* Blames the line of a value, or of the table when it is NULL. The first one counts. */
static void blame(struct parsing *parsing, const struct toml_value *value, const char *text)
{
	if (!parsing->failed)
		error_set(parsing->err, ERROR_SETTINGS, "%s:%u: %s", parsing->file,
			value == NULL ? line_of(parsing) : value->line, text);
	parsing->failed = true;
}

static void blame_key(
	struct parsing *parsing, const struct toml_value *value, const char *key, const char *text)
{
	char *whole = xasprintf("CAMERA.%s %s", key, text);

	blame(parsing, value, whole);
	free(whole);
}

/* NULL when it is absent or no text. Borrowed. */
static const char *text_of(struct parsing *parsing, const char *key)
{
	const struct toml_value *value = toml_find(parsing->table, key);

	if (value == NULL)
		return NULL;
	if (value->type != TOML_STRING || strlen(value->text) != value->length) {
		blame_key(parsing, value, key, "must be a text in quotes");
		return NULL;
	}
	return value->text;
}

static char *copy_of(struct parsing *parsing, const char *key)
{
	const char *text = text_of(parsing, key);

	return text == NULL ? NULL : xstrdup(text);
}

static struct camera_pattern *pattern_of(struct parsing *parsing, const char *key)
{
	const char *text = text_of(parsing, key);
	struct camera_pattern *pattern;
	struct error err = {0};

	if (text == NULL)
		return NULL;
	pattern = pattern_new(text, &err);
	if (pattern == NULL) {
		char *whole = xasprintf("CAMERA.%s: %s", key, err.message);

		blame(parsing, toml_find(parsing->table, key), whole);
		free(whole);
	}
	return pattern;
}

static void check_keys(struct parsing *parsing)
{
	for (size_t i = 0; i < parsing->table->count; i++) {
		const struct toml_value *value = &parsing->table->items[i];
		const char *nearest;
		char *shown, *text;
		size_t k = 0;

		while (keys[k] != NULL && strcmp(keys[k], value->key) != 0)
			k++;
		if (keys[k] != NULL)
			continue;
		nearest = text_nearest(value->key, keys);
		shown = text_escape(value->key);
		text = nearest == NULL
			? xasprintf("unknown key '%s': see trapkit-cameras(5)", shown)
			: xasprintf("unknown key '%s': did you mean '%s'?", shown, nearest);
		blame(parsing, value, text);
		free(text);
		free(shown);
	}
}

/* ---- where things come from ---- */

/* Splits "exif:Model" and looks the first part up in `names`; `allowed` is its list in words. */
static enum camera_source source_of(struct parsing *parsing, const char *key,
	enum camera_source fallback, const char *const *names, const char *allowed, char **of)
{
	const char *text = text_of(parsing, key);
	size_t length;

	if (text == NULL)
		return fallback;
	length = strcspn(text, ":");
	for (int i = 0; names[i] != NULL; i++) {
		if (strlen(names[i]) != length || strncasecmp(names[i], text, length) != 0)
			continue;
		if (text[length] == ':' && of == NULL)
			break;
		if (text[length] == ':' && text[length + 1] != '\0')
			*of = xstrdup(text + length + 1);
		return (enum camera_source)i;
	}
	blame_key(parsing, toml_find(parsing->table, key), key, allowed);
	return fallback;
}

static void parse_id(struct parsing *parsing, struct camera_profile *profile)
{
	static const char *const names[] = {"none", "exif", "file-name", "path", "maker-note",
		"user-comment", "description", NULL};
	const struct toml_value *value = toml_find(parsing->table, "id");
	const struct toml_value *group = toml_find(parsing->table, "id_group");

	profile->id_from = source_of(parsing, "id", CAMERA_FROM_NOWHERE, names,
		"must be \"exif:TAG\", \"file-name\", \"path\", \"maker-note:serial\", "
		"\"maker-note:label\", \"user-comment:KEY\" or \"description:KEY\"",
		&profile->id_key);
	profile->id = pattern_of(parsing, "id_pattern");
	if (profile->id_from == CAMERA_FROM_NOWHERE)
		blame(parsing, value, "a camera profile needs 'id': where the camera's id is");
	if (profile->id_from == CAMERA_FROM_EXIF && profile->id_key != NULL &&
		tag_slot_by_name(profile->id_key) < 0)
		blame_key(parsing, value, "id",
			"names no EXIF tag that is read: SerialNumber, Make, Model, Software, "
			"ImageDescription, OwnerName, Artist or ImageUniqueID");
	if (profile->id_from == CAMERA_FROM_MAKER_NOTE && profile->id_key != NULL &&
		strcmp(profile->id_key, "serial") != 0 && strcmp(profile->id_key, "label") != 0)
		blame_key(parsing, value, "id", "of a maker note is \"serial\" or \"label\"");
	profile->id_group = profile->id != NULL && pattern_groups(profile->id) > 0 ? 1 : 0;
	if (group == NULL)
		return;
	if (profile->id == NULL || group->type != TOML_INTEGER || group->integer < 0 ||
		group->integer >= PATTERN_GROUPS ||
		(size_t)group->integer > pattern_groups(profile->id))
		blame_key(parsing, group, "id_group",
			"must be the number of a group ( ) of id_pattern, up to 9");
	else
		profile->id_group = (size_t)group->integer;
}

/* Every letter of `YMDhms` at most once, and day, month, year among them. */
static bool order_is_good(const char *order)
{
	for (const char *at = order; *at != '\0'; at++)
		if (strchr("YMDhms", *at) == NULL || strchr(at + 1, *at) != NULL)
			return false;
	return strchr(order, 'Y') != NULL && strchr(order, 'M') != NULL &&
		strchr(order, 'D') != NULL;
}

static void parse_date(struct parsing *parsing, struct camera_profile *profile)
{
	static const char *const names[] = {
		"none", "exif", "file-name", "path", "maker-note", NULL};
	bool from_text;

	profile->date_from = source_of(parsing, "date", CAMERA_FROM_EXIF, names,
		"must be \"exif\", \"maker-note\", \"file-name\", \"path\" or \"none\"", NULL);
	profile->date = pattern_of(parsing, "date_pattern");
	profile->date_order = copy_of(parsing, "date_order");
	if (profile->date_order == NULL)
		profile->date_order = xstrdup("YMDhms");
	from_text = profile->date_from == CAMERA_FROM_FILE_NAME ||
		profile->date_from == CAMERA_FROM_PATH;
	if (parsing->failed)
		return;
	if (from_text != (profile->date != NULL))
		blame(parsing, toml_find(parsing->table, "date_pattern"),
			"'date_pattern' goes with date = \"file-name\" or \"path\", which need it");
	else if (!order_is_good(profile->date_order))
		blame_key(parsing, toml_find(parsing->table, "date_order"), "date_order",
			"names the groups of date_pattern in order, each letter once: Y M D h m s");
	else if (from_text && pattern_groups(profile->date) < strlen(profile->date_order))
		blame(parsing, toml_find(parsing->table, "date_pattern"),
			"'date_pattern' has fewer groups ( ) than date_order has letters");
}

static void parse_position(struct parsing *parsing, struct camera_profile *profile)
{
	static const char *const names[] = {"none", "exif", "file-name", "path", NULL};
	bool from_text;

	profile->gps_from = source_of(parsing, "gps", CAMERA_FROM_EXIF, names,
		"must be \"exif\", \"file-name\", \"path\" or \"none\"", NULL);
	profile->gps = pattern_of(parsing, "gps_pattern");
	from_text =
		profile->gps_from == CAMERA_FROM_FILE_NAME || profile->gps_from == CAMERA_FROM_PATH;
	if (parsing->failed)
		return;
	if (from_text != (profile->gps != NULL) || (from_text && pattern_groups(profile->gps) < 2))
		blame(parsing, toml_find(parsing->table, "gps_pattern"),
			"'gps_pattern' goes with gps = \"file-name\" or \"path\" and has two "
			"groups ( ): latitude and longitude");
}

static void parse_requires(struct parsing *parsing, struct camera_profile *profile)
{
	const struct toml_value *value = toml_find(parsing->table, "requires");

	profile->needs_date = value == NULL;
	if (value == NULL)
		return;
	if (value->type != TOML_ARRAY) {
		blame_key(parsing, value, "requires", "must be a list, as [\"date\", \"gps\"]");
		return;
	}
	for (size_t i = 0; i < value->count; i++) {
		const struct toml_value *item = &value->items[i];

		if (item->type == TOML_STRING && strcmp(item->text, "date") == 0)
			profile->needs_date = true;
		else if (item->type == TOML_STRING && strcmp(item->text, "gps") == 0)
			profile->needs_gps = true;
		else
			blame_key(parsing, value, "requires", "may hold \"date\" and \"gps\"");
	}
}

static void parse_size(struct parsing *parsing, struct camera_profile *profile)
{
	const struct toml_value *value = toml_find(parsing->table, "max_size");
	struct error err = {0};

	profile->most_bytes = CAMERA_LARGEST_IMAGE;
	if (value == NULL)
		return;
	if (value->type == TOML_INTEGER && value->integer > 0)
		profile->most_bytes = (uint64_t)value->integer;
	else if (value->type != TOML_STRING ||
		text_parse_size(value->text, &profile->most_bytes, &err) != 0 ||
		profile->most_bytes == 0)
		blame_key(parsing, value, "max_size", "must be a size, as \"5M\"");
}

/* Either EXIF or the path tells the camera, never both. */
static void check_kind(struct parsing *parsing, const struct camera_profile *profile)
{
	bool by_exif = profile->make != NULL || profile->model != NULL;

	if (profile->name == NULL || *profile->name == '\0')
		blame(parsing, toml_find(parsing->table, "name"), "a camera profile needs a name");
	else if (by_exif && profile->path != NULL)
		blame(parsing, toml_find(parsing->table, "path"),
			"a camera profile cannot be both: give make and model, or path");
	else if (!by_exif && profile->path == NULL)
		blame(parsing, NULL,
			"a camera profile must provide either make and model, or path");
}

struct camera_profile *profile_parse(
	const struct toml_value *table, const char *name, struct error *err)
{
	struct parsing parsing = {.table = table, .file = name, .err = err};
	struct camera_profile *profile;

	if (table->type != TOML_TABLE) {
		error_set(err, ERROR_SETTINGS,
			"%s:%u: camera profiles are written [[CAMERA]], in double brackets", name,
			table->line);
		return NULL;
	}
	profile = xcalloc(1, sizeof *profile);
	profile->origin = xasprintf("%s:%u", name, line_of(&parsing));
	check_keys(&parsing);
	profile->name = copy_of(&parsing, "name");
	profile->note = copy_of(&parsing, "note");
	profile->make = pattern_of(&parsing, "make");
	profile->model = pattern_of(&parsing, "model");
	profile->path = pattern_of(&parsing, "path");
	if (!parsing.failed)
		check_kind(&parsing, profile);
	if (!parsing.failed)
		parse_id(&parsing, profile);
	if (!parsing.failed)
		parse_date(&parsing, profile);
	if (!parsing.failed)
		parse_position(&parsing, profile);
	parse_requires(&parsing, profile);
	parse_size(&parsing, profile);
	if (!parsing.failed)
		return profile;
	profile_free(profile);
	return NULL;
}
