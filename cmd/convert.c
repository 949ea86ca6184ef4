/* SPDX-License-Identifier: GPL-3.0-or-later */
/* trapkit convert: web-friendly renditions. Its command line is read; the work is to come. */
#include "cli/command.h"
#include "cli/general.h"

static struct {
	char *output_path, *resize, *video;
	long quality;
	bool overwrite;
} settings;

static const struct option options[] = {
	{.name = "output-path",
		.value = "DIR",
		.directory = &settings.output_path,
		.help = "Write a mirror tree below DIR."},
	{.name = "resize",
		.section = "CONVERT",
		.value = "WxH",
		.text = &settings.resize,
		.fallback = "1920x1920",
		.help = "Make pictures fit into W x H pixels, or leave them with 'off'."},
	{.name = "quality",
		.section = "CONVERT",
		.value = "N",
		.number = &settings.quality,
		.minimum = 1,
		.maximum = 100,
		.fallback = "85",
		.help = "Write JPEG files of this quality."},
	{.name = "video",
		.section = "CONVERT",
		.value = "FORMAT",
		.text = &settings.video,
		.fallback = "mp4",
		.help = "Make videos mp4 or webm, or leave them with 'off'."},
	{.name = "overwrite",
		.section = "CONVERT",
		.flag = &settings.overwrite,
		.fallback = "false",
		.help = "Replace files that are there already."},
	{0},
};

static const struct option *const tables[] = {options, data_options, timezone_options, NULL};

static int run(struct session *session, struct error *err)
{
	(void)session;
	return error_set(err, ERROR_UNAVAILABLE,
		"convert is not built yet: 'trapkit package' takes the files as they are");
}

const struct command command_convert = {
	.name = "convert",
	.summary = "Make web-friendly copies of pictures and videos",
	.description = "Not built yet: the command line and the settings are read, and nothing is "
		       "done.",
	.examples = "# Convert everything below a folder\n"
		    "$ trapkit convert --data-path /data/winter\n",
	.options = tables,
	.run = run,
};
