/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The one place that knows toml++: its document becomes the plain tree of trapkit/toml.h. */
#include "trapkit/toml.h"

#include "trapkit/error.h"
#include "trapkit/memory.h"

#include <algorithm>
#include <cstdlib>
#include <cstring>
#include <new>
#include <string>
#include <string_view>
#include <vector>

#define TOML_HEADER_ONLY 1
#define TOML_EXCEPTIONS 0
#define TOML_ENABLE_FORMATTERS 0
#define TOML_MAX_NESTED_VALUES TOML_DEEPEST
#include <toml++/toml.h>

namespace
{

/* toml++ counts columns in characters; editing needs bytes. */
class positions
{
	std::string_view text;
	std::vector<size_t> lines;

      public:
	explicit positions(std::string_view whole) : text(whole)
	{
		size_t start = text.substr(0, 3) == "\xEF\xBB\xBF" ? 3 : 0;

		lines.push_back(start);
		for (size_t i = start; i < text.size(); i++)
			if (text[i] == '\n')
				lines.push_back(i + 1);
	}

	size_t offset(toml::source_position place) const
	{
		if (place.line == 0 || place.line > lines.size())
			return 0;
		size_t at = lines[place.line - 1];
		for (size_t column = 1; column < place.column && at < text.size(); column++) {
			at++;
			while (at < text.size() &&
				(static_cast<unsigned char>(text[at]) & 0xC0) == 0x80)
				at++;
		}
		return at;
	}

	std::string_view part(size_t begin, size_t end) const
	{
		return text.substr(begin, end > begin ? end - begin : 0);
	}
};

char *copy(std::string_view text)
{
	char *memory = static_cast<char *>(xmalloc(text.size() + 1));

	if (!text.empty())
		memcpy(memory, text.data(), text.size());
	memory[text.size()] = '\0';
	return memory;
}

void set_text(toml_value *value, std::string_view text)
{
	value->text = copy(text);
	value->length = text.size();
}

void convert(const toml::node &node, const positions &places, toml_value *value);

toml_value *new_items(size_t count)
{
	return static_cast<toml_value *>(xcalloc(count, sizeof(toml_value)));
}

void convert_table(const toml::table &table, const positions &places, toml_value *value)
{
	size_t i = 0;

	value->type = TOML_TABLE;
	value->items = new_items(table.size());
	value->count = table.size();
	for (auto &&[key, node] : table) {
		toml_value *item = &value->items[i++];

		convert(node, places, item);
		item->key = copy(key.str());
		if (key.source().begin.line != 0)
			item->line = key.source().begin.line;
	}
	std::stable_sort(value->items, value->items + value->count,
		[](const toml_value &a, const toml_value &b) {
			return a.line != b.line ? a.line < b.line : a.begin < b.begin;
		});
}

void convert_array(const toml::array &array, const positions &places, toml_value *value)
{
	value->type = TOML_ARRAY;
	value->items = new_items(array.size());
	value->count = array.size();
	for (size_t i = 0; i < array.size(); i++)
		convert(*array.get(i), places, &value->items[i]);
}

void convert(const toml::node &node, const positions &places, toml_value *value)
{
	value->line = node.source().begin.line;
	value->begin = places.offset(node.source().begin);
	value->end = places.offset(node.source().end);
	if (auto table = node.as_table()) {
		convert_table(*table, places, value);
		if (!table->is_inline())
			value->begin = value->end = 0;
	} else if (auto array = node.as_array()) {
		convert_array(*array, places, value);
	} else if (auto text = node.as_string()) {
		value->type = TOML_STRING;
		set_text(value, text->get());
	} else if (auto integer = node.as_integer()) {
		value->type = TOML_INTEGER;
		value->integer = integer->get();
		value->number = static_cast<double>(integer->get());
	} else if (auto number = node.as_floating_point()) {
		value->type = TOML_FLOAT;
		value->number = number->get();
	} else if (auto boolean = node.as_boolean()) {
		value->type = TOML_BOOLEAN;
		value->boolean = boolean->get();
	} else {
		value->type = TOML_DATE_TIME;
		set_text(value, places.part(value->begin, value->end));
	}
}

void release(toml_value *value)
{
	for (size_t i = 0; i < value->count; i++)
		release(&value->items[i]);
	free(value->items);
	free(value->key);
	free(value->text);
}

/*
 * toml++ 3.3 follows dotted keys as deep as they go and frees the result recursively: a key of a
 * hundred thousand parts would use up the stack. Returns the line of the first key that is too
 * deep, or 0.
 */
size_t find_deep_key(std::string_view text)
{
	size_t line = 1, dots = 0, i = 0;
	std::string_view closing;

	while (i < text.size()) {
		if (text[i] == '\n') {
			line++;
			dots = 0;
			if (closing.size() == 1)
				closing = {};
			i++;
		} else if (!closing.empty()) {
			bool escape = closing[0] == '"' && text[i] == '\\';
			bool closes = !escape && text.substr(i, closing.size()) == closing;

			i += closes ? closing.size()
				: escape && i + 1 < text.size() && text[i + 1] != '\n' ? 2
										       : 1;
			if (closes)
				closing = {};
		} else if (text[i] == '#') {
			i = std::min(text.find('\n', i), text.size());
		} else if (text[i] == '"' || text[i] == '\'') {
			std::string_view three = text[i] == '"' ? "\"\"\"" : "'''";

			closing = text.substr(i, 3) == three ? three : three.substr(0, 1);
			i += closing.size();
		} else {
			dots = text[i] == '.'                               ? dots + 1
				: std::strchr(",=[]{}", text[i]) != nullptr ? 0
									    : dots;
			if (dots > TOML_DEEPEST)
				return line;
			i++;
		}
	}
	return 0;
}

} // namespace

