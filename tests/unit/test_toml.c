/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The TOML door: values, lines, byte positions. Expected values are those of the specification. */
#include "trapkit/error.h"
#include "trapkit/memory.h"
#include "trapkit/toml.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static struct toml_value *parse(const char *text)
{
	struct toml_value *root;
	struct error err = {0};

	if (toml_parse(text, strlen(text), "t.toml", &root, &err) != 0)
		fail_msg("%s", err.message);
	return root;
}

static void refuse(const char *text, size_t length, const char *begin)
{
	struct toml_value *root;
	struct error err = {0};

	assert_int_equal(toml_parse(text, length, "t.toml", &root, &err), -1);
	assert_null(root);
	assert_int_equal(err.kind, ERROR_INPUT);
	assert_memory_equal(err.message, begin, strlen(begin));
}

static void test_types(void **state)
{
	static const char text[] = "a = 0xDEADbeef\n"
				   "b = 1_000.5e-1\n"
				   "c = \"tab\\t\\u00e9\"\n"
				   "d = 1979-05-27T07:32:00-08:00\n"
				   "e = true\n"
				   "f = [1, 2,]\n"
				   "g = '''\nno \\escape'''\n";
	struct toml_value *root = parse(text);
	const struct toml_value *d = toml_find(root, "d");

	(void)state;
	assert_int_equal(toml_find(root, "a")->integer, 3735928559);
	assert_true(toml_find(root, "b")->number == 100.05);
	assert_string_equal(toml_find(root, "c")->text, "tab\t\xC3\xA9");
	assert_int_equal(d->type, TOML_DATE_TIME);
	assert_string_equal(d->text, "1979-05-27T07:32:00-08:00");
	assert_int_equal(d->line, 4);
	assert_true(toml_find(root, "e")->boolean);
	assert_int_equal(toml_find(root, "f")->count, 2);
	assert_string_equal(toml_find(root, "g")->text, "no \\escape");
	assert_null(toml_find(root, "A"));
	toml_free(root);
}

static void test_positions(void **state)
{
	/* A mark at the start, a wide letter before the value, CRLF. */
	static const char text[] =
		"\xEF\xBB\xBF[T]\r\n\"\xC5\xBC\" = \"\xC5\xBC\xC5\xBC\" # c\r\nk = 12";
	struct toml_value *root = parse(text);
	const struct toml_value *table = toml_find(root, "T");
	const struct toml_value *value = toml_find(table, "\xC5\xBC");
	const struct toml_value *last = toml_find(table, "k");

	(void)state;
	assert_int_equal(table->line, 1);
	assert_int_equal(value->line, 2);
	assert_memory_equal(text + value->begin, "\"\xC5\xBC\xC5\xBC\"", 6);
	assert_int_equal(value->end - value->begin, 6);
	assert_memory_equal(text + last->begin, "12", 2);
	assert_int_equal(last->end, sizeof text - 1);
	toml_free(root);
}

static void test_order(void **state)
{
	struct toml_value *root = parse("z = 1\na = 2\n[[L]]\nx = 1\n[[L]]\nx = 2\n");
	const struct toml_value *list = toml_find(root, "L");

	(void)state;
	assert_string_equal(root->items[0].key, "z");
	assert_string_equal(root->items[1].key, "a");
	assert_int_equal(list->type, TOML_ARRAY);
	assert_int_equal(list->count, 2);
	assert_int_equal(toml_find(&list->items[1], "x")->line, 6);
	toml_free(root);
}

static void test_refusals(void **state)
{
	char *deep = xmalloc(200001);

	(void)state;
	refuse("a = 1\na = 2\n", 12, "t.toml:2: ");
	refuse("a = 'x\n", 7, "t.toml:1: ");
	refuse("a = \"\xFF\"", 7, "t.toml:1: ");
	refuse("a = 1\n\0", 7, "t.toml:2: ");
	refuse("a = 08", 6, "t.toml:1: ");
	refuse("a = 9223372036854775808", 23, "t.toml:1: ");
	for (size_t i = 0; i < 200000; i++)
		deep[i] = i % 2 == 0 ? 'a' : '.';
	deep[200000] = '\0';
	refuse(deep, 200000, "t.toml:1: key with too many parts");
	memset(deep, '[', 200000);
	memcpy(deep, "a = ", 4);
	refuse(deep, 200000, "t.toml:1: ");
	free(deep);
}

/* Headers that trip toml++ 3.3, and lists whose lines look like them. */
static void test_headers(void **state)
{
	static const char *const wrong[] = {"a = 1\n[\xC3\xBC]\n", "#\n [ ]", "\n[[!]]", "\n[\n]",
		"\n[#]", "\n[ [a]]", "\n[.a]", "\n\xC3\xBC = 1", "\na = \xC3\xBC",
		"\na = \"\"\"\\\xC3\xBC\"\"\""};
	struct toml_value *root = parse("a = [\n [\n], # [!\n[[]],\n[{}],\n]\n"
					"s = '''\n[!]\n'''\n[\"\xC3\xBC\"]\n[ x . 'y' ]\n[[z]]\n");

	(void)state;
	assert_int_equal(root->count, 5);
	toml_free(root);
	for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++)
		refuse(wrong[i], strlen(wrong[i]), "t.toml:2: ");
}

static void test_quote(void **state)
{
	static const char wild[] = "a\"b\\c\n\t\x01\x7F\xC5\xBC'";
	char *quoted = toml_quote(wild);
	char *text = xasprintf("a = %s", quoted);
	struct toml_value *root = parse(text);

	(void)state;
	assert_string_equal(root->items[0].text, wild);
	toml_free(root);
	free(text);
	free(quoted);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_types),
		cmocka_unit_test(test_positions),
		cmocka_unit_test(test_order),
		cmocka_unit_test(test_refusals),
		cmocka_unit_test(test_headers),
		cmocka_unit_test(test_quote),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
