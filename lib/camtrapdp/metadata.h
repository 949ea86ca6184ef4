/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What a metadata file holds, for those who read it and those who write of it. */
#ifndef TRAPKIT_CAMTRAPDP_METADATA_H
#define TRAPKIT_CAMTRAPDP_METADATA_H

#include "trapkit/camtrapdp_write.h"
#include "trapkit/toml.h"

#include <cjson/cJSON.h>

struct camtrapdp_metadata {
	char *path;
	struct toml_value *toml; /* for lines, and for [classes] */
	cJSON *json;             /* the rest of it */
};

/* The descriptor's properties in the order in which they are written; NULL-terminated. */
extern const char *const descriptor_order[];

/* Computed of the rows, whatever the metadata say. */
bool descriptor_computes(const char *property);

#endif
