/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The small functions of the model. */
#include "trapkit/model.h"

#include "trapkit/memory.h"
#include "trapkit/subject.h"

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

/* Labels as the models and data sets of subject.h have them, and as people write them. */
static void subjects(void **state)
{
	static const struct {
		const char *name, *description;
		enum subject subject;
	} words[] = {
		{"animal", NULL, SUBJECT_ANIMAL},
		{"Animal ", NULL, SUBJECT_ANIMAL},
		{"person", NULL, SUBJECT_HUMAN},
		{"HUMAN", NULL, SUBJECT_HUMAN},
		{"Homo sapiens", NULL, SUBJECT_HUMAN},
		{"homo_sapiens", NULL, SUBJECT_HUMAN},
		{"Human-Camera Trapper", NULL, SUBJECT_HUMAN},
		{"people (hikers)", NULL, SUBJECT_HUMAN},
		{"Mensch", NULL, SUBJECT_HUMAN},
		{"CZŁOWIEK", NULL, SUBJECT_HUMAN},
		{"Person", "", SUBJECT_HUMAN},
		{"vehicle", NULL, SUBJECT_VEHICLE},
		{"Véhicule", NULL, SUBJECT_VEHICLE},
		{"VE\u0301HICULE", NULL, SUBJECT_VEHICLE},
		{"samochód", NULL, SUBJECT_VEHICLE},
		{"truck", NULL, SUBJECT_VEHICLE},
		{"7", "4f0;mammalia;primates;hominidae;homo;sapiens;human", SUBJECT_HUMAN},
		{"7", "e28;;;;;;vehicle", SUBJECT_VEHICLE},
		{"animal", "x;mammalia;primates;hominidae;homo;sapiens;", SUBJECT_HUMAN},
		{"8", "a;mammalia;cetartiodactyla;cervidae;cervus;elaphus;red deer", SUBJECT_OTHER},
		{"9", "too;few;parts", SUBJECT_OTHER},
		{"boat-billed heron", NULL, SUBJECT_OTHER},
		{"hunter's hartebeest", NULL, SUBJECT_OTHER},
		{"non-human primate", NULL, SUBJECT_OTHER},
		{"manatee", NULL, SUBJECT_OTHER},
		{"blank", NULL, SUBJECT_OTHER},
		{"", NULL, SUBJECT_OTHER},
	};

	(void)state;
	for (size_t i = 0; i < sizeof words / sizeof *words; i++)
		if (subject_of(words[i].name, words[i].description) != words[i].subject)
			fail_msg("'%s' is %d", words[i].name,
				(int)subject_of(words[i].name, words[i].description));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(types),
		cmocka_unit_test(trouble),
		cmocka_unit_test(release),
		cmocka_unit_test(subjects),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
