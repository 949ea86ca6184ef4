/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The list of profiles: the built-in ones, a user's own, and how one is shown. */
#include "profiles.h"
#include "trapkit/error.h"
#include "trapkit/toml.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>

/* The server's registry, in its order (contracts/camera-addaxai (a)). */
static const char built_in[] =
	"[[CAMERA]]\n"
	"name = 'INSTAR'\n"
	"note = 'IP cameras without EXIF, which upload into a folder named by their position'\n"
	"path = '^INSTAR/lat-?[0-9]+\\.[0-9]+_lon-?[0-9]+\\.[0-9]+/[^/]+\\.jpe?g$'\n"
	"id = 'path'\n"
	"id_pattern = '^[^/]*/([^/]*)/'\n"
	"date = 'file-name'\n"
	"date_pattern = '^[A-Z]_([0-9]{4})-([0-9]{2})-([0-9]{2})_([0-9]{2})-([0-9]{2})-([0-9]{2})"
	"\\.jpe?g$'\n"
	"gps = 'path'\n"
	"gps_pattern = '^[^/]*/lat(-?[0-9]+\\.[0-9]+)_lon(-?[0-9]+\\.[0-9]+)/'\n"
	"requires = ['date', 'gps']\n"
	"[[CAMERA]]\n"
	"name = 'Willfine-2025'\n"
	"note = 'Willfine 4.0T CG'\n"
	"make = 'Willfine'\n"
	"model = '4\\.0T CG'\n"
	"id = 'exif:SerialNumber'\n"
	"requires = ['date', 'gps']\n"
	"[[CAMERA]]\n"
	"name = 'Swift Enduro'\n"
	"note = 'Swift Enduro 4G; the IMEI is in the file name'\n"
	"make = 'SY'\n"
	"model = '4\\.0PCG-R'\n"
	"id = 'file-name'\n"
	"id_pattern = '(^|[^[:alnum:]_])([0-9]{15})([^[:alnum:]_]|$)'\n"
	"id_group = 2\n"
	"requires = ['date', 'gps']\n";

void profile_free(struct camera_profile *profile)
{
	if (profile == NULL)
		return;
	pattern_free(profile->make);
	pattern_free(profile->model);
	pattern_free(profile->path);
	pattern_free(profile->id);
	pattern_free(profile->date);
	pattern_free(profile->gps);
	free(profile->name);
	free(profile->origin);
	free(profile->note);
	free(profile->id_key);
	free(profile->date_order);
	free(profile);
}

void camera_profiles_free(struct camera_profiles *profiles)
{
	if (profiles == NULL)
		return;
	for (size_t i = 0; i < profiles->count; i++)
		profile_free(profiles->items[i]);
	free(profiles->items);
	free(profiles);
}

static ptrdiff_t index_of(const struct camera_profiles *profiles, const char *name)
{
	for (size_t i = 0; i < profiles->count; i++)
		if (strcasecmp(profiles->items[i]->name, name) == 0)
			return (ptrdiff_t)i;
	return -1;
}

const struct camera_profile *camera_profile_find(
	const struct camera_profiles *profiles, const char *name)
{
	ptrdiff_t index = index_of(profiles, name);

	return index < 0 ? NULL : profiles->items[index];
}

/* Takes over `profile`. */
static int put(struct camera_profiles *profiles, struct camera_profile *profile, struct error *err)
{
	ptrdiff_t index = index_of(profiles, profile->name);

	if (index < 0) {
		ARRAY_APPEND(profiles, profile);
		return 0;
	}
	if (strcmp(profiles->items[index]->origin, "built in") != 0) {
		error_set(err, ERROR_SETTINGS,
			"%s: there is a camera profile '%s' already, at %s; give one another name",
			profile->origin, profile->name, profiles->items[index]->origin);
		profile_free(profile);
		return -1;
	}
	profile_free(profiles->items[index]);
	profiles->items[index] = profile;
	return 0;
}

static bool is_camera(const struct toml_value *value)
{
	return value->key != NULL && strcasecmp(value->key, "CAMERA") == 0;
}

