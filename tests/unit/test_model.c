/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The small functions of the model. */
#include "trapkit/model.h"

#include "trapkit/memory.h"

#include <ctype.h>
#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

static void types(void **state)
{
	(void)state;
	/* exiftool's MIMEType for files of these types. */
	assert_string_equal(media_type_mime(MEDIA_JPEG), "image/jpeg");
	assert_string_equal(media_type_mime(MEDIA_PNG), "image/png");
	assert_string_equal(media_type_mime(MEDIA_AVI), "video/x-msvideo");
	assert_string_equal(media_type_mime(MEDIA_MP4), "video/mp4");
	assert_string_equal(media_type_mime(MEDIA_MOV), "video/quicktime");
	assert_string_equal(media_type_mime(MEDIA_MKV), "video/x-matroska");
	assert_string_equal(media_type_mime(MEDIA_WEBM), "video/webm");
	assert_null(media_type_mime(MEDIA_UNKNOWN));
	assert_null(media_type_mime(MEDIA_OTHER_IMAGE));
	assert_true(media_type_is_video(MEDIA_AVI));
	assert_true(media_type_is_video(MEDIA_OTHER_VIDEO));
	assert_true(media_type_is_video(MEDIA_WEBM));
	assert_false(media_type_is_video(MEDIA_JPEG));
	assert_false(media_type_is_video(MEDIA_UNKNOWN));
}

/* Each of the nine bits has a sentence of its own, in the form that messages have. */
static void trouble(void **state)
{
	const char *seen[9];

	(void)state;
	for (unsigned i = 0; i < 9; i++) {
		seen[i] = media_trouble_text((enum media_trouble)(1u << i));
		assert_string_not_equal(seen[i], "unknown trouble");
		assert_true(islower((unsigned char)seen[i][0]));
		assert_int_not_equal(seen[i][strlen(seen[i]) - 1], '.');
		for (unsigned j = 0; j < i; j++)
			assert_string_not_equal(seen[i], seen[j]);
	}
}

static void release(void **state)
{
	struct resource resource = {.path = xstrdup("a/b/c"), .name = xstrdup("c"), .size = 3};

	(void)state;
	resource_release(&resource);
	assert_null(resource.path);
	assert_int_equal(resource.size, 0);
	resource_release(&resource);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(types),
		cmocka_unit_test(trouble),
		cmocka_unit_test(release),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
