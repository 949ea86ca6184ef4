/* SPDX-License-Identifier: GPL-3.0-or-later */
/* `trapkit describe`: writes what is derived from the option rows (for `make docs`). */
#include "describe.h"

#include "trapkit/output_file.h"
#include "trapkit/text.h"

#include <stdlib.h>
#include <string.h>

static const struct {
	const char *shell, *file;
	void (*describe)(FILE *out);
} shells[] = {
	{"bash", "completions/trapkit.bash", describe_bash},
	{"zsh", "completions/_trapkit", describe_zsh},
	{"fish", "completions/trapkit.fish", describe_fish},
};

static char *text_of(void (*describe)(FILE *out))
{
	char *text = NULL;
	size_t size;
	FILE *out = open_memstream(&text, &size);

	if (out == NULL)
		return xstrdup("");
	describe(out);
	fclose(out);
	return text;
}

int describe_completion(struct console *console, const char *shell, struct error *err)
{
	for (size_t i = 0; i < sizeof shells / sizeof *shells; i++)
		if (strcmp(shells[i].shell, shell) == 0) {
			char *text = text_of(shells[i].describe);

			console_result(console, "%s", text);
			free(text);
			return 0;
		}
	return error_set(
		err, ERROR_USAGE, "no completion for '%s': there are bash, zsh and fish", shell);
}

/* FOLDER/NAME, made with its folder; `text` is freed. */
static int save(const char *folder, const char *name, char *text, struct error *err)
{
	char *path = text_join_path(folder, name);
	char *parent = xstrndup(path, (size_t)(text_base_name(path) - path));
	int status = make_folders(parent, err);

	if (status == 0)
		status = output_file_write(path, text, strlen(text), false, err);
	free(parent);
	free(path);
	free(text);
	return status;
}

static int save_manual(const char *folder, struct error *err)
{
	if (save(folder, "man/trapkit.1", text_of(describe_manual_program), err) != 0)
		return -1;
	for (size_t i = 0; commands[i] != NULL; i++) {
		char *name, *text = NULL;
		size_t size;
		FILE *out;
		int status;

		if (!command_is_listed(commands[i]))
			continue;
		out = open_memstream(&text, &size);
		if (out == NULL)
			return error_errno(err, "cannot write the manual");
		describe_manual_command(out, commands[i]);
		fclose(out);
		name = xasprintf("man/trapkit-%s.1", commands[i]->name);
		status = save(folder, name, text, err);
		free(name);
		if (status != 0)
			return -1;
	}
	return 0;
}

static int run(struct session *session, struct error *err)
{
	const char *kind = session->arguments[0];
	const char *folder = session->arguments[1];

	if (strcmp(kind, "settings") == 0)
		return save(folder, "config.example.toml", describe_settings(), err);
	if (strcmp(kind, "man") == 0)
		return save_manual(folder, err);
	for (size_t i = 0; i < sizeof shells / sizeof *shells; i++)
		if (strcmp(shells[i].shell, kind) == 0)
			return save(folder, shells[i].file, text_of(shells[i].describe), err);
	return error_set(err, ERROR_USAGE, "'%s' is none of settings, man, bash, zsh, fish", kind);
}

/* Without a summary: for those who build the program, not for those who use it. */
const struct command command_describe = {
	.name = "describe",
	.arguments = "settings|man|bash|zsh|fish DIR",
	.minimum = 2,
	.maximum = 2,
	.run = run,
};
