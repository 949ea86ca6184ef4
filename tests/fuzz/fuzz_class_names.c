/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What strangers' models say of themselves. */
#include "../../lib/detect/names.h"
#include "trapkit/detect.h"
#include "trapkit/text.h"

#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
	struct string_list names = {0};
	char *text;

	if (size > 65536 || (text = malloc(size + 1)) == NULL)
		return 0;
	memcpy(text, bytes, size);
	text[size] = '\0';
	if (parse_class_names(text, &names) != 0 && names.count != 0)
		abort();
	if (names.count > DETECTOR_MOST_CLASSES || parse_greatest(text) > UINT16_MAX)
		abort();
	for (size_t i = 0; i < names.count; i++)
		if (!text_is_utf8(names.items[i], strlen(names.items[i])))
			abort();
	string_list_release(&names);
	free(text);
	return 0;
}
