/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Patterns of profiles: POSIX extended regular expressions, of a size that cannot hang us. */
#include "profiles.h"
#include "trapkit/error.h"

#include <stdlib.h>
#include <string.h>

#define PATTERN_LONGEST 300
/* What all repetitions `{n}` of a pattern may multiply to. */
#define PATTERN_REPEATS 20000

/* The library makes a copy for every repetition, and copies of copies: refuse before it does. */
static bool repeats_too_much(const char *text)
{
	unsigned long product = 1;

	for (const char *at = strchr(text, '{'); at != NULL; at = strchr(at + 1, '{')) {
		char *end;
		unsigned long first = strtoul(at + 1, &end, 10), last = first;

		if (*end == ',' && end[1] != '}')
			last = strtoul(end + 1, NULL, 10);
		if (first > last)
			last = first;
		if (last > 255)
			return true;
		product *= last > 1 ? last : 1;
		if (product > PATTERN_REPEATS)
			return true;
	}
	return false;
}

/* `\1` may take for ever. */
static bool refers_back(const char *text)
{
	for (const char *at = strchr(text, '\\'); at != NULL && at[1] != '\0';
		at = strchr(at + 2, '\\'))
		if (at[1] >= '1' && at[1] <= '9')
			return true;
	return false;
}

struct camera_pattern *pattern_new(const char *text, struct error *err)
{
	struct camera_pattern *pattern;
	char message[128];
	int code;

	if (strlen(text) > PATTERN_LONGEST || repeats_too_much(text)) {
		error_set(err, ERROR_INPUT,
			"the pattern is longer than %d characters or repeats too often",
			PATTERN_LONGEST);
		return NULL;
	}
	if (refers_back(text)) {
		error_set(err, ERROR_INPUT, "the pattern '%s' refers back with \\1 to \\9", text);
		return NULL;
	}
	pattern = xcalloc(1, sizeof *pattern);
	code = regcomp(&pattern->regex, text, REG_EXTENDED | REG_ICASE);
	if (code != 0) {
		regerror(code, &pattern->regex, message, sizeof message);
		free(pattern);
		error_set(err, ERROR_INPUT, "'%s' is no regular expression: %s", text, message);
		return NULL;
	}
	pattern->text = xstrdup(text);
	return pattern;
}

void pattern_free(struct camera_pattern *pattern)
{
	if (pattern == NULL)
		return;
	regfree(&pattern->regex);
	free(pattern->text);
	free(pattern);
}

bool pattern_search(
	const struct camera_pattern *pattern, const char *text, regmatch_t groups[PATTERN_GROUPS])
{
	return regexec(&pattern->regex, text, PATTERN_GROUPS, groups, 0) == 0;
}

size_t pattern_groups(const struct camera_pattern *pattern)
{
	return pattern->regex.re_nsub;
}

const char *camera_pattern_text(const struct camera_pattern *pattern)
{
	return pattern == NULL ? NULL : pattern->text;
}
