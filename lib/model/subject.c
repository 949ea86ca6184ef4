/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The one list of words that mean animals, people and vehicles. */
#include "trapkit/subject.h"

#include "trapkit/memory.h"
#include "trapkit/text.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

/* As plain_words() makes them: lower case, no accents, one blank between words. */
static const char *const humans[] = {"humans", "persons", "pedestrian", "man", "woman", "child",
	"hunter", "hiker", "cyclist", "biker", "rider",
	/* From Dutch to Spanish. */
	"mens", "mensen", "persoon", "humain", "humains", "personne", "personnes", "mensch",
	"menschen", "personen", "umano", "umani", "persona", "persone", "człowiek", "ludzie",
	"osoba", "osoby", "humano", "humanos", "pessoa", "pessoas", "personas", NULL};
static const char *const vehicles[] = {"vehicles", "motor vehicle", "car", "truck", "lorry", "van",
	"bus", "train", "boat", "airplane", "tractor", "bike", "bicycle", "motorcycle", "motorbike",
	"quad", "atv", "voertuig", "voertuigen", "vehicule", "vehicules", "voiture", "fahrzeug",
	"fahrzeuge", "auto", "veicolo", "veicoli", "pojazd", "pojazdy", "samochod", "veiculo",
	"veiculos", "vehiculo", "vehiculos", NULL};

/* These mean it whatever follows; "boat" does not: there is a boat-billed heron. */
static const char *const first_humans[] = {"human", "person", "people", "homo", NULL};
static const char *const first_vehicles[] = {"vehicle", NULL};

/* U+0300 to U+036F in UTF-8: accents that text_fold() has set apart. */
static bool is_accent(const char *at)
{
	unsigned char first = (unsigned char)at[0], second = (unsigned char)at[1];

	return (first == 0xCC && second >= 0x80) || (first == 0xCD && second <= 0xAF);
}

static bool is_letter(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || (unsigned char)c >= 0x80;
}

/* "Homo_Sapiens " is "homo sapiens". Owned. */
static char *plain_words(const char *name)
{
	char *folded = text_fold(name), *to = folded;

	for (const char *at = folded; *at != '\0'; at++) {
		if (is_accent(at))
			at++;
		else if (is_letter(*at))
			*to++ = *at;
		else if (to > folded && to[-1] != ' ')
			*to++ = ' ';
	}
	if (to > folded && to[-1] == ' ')
		to--;
	*to = '\0';
	return folded;
}

static bool is_among(const char *words, size_t length, const char *const *list)
{
	for (; *list != NULL; list++)
		if (strlen(*list) == length && strncmp(words, *list, length) == 0)
			return true;
	return false;
}

static enum subject subject_of_name(const char *name)
{
	char *words = plain_words(name);
	size_t length = strlen(words), first = strcspn(words, " ");
	enum subject subject = SUBJECT_OTHER;

	if (is_among(words, length, humans) || is_among(words, first, first_humans))
		subject = SUBJECT_HUMAN;
	else if (is_among(words, length, vehicles) || is_among(words, first, first_vehicles))
		subject = SUBJECT_VEHICLE;
	else if (strcmp(words, "animal") == 0)
		subject = SUBJECT_ANIMAL;
	free(words);
	return subject;
}

/* The part of that number, from 0, or NULL. Owned. */
static char *part_of(const char *description, unsigned number)
{
	while (number-- > 0) {
		description = strchr(description, ';');
		if (description == NULL)
			return NULL;
		description++;
	}
	return xstrndup(description, strcspn(description, ";"));
}

enum subject subject_of(const char *name, const char *description)
{
	enum { GENUS = 4, COMMON = 6 };
	enum subject subject = subject_of_name(name);
	const unsigned parts[] = {GENUS, COMMON};

	for (size_t i = 0; description != NULL && i < sizeof parts / sizeof *parts; i++) {
		char *part = part_of(description, parts[i]);

		if (part != NULL && (subject == SUBJECT_OTHER || subject == SUBJECT_ANIMAL)) {
			enum subject told = subject_of_name(part);

			subject = told == SUBJECT_OTHER ? subject : told;
		}
		free(part);
	}
	return subject;
}
