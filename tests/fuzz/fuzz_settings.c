/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Any bytes as a settings file: read into the option rows, and one value changed in them. */
#include "../../cmd/cli/settings.h"
#include "trapkit/toml.h"

#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
	struct findings findings = {0};
	struct error err = {0};
	char *text = xstrndup((const char *)bytes, size);
	char *edited = NULL;

	if (options_reset(&err) != 0)
		abort();
	/* A text that is no TOML gives a message with the file's name; never anything else. */
	if (settings_load_text("x.toml", (const char *)bytes, size, &findings, &err) != 0 &&
		strncmp(err.message, "x.toml:", 7) != 0)
		abort();
	error_clear(&err);
	if (settings_edit("x.toml", text, "GENERAL", "host", "\"h\"", &edited, &err) == 0) {
		struct toml_value *root;

		if (toml_parse(edited, strlen(edited), "x.toml", &root, &err) != 0)
			abort();
		toml_free(root);
	}
	free(edited);
	free(text);
	findings_release(&findings);
	return 0;
}
