/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Makers that write text: Browning, Cuddeback, Moultrie, Panthera; and those that write little. */
#include "readers.h"
#include "trapkit/text.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

static void copy_clean(const char *text, size_t length, char *out, size_t size)
{
	exif_clean_text((const uint8_t *)text, length, out, size);
}

bool find_value(const char *text, const char *key, char between, const char *separators, char *out,
	size_t size)
{
	size_t length = strlen(key);

	while (*text != '\0') {
		size_t part = strcspn(text, separators);

		while (part > 0 && *text == ' ') {
			text++;
			part--;
		}
		if (part > length && strncasecmp(text, key, length) == 0) {
			size_t at = length;

			while (at < part && text[at] == ' ')
				at++;
			if (at < part && text[at] == between) {
				copy_clean(text + at + 1, part - at - 1, out, size);
				return out[0] != '\0';
			}
		}
		text += part + (text[part] != '\0');
	}
	return false;
}

bool parse_whole(const char *text, long *number)
{
	char *end;

	while (*text == ' ')
		text++;
	if (*text != '-' && (*text < '0' || *text > '9'))
		return false;
	*number = strtol(text, &end, 10);
	while (*end == ' ')
		end++;
	return *end == '\0' && *number > -1000000000 && *number < 1000000000;
}

bool parse_temperature(const char *text, double *celsius)
{
	char number[16];
	size_t length = strspn(text, "+-0123456789.");
	const char *unit = text + length;
	double value;

	if (length == 0 || length >= sizeof number)
		return false;
	memcpy(number, text + (*text == '+'), length);
	number[length - (*text == '+')] = '\0';
	while (*unit == ' ')
		unit++;
	/* A degree sign, in UTF-8. */
	if (strncmp(unit, "\xC2\xB0", 2) == 0)
		unit += 2;
	if (!text_parse_number(number, &value) || unit[0] == '\0' ||
		(unit[1] != '\0' && unit[1] != ' ') || strchr("CcFf", unit[0]) == NULL)
		return false;
	if (unit[0] == 'F' || unit[0] == 'f')
		value = round((value - 32) * 50 / 9) / 10;
	if (!(value >= -90 && value <= 90))
		return false;
	*celsius = value;
	return true;
}

/* ---- Browning ---- */

/* "C[P] R[0]S[1]T[19C]P[3034] [CAMERA1] M[3] A[U]": a letter, or none for the camera's name. */
static void take_bracket(char key, const char *value, size_t length, struct camera_facts *facts)
{
	char text[64];
	long moon;

	copy_clean(value, length, text, sizeof text);
	if (key == 'T')
		parse_temperature(text, &facts->temperature);
	else if (key == 'M' && parse_whole(text, &moon) && moon >= 0 && moon <= 7)
		facts->moon = (int)moon;
	else if (key == '\0' && facts->label[0] == '\0')
		copy_clean(value, length, facts->label, sizeof facts->label);
}

bool read_browning(const struct tags *tags, struct camera_facts *facts)
{
	const char *at = tags->comment;
	unsigned brackets = 0;

	if (strncasecmp(facts->make, "BROWNING", 8) != 0 &&
		strncasecmp(facts->make, "Prometheus", 10) != 0)
		return false;
	facts->reader = CAMERA_BROWNING;
	while ((at = strchr(at, '[')) != NULL && brackets++ < 64) {
		const char *end = strchr(at, ']');
		char key = at > tags->comment ? at[-1] : ' ';

		if (end == NULL)
			break;
		if (key == ' ' || key == ']')
			key = '\0';
		take_bracket(key, at + 1, (size_t)(end - at - 1), facts);
		at = end + 1;
	}
	return true;
}

/* ---- Cuddeback ---- */

static bool read_new_cuddeback(const struct tags *tags, struct camera_facts *facts)
{
	char value[64];
	char *end;
	long whole;

	facts->reader = CAMERA_CUDDEBACK;
	find_value(tags->comment, "ID", '=', ",", facts->label, sizeof facts->label);
	if (find_value(tags->comment, "BP", '=', ",", value, sizeof value)) {
		whole = strtol(value, &end, 10);
		if (end != value && *end == '%' && whole >= 0 && whole <= 100)
			facts->battery_percent = (double)whole;
	}
	if (find_value(tags->comment, "BL", '=', ",", value, sizeof value) &&
		parse_whole(value, &whole) && whole > 0 && whole < 50000)
		facts->battery_volts = (double)whole / 1000;
	return true;
}

