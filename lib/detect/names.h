/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What exporters write into models as text: Python literals. */
#ifndef TRAPKIT_DETECT_NAMES_H
#define TRAPKIT_DETECT_NAMES_H

#include "trapkit/memory.h"

#include <stdint.h>

/*
 * `{0: 'animal', 1: "person"}` or `['animal', 'person']`: names by class number, a number that is
 * left out as "". Nothing is added when the text is neither; -1 then. Numbers from 0 to
 * DETECTOR_MOST_CLASSES - 1.
 */
int parse_class_names(const char *text, struct string_list *names);
/* `[640, 640]` or `640`: the greatest number, 0 when there is none. */
uint32_t parse_greatest(const char *text);

#endif
