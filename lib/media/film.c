/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Web-friendly renditions of videos. */
#include "trapkit/film.h"

#include "trapkit/error.h"

int film_make(const char *source, const char *target, const struct film_settings *settings,
	struct film *film, const struct progress *progress, struct error *err)
{
	(void)source;
	(void)target;
	(void)settings;
	(void)film;
	(void)progress;
	return error_set(err, ERROR_INPUT, "videos are not converted yet");
}
