/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Turns a unit program with arguments into a client that the fault tests steer. */
#ifndef TRAPKIT_TESTS_HTTP_DRIVER_H
#define TRAPKIT_TESTS_HTTP_DRIVER_H

#include "trapkit/error.h"
#include "trapkit/progress.h"
#include "trapkit/transfer.h"

#include <cjson/cJSON.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

struct driver {
	struct http_settings settings;
	const char *home, *post, *content_type;
	bool once;
	size_t limit;
	cJSON *result, *said;
	char **words; /* what is left of the arguments */
	int word_count;
};

static volatile sig_atomic_t driver_stopped;

static void driver_stop(int number)
{
	(void)number;
	driver_stopped = 1;
}

static int driver_report(void *context, const struct progress_event *event)
{
	struct driver *driver = context;

	if (event->message != NULL)
		cJSON_AddItemToArray(driver->said, cJSON_CreateString(event->message));
	return driver_stopped;
}

static double driver_clock(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (double)now.tv_sec + (double)now.tv_nsec / 1e9;
}

/* One "--name value"; unknown names end the program. */
static void driver_option(struct driver *driver, const char *name, const char *value)
{
	struct http_settings *s = &driver->settings;

	if (strcmp(name, "--home") == 0)
		driver->home = value;
	else if (strcmp(name, "--ca") == 0)
		s->ca_file = value;
	else if (strcmp(name, "--token") == 0)
		s->token = value;
	else if (strcmp(name, "--scheme") == 0)
		s->token_scheme = value;
	else if (strcmp(name, "--user") == 0)
		s->user = value;
	else if (strcmp(name, "--password") == 0)
		s->password = value;
	else if (strcmp(name, "--retries") == 0)
		s->retries = (unsigned)strtoul(value, NULL, 10);
	else if (strcmp(name, "--timeout") == 0)
		s->timeout = strtod(value, NULL);
	else if (strcmp(name, "--connect-timeout") == 0)
		s->connect_timeout = strtod(value, NULL);
	else if (strcmp(name, "--max-runtime") == 0)
		s->max_runtime = strtod(value, NULL);
	else if (strcmp(name, "--limit") == 0)
		driver->limit = strtoul(value, NULL, 10);
	else if (strcmp(name, "--post") == 0)
		driver->post = value;
	else if (strcmp(name, "--type") == 0)
		driver->content_type = value;
	else if (strcmp(name, "--once") == 0)
		driver->once = strcmp(value, "1") == 0;
	else if (strcmp(name, "--verify") == 0)
		s->verify = strcmp(value, "1") == 0;
	else
		exit(2);
}

static void driver_start(struct driver *driver, int argc, char **argv)
{
	struct sigaction action = {.sa_handler = driver_stop};

	*driver = (struct driver){.settings = {.verify = true, .connect_timeout = 5, .timeout = 5}};
	driver->result = cJSON_CreateObject();
	driver->said = cJSON_AddArrayToObject(driver->result, "said");
	driver->words = argv + 1;
	for (int i = 1; i < argc; i++) {
		if (strncmp(argv[i], "--", 2) == 0 && i + 1 < argc) {
			driver_option(driver, argv[i], argv[i + 1]);
			i++;
		} else {
			driver->words[driver->word_count++] = argv[i];
		}
	}
	sigaction(SIGINT, &action, NULL);
	sigaction(SIGTERM, &action, NULL);
}

/* Prints the JSON result; the program's exit status is 0 whatever came of it. */
static int driver_end(struct driver *driver, int result, const struct error *err)
{
	static const char *const kinds[] = {"none", "input", "system", "usage", "settings",
		"unavailable", "network", "busy", "refused", "remote", "cancelled"};
	char *text;

	cJSON_AddNumberToObject(driver->result, "result", result);
	cJSON_AddStringToObject(driver->result, "kind", kinds[err->kind]);
	cJSON_AddStringToObject(driver->result, "message", err->message);
	text = cJSON_PrintUnformatted(driver->result);
	puts(text);
	free(text);
	cJSON_Delete(driver->result);
	return 0;
}

#endif
