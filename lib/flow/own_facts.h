/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What EXIF leaves open, from the camera's own block of the picture. */
#ifndef TRAPKIT_FLOW_OWN_FACTS_H
#define TRAPKIT_FLOW_OWN_FACTS_H

#include "trapkit/model.h"

/*
 * Puts date, serial number, make and model where they are missing. Costs a second look at the head
 * of those pictures only of which they can be expected.
 */
void own_facts_ask(int fd, int64_t now, struct media_facts *facts);
/* The same of a picture in memory. */
void own_facts_parse(const uint8_t *bytes, size_t size, int64_t now, struct media_facts *facts);

#endif
