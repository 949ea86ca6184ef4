/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Any bytes as a .env file. */
#include "../../cmd/cli/env_file.h"
#include "trapkit/error.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size);

static int take(
	void *context, const char *variable, const char *value, size_t line, struct error *err)
{
	size_t *size = context;

	(void)err;
	/* Names and values are cut from the text, so they cannot be longer than it. */
	if (*variable == '\0' || strlen(variable) + strlen(value) > *size || line > *size + 1)
		abort();
	return 0;
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
	struct error err = {0};

	if (env_file_parse((const char *)bytes, size, ".env", take, &size, &err) != 0 &&
		err.kind != ERROR_SETTINGS)
		abort();
	return 0;
}
