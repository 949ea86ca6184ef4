/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Results files found by path: what they were told of each file, wherever the detector stood. */
#include "export_job.h"

#include "trapkit/memory.h"
#include "trapkit/text.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#define MOST_SOURCES 256
#define MOST_OFFSET (1ull << 40)
/* What MegaDetector's own documents recommend where a file says nothing. */
#define USUAL_THRESHOLD 0.2
/* Entries that are tried before a results file is held for one of other folders. */
#define MOST_TRIED 1000

/* One results file. */
struct source {
	const char *path;
	struct detections_reader *reader;
	const struct detections_header *header;
	struct meaning *categories, *classes;
	double threshold, least; /* boxes between them leave in doubt what is there */
	char *strip;             /* what stands before the path below the data path … */
	char *prepend;           /* … or what is missing of it */
	char *by[2];             /* the detector; with the classifier */
	char *at[2];
};

/* One entry of any of them; sorted by hash, later files behind earlier ones. */
struct entry {
	uint64_t hash;  /* of the path below the data path */
	uint64_t place; /* source, 8 bits; offset in it, 40 bits; enum seen, 8 bits */
};

struct seen_files {
	const struct export_local_settings *settings;
	struct {
		struct source *items;
		size_t count, capacity;
	} sources;
	struct {
		struct entry *items;
		size_t count, capacity;
	} entries;
	struct sighting_list sightings; /* scratch */
	const struct taxa *taxa;
};

static void release_source(struct source *source)
{
	detections_close(source->reader);
	free(source->categories);
	free(source->classes);
	free(source->strip);
	free(source->prepend);
	for (int i = 0; i < 2; i++) {
		free(source->by[i]);
		free(source->at[i]);
	}
}

void seen_close(struct seen_files *seen)
{
	if (seen == NULL)
		return;
	for (size_t i = 0; i < seen->sources.count; i++)
		release_source(&seen->sources.items[i]);
	free(seen->sources.items);
	free(seen->entries.items);
	free(seen->sightings.items);
	free(seen);
}

/* ---- paths ---- */

/* FNV-1a, 64 bits, stirred as MurmurHash3 ends. */
static uint64_t hash_path(const char *path)
{
	uint64_t hash = 0xcbf29ce484222325u;

	for (; *path != '\0'; path++)
		hash = (hash ^ (unsigned char)*path) * 0x100000001b3u;
	hash = (hash ^ hash >> 33) * 0xff51afd7ed558ccdu;
	return hash ^ hash >> 33;
}

/* With `/` throughout, and without `./`. Owned by the caller. */
static char *plain_path(const char *file)
{
	char *path;

	while (strncmp(file, "./", 2) == 0)
		file += 2;
	path = xstrdup(file);
	for (char *at = path; *at != '\0'; at++)
		if (*at == '\\')
			*at = '/';
	return path;
}

/* The entry's path below the data path. Owned by the caller. */
static char *own_path(const struct source *source, const char *file)
{
	char *path = plain_path(file), *own;
	size_t length = strlen(source->strip);
	bool strip = strncmp(path, source->strip, length) == 0;

	own = xasprintf("%s%s", source->prepend, path + (strip ? length : 0));
	free(path);
	return own;
}

static int is_file(struct ledger *ledger, const char *path, bool *found, struct error *err)
{
	struct resource resource = {0};
	int result = ledger_get_file(ledger, path, &resource, err);

	*found = result == 1;
	if (*found)
		resource_release(&resource);
	/* A path that no file of a deployment can have. */
	if (result < 0 && err->kind == ERROR_INPUT) {
		error_clear(err);
		result = 0;
	}
	return result < 0 ? -1 : 0;
}

/* Tries the path less its first folders, and the collections before it. */
static int try_path(struct seen_files *seen, struct source *source, struct ledger *ledger,
	const char *path, bool *found, struct error *err)
{
	const struct string_list *collections = seen->settings->collections;

	for (const char *rest = path; rest != NULL && rest[0] != '\0';) {
		if (is_file(ledger, rest, found, err) != 0)
			return -1;
		if (*found) {
			source->strip = xstrndup(path, (size_t)(rest - path));
			source->prepend = xstrdup("");
			return 0;
		}
		rest = strchr(rest, '/');
		rest = rest == NULL ? NULL : rest + 1;
	}
	for (size_t i = 0; i < collections->count; i++) {
		char *whole = text_join_path(collections->items[i], path);
		int result = is_file(ledger, whole, found, err);

		free(whole);
		if (result != 0)
			return -1;
		if (*found) {
			source->strip = xstrdup("");
			source->prepend = xasprintf("%s/", collections->items[i]);
			return 0;
		}
	}
	return 0;
}

