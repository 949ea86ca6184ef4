/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Models that people use, told by their file names, and the thresholds they choose with them. */
#include "known.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>

#include "trapkit/memory.h"

/* contracts/detector.md 3.1. The first whose word is in the file's name. */
static const struct known_model models[] = {
	{"md_v5a", "v5a.0.0", 0.2, 0.05},
	{"md_v5b", "v5b.0.0", 0.2, 0.05},
	{"mdv5a", "v5a.0.0", 0.2, 0.05},
	{"mdv5b", "v5b.0.0", 0.2, 0.05},
	{"md_v4", "v4.1", 0.8, 0.3},
	{"megadetector_v4", "v4.1", 0.8, 0.3},
	{"redwood", "v1000.0.0-redwood", 0.3, 0.1},
	{"cedar", "v1000.0.0-cedar", 0.3, 0.1},
	{"larch", "v1000.0.0-larch", 0.3, 0.1},
	{"sorrel", "v1000.0.0-sorrel", 0.3, 0.1},
	{"spruce", "v1000.0.0-spruce", 0.3, 0.1},
	{"mdv6", "v6", 0.2, 0.1},
	{"", "", 0.2, 0.1},
};

const struct known_model *known_model(const char *file)
{
	const struct known_model *model = models;
	char *name = xstrdup(file);

	for (char *at = name; *at != '\0'; at++)
		*at = (char)tolower((unsigned char)*at);
	while (strstr(name, model->word) == NULL)
		model++;
	free(name);
	return model;
}
