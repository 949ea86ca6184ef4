/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Names that trapper-tools and its relatives used, and what they are called here. */
#include "synonyms.h"

#include "options.h"

#include <strings.h>

static const struct synonym settings[] = {
	{"LOGGER", "logfilename", SYNONYM_RENAMED, "LOGGER", "filename", 0},
	{"LOGGER", "logfile", SYNONYM_RENAMED, "LOGGER", "filename", 0},
	{"LOGGER", "verbosity", SYNONYM_RENAMED, "LOGGER", "loglevel", 0},
	{"GENERAL", "ffmpeg", SYNONYM_IGNORED, 0, 0, 0},
	{"GENERAL", "exiftool", SYNONYM_IGNORED, 0, 0, 0},
	{"GENERAL", "data_dir", SYNONYM_IGNORED, 0, 0, 0},
	{"GENERAL", "user", SYNONYM_RENAMED, "GENERAL", "login", 0},
	{"GENERAL", "username", SYNONYM_RENAMED, "GENERAL", "login", 0},
	{"GENERAL", "ftp_tls", SYNONYM_RENAMED, "UPLOAD", "ftp_tls", 0},
	{"GENERAL", "ftp_host", SYNONYM_RENAMED, "UPLOAD", "ftp_host", 0},
	{"GENERAL", "ftp_passive", SYNONYM_RENAMED, "UPLOAD", "ftp_passive", 0},
	{"GENERAL", "ftp_login", SYNONYM_RENAMED, "UPLOAD", "ftp_user", 0},
	{"GENERAL", "ftp_pass", SYNONYM_RENAMED, "UPLOAD", "ftp_password", 0},
	{"GENERAL", "ftp_password", SYNONYM_RENAMED, "UPLOAD", "ftp_password", 0},
	{"UPLOAD", "ftp_login", SYNONYM_RENAMED, "UPLOAD", "ftp_user", 0},
	{"UPLOAD", "ftp_username", SYNONYM_RENAMED, "UPLOAD", "ftp_user", 0},
	{"UPLOAD", "ftp_pass", SYNONYM_RENAMED, "UPLOAD", "ftp_password", 0},
	{"UPLOAD", "ftp_passwd", SYNONYM_RENAMED, "UPLOAD", "ftp_password", 0},
	{"CONVERT", "resize_img", SYNONYM_OFF, "CONVERT", "resize", "off"},
	{"CONVERT", "resize_img_size", SYNONYM_IGNORED, 0, 0, 0},
	{"CONVERT", "convert2mp4", SYNONYM_SWITCH, "CONVERT", "video", "mp4"},
	{"CONVERT", "convert2webm", SYNONYM_SWITCH, "CONVERT", "video", "webm"},
	{"CONVERT", "keep_mdt", SYNONYM_IGNORED, 0, 0, 0},
	{"CONVERT", "keep_metadata", SYNONYM_IGNORED, 0, 0, 0},
	{"CONVERT", "extensions", SYNONYM_IGNORED, 0, 0, 0},
	{"PACKAGE", "ignore_dst", SYNONYM_RENAMED, "PACKAGE", "timezone_ignore_dst", 0},
	{0},
};

static const struct {
	const char *name, *present;
} options[] = {
	{"collections", "collection"},
	{"log-file", "logfile"},
	{"loglevel", "verbosity"},
	{"timezone-ignore-dst", "ignore-dst"},
};

const struct synonym *synonym_of_setting(const char *section, const char *key)
{
	for (const struct synonym *s = settings; s->section != NULL; s++)
		if (strcasecmp(s->section, section) == 0 && same_name(s->key, key))
			return s;
	return NULL;
}

const char *synonym_of_option(const char *name)
{
	for (size_t i = 0; i < sizeof options / sizeof *options; i++)
		if (same_name(options[i].name, name))
			return options[i].present;
	return name;
}