/* Finds out from which folder the detector saw the files. */
static int find_root(
	struct seen_files *seen, struct source *source, struct ledger *ledger, struct error *err)
{
	struct detections_reader *reader = detections_open(source->path, err);
	struct detected_image image;
	bool found = false;
	char *first = NULL;
	int result = reader == NULL ? -1 : 0;

	for (int i = 0; result == 0 && !found && i < MOST_TRIED; i++) {
		char *path;

		result = detections_next(reader, &image, err);
		if (result <= 0)
			break;
		path = plain_path(image.file);
		result = try_path(seen, source, ledger, path, &found, err);
		if (first == NULL)
			first = path;
		else
			free(path);
	}
	if (result == 0 && !found && first != NULL)
		result = error_set(err, ERROR_INPUT,
			"none of the files in '%s' is below '%s': it begins with '%s'; give "
			"--data-path the folder whose files the detector looked at",
			source->path, seen->settings->data_path, first);
	if (result == 0 && source->strip == NULL) {
		source->strip = xstrdup("");
		source->prepend = xstrdup("");
	}
	free(first);
	detections_close(reader);
	return result;
}

/* ---- who looked, and when ---- */

/* "md_v5a.0.1.pt" without folder and ending. */
static char *model_name(const char *file)
{
	const char *base = text_base_name(file), *dot = strrchr(base, '.');
	bool ending =
		dot != NULL && dot > base && strlen(dot) <= 5 && strspn(dot + 1, "0123456789") == 0;

	return ending ? xstrndup(base, (size_t)(dot - base)) : xstrdup(base);
}

static char *local_time(const struct export_local_settings *settings, const char *told)
{
	struct wall_time wall;
	struct instant instant;
	char text[TIMESTAMP_SIZE];

	if (told == NULL || !wall_parse(told, strlen(told), &wall))
		return NULL;
	instant = zone_resolve(settings->zone, &wall, settings->ignore_dst);
	format_local(instant.utc, instant.offset, true, text);
	return xstrdup(text);
}

static void name_source(const struct export_local_settings *settings, struct source *source)
{
	const struct detections_header *header = source->header;

	if (header->detector_version != NULL && strcmp(header->detector_version, "unknown") != 0)
		source->by[0] = xasprintf("MegaDetector %s", header->detector_version);
	else if (header->detector != NULL)
		source->by[0] = model_name(header->detector);
	else
		source->by[0] = xstrdup("MegaDetector v4");
	if (header->classifier != NULL) {
		char *classifier = model_name(header->classifier);

		source->by[1] = xasprintf("%s + %s", source->by[0], classifier);
		free(classifier);
	} else {
		source->by[1] = xstrdup(source->by[0]);
	}
	source->at[0] = local_time(settings, header->completed);
	source->at[1] = local_time(settings,
		header->classification_completed == NULL ? header->completed
							 : header->classification_completed);
}

const char *seen_by(const struct seen_files *seen, unsigned source, bool named)
{
	return seen->sources.items[source].by[named];
}

const char *seen_at(const struct seen_files *seen, unsigned source, bool named)
{
	return seen->sources.items[source].at[named];
}

/* ---- what counts ---- */

/* The best class, when it is sure enough; only animals have one. */
static void classify(const struct seen_files *seen, const struct source *source,
	const struct detection *detection, struct sighting *sighting)
{
	const struct detected_class *best = NULL;
	const struct meaning *meaning;

	for (size_t i = 0; i < detection->class_count; i++)
		if (best == NULL || detection->classes[i].confidence > best->confidence)
			best = &detection->classes[i];
	if (best == NULL || best->confidence < seen->settings->class_threshold)
		return;
	meaning = &source->classes[best->index];
	if (meaning->type == CAMTRAPDP_ANIMAL && meaning->taxon == NO_TAXON)
		return;
	sighting->type = meaning->type;
	sighting->taxon = meaning->taxon;
	sighting->probability = best->confidence;
	sighting->named = true;
}

