/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Drafts a [[CAMERA]] section: what is the same, and what is where, in some samples. */
#include "profiles.h"
#include "trapkit/error.h"
#include "trapkit/text.h"
#include "trapkit/toml.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

/* Where an id may be, the most reliable first. */
static const struct place {
	const char *source, *what;
} places[] = {
	{"exif:SerialNumber", "EXIF SerialNumber"},
	{"maker-note:serial", "the serial number in the maker note"},
	{"user-comment:ID", "the UserComment, key ID"},
	{"user-comment:SN", "the UserComment, key SN"},
	{"user-comment:AccountId", "the UserComment, key AccountId"},
	{"maker-note:label", "the name that staff gave the camera"},
	{"file-name", "fifteen digits (an IMEI) in the file name"},
	{"exif:OwnerName", "EXIF OwnerName"},
};
#define PLACES (sizeof places / sizeof *places)
#define NAME_PATTERN "(^|[^[:alnum:]_])([0-9]{15})([^[:alnum:]_]|$)"

struct sample {
	char *name;
	char *make, *model; /* as EXIF has them */
	char *ids[PLACES];  /* NULL where there is none */
	enum camera_reader reader;
	enum time_source date;
	bool strict_date, position;
};

struct camera_draft {
	struct sample *items;
	size_t count, capacity;
};

struct camera_draft *camera_draft_new(void)
{
	return xcalloc(1, sizeof(struct camera_draft));
}

void camera_draft_free(struct camera_draft *draft)
{
	if (draft == NULL)
		return;
	for (size_t i = 0; i < draft->count; i++) {
		struct sample *sample = &draft->items[i];

		free(sample->name);
		free(sample->make);
		free(sample->model);
		for (size_t j = 0; j < PLACES; j++)
			free(sample->ids[j]);
	}
	free(draft->items);
	free(draft);
}

/* What a profile that looks there would find. */
static char *id_at(const struct place *place, const struct picture *picture)
{
	struct camera_profile profile = {0};
	const char *colon = strchr(place->source, ':');
	char *key = colon == NULL ? NULL : xstrdup(colon + 1);
	struct error err = {0};
	char *id;

	profile.id_key = key;
	switch (place->source[0]) {
	case 'e':
		profile.id_from = CAMERA_FROM_EXIF;
		break;
	case 'm':
		/* Without a reader that is EXIF's serial number again. */
		profile.id_from = picture->facts->reader == CAMERA_GENERIC ? CAMERA_FROM_NOWHERE
									   : CAMERA_FROM_MAKER_NOTE;
		break;
	case 'u':
		profile.id_from = CAMERA_FROM_USER_COMMENT;
		break;
	default:
		profile.id_from = CAMERA_FROM_FILE_NAME;
		profile.id = pattern_new(NAME_PATTERN, &err);
		profile.id_group = 2;
		break;
	}
	id = profile_id(&profile, picture);
	pattern_free(profile.id);
	free(key);
	return id;
}

int camera_draft_add(struct camera_draft *draft, const char *path, int fd, struct error *err)
{
	uint8_t buffer[CAMERA_MOST_READ];
	struct head head;
	struct tags tags;
	struct camera_facts facts;
	struct picture picture = {.path = path, .tags = &tags, .facts = &facts};
	struct sample sample = {.name = xstrdup(text_base_name(path))};
	struct wall_time wall;
	double latitude, longitude;

	head_open(&head, fd, NULL, 0, buffer);
	facts_from_head(&head, &tags, INT64_MAX / 2, &facts);
	picture.clean_name = camera_clean_name(path);
	sample.make = xstrdup(tags.texts[TAG_MAKE].text);
	sample.model = xstrdup(tags.texts[TAG_MODEL].text);
	for (size_t i = 0; i < PLACES; i++)
		sample.ids[i] = id_at(&places[i], &picture);
	sample.reader = facts.reader;
	sample.date = facts.taken_source;
	sample.strict_date = server_date(tags.texts[TAG_ORIGINAL].text, &wall);
	sample.position = server_position(&tags, &latitude, &longitude) &&
		position_is_valid(latitude, longitude) &&
		(facts.warnings & CAMERA_GPS_PLACEHOLDER) == 0;
	free(picture.clean_name);
	ARRAY_APPEND(draft, sample);
	if (head.failure == 0)
		return 0;
	errno = head.failure;
	return error_errno(err, "'%s' cannot be read", path);
}

/* ---- what they have in common ---- */

static size_t count_ids(const struct camera_draft *draft, size_t place)
{
	size_t count = 0;

	for (size_t i = 0; i < draft->count; i++)
		count += draft->items[i].ids[place] != NULL;
	return count;
}

/* The first place where every sample has one, else where most have. PLACES when none has. */
static size_t best_place(const struct camera_draft *draft)
{
	size_t best = PLACES, most = 0;

	for (size_t i = 0; i < PLACES; i++) {
		size_t count = count_ids(draft, i);

		if (count > most) {
			best = i;
			most = count;
		}
	}
	return best;
}

/* As a pattern that is just this text. */
static void add_escaped(FILE *out, const char *text)
{
	for (; *text != '\0'; text++) {
		if (strchr(".[]{}()*+?^$|\\", *text) != NULL)
			fputc('\\', out);
		fputc(*text, out);
	}
}

