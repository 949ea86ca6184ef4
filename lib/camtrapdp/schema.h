/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The columns of the three tables (contracts/camtrap-dp.md section 4; the same in 1.0 to 1.0.2). */
#ifndef TRAPKIT_CAMTRAPDP_SCHEMA_H
#define TRAPKIT_CAMTRAPDP_SCHEMA_H

#include <stdbool.h>
#include <stddef.h>

enum table_kind { DEPLOYMENTS, MEDIA, OBSERVATIONS, TABLES };

enum field_type {
	FIELD_STRING,
	FIELD_KEY, /* a string that is looked up or compared with others */
	FIELD_INTEGER,
	FIELD_NUMBER,
	FIELD_DATETIME,
	FIELD_BOOLEAN,
	FIELD_CHOICE,
	FIELD_PATH,      /* filePath's pattern */
	FIELD_MEDIATYPE, /* image/…, video/…, audio/… */
};

struct field {
	const char *name;
	enum field_type type;
	bool required;
	double minimum, maximum;    /* inclusive, of numbers */
	const char *const *choices; /* NULL-terminated */
};

struct schema {
	const char *name; /* "deployments" */
	const struct field *fields;
	size_t count;
};
extern const struct schema schemas[TABLES];

#define MOST_FIELDS 28

enum deployments_field {
	D_ID,
	D_LOCATION,
	D_LOCATION_NAME,
	D_LATITUDE,
	D_LONGITUDE,
	D_UNCERTAINTY,
	D_START,
	D_END,
	D_SETUP_BY,
	D_CAMERA,
	D_MODEL,
	D_DELAY,
	D_HEIGHT,
	D_DEPTH,
	D_TILT,
	D_HEADING,
	D_DISTANCE,
	D_ISSUES,
	D_BAIT,
	D_FEATURE,
	D_HABITAT,
	D_GROUPS,
	D_TAGS
};

enum media_field {
	M_ID,
	M_DEPLOYMENT,
	M_METHOD,
	M_TIMESTAMP,
	M_PATH,
	M_PUBLIC,
	M_NAME,
	M_TYPE,
	M_EXIF
};

enum observations_field {
	O_ID,
	O_DEPLOYMENT,
	O_MEDIA,
	O_EVENT,
	O_START,
	O_END,
	O_LEVEL,
	O_TYPE,
	O_SETUP,
	O_NAME,
	O_COUNT,
	O_STAGE,
	O_SEX,
	O_BEHAVIOR,
	O_INDIVIDUAL,
	O_RADIUS,
	O_ANGLE,
	O_SPEED,
	O_X,
	O_Y,
	O_WIDTH,
	O_HEIGHT,
	O_METHOD,
	O_BY,
	O_TIMESTAMP,
	O_PROBABILITY
};

/* Indexes into the choices. */
enum observation_type {
	TYPE_ANIMAL,
	TYPE_HUMAN,
	TYPE_VEHICLE,
	TYPE_BLANK,
	TYPE_UNKNOWN,
	TYPE_NONE
};
enum observation_level { LEVEL_MEDIA, LEVEL_EVENT };

#endif