int toml_parse(const char *text, size_t length, const char *name, struct toml_value **root,
	struct error *err)
{
	std::string_view whole(text, length);

	*root = nullptr;
	if (length > TOML_LARGEST)
		return error_set(err, ERROR_INPUT, "%s: larger than %u bytes", name, TOML_LARGEST);
	if (size_t line = find_deep_key(whole))
		return error_set(err, ERROR_INPUT, "%s:%zu: key with more than %d parts", name,
			line, TOML_DEEPEST);
	toml::parse_result result = toml::parse(whole);
	if (!result) {
		const toml::parse_error &problem = result.error();
		std::string_view what = problem.description();

		return error_set(err, ERROR_INPUT, "%s:%u: %.*s", name,
			static_cast<unsigned>(problem.source().begin.line),
			static_cast<int>(what.size()), what.data());
	}
	*root = new_items(1);
	convert_table(result.table(), positions(whole), *root);
	return 0;
}

void toml_free(struct toml_value *root)
{
	if (root != nullptr)
		release(root);
	free(root);
}

const struct toml_value *toml_find(const struct toml_value *table, const char *key)
{
	if (table == nullptr || table->type != TOML_TABLE)
		return nullptr;
	for (size_t i = 0; i < table->count; i++)
		if (strcmp(table->items[i].key, key) == 0)
			return &table->items[i];
	return nullptr;
}

const char *toml_type_name(enum toml_type type)
{
	static const char *const names[] = {"a table", "a list", "a text", "a whole number",
		"a number with a fraction", "true or false", "a date or time"};

	return names[type];
}

char *toml_quote(const char *text)
{
	std::string quoted = "\"";

	for (; *text != '\0'; text++) {
		unsigned char byte = static_cast<unsigned char>(*text);
		static const char digits[] = "0123456789ABCDEF";

		if (byte == '"' || byte == '\\') {
			quoted += '\\';
			quoted += *text;
		} else if (byte == '\n') {
			quoted += "\\n";
		} else if (byte == '\t') {
			quoted += "\\t";
		} else if (byte < 0x20 || byte == 0x7F) {
			quoted += "\\u00";
			quoted += digits[byte >> 4];
			quoted += digits[byte & 15];
		} else {
			quoted += *text;
		}
	}
	quoted += '"';
	return copy(quoted);
}