/* Parses all of them first, so that one that is wrong leaves nothing behind. */
int camera_profiles_add(struct camera_profiles *profiles, const struct toml_value *root,
	const char *name, struct error *err)
{
	struct camera_profiles fresh = {0};
	size_t used = 0;
	int status = 0;

	for (size_t i = 0; i < root->count && status == 0; i++) {
		const struct toml_value *value = &root->items[i];

		if (!is_camera(value))
			continue;
		if (value->type != TOML_ARRAY) {
			status = error_set(err, ERROR_SETTINGS,
				"%s:%u: camera profiles are written [[CAMERA]], in double brackets",
				name, value->line);
			break;
		}
		for (size_t j = 0; j < value->count && status == 0; j++) {
			struct camera_profile *profile = profile_parse(&value->items[j], name, err);

			status = profile == NULL ? -1 : put(&fresh, profile, err);
		}
	}
	for (; used < fresh.count && status == 0; used++)
		status = put(profiles, fresh.items[used], err);
	for (; used < fresh.count; used++)
		profile_free(fresh.items[used]);
	free(fresh.items);
	return status;
}

struct camera_profiles *camera_profiles_new(void)
{
	struct camera_profiles *profiles = xcalloc(1, sizeof *profiles);
	struct toml_value *root = NULL;
	struct error err = {0};

	/* Ours is good: a test reads it. */
	if (toml_parse(built_in, sizeof built_in - 1, "built in", &root, &err) == 0)
		camera_profiles_add(profiles, root, "built in", &err);
	toml_free(root);
	for (size_t i = 0; i < profiles->count; i++) {
		free(profiles->items[i]->origin);
		profiles->items[i]->origin = xstrdup("built in");
	}
	return profiles;
}

/* ---- shown ---- */

char *camera_source_text(enum camera_source source, const char *key)
{
	static const char *const names[] = {
		"none", "exif", "file-name", "path", "maker-note", "user-comment", "description"};

	return xasprintf("%s%s%s", names[source], key == NULL ? "" : ":", key == NULL ? "" : key);
}

static void add_text(FILE *out, const char *key, const char *text)
{
	char *quoted;

	if (text == NULL)
		return;
	quoted = toml_quote(text);
	fprintf(out, "%s = %s\n", key, quoted);
	free(quoted);
}

static void add_source(FILE *out, const char *key, enum camera_source source, const char *of)
{
	char *text = camera_source_text(source, of);

	add_text(out, key, text);
	free(text);
}

char *camera_profile_show(const struct camera_profile *profile)
{
	char *text = NULL;
	size_t size;
	FILE *out = open_memstream(&text, &size);

	if (out == NULL)
		return xstrdup("");
	fprintf(out, "[[CAMERA]]\n");
	add_text(out, "name", profile->name);
	add_text(out, "note", profile->note);
	add_text(out, "make", camera_pattern_text(profile->make));
	add_text(out, "model", camera_pattern_text(profile->model));
	add_text(out, "path", camera_pattern_text(profile->path));
	add_source(out, "id", profile->id_from, profile->id_key);
	add_text(out, "id_pattern", camera_pattern_text(profile->id));
	if (profile->id != NULL)
		fprintf(out, "id_group = %zu\n", profile->id_group);
	add_source(out, "date", profile->date_from, NULL);
	add_text(out, "date_pattern", camera_pattern_text(profile->date));
	if (profile->date != NULL)
		add_text(out, "date_order", profile->date_order);
	add_source(out, "gps", profile->gps_from, NULL);
	add_text(out, "gps_pattern", camera_pattern_text(profile->gps));
	fprintf(out, "requires = [%s%s%s]\n", profile->needs_date ? "\"date\"" : "",
		profile->needs_date && profile->needs_gps ? ", " : "",
		profile->needs_gps ? "\"gps\"" : "");
	fprintf(out, "max_size = %llu\n", (unsigned long long)profile->most_bytes);
	fclose(out);
	return text;
}