bool read_cuddeback(const struct tags *tags, struct camera_facts *facts)
{
	char swapped[sizeof facts->make];

	if (strncasecmp(facts->make, "CUDDEBACK", 9) == 0)
		return read_new_cuddeback(tags, facts);
	if (strcasecmp(facts->model, "CUDDEBACK") != 0)
		return false;
	/* The old ones have make and model in each other's place. */
	facts->reader = CAMERA_CUDDEBACK_OLD;
	memcpy(swapped, facts->make, sizeof swapped);
	memcpy(facts->make, facts->model, sizeof facts->make);
	memcpy(facts->model, swapped, sizeof facts->model);
	copy_clean(tags->comment, strlen(tags->comment), facts->label, sizeof facts->label);
	return true;
}

/* ---- Moultrie ---- */

/* "::60F:7:MYCAMERA  ", read from the right: name, moon, temperature. */
bool read_moultrie(const struct tags *tags, struct camera_facts *facts)
{
	char text[128];
	char *name, *moon, *temperature;
	long phase;

	if (strncasecmp(facts->make, "Moultrie", 8) != 0)
		return false;
	facts->reader = CAMERA_MOULTRIE;
	copy_clean((const char *)tags->note, tags->note_size < 100 ? tags->note_size : 100, text,
		sizeof text);
	name = strrchr(text, ':');
	if (name == NULL)
		return true;
	*name++ = '\0';
	moon = strrchr(text, ':');
	if (moon == NULL)
		return true;
	*moon++ = '\0';
	temperature = strrchr(text, ':');
	temperature = temperature == NULL ? text : temperature + 1;
	/* Others of theirs have a binary note in which a colon may stand by chance. */
	if (!parse_whole(moon, &phase) || phase < 0 || phase > 7 ||
		!parse_temperature(temperature, &facts->temperature))
		return true;
	facts->moon = (int)phase;
	copy_clean(name, strlen(name), facts->label, sizeof facts->label);
	return true;
}

/* ---- those that tell little ---- */

/* `^(BS\d{3}|4580)BW`: Bushnell's firmware, whatever make and model say. */
static bool is_bushnell(const struct tags *tags, const struct camera_facts *facts)
{
	const char *software = tags->texts[TAG_SOFTWARE].text;
	const char *digits = "0123456789";

	if (strncasecmp(facts->make, "BUSHNELL", 8) == 0)
		return true;
	if (facts->make[0] != '\0')
		return false;
	if (strncmp(software, "4580BW", 6) == 0)
		return true;
	return strncmp(software, "BS", 2) == 0 && strspn(software + 2, digits) >= 3 &&
		strncmp(software + 5, "BW", 2) == 0;
}

static bool read_panthera(const struct tags *tags, struct camera_facts *facts)
{
	char value[64];
	double celsius;

	if (strncasecmp(facts->make, "Panthera", 8) != 0)
		return false;
	facts->reader = CAMERA_PANTHERA;
	/* Their model is the number of the camera. */
	copy_clean(facts->model, strlen(facts->model), facts->label, sizeof facts->label);
	if (find_value(tags->description, "Temperature", '=', "\n", value, sizeof value) &&
		text_parse_number(value, &celsius) && celsius >= -90 && celsius <= 90)
		facts->temperature = celsius;
	return true;
}

bool read_plain(const struct tags *tags, struct camera_facts *facts)
{
	if (read_panthera(tags, facts))
		return true;
	if (is_bushnell(tags, facts)) {
		facts->reader = CAMERA_BUSHNELL;
		if (facts->make[0] == '\0')
			copy_clean("BUSHNELL", 8, facts->make, sizeof facts->make);
		return true;
	}
	if (strncasecmp(facts->make, "Stealth Cam", 11) == 0) {
		facts->reader = CAMERA_STEALTH_CAM;
		return true;
	}
	return false;
}
