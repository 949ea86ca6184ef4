/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The settings file, .env, the environment and --set, brought to the option rows. */
#include "settings.h"

#include "env_file.h"
#include "options.h"
#include "synonyms.h"
#include "trapkit/text.h"
#include "trapkit/toml.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

extern char **environ;

void findings_release(struct findings *findings)
{
	string_list_release(&findings->warnings);
	string_list_release(&findings->errors);
}

static void add_finding(struct string_list *list, char *text)
{
	string_list_add(list, text);
	free(text);
}

/* ---- from text to rows ---- */

/* Text for all rows of one setting; the first failure is a finding. */
static void set_text_value(const char *section, const char *key, const char *value,
	const struct origin *origin, struct findings *findings)
{
	const struct option *row;

	for (size_t n = 0; (row = option_find_setting(section, key, n)) != NULL; n++) {
		struct error err = {0};

		if (option_set(row, value, origin, &err) != 0) {
			string_list_add(&findings->errors, err.message);
			return;
		}
	}
}

static const char *wanted_type(const struct option *row)
{
	return row->flag != NULL        ? "true or false"
		: row->number != NULL   ? "a whole number"
		: row->size != NULL     ? "a size, as \"2G\""
		: row->duration != NULL ? "a number of seconds or a text, as \"15m\""
		: row->list != NULL     ? "a list of texts, as [\"a\", \"b\"]"
					: "a text in quotes";
}

/* The TOML value as text for the row, owned; NULL when the types do not go together. */
static char *text_for(const struct option *row, const struct toml_value *value)
{
	bool whole = value->type == TOML_INTEGER;
	bool text = value->type == TOML_STRING && strlen(value->text) == value->length;

	if (row->flag != NULL)
		return value->type == TOML_BOOLEAN ? xstrdup(value->boolean ? "true" : "false")
						   : NULL;
	if (whole && (row->number != NULL || row->size != NULL || row->duration != NULL))
		return xasprintf("%lld", (long long)value->integer);
	if (row->number != NULL)
		return NULL;
	if (row->duration != NULL && value->type == TOML_FLOAT)
		return xasprintf("%.9f", value->number);
	return text ? xstrdup(value->text) : NULL;
}

static int set_from_array(const struct option *row, const struct toml_value *value,
	const struct origin *origin, struct error *err)
{
	struct origin item = *origin;

	item.one_item = true;
	option_clear(row, origin);
	for (size_t i = 0; i < value->count; i++) {
		char *text = text_for(row, &value->items[i]);
		int status = 0;

		if (text == NULL)
			return error_set(err, ERROR_SETTINGS, "%s: item %zu is %s, not a text",
				origin->text, i + 1, toml_type_name(value->items[i].type));
		status = option_set(row, text, &item, err);
		free(text);
		if (status != 0)
			return -1;
	}
	return 0;
}

static int set_from_toml(const struct option *row, const struct toml_value *value,
	const struct origin *origin, struct error *err)
{
	char *text, *key;
	int status;

	if (row->list != NULL && value->type == TOML_ARRAY)
		return set_from_array(row, value, origin, err);
	text = text_for(row, value);
	if (text == NULL) {
		key = option_key(row);
		error_set(err, ERROR_SETTINGS, "%s: %s.%s is %s, but must be %s", origin->text,
			row->section, key, toml_type_name(value->type), wanted_type(row));
		free(key);
		return -1;
	}
	status = option_set(row, text, origin, err);
	free(text);
	return status;
}

/* `password_file` and `password_command`. True when the key is one of them. */
static bool set_secret_source(
	const char *section, const char *key, const char *value, const struct origin *origin)
{
	static const struct {
		const char *suffix;
		enum secret_source source;
	} kinds[] = {{"_file", SECRET_FILE}, {"_command", SECRET_COMMAND}};

	for (size_t k = 0; k < 2; k++) {
		size_t length = strlen(key);
		size_t tail = strlen(kinds[k].suffix);
		const struct option *row;
		char *base;
		bool found = false;

		if (length <= tail || !same_name(key + length - tail, kinds[k].suffix))
			continue;
		base = xstrndup(key, length - tail);
		for (size_t n = 0; (row = option_find_setting(section, base, n)) != NULL; n++)
			if ((row->marks & OPTION_SECRET) != 0) {
				found = true;
				if (value != NULL)
					option_set_secret_source(
						row, kinds[k].source, value, origin);
			}
		free(base);
		if (found)
			return true;
	}
	return false;
}

