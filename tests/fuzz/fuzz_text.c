/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Names, dates, sizes and durations from anywhere. */
#include "trapkit/error.h"
#include "trapkit/text.h"
#include "trapkit/timestamp.h"

#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
	static const char *const words[] = {"package", "deploymentStart", "x", NULL};
	struct error err = {0};
	struct wall_time wall;
	uint64_t number;
	double seconds;
	char *text, *made;

	if (size > 4096 || (text = malloc(size + 1)) == NULL)
		return 0;
	memcpy(text, bytes, size);
	text[size] = '\0';
	made = text_slugify(text);
	if (made[0] == '-' || strpbrk(made, " .ABCXYZ") != NULL)
		abort();
	free(made);
	made = text_escape(text);
	if (!text_is_utf8(made, strlen(made)))
		abort();
	free(made);
	text_nearest(text, words);
	text_parse_size(text, &number, &err);
	text_parse_duration(text, &seconds, &err);
	if (wall_parse((const char *)bytes, size, &wall) && !wall_is_valid(&wall))
		abort();
	free(text);
	return 0;
}