static const char *text_of(const struct sample *sample, bool model)
{
	return model ? sample->model : sample->make;
}

/* "^(A|B)$" of the different texts. NULL when all are empty. Owned by the caller. */
static char *pattern_for(const struct camera_draft *draft, bool model)
{
	char *pattern = NULL;
	size_t size, different = 0;
	FILE *out = open_memstream(&pattern, &size);

	if (out == NULL)
		return NULL;
	fputs("^(", out);
	for (size_t i = 0; i < draft->count; i++) {
		const char *text = text_of(&draft->items[i], model);
		bool seen = *text == '\0';

		for (size_t j = 0; j < i && !seen; j++)
			seen = strcmp(text, text_of(&draft->items[j], model)) == 0;
		if (seen)
			continue;
		if (different++ > 0)
			fputc('|', out);
		add_escaped(out, text);
	}
	fputs(")$", out);
	fclose(out);
	if (different > 0)
		return pattern;
	free(pattern);
	return NULL;
}

static void add_line(FILE *out, const char *key, const char *text)
{
	char *quoted = toml_quote(text);

	fprintf(out, "%s = %s\n", key, quoted);
	free(quoted);
}

/* Texts of files in a comment: no line break may end it. */
static void add_comment(FILE *out, const char *what, const char *text)
{
	char *shown = text_escape(text);

	fprintf(out, "# %s%s\n", what, shown);
	free(shown);
}

static void add_rule(FILE *out, const struct camera_draft *draft)
{
	char *make = pattern_for(draft, false), *model = pattern_for(draft, true);

	if (make != NULL)
		add_line(out, "make", make);
	if (model != NULL)
		add_line(out, "model", model);
	if (make == NULL && model == NULL)
		fputs("# EXIF names neither make nor model: the camera can only be known by the "
		      "path of\n# its pictures. Put the folder here that it uploads into.\n"
		      "path = \"^FOLDER/\"\n",
			out);
	free(make);
	free(model);
}

static void add_id(FILE *out, const struct camera_draft *draft)
{
	size_t best = best_place(draft);

	for (size_t i = 0; i < PLACES; i++) {
		size_t count = count_ids(draft, i);

		if (count == 0)
			continue;
		fprintf(out, "# %zu of %zu samples have %s:", count, draft->count, places[i].what);
		for (size_t j = 0, shown = 0; j < draft->count && shown < 3; j++)
			if (draft->items[j].ids[i] != NULL) {
				char *text = text_escape(draft->items[j].ids[i]);

				fprintf(out, "%s '%s'", shown++ > 0 ? "," : "", text);
				free(text);
			}
		fputc('\n', out);
	}
	if (best == PLACES) {
		fputs("# no id of the camera was found: see trapkit-cameras(5) for where it may "
		      "be\n"
		      "id = \"exif:SerialNumber\"\n",
			out);
		return;
	}
	add_line(out, "id", places[best].source);
	if (strcmp(places[best].source, "file-name") == 0) {
		add_line(out, "id_pattern", NAME_PATTERN);
		fputs("id_group = 2\n", out);
	}
}

static void add_date(FILE *out, const struct camera_draft *draft)
{
	size_t strict = 0, note = 0;

	for (size_t i = 0; i < draft->count; i++) {
		strict += draft->items[i].strict_date;
		note += draft->items[i].date == TIME_MAKER_NOTE;
	}
	fprintf(out, "# %zu of %zu samples have a good EXIF DateTimeOriginal", strict,
		draft->count);
	if (note > 0)
		fprintf(out, ", %zu a date in the camera's own block only", note);
	fprintf(out, "\ndate = \"%s\"\n", strict == 0 && note > 0 ? "maker-note" : "exif");
}

/* True when all have one. */
static bool add_position(FILE *out, const struct camera_draft *draft)
{
	size_t count = 0;

	for (size_t i = 0; i < draft->count; i++)
		count += draft->items[i].position;
	fprintf(out, "# %zu of %zu samples have a GPS position\ngps = \"%s\"\n", count,
		draft->count, count > 0 ? "exif" : "none");
	return count > 0 && count == draft->count;
}

char *camera_draft_finish(struct camera_draft *draft)
{
	const struct sample *first;
	char *text = NULL, *name;
	size_t size;
	FILE *out;
	bool position;

	if (draft->count == 0)
		return xstrdup("");
	first = &draft->items[0];
	out = open_memstream(&text, &size);
	if (out == NULL)
		return xstrdup("");
	name = xasprintf("%s%s%s", first->make,
		*first->make != '\0' && *first->model != '\0' ? " " : "", first->model);
	for (size_t i = 0; i < draft->count; i++)
		add_comment(out, "sample: ", draft->items[i].name);
	if (first->reader != CAMERA_GENERIC)
		add_comment(out, "read as ", camera_reader_name(first->reader));
	fputs("[[CAMERA]]\n", out);
	add_line(out, "name", *name == '\0' ? "my camera" : name);
	add_rule(out, draft);
	add_id(out, draft);
	add_date(out, draft);
	position = add_position(out, draft);
	fprintf(out, "requires = [\"date\"%s]\n", position ? ", \"gps\"" : "");
	if (!position)
		fputs("# An AddaxAI Connect server needs a position in every picture.\n", out);
	fclose(out);
	free(name);
	return text;
}