/* Lists what counts. Returns the confidence of the surest box that does not; NaN = none. */
static double look(const struct seen_files *seen, const struct source *source,
	const struct detected_image *image, struct sighting_list *list)
{
	double doubt = NAN;

	list->count = 0;
	for (size_t i = 0; i < image->count; i++) {
		const struct detection *detection = &image->items[i];
		const struct meaning *meaning = &source->categories[detection->category];
		struct sighting sighting = {.type = meaning->type,
			.taxon = meaning->taxon,
			.probability = detection->confidence,
			.detection = detection};

		if (!meaning->counts || detection->confidence < source->least)
			continue;
		if (detection->confidence < source->threshold) {
			doubt = fmax(doubt, detection->confidence);
			continue;
		}
		if (meaning->type == CAMTRAPDP_ANIMAL)
			classify(seen, source, detection, &sighting);
		ARRAY_APPEND(list, sighting);
	}
	return doubt;
}

static bool is_secret(const struct seen_files *seen, uint16_t taxon)
{
	const struct string_list *secret = seen->settings->private_species;

	for (size_t i = 0; taxon != NO_TAXON && secret != NULL && i < secret->count; i++)
		if (strcasecmp(secret->items[i], seen->taxa->items[taxon].name) == 0)
			return true;
	return false;
}

static unsigned bits_of(const struct seen_files *seen, const struct detected_image *image,
	const struct sighting_list *list, double doubt)
{
	static const unsigned of_type[] = {[CAMTRAPDP_ANIMAL] = SEEN_ANIMAL,
		[CAMTRAPDP_HUMAN] = SEEN_HUMAN,
		[CAMTRAPDP_VEHICLE] = SEEN_VEHICLE};
	unsigned bits = SEEN_LISTED | (image->failure == NULL ? SEEN_LOOKED : 0u);

	if (list->count == 0 && !isnan(doubt))
		bits |= SEEN_UNSURE;
	for (size_t i = 0; i < list->count; i++) {
		bits |= of_type[list->items[i].type];
		if (is_secret(seen, list->items[i].taxon))
			bits |= SEEN_SECRET;
	}
	return bits;
}

/* ---- the index ---- */

static int compare_entries(const void *left, const void *right)
{
	const struct entry *one = left, *other = right;

	if (one->hash != other->hash)
		return one->hash < other->hash ? -1 : 1;
	return (one->place > other->place) - (one->place < other->place);
}

static int index_source(
	struct seen_files *seen, size_t number, const struct progress *progress, struct error *err)
{
	struct source *source = &seen->sources.items[number];
	struct progress_event event = {.kind = PROGRESS_ADVANCE,
		.stage = "detections",
		.files_total = source->header->images};
	struct detected_image image;
	int result;

	/* All at once: a list this long would need twice its room while it grows. */
	seen->entries.capacity = seen->entries.count + source->header->images;
	seen->entries.items = xreallocarray(
		seen->entries.items, seen->entries.capacity, sizeof *seen->entries.items);
	while ((result = detections_next(source->reader, &image, err)) == 1) {
		char *path = own_path(source, image.file);
		struct entry entry = {.hash = hash_path(path)};
		double doubt = look(seen, source, &image, &seen->sightings);

		free(path);
		if (image.offset >= MOST_OFFSET)
			return error_set(err, ERROR_INPUT, "'%s' is too large", source->path);
		entry.place = (uint64_t)number << 56 | image.offset << 8 |
			bits_of(seen, &image, &seen->sightings, doubt);
		ARRAY_APPEND(&seen->entries, entry);
		event.files_done++;
		if (progress_send(progress, &event) != 0)
			return error_set(err, ERROR_CANCELLED, "stopped");
	}
	return result;
}

static void warn_of_categories(const struct source *source, const struct progress *progress)
{
	for (size_t i = 0; i < source->header->categories.count; i++)
		if (!source->categories[i].counts &&
			strcasecmp(source->header->categories.items[i].name, "empty") != 0)
			progress_warning(progress, source->path,
				"detections of category '%s' are not taken: give it a name under "
				"[classes] in the metadata",
				source->header->categories.items[i].name);
}

/* What the detector recommends, unless told; the lesser one is for those who must not miss any. */
static void set_thresholds(struct source *source, double told)
{
	double typical = source->header->typical_threshold;

	if (isnan(typical))
		typical = USUAL_THRESHOLD;
	source->threshold = isnan(told) ? typical : told;
	source->least = fmin(source->threshold,
		isnan(source->header->conservative_threshold)
			? typical / 2
			: source->header->conservative_threshold);
}

static int add_source(struct seen_files *seen, const char *path, struct ledger *ledger,
	struct taxa *taxa, const struct progress *progress, struct error *err)
{
	const struct export_local_settings *settings = seen->settings;
	struct source source = {.path = path, .reader = detections_open(path, err)};
	struct source *kept;

