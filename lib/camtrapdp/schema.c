/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Columns, types and limits of deployments, media and observations. */
#include "schema.h"

#include <math.h>

static const char *const features[] = {"roadPaved", "roadDirt", "trailHiking", "trailGame",
	"roadUnderpass", "roadOverpass", "roadBridge", "culvert", "burrow", "nestSite", "carcass",
	"waterSource", "fruitingTree", NULL};
static const char *const methods[] = {"activityDetection", "timeLapse", NULL};
static const char *const levels[] = {"media", "event", NULL};
static const char *const types[] = {
	"animal", "human", "vehicle", "blank", "unknown", "unclassified", NULL};
static const char *const setups[] = {"setup", "calibration", NULL};
static const char *const stages[] = {"adult", "subadult", "juvenile", NULL};
static const char *const sexes[] = {"female", "male", NULL};
static const char *const classifiers[] = {"human", "machine", NULL};

static const struct field deployments[] = {
	{.name = "deploymentID", .type = FIELD_KEY, .required = true},
	{.name = "locationID", .type = FIELD_KEY},
	{.name = "locationName"},
	{"latitude", FIELD_NUMBER, true, -90, 90, NULL},
	{"longitude", FIELD_NUMBER, true, -180, 180, NULL},
	{"coordinateUncertainty", FIELD_INTEGER, false, 1, INFINITY, NULL},
	{.name = "deploymentStart", .type = FIELD_DATETIME, .required = true},
	{.name = "deploymentEnd", .type = FIELD_DATETIME, .required = true},
	{.name = "setupBy"},
	{.name = "cameraID", .type = FIELD_KEY},
	{.name = "cameraModel"},
	{"cameraDelay", FIELD_INTEGER, false, 0, INFINITY, NULL},
	{"cameraHeight", FIELD_NUMBER, false, 0, INFINITY, NULL},
	{"cameraDepth", FIELD_NUMBER, false, 0, INFINITY, NULL},
	{"cameraTilt", FIELD_INTEGER, false, -90, 90, NULL},
	{"cameraHeading", FIELD_INTEGER, false, 0, 360, NULL},
	{"detectionDistance", FIELD_NUMBER, false, 0, INFINITY, NULL},
	{.name = "timestampIssues", .type = FIELD_BOOLEAN},
	{.name = "baitUse", .type = FIELD_BOOLEAN},
	{.name = "featureType", .type = FIELD_CHOICE, .choices = features},
	{.name = "habitat"},
	{.name = "deploymentGroups"},
	{.name = "deploymentTags"},
	{.name = "deploymentComments"},
};

static const struct field media[] = {
	{.name = "mediaID", .type = FIELD_KEY, .required = true},
	{.name = "deploymentID", .type = FIELD_KEY, .required = true},
	{.name = "captureMethod", .type = FIELD_CHOICE, .choices = methods},
	{.name = "timestamp", .type = FIELD_DATETIME, .required = true},
	{.name = "filePath", .type = FIELD_PATH, .required = true},
	{.name = "filePublic", .type = FIELD_BOOLEAN, .required = true},
	{.name = "fileName"},
	{.name = "fileMediatype", .type = FIELD_MEDIATYPE, .required = true},
	{.name = "exifData"},
	{.name = "favorite", .type = FIELD_BOOLEAN},
	{.name = "mediaComments"},
};

static const struct field observations[] = {
	{.name = "observationID", .type = FIELD_KEY, .required = true},
	{.name = "deploymentID", .type = FIELD_KEY, .required = true},
	{.name = "mediaID", .type = FIELD_KEY},
	{.name = "eventID", .type = FIELD_KEY},
	{.name = "eventStart", .type = FIELD_DATETIME, .required = true},
	{.name = "eventEnd", .type = FIELD_DATETIME, .required = true},
	{.name = "observationLevel", .type = FIELD_CHOICE, .required = true, .choices = levels},
	{.name = "observationType", .type = FIELD_CHOICE, .required = true, .choices = types},
	{.name = "cameraSetupType", .type = FIELD_CHOICE, .choices = setups},
	{.name = "scientificName", .type = FIELD_KEY},
	{"count", FIELD_INTEGER, false, 1, INFINITY, NULL},
	{.name = "lifeStage", .type = FIELD_CHOICE, .choices = stages},
	{.name = "sex", .type = FIELD_CHOICE, .choices = sexes},
	{.name = "behavior", .type = FIELD_KEY},
	{.name = "individualID", .type = FIELD_KEY},
	{"individualPositionRadius", FIELD_NUMBER, false, 0, INFINITY, NULL},
	{"individualPositionAngle", FIELD_NUMBER, false, -90, 90, NULL},
	{"individualSpeed", FIELD_NUMBER, false, 0, INFINITY, NULL},
	{"bboxX", FIELD_NUMBER, false, 0, 1, NULL},
	{"bboxY", FIELD_NUMBER, false, 0, 1, NULL},
	{"bboxWidth", FIELD_NUMBER, false, 1e-15, 1, NULL},
	{"bboxHeight", FIELD_NUMBER, false, 1e-15, 1, NULL},
	{.name = "classificationMethod", .type = FIELD_CHOICE, .choices = classifiers},
	{.name = "classifiedBy"},
	{.name = "classificationTimestamp", .type = FIELD_DATETIME},
	{"classificationProbability", FIELD_NUMBER, false, 0, 1, NULL},
	{.name = "observationTags"},
	{.name = "observationComments"},
};

const struct schema schemas[TABLES] = {
	{"deployments", deployments, sizeof deployments / sizeof *deployments},
	{"media", media, sizeof media / sizeof *media},
	{"observations", observations, sizeof observations / sizeof *observations},
};