bool settings_take_secret_source(const char *name, const char *value, const struct origin *origin)
{
	const char *dot = strchr(name, '.');
	char *section;
	bool found;

	if (dot == NULL)
		return false;
	section = xstrndup(name, (size_t)(dot - name));
	found = set_secret_source(section, dot + 1, value, origin);
	free(section);
	return found;
}

/* No row of ours in this section yet: its keys cannot be judged. */
static bool section_is_empty(const char *section)
{
	const struct option *const *all = options_all();

	for (size_t i = 0; all[i] != NULL; i++)
		if (all[i]->section != NULL && strcasecmp(all[i]->section, section) == 0)
			return false;
	return true;
}

static const char *known_section(const char *name)
{
	for (size_t i = 0; setting_sections[i] != NULL; i++)
		if (strcasecmp(setting_sections[i], name) == 0)
			return setting_sections[i];
	return NULL;
}

/* ", did you mean 'x'?" or "", owned. */
static char *key_hint(const char *section, const char *key)
{
	const struct option *const *all = options_all();
	struct string_list names = {0};
	const char *nearest;
	char *hint;

	for (size_t i = 0; all[i] != NULL; i++)
		if (all[i]->section != NULL && strcasecmp(all[i]->section, section) == 0) {
			char *name = option_key(all[i]);

			string_list_add(&names, name);
			free(name);
		}
	ARRAY_APPEND(&names, NULL);
	nearest = text_nearest(key, (const char *const *)names.items);
	names.count--;
	hint = nearest == NULL ? xstrdup("") : xasprintf(": did you mean '%s'?", nearest);
	string_list_release(&names);
	return hint;
}

static void warn_unknown_key(
	const char *origin, const char *section, const char *key, struct findings *findings)
{
	char *hint = key_hint(section, key);
	char *shown = text_escape(key);

	add_finding(&findings->warnings,
		xasprintf("%s: unknown setting %s.%s%s", origin, section, shown, hint));
	free(shown);
	free(hint);
}

/* A key that trapper-tools used. `value` is its text. */
static void set_synonym(const struct synonym *synonym, const char *value,
	const struct toml_value *toml, const struct origin *origin, struct findings *findings)
{
	bool on = strcasecmp(value, "true") == 0 || strcmp(value, "1") == 0;
	const struct option *row;

	if (synonym->kind == SYNONYM_SWITCH && on)
		set_text_value(
			synonym->new_section, synonym->new_key, synonym->value, origin, findings);
	if (synonym->kind == SYNONYM_OFF && !on)
		set_text_value(
			synonym->new_section, synonym->new_key, synonym->value, origin, findings);
	if (synonym->kind != SYNONYM_RENAMED)
		return;
	for (size_t n = 0;
		(row = option_find_setting(synonym->new_section, synonym->new_key, n)) != NULL;
		n++) {
		struct error err = {0};

		if ((toml != NULL ? set_from_toml(row, toml, origin, &err)
				  : option_set(row, value, origin, &err)) != 0)
			string_list_add(&findings->errors, err.message);
	}
}

static const char *plain_text(const struct toml_value *value)
{
	return value->type == TOML_BOOLEAN   ? (value->boolean ? "true" : "false")
		: value->type == TOML_STRING ? value->text
					     : "";
}

static void take_toml_key(const char *section, const struct toml_value *value, const char *name,
	struct findings *findings)
{
	char *blame = xasprintf("%s:%u", name, value->line);
	struct origin origin = {.level = ORIGIN_FILE, .text = blame};
	const struct synonym *synonym = synonym_of_setting(section, value->key);
	const struct option *row = option_find_setting(section, value->key, 0);
	struct error err = {0};

	if (row != NULL) {
		for (size_t n = 0; row != NULL; row = option_find_setting(section, value->key, ++n))
			if (set_from_toml(row, value, &origin, &err) != 0) {
				string_list_add(&findings->errors, err.message);
				break;
			}
	} else if (synonym != NULL) {
		set_synonym(synonym, plain_text(value), value, &origin, findings);
	} else if (value->type == TOML_STRING &&
		set_secret_source(section, value->key, value->text, &origin)) {
		/* followed when it is needed */
	} else if (set_secret_source(section, value->key, NULL, &origin)) {
		add_finding(&findings->errors,
			xasprintf("%s: %s must be a text in quotes", blame, value->key));
	} else if (!section_is_empty(section)) {
		warn_unknown_key(blame, section, value->key, findings);
	}
	free(blame);
}

