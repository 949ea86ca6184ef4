/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What a detector's and a classifier's words mean: a type, and a scientific name. */
#include "export_job.h"

#include "trapkit/memory.h"
#include "trapkit/subject.h"

#include <stdlib.h>
#include <string.h>

void taxa_release(struct taxa *taxa)
{
	for (size_t i = 0; i < taxa->count; i++) {
		struct camtrapdp_taxon *taxon = &taxa->items[i];

		free(taxon->name);
		free(taxon->vernacular);
		for (size_t j = 0; j < sizeof taxon->ranks / sizeof taxon->ranks[0]; j++)
			free(taxon->ranks[j]);
	}
	free(taxa->items);
	free(taxa->used);
	*taxa = (struct taxa){0};
}

static bool is_full(const struct taxa *taxa)
{
	return taxa->count >= MOST_TAXA;
}

static uint16_t find_taxon(const struct taxa *taxa, const char *name)
{
	for (size_t i = 0; i < taxa->count; i++)
		if (strcmp(taxa->items[i].name, name) == 0)
			return (uint16_t)i;
	return NO_TAXON;
}

/* Takes what the taxon owns, unless its name is known or there are too many. */
static uint16_t add_taxon(struct taxa *taxa, struct camtrapdp_taxon *taxon)
{
	uint16_t known = find_taxon(taxa, taxon->name);
	struct taxa one = {.items = xmalloc(sizeof *taxon), .count = 1};

	if (known == NO_TAXON && !is_full(taxa)) {
		ARRAY_APPEND(taxa, *taxon);
		taxa->used = xreallocarray(taxa->used, taxa->count, sizeof *taxa->used);
		taxa->used[taxa->count - 1] = false;
		free(one.items);
		return (uint16_t)(taxa->count - 1);
	}
	one.items[0] = *taxon;
	taxa_release(&one);
	return known;
}

static uint16_t add_name(struct taxa *taxa, const char *name)
{
	struct camtrapdp_taxon taxon = {.name = xstrdup(name)};

	return add_taxon(taxa, &taxon);
}

static uint16_t add_human(struct taxa *taxa)
{
	struct camtrapdp_taxon taxon = {.name = xstrdup("Homo sapiens"),
		.rank = "species",
		.ranks = {xstrdup("Animalia"), xstrdup("Chordata"), xstrdup("Mammalia"),
			xstrdup("Primates"), xstrdup("Hominidae"), xstrdup("Homo")}};

	return add_taxon(taxa, &taxon);
}

/* ---- SpeciesNet's descriptions: "id;class;order;family;genus;species;common name" ---- */

#define PARTS 7
enum part { PART_CLASS = 1, PART_ORDER, PART_FAMILY, PART_GENUS, PART_SPECIES, PART_COMMON };

/* False when the text has another number of parts. */
static bool split(const char *text, char *parts[PARTS])
{
	size_t count = 1;

	for (const char *at = text; *at != '\0'; at++)
		count += *at == ';';
	if (count != PARTS)
		return false;
	for (size_t i = 0; i < PARTS; i++) {
		size_t length = strcspn(text, ";");

		parts[i] = xstrndup(text, length);
		text += length + 1;
	}
	return true;
}

/* With a capital, as a taxon's name is written; NULL for nothing. Owned by the caller. */
static char *capitalised(const char *word)
{
	char *name = word[0] == '\0' ? NULL : xstrdup(word);

	if (name != NULL && name[0] >= 'a' && name[0] <= 'z')
		name[0] = (char)(name[0] - 'a' + 'A');
	return name;
}

static char *species_name(const char *genus, const char *species)
{
	char *whole = xasprintf("%s %s", genus, species), *name = capitalised(whole);

	free(whole);
	return name;
}

/* The lowest rank that is told. */
static uint16_t add_described(struct taxa *taxa, char *const parts[PARTS])
{
	static const char *const ranks[] = {NULL, "class", "order", "family", "genus", "species"};
	struct camtrapdp_taxon taxon = {0};
	int part = PART_SPECIES;

	while (part > 0 && parts[part][0] == '\0')
		part--;
	if (part == 0)
		return NO_TAXON;
	taxon.name = part == PART_SPECIES && parts[PART_GENUS][0] != '\0'
		? species_name(parts[PART_GENUS], parts[PART_SPECIES])
		: capitalised(parts[part]);
	taxon.rank = ranks[part];
	taxon.ranks[0] = xstrdup("Animalia");
	for (int i = PART_CLASS; i <= PART_GENUS; i++)
		taxon.ranks[i + 1] = capitalised(parts[i]);
	if (parts[PART_COMMON][0] != '\0')
		taxon.vernacular = xstrdup(parts[PART_COMMON]);
	return add_taxon(taxa, &taxon);
}

/* ---- meanings ---- */

static struct meaning meaning_of_subject(struct taxa *taxa, enum subject subject)
{
	struct meaning meaning = {
		.counts = subject != SUBJECT_OTHER, .type = CAMTRAPDP_ANIMAL, .taxon = NO_TAXON};

	if (subject == SUBJECT_HUMAN) {
		meaning.type = CAMTRAPDP_HUMAN;
		meaning.taxon = add_human(taxa);
	} else if (subject == SUBJECT_VEHICLE) {
		meaning.type = CAMTRAPDP_VEHICLE;
	}
	return meaning;
}

static struct meaning meaning_of(struct taxa *taxa, const struct camtrapdp_metadata *metadata,
	const struct detections_category *category)
{
	const char *told = camtrapdp_metadata_class(metadata, category->name);
	struct meaning meaning = meaning_of_subject(taxa,
		told == NULL ? subject_of(category->name, category->description)
			     : subject_of(told, NULL));
	char *parts[PARTS];

	if (meaning.type != CAMTRAPDP_ANIMAL)
		return meaning;
	if (told != NULL && !meaning.counts) {
		meaning.counts = true;
		meaning.taxon = add_name(taxa, told);
	} else if (told == NULL && category->description != NULL &&
		split(category->description, parts)) {
		meaning.taxon = add_described(taxa, parts);
		for (size_t i = 0; i < PARTS; i++)
			free(parts[i]);
	}
	return meaning;
}

int taxa_meanings(struct taxa *taxa, const struct camtrapdp_metadata *metadata,
	const struct detections_category_list *list, struct meaning **meanings, struct error *err)
{
	*meanings = xcalloc(list->count, sizeof **meanings);
	for (size_t i = 0; i < list->count; i++) {
		(*meanings)[i] = meaning_of(taxa, metadata, &list->items[i]);
		if (is_full(taxa))
			return error_set(err, ERROR_INPUT, "more than %d names of taxa", MOST_TAXA);
	}
	return 0;
}
