/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Settings that several commands share: the server, the network, the data path, the time zone. */
#include "general.h"

#include <limits.h>

struct general general;

static const char network_group[] = "Network options";

const struct option general_options[] = {
	{.name = "host",
		.section = "GENERAL",
		.value = "URL",
		.text = &general.host,
		.marks = OPTION_SETTING_ONLY,
		.help = "Address of the TRAPPER server, as https://trapper.example.org."},
	{.name = "login",
		.section = "GENERAL",
		.value = "EMAIL",
		.text = &general.login,
		.marks = OPTION_SETTING_ONLY,
		.help = "Log in to TRAPPER as this user."},
	{.name = "password",
		.section = "GENERAL",
		.value = "PASSWORD",
		.text = &general.password,
		.marks = OPTION_SETTING_ONLY | OPTION_SECRET,
		.help = "Log in with this password; asked for on a terminal when not set."},
	{.name = "token",
		.section = "GENERAL",
		.value = "TOKEN",
		.text = &general.token,
		.marks = OPTION_SETTING_ONLY | OPTION_SECRET,
		.help = "Log in with this API token; it wins over the password."},
	/* Here too, so that the setting is known to commands without --project-id. */
	{.name = "project-id",
		.section = "GENERAL",
		.value = "N",
		.number = &general.project_id,
		.minimum = 1,
		.maximum = LONG_MAX,
		.marks = OPTION_SETTING_ONLY,
		.help = "Number of the research project that data is sent to."},
	{.name = "verify-ssl",
		.section = "GENERAL",
		.flag = &general.verify_ssl,
		.fallback = "true",
		.group = network_group,
		.help = "Accept only servers whose certificate is good for their name."},
	{.name = "ca-file",
		.section = "GENERAL",
		.value = "FILE",
		.file = &general.ca_file,
		.group = network_group,
		.help = "Trust the authorities in this PEM file too."},
	{0},
};

const struct option network_options[] = {
	{.name = "timeout",
		.section = "GENERAL",
		.value = "TIME",
		.duration = &general.timeout,
		.minimum = 1,
		.maximum = 86400,
		.fallback = "60",
		.group = network_group,
		.help = "Give up on a server that says nothing for this long."},
	{.name = "retries",
		.section = "GENERAL",
		.value = "N",
		.number = &general.retries,
		.minimum = 0,
		.maximum = 1000,
		.fallback = "5",
		.group = network_group,
		.help = "Try again up to N times after the first attempt."},
	{.name = "max-runtime",
		.section = "GENERAL",
		.value = "TIME",
		.duration = &general.max_runtime,
		.fallback = "none",
		.group = network_group,
		.help = "Stop trying after this long over all attempts."},
	{0},
};

const struct option project_id_options[] = {
	{.name = "project-id",
		.section = "GENERAL",
		.value = "N",
		.number = &general.project_id,
		.minimum = 1,
		.maximum = LONG_MAX,
		.help = "Put the data into the research project with this number."},
	{0},
};

const struct option timezone_options[] = {
	{.name = "timezone",
		.section = "PACKAGE",
		.value = "ZONE",
		.text = &general.timezone,
		.marks = OPTION_ZONE,
		.help = "Take the cameras' clocks to be in this zone, as Europe/Warsaw."},
	{.name = "ignore-dst",
		.section = "PACKAGE",
		.key = "timezone_ignore_dst",
		.flag = &general.ignore_dst,
		.fallback = "false",
		.help = "Take the cameras' clocks to stay on standard time in summer."},
	{0},
};

const struct option data_options[] = {
	{.name = "data-path",
		.value = "DIR",
		.directory = &general.data_path,
		.marks = OPTION_REQUIRED,
		.help = "Read the collections below DIR (DIR/COLLECTION/DEPLOYMENT/FILES)."},
	{.name = "collection",
		.value = "NAME",
		.list = &general.collections,
		.help = "Take only this collection; may be given several times."},
	{0},
};
