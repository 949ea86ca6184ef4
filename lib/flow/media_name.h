/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Which files of a data tree are taken for media, by their names. */
#ifndef TRAPKIT_LIB_FLOW_MEDIA_NAME_H
#define TRAPKIT_LIB_FLOW_MEDIA_NAME_H

#include "trapkit/memory.h"

#include <stdbool.h>

/*
 * True when the name has one of the extensions: ".jpg" or "jpg", ASCII case ignored. A list that is
 * NULL stands for trapper-tools' own: .jpg .jpeg .png, and .mp4 .avi .mov (contracts/trapper.md 3).
 */
bool media_name_is_wanted(
	const char *name, const struct string_list *images, const struct string_list *videos);

#endif