/* CONVERT.resize_img_size counts only together with resize_img = true, which may come later. */
static void take_resize(
	const struct toml_value *section, const char *name, struct findings *findings)
{
	const struct toml_value *size = NULL;
	bool wanted = false;
	char *blame, *text;

	for (size_t i = 0; i < section->count; i++) {
		if (same_name(section->items[i].key, "resize_img_size"))
			size = &section->items[i];
		if (same_name(section->items[i].key, "resize_img"))
			wanted = section->items[i].boolean;
	}
	if (size == NULL || !wanted || size->type != TOML_ARRAY || size->count != 2)
		return;
	blame = xasprintf("%s:%u", name, size->line);
	text = xasprintf(
		"%lldx%lld", (long long)size->items[0].integer, (long long)size->items[1].integer);
	set_text_value("CONVERT", "resize", text,
		&(struct origin){.level = ORIGIN_FILE, .text = blame}, findings);
	free(text);
	free(blame);
}

static void take_section(
	const struct toml_value *section, const char *name, struct findings *findings)
{
	const char *known = known_section(section->key);

	if (known == NULL) {
		const char *nearest = text_nearest(section->key, setting_sections);
		char *shown = text_escape(section->key);

		add_finding(&findings->warnings,
			xasprintf("%s:%u: unknown %s '%s'%s%s%s", name, section->line,
				section->type == TOML_TABLE ? "section" : "setting", shown,
				nearest != NULL ? ": did you mean '" : "",
				nearest != NULL ? nearest : "", nearest != NULL ? "'?" : ""));
		free(shown);
		return;
	}
	if (strcmp(known, "CAMERA") == 0)
		return; /* [[CAMERA]] belongs to the camera profiles */
	if (section->type != TOML_TABLE) {
		add_finding(&findings->errors,
			xasprintf("%s:%u: %s is %s, but must be a section: [%s]", name,
				section->line, known, toml_type_name(section->type), known));
		return;
	}
	for (size_t i = 0; i < section->count; i++)
		take_toml_key(known, &section->items[i], name, findings);
	if (strcmp(known, "CONVERT") == 0)
		take_resize(section, name, findings);
}

int settings_load_text(const char *name, const char *text, size_t length, struct findings *findings,
	struct error *err)
{
	struct toml_value *root;

	if (toml_parse(text, length, name, &root, err) != 0) {
		err->kind = ERROR_SETTINGS;
		return -1;
	}
	for (size_t i = 0; i < root->count; i++)
		take_section(&root->items[i], name, findings);
	toml_free(root);
	return 0;
}

/* ---- SECTION__KEY ---- */

/* Returns false when the variable is none of ours. */
static bool take_variable(const char *variable, const char *value, const struct origin *origin,
	struct findings *findings)
{
	const char *middle = strstr(variable, "__");
	const struct synonym *synonym;
	const char *known;
	char *section;

	if (middle == NULL || middle[2] == '\0')
		return false;
	section = xstrndup(variable, (size_t)(middle - variable));
	known = known_section(section);
	free(section);
	if (known == NULL)
		return false;
	synonym = synonym_of_setting(known, middle + 2);
	if (option_find_setting(known, middle + 2, 0) != NULL)
		set_text_value(known, middle + 2, value, origin, findings);
	else if (synonym != NULL)
		set_synonym(synonym, value, NULL, origin, findings);
	else if (!set_secret_source(known, middle + 2, value, origin) && !section_is_empty(known))
		warn_unknown_key(origin->text, known, middle + 2, findings);
	return true;
}

struct env_context {
	const char *name;
	struct findings *findings;
};

static int take_env_line(
	void *context, const char *variable, const char *value, size_t line, struct error *err)
{
	struct env_context *env = context;
	char *blame = xasprintf("%s:%zu", env->name, line);
	struct origin origin = {.level = ORIGIN_ENV_FILE, .text = blame};

	(void)err;
	take_variable(variable, value, &origin, env->findings);
	free(blame);
	return 0;
}

int settings_load_env(const char *name, const char *text, size_t length, struct findings *findings,
	struct error *err)
{
	struct env_context context = {name, findings};

	return env_file_parse(text, length, name, take_env_line, &context, err);
}

void settings_load_environment(struct findings *findings)
{
	for (char **entry = environ; entry != NULL && *entry != NULL; entry++) {
		const char *equals = strchr(*entry, '=');
		char *variable, *blame;
		struct origin origin;

		if (equals == NULL || strstr(*entry, "__") == NULL)
			continue;
		variable = xstrndup(*entry, (size_t)(equals - *entry));
		blame = xasprintf("environment %s", variable);
		origin = (struct origin){.level = ORIGIN_ENVIRONMENT, .text = blame};
		take_variable(variable, equals + 1, &origin, findings);
		free(blame);
		free(variable);
	}
}
