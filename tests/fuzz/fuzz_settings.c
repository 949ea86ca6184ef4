/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Any bytes as a settings file: read into the option rows, one value changed in them, and its
 * camera profiles read. */
#include "../../cmd/cli/settings.h"
#include "trapkit/camera.h"
#include "trapkit/toml.h"

#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size);

/* What is a profile is one again when it is shown. */
static void read_cameras(const uint8_t *bytes, size_t size)
{
	struct camera_profiles *profiles, *again;
	struct toml_value *root = NULL;
	struct error err = {0};

	if (toml_parse((const char *)bytes, size, "x.toml", &root, &err) != 0)
		return;
	profiles = camera_profiles_new();
	if (camera_profiles_add(profiles, root, "x.toml", &err) != 0 &&
		(err.kind != ERROR_SETTINGS || strncmp(err.message, "x.toml:", 7) != 0 ||
			profiles->count != 3))
		abort();
	toml_free(root);
	for (size_t i = 3; i < profiles->count && i < 8; i++) {
		char *text = camera_profile_show(profiles->items[i]);

		again = camera_profiles_new();
		if (toml_parse(text, strlen(text), "y.toml", &root, &err) != 0 ||
			camera_profiles_add(again, root, "y.toml", &err) != 0)
			abort();
		toml_free(root);
		camera_profiles_free(again);
		free(text);
	}
	camera_profiles_free(profiles);
}

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
	read_cameras(bytes, size);
	findings_release(&findings);
	return 0;
}
