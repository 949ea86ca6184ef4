/* SPDX-License-Identifier: GPL-3.0-or-later */
/* `config edit`: an editor on a copy, which is installed only when it is in order. */
#include "config_file.h"
#include "console.h"
#include "describe.h"
#include "options.h"
#include "settings.h"
#include "trapkit/output_file.h"
#include "trapkit/text.h"
#include "trapkit/toml.h"

#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

static const char *editor(void)
{
	const char *name = getenv("VISUAL");

	if (name == NULL || *name == '\0')
		name = getenv("EDITOR");
	return name == NULL || *name == '\0' ? "vi" : name;
}

/* Ctrl-C belongs to the editor while it runs. */
static int run_editor(const char *path, struct error *err)
{
	char *script = xasprintf("exec %s \"$1\"", editor());
	struct sigaction ignore, before;
	int wait_status = 0;
	int status = -1;
	pid_t child;

	memset(&ignore, 0, sizeof ignore);
	sigemptyset(&ignore.sa_mask);
	ignore.sa_handler = SIG_IGN;
	sigaction(SIGINT, &ignore, &before);
	child = fork();
	if (child == 0) {
		sigaction(SIGINT, &before, NULL);
		execl("/bin/sh", "sh", "-c", script, "sh", path, (char *)NULL);
		_exit(127);
	}
	while (child > 0 && waitpid(child, &wait_status, 0) < 0 && errno == EINTR)
		continue;
	sigaction(SIGINT, &before, NULL);
	if (child < 0)
		error_errno(err, "cannot run the editor");
	else if (wait_status != 0)
		error_set(err, ERROR_UNAVAILABLE,
			"the editor '%s' failed: nothing was changed; set $EDITOR to another",
			editor());
	else
		status = 0;
	free(script);
	return status;
}

/* Tells what is wrong with the edited text; true when nothing is. */
static bool in_order(struct session *session, const char *name, const char *copy)
{
	struct findings findings = {0};
	struct error err = {0};
	char *text = NULL;
	size_t length;
	bool good;

	if (read_whole_file(copy, TOML_LARGEST, &text, &length, &err) != 0 ||
		settings_load_text(name, text, length, &findings, &err) != 0)
		string_list_add(&findings.errors, err.message);
	for (size_t i = 0; i < findings.warnings.count; i++)
		console_warning(session->console, "%s", findings.warnings.items[i]);
	for (size_t i = 0; i < findings.errors.count; i++)
		console_error(session->console, findings.errors.items[i]);
	good = findings.errors.count == 0;
	findings_release(&findings);
	free(text);
	return good;
}

static bool wants_again(struct session *session)
{
	struct error err = {0};
	char *answer = NULL;
	bool again;

	if (session->no_input)
		return false;
	if (console_ask(session->console, "Edit again? [Y/n]", false, &answer, &err) != 0)
		return false;
	again = answer[0] != 'n' && answer[0] != 'N';
	free(answer);
	return again;
}

static int install_copy(
	struct session *session, const char *copy, const char *path, struct error *err)
{
	char *text = NULL;
	size_t length;
	int status = read_whole_file(copy, TOML_LARGEST, &text, &length, err);

	if (status == 0)
		status = output_file_write(path, text, length, true, err);
	if (status == 0) {
		console_print(session->console, "Saved '%s'\n", path);
		unlink(copy);
	}
	free(text);
	return status;
}

static int make_copy(const char *path, char **copy, struct error *err)
{
	size_t head = (size_t)(text_base_name(path) - path);
	char *folder = xstrndup(path, head);
	char *text = NULL;
	size_t length;
	int status = *folder == '\0' ? 0 : make_folders(folder, err);

	*copy = xasprintf("%s.edit-%ld-%s", folder, (long)getpid(), path + head);
	if (status == 0 && access(path, F_OK) == 0) {
		status = read_whole_file(path, TOML_LARGEST, &text, &length, err);
	} else if (status == 0) {
		text = describe_settings();
		length = strlen(text);
	}
	if (status == 0)
		status = output_file_write(*copy, text, length, true, err);
	free(text);
	free(folder);
	return status;
}

int config_edit(struct session *session, struct error *err)
{
	char *named = settings_path();
	char *real = realpath(named, NULL);
	const char *path = real != NULL ? real : named;
	char *copy = NULL;
	int status = -1;

	if (session->dry_run) {
		console_print(session->console, "Would edit '%s'\n", path);
		status = 0;
		goto done;
	}
	if (make_copy(path, &copy, err) != 0)
		goto done;
	do {
		if (run_editor(copy, err) != 0) {
			unlink(copy);
			goto done;
		}
		if (in_order(session, text_base_name(path), copy)) {
			status = install_copy(session, copy, path, err);
			goto done;
		}
	} while (wants_again(session));
	error_set(err, ERROR_SETTINGS, "'%s' stays as it was; your version is in '%s'", path, copy);
done:
	free(copy);
	free(real);
	free(named);
	return status;
}
