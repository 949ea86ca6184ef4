/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The one place that knows toml++: its document becomes the plain tree of trapkit/toml.h. */
#include "trapkit/toml.h"

#include "trapkit/error.h"
#include "trapkit/memory.h"

#include <algorithm>
#include <cctype>
#include <cstdlib>
#include <cstring>
#include <new>
#include <string>
#include <string_view>
#include <vector>

namespace
{
/* toml++ ends the program where a text surprises it. A text must never do that. */
struct surprise {
};
} // namespace

#define TOML_ASSERT(condition) ((condition) ? static_cast<void>(0) : throw surprise{})
#define TOML_HEADER_ONLY 1
#define TOML_EXCEPTIONS 0
#define TOML_ENABLE_FORMATTERS 0
#define TOML_MAX_NESTED_VALUES TOML_DEEPEST
/* Some of its assertions stand where nothing may be thrown; there they end the program as ever. */
#if defined(__clang__)
#pragma clang diagnostic ignored "-Wexceptions"
#else
#pragma GCC diagnostic ignored "-Wterminate"
#endif
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
 * What toml++ 3.3 cannot be trusted with is looked for before it sees the text. It follows dotted
 * keys as deep as they go and frees the result recursively: a key of a hundred thousand parts
 * would use up the stack. And a header that does not begin with a key, as [ü], trips an assertion.
 */
class inspector
{
	std::string_view text;
	std::string_view closing; /* of the string that we are in, or empty */
	size_t i = 0, dots = 0, depth = 0;
	bool fresh = true; /* only blanks so far in this line */

	void in_string()
	{
		bool escape = closing[0] == '"' && text[i] == '\\' && i + 1 < text.size() &&
			text[i + 1] != '\n';

		if (escape) {
			i += 2;
		} else if (text.substr(i, closing.size()) == closing) {
			i += closing.size();
			closing = {};
		} else {
			i++;
		}
	}

	void open_string()
	{
		std::string_view three = text[i] == '"' ? "\"\"\"" : "'''";

		closing = text.substr(i, 3) == three ? three : three.substr(0, 1);
		i += closing.size();
	}

	bool is_bad_header() const
	{
		size_t at = text.find_first_not_of(" \t", i + 1);

		if (at == i + 1 && text[at] == '[')
			at = text.find_first_not_of(" \t", at + 1);
		if (at == text.npos)
			return false;
		return !std::isalnum(static_cast<unsigned char>(text[at])) &&
			(text[at] == '\0' || std::strchr("_-\"'", text[at]) == nullptr);
	}

	const char *in_plain()
	{
		char c = text[i];

		if (c == '[' && fresh && depth == 0 && is_bad_header())
			return "section without a name; a name with other characters than "
			       "A-Z, a-z, 0-9, - and _ must be in quotes";
		if (c == '[' || c == '{')
			depth++;
		else if ((c == ']' || c == '}') && depth > 0)
			depth--;
		if (c == '.' && ++dots > TOML_DEEPEST)
			return "key with too many parts";
		if (std::strchr(",=[]{}", c) != nullptr)
			dots = 0;
		fresh = fresh && (c == ' ' || c == '\t');
		i++;
		return nullptr;
	}

      public:
	size_t line = 1;

	explicit inspector(std::string_view whole) : text(whole)
	{
		if (text.substr(0, 3) == "\xEF\xBB\xBF")
			i = 3;
	}

	/* What is wrong in `line`, or nothing. */
	const char *find()
	{
		const char *problem = nullptr;

		while (i < text.size() && problem == nullptr) {
			if (text[i] == '\n') {
				line++;
				dots = 0;
				fresh = true;
				if (closing.size() == 1)
					closing = {};
				i++;
			} else if (!closing.empty()) {
				in_string();
			} else if (text[i] == '#') {
				i = std::min(text.find('\n', i), text.size());
			} else if (text[i] == '"' || text[i] == '\'') {
				fresh = false;
				open_string();
			} else {
				problem = in_plain();
			}
		}
		return problem;
	}
};

} // namespace

static int parse_inspected(
	std::string_view whole, const char *name, struct toml_value **root, struct error *err)
{
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

int toml_parse(const char *text, size_t length, const char *name, struct toml_value **root,
	struct error *err)
{
	std::string_view whole(text, length);
	inspector inspected(whole);

	*root = nullptr;
	if (length > TOML_LARGEST)
		return error_set(err, ERROR_INPUT, "%s: larger than %u bytes", name, TOML_LARGEST);
	if (const char *problem = inspected.find())
		return error_set(err, ERROR_INPUT, "%s:%zu: %s", name, inspected.line, problem);
	try {
		return parse_inspected(whole, name, root, err);
	} catch (const surprise &) {
		toml_free(*root);
		*root = nullptr;
		return error_set(err, ERROR_INPUT, "%s: not TOML", name);
	}
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
