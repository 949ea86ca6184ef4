/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Python literals as exporters write them: either quote, escapes, dictionaries and lists. */
#include "names.h"

#include "trapkit/detect.h"
#include "trapkit/text.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>

#define LONGEST_NAME 200

static const char *skip_blanks(const char *at)
{
	while (isspace((unsigned char)*at))
		at++;
	return at;
}

/* A quoted text; owned. *at moves behind it. NULL when there is none, or it is no UTF-8. */
static char *parse_quoted(const char **at)
{
	const char *from = skip_blanks(*at);
	char quote = *from++, *name;
	size_t length = 0;

	if (quote != '\'' && quote != '"')
		return NULL;
	name = xmalloc(LONGEST_NAME + 1);
	while (*from != quote && *from != '\0' && length < LONGEST_NAME) {
		if (*from == '\\' && from[1] != '\0')
			from++;
		name[length++] = *from++;
	}
	name[length] = '\0';
	if (*from != quote || !text_is_utf8(name, length)) {
		free(name);
		return NULL;
	}
	*at = from + 1;
	return name;
}

/* `0:` of a dictionary. */
static bool parse_key(const char **at, unsigned long *number)
{
	char *end;

	*at = skip_blanks(*at);
	if (!isdigit((unsigned char)**at))
		return false;
	*number = strtoul(*at, &end, 10);
	end = (char *)(uintptr_t)skip_blanks(end);
	if (*end != ':' || *number >= DETECTOR_MOST_CLASSES)
		return false;
	*at = end + 1;
	return true;
}

static void put_name(struct string_list *names, size_t number, char *name)
{
	while (names->count <= number)
		string_list_add(names, "");
	free(names->items[number]);
	names->items[number] = name;
}

int parse_class_names(const char *text, struct string_list *names)
{
	const char *at = skip_blanks(text);
	char close = *at == '{' ? '}' : ']';
	bool keyed = *at == '{';
	unsigned long number = 0;

	if (*at != '{' && *at != '[')
		return -1;
	for (at = skip_blanks(at + 1); *at != close; number++) {
		char *name;

		if (keyed && !parse_key(&at, &number))
			break;
		name = number < DETECTOR_MOST_CLASSES ? parse_quoted(&at) : NULL;
		if (name == NULL)
			break;
		put_name(names, number, name);
		at = skip_blanks(at);
		if (*at == ',')
			at = skip_blanks(at + 1);
	}
	if (*at == close)
		return 0;
	string_list_release(names);
	return -1;
}

uint32_t parse_greatest(const char *text)
{
	uint32_t greatest = 0;

	while (*text != '\0') {
		char *end;
		unsigned long number;

		if (!isdigit((unsigned char)*text)) {
			text++;
			continue;
		}
		number = strtoul(text, &end, 10);
		if (number > greatest && number <= UINT16_MAX)
			greatest = (uint32_t)number;
		text = end;
	}
	return greatest;
}
