/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Option values written back as people and TOML write them. */
#include "options.h"
#include "trapkit/text.h"
#include "trapkit/toml.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static char *join(const struct string_list *list, bool toml)
{
	char *text = NULL;
	size_t size;
	FILE *out = open_memstream(&text, &size);

	if (out == NULL)
		return xstrdup("");
	if (toml)
		fputc('[', out);
	for (size_t i = 0; i < list->count; i++) {
		char *item = toml ? toml_quote(list->items[i]) : xstrdup(list->items[i]);

		fprintf(out, "%s%s", i == 0 ? "" : toml ? ", " : ",", item);
		free(item);
	}
	if (toml)
		fputc(']', out);
	fclose(out);
	return text;
}

static char *quoted(const char *text, bool toml)
{
	return toml ? toml_quote(text) : xstrdup(text);
}

static const char *text_target(const struct option *option)
{
	if (option->text != NULL)
		return *option->text;
	if (option->file != NULL)
		return *option->file;
	return option->directory != NULL ? *option->directory : NULL;
}

static char *render(const struct option *option, bool reveal, bool toml)
{
	const char *where;

	if ((option->marks & OPTION_SECRET) != 0) {
		enum secret_source source = option_secret_source(option, &where);

		if (*option->text == NULL && source == SECRET_VALUE)
			return NULL;
		if (!reveal || *option->text == NULL)
			return quoted("[hidden]", toml);
	}
	/* A flag without a default follows another setting until it is set itself. */
	if (option->flag != NULL)
		return option->fallback == NULL && !option_is_set(option)
			? NULL
			: xstrdup(*option->flag ? "true" : "false");
	if (option->list != NULL)
		return join(option->list, toml);
	if (option->choice != NULL)
		return *option->choice < 0 ? NULL : quoted(option->choices[*option->choice], toml);
	if (text_target(option) != NULL)
		return quoted(text_target(option), toml);
	if (option->fallback == NULL && !option_is_set(option))
		return NULL;
	if (option->number != NULL)
		return xasprintf("%ld", *option->number);
	if (option->size != NULL)
		return xasprintf("%" PRIu64, *option->size);
	if (option->duration != NULL && *option->duration >= 0)
		return xasprintf("%.15g", *option->duration);
	return NULL;
}

char *option_literal(const struct option *option, bool reveal)
{
	return render(option, reveal, true);
}

char *option_text(const struct option *option, bool reveal)
{
	return render(option, reveal, false);
}