	if (source.reader == NULL)
		return -1;
	source.header = detections_header(source.reader);
	ARRAY_APPEND(&seen->sources, source);
	kept = &seen->sources.items[seen->sources.count - 1];
	set_thresholds(kept, settings->threshold);
	name_source(settings, kept);
	if (taxa_meanings(taxa, settings->metadata, &kept->header->categories, &kept->categories,
		    err) != 0 ||
		taxa_meanings(taxa, settings->metadata, &kept->header->classes, &kept->classes,
			err) != 0 ||
		find_root(seen, kept, ledger, err) != 0)
		return -1;
	warn_of_categories(kept, progress);
	return index_source(seen, seen->sources.count - 1, progress, err);
}

int seen_open(const struct export_local_settings *settings, struct ledger *ledger,
	struct taxa *taxa, struct seen_files **seen, const struct progress *progress,
	struct error *err)
{
	struct seen_files *made = xcalloc(1, sizeof *made);
	size_t count = settings->detections == NULL ? 0 : settings->detections->count;
	int result = 0;

	*seen = made;
	made->settings = settings;
	made->taxa = taxa;
	if (count > MOST_SOURCES)
		return error_set(err, ERROR_INPUT,
			"%zu results files; at most %d: merge some with 'trapkit detect --merge'",
			count, MOST_SOURCES);
	progress_send(
		progress, &(struct progress_event){.kind = PROGRESS_BEGIN, .stage = "detections"});
	for (size_t i = 0; result == 0 && i < count; i++)
		result = add_source(
			made, settings->detections->items[i], ledger, taxa, progress, err);
	progress_send(
		progress, &(struct progress_event){.kind = PROGRESS_END, .stage = "detections"});
	if (result == 0 && made->entries.count > 0)
		qsort(made->entries.items, made->entries.count, sizeof *made->entries.items,
			compare_entries);
	return result;
}

/* The last entry with this hash, or NULL. */
static struct entry *find_entry(const struct seen_files *seen, uint64_t hash)
{
	size_t low = 0, high = seen->entries.count;

	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (seen->entries.items[middle].hash <= hash)
			low = middle + 1;
		else
			high = middle;
	}
	return low > 0 && seen->entries.items[low - 1].hash == hash ? &seen->entries.items[low - 1]
								    : NULL;
}

unsigned seen_bits(struct seen_files *seen, const char *path)
{
	struct entry *entry = find_entry(seen, hash_path(path));
	unsigned bits = entry == NULL ? 0 : (unsigned)(entry->place & 0xFF);

	/* With those of the same path that the last one stands for. */
	for (size_t i = entry == NULL ? 0 : (size_t)(entry - seen->entries.items) + 1;
		i > 0 && seen->entries.items[i - 1].hash == entry->hash; i--)
		seen->entries.items[i - 1].place |= SEEN_TAKEN;
	return bits;
}

int seen_read(struct seen_files *seen, const char *path, struct sight *sight, struct error *err)
{
	struct entry *entry = find_entry(seen, hash_path(path));
	struct detected_image image;
	struct source *source;
	char *own;

	sight->looked = false;
	sight->frame_rate = sight->doubt = NAN;
	sight->sightings.count = 0;
	if (entry == NULL)
		return 0;
	sight->source = (unsigned)(entry->place >> 56);
	source = &seen->sources.items[sight->source];
	if (detections_at(source->reader, entry->place >> 8 & (MOST_OFFSET - 1), &image, err) != 0)
		return -1;
	own = own_path(source, image.file);
	/* Two paths may have one hash, if hardly ever. */
	if (strcmp(own, path) == 0) {
		sight->looked = image.failure == NULL;
		sight->frame_rate = image.frame_rate;
		sight->doubt = look(seen, source, &image, &sight->sightings);
	}
	free(own);
	return 0;
}

int seen_unmatched(struct seen_files *seen, uint64_t *count, char **example, struct error *err)
{
	struct detected_image image;

	*count = 0;
	*example = NULL;
	for (size_t i = 0; i < seen->entries.count; i++) {
		const struct entry *entry = &seen->entries.items[i];

		if ((entry->place & SEEN_TAKEN) != 0)
			continue;
		if (++*count > 1)
			continue;
		if (detections_at(seen->sources.items[entry->place >> 56].reader,
			    entry->place >> 8 & (MOST_OFFSET - 1), &image, err) != 0)
			return -1;
		*example = xstrdup(image.file);
	}
	return 0;
}
