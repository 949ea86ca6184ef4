/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What cameras themselves write: maker notes, comments, daily reports; and the profiles of them. */
#ifndef TRAPKIT_CAMERA_H
#define TRAPKIT_CAMERA_H

#include "trapkit/memory.h"
#include "trapkit/timestamp.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#ifdef __cplusplus
extern "C" {
#endif

struct error;
struct toml_value;

/*
 * Sources of the layouts: contracts camera-models (what cameras write, offset by offset, and which
 * of it was measured) and camera-addaxai (what an AddaxAI Connect server makes of it). man page:
 * trapkit-cameras(5).
 */

/* ---- what a picture tells ---- */

enum camera_trigger {
	CAMERA_TRIGGER_UNKNOWN = 0,
	CAMERA_MOTION,
	CAMERA_TIME_LAPSE,
	CAMERA_EXTERNAL,  /* a sensor beside the camera */
	CAMERA_CODE_LOC,  /* Reconyx's code-locked camera, code not entered */
	CAMERA_POINT,     /* taken by hand */
	CAMERA_STATUS,    /* a cellular camera's status picture */
	CAMERA_LIVE_VIEW, /* asked for over the network */
};
/* "motion", "time_lapse", "external", "code_loc", "point", "status", "live_view"; else NULL. */
const char *camera_trigger_name(enum camera_trigger trigger);

/* "new" … "old crescent" for 0–7, else NULL. */
const char *camera_moon_name(int phase);

/* Which reader knew the picture. */
enum camera_reader {
	CAMERA_GENERIC = 0, /* EXIF only */
	CAMERA_HYPERFIRE,
	CAMERA_ULTRAFIRE,
	CAMERA_HYPERFIRE2,
	CAMERA_MICROFIRE,
	CAMERA_HYPERFIRE4K,
	CAMERA_RAPIDFIRE,
	CAMERA_BROWNING,
	CAMERA_CUDDEBACK,
	CAMERA_CUDDEBACK_OLD,
	CAMERA_MOULTRIE,
	CAMERA_BUSHNELL,
	CAMERA_STEALTH_CAM,
	CAMERA_PANTHERA,
	CAMERA_BUCKEYE,
	CAMERA_READERS /* how many */
};
/* "reconyx-hyperfire", "browning", … "generic". */
const char *camera_reader_name(enum camera_reader reader);

/* What a person should know of a picture; bits. */
enum camera_warning {
	CAMERA_GPS_PLACEHOLDER = 1u << 0, /* 1.0225, 1.0225: firmware, no position */
	CAMERA_GPS_NULL_ISLAND = 1u << 1, /* 0, 0 */
	CAMERA_CLOCK_RESET = 1u << 2,     /* before 2001 */
	CAMERA_IN_FUTURE = 1u << 3,
	CAMERA_ZONE_DIFFERS = 1u << 4,    /* EXIF's offset is not that of the zone given */
	CAMERA_ZONE_UNREADABLE = 1u << 5, /* EXIF's offset is none */
	CAMERA_BAD_EXIF = 1u << 6,
	CAMERA_DATES_DIFFER = 1u << 7, /* EXIF and the camera's own block, by a minute or more */
	CAMERA_NAME_CHANGES = 1u << 8, /* the FTP server changes or refuses such a name */
	CAMERA_COUNTED_NAME = 1u << 9, /* NAME.JPG.1: an upload that collided with another */
	CAMERA_FACTORY_DATE = 1u << 10 /* the first hour of a year: where clocks begin anew */
};
#define CAMERA_LAST_WARNING CAMERA_FACTORY_DATE
/* Sentence for one bit, no capital, no full stop. */
const char *camera_warning_text(enum camera_warning bit);

/*
 * Fixed size, no owned memory. Texts are NUL-terminated UTF-8 without padding, "" when absent.
 * Numbers absent are NaN, -1 (moon, event) or 0 (sequence).
 */
struct camera_facts {
	enum camera_reader reader;
	char make[64], model[64]; /* put right where the camera swaps them or leaves them out */
	char serial[64];
	char label[128];        /* the name that staff gave the camera or its site */
	struct wall_time taken; /* EXIF, else the camera's own block, else EXIF's other dates */
	enum time_source taken_source;
	bool has_own_date;
	struct wall_time own_date; /* of the camera's own block */
	double temperature;        /* °C */
	int moon;                  /* 0 new … 4 full … 7 old crescent */
	double battery_percent, battery_volts;
	enum camera_trigger trigger;
	unsigned sequence_index, sequence_count; /* 1 of 3 */
	int64_t event;                           /* number of the burst */
	double latitude, longitude; /* as EXIF has it, placeholders left out; both or neither NaN */
	unsigned warnings;          /* enum camera_warning bits */
};

/*
 * Reads the head of a JPEG from `fd` (position unused): 16 KiB, and more only as far as its EXIF
 * or comment block asks for, at most CAMERA_MOST_READ bytes. `now` as in media.h. Damage is no
 * error. -1 only when the system could not read.
 */
#define CAMERA_MOST_READ ((size_t)64 * 1024)
int camera_read_facts(int fd, int64_t now, struct camera_facts *facts, struct error *err);
/* The same from memory. Never fails. */
void camera_parse_facts(const uint8_t *bytes, size_t size, int64_t now, struct camera_facts *facts);

/*
 * True when camera_read_facts may know more than EXIF of a picture with this make and model: a
 * serial number, or a date where there is none.
 */
bool camera_may_know_more(const char *make, const char *model, bool has_date, bool has_serial);

/* ---- profiles ---- */

/* Where a profile finds the camera's id, the date, the position. */
enum camera_source {
	CAMERA_FROM_NOWHERE = 0,
	CAMERA_FROM_EXIF,
	CAMERA_FROM_FILE_NAME,
	CAMERA_FROM_PATH,
	CAMERA_FROM_MAKER_NOTE, /* what a reader found: serial, label */
	CAMERA_FROM_USER_COMMENT,
	CAMERA_FROM_DESCRIPTION
};

struct camera_pattern; /* private */

/* Texts are owned by the list of profiles. */
struct camera_profile {
	char *name;
	char *origin;                        /* "built in", or "FILE:LINE" */
	char *note;                          /* a sentence on the camera; may be NULL */
	struct camera_pattern *make, *model; /* searched; NULL = anything */
	struct camera_pattern *path;         /* matched whole; a path profile when set */
	enum camera_source id_from, date_from, gps_from;
	char *id_key; /* of the tag, maker-note field, or comment key; NULL for names and paths */
	struct camera_pattern *id, *date, *gps; /* cut from what was found; NULL = all of it */
	size_t id_group;                        /* of `id`; 0 = the whole match */
	char *date_order;                       /* of the groups of `date`: "YMDhms" */
	bool needs_date, needs_gps;
	uint64_t most_bytes;
};

/* The text of a pattern; NULL for NULL. */
const char *camera_pattern_text(const struct camera_pattern *pattern);
/* "exif:SerialNumber", "file-name", "path". Owned by the caller. */
char *camera_source_text(enum camera_source source, const char *key);

struct camera_profiles {
	struct camera_profile **items; /* in the order in which they are tried within a kind */
	size_t count, capacity;
};

/* The built-in ones: INSTAR, Willfine-2025, Swift Enduro. */
struct camera_profiles *camera_profiles_new(void);
void camera_profiles_free(struct camera_profiles *profiles);
/*
 * Adds every [[CAMERA]] of a settings text that was parsed; `name` is the file's, for messages.
 * One with the name of a built-in profile takes its place, others come behind. ERROR_SETTINGS
 * "FILE:LINE: …"; then nothing was added.
 */
int camera_profiles_add(struct camera_profiles *profiles, const struct toml_value *root,
	const char *name, struct error *err);
/* NULL when there is none; ASCII case is ignored. */
const struct camera_profile *camera_profile_find(
	const struct camera_profiles *profiles, const char *name);
/* The profile as a [[CAMERA]] section. Owned by the caller. */
char *camera_profile_show(const struct camera_profile *profile);

/* ---- what the server would say ---- */

enum camera_verdict { CAMERA_OK, CAMERA_REFUSED, CAMERA_SKIPPED };
/* "ok", "refused", "skipped". */
const char *camera_verdict_name(enum camera_verdict verdict);

/* In the order in which the server looks (contracts/camera-addaxai section 0). */
enum camera_reason {
	CAMERA_REASON_NONE = 0,
	CAMERA_IGNORED,           /* skipped: hidden, or below `rejected` */
	CAMERA_NOT_A_FILE,        /* skipped: a link, a device */
	CAMERA_DELETED_BY_SERVER, /* skipped: mp4 */
	CAMERA_UNREADABLE,        /* refused: we could not read it */
	CAMERA_UNSUPPORTED_FILE_TYPE,
	CAMERA_VALIDATION_FAILED,
	CAMERA_NO_EXIF, /* no_camera_exif */
	CAMERA_UNSUPPORTED,
	CAMERA_CRASHES_SERVER,
	CAMERA_MISSING_DEVICE_ID,
	CAMERA_MISSING_DATETIME,
	CAMERA_INVALID_GPS,
	CAMERA_MISSING_GPS,
	CAMERA_UNKNOWN, /* unknown_camera */
	CAMERA_PARSE_FAILED
};
/* The server's identifier: "missing_datetime"; NULL for CAMERA_REASON_NONE. */
const char *camera_reason_name(enum camera_reason reason);

#define CAMERA_LARGEST_IMAGE (UINT64_C(10) * 1024 * 1024)
#define CAMERA_LARGEST_REPORT (UINT64_C(1024) * 1024)

/* All borrowed. */
struct camera_checking {
	const struct camera_profiles *profiles;
	const struct string_list *registered; /* ids in bytewise order; NULL = not looked at */
	const struct zone *zone;              /* of the server, for offsets; NULL = not looked at */
	int64_t now;
};

struct camera_check {
	enum camera_verdict verdict;
	enum camera_reason reason;
	char details[256]; /* a sentence for a person; "" when all is well */
	bool is_report;
	const struct camera_profile *profile; /* NULL when none matched */
	bool has_id;
	char id[256];
	struct wall_time date;        /* as the server takes it; else what a reader found */
	enum time_source date_source; /* TIME_NONE: none */
	double latitude, longitude;   /* as the server takes it; NaN: none */
	struct camera_facts facts;    /* not of reports */
};

/*
 * The verdict on the file at `path` below the upload root (`/` between its parts), whose size is
 * `size` and which `fd` reads. Only a report is read whole. -1 only when the system could not read;
 * the verdict is then CAMERA_UNREADABLE.
 */
int camera_check_file(const struct camera_checking *checking, const char *path, int fd,
	uint64_t size, struct camera_check *check, struct error *err);
/* The same from memory, which holds the whole file. */
void camera_check_bytes(const struct camera_checking *checking, const char *path,
	const uint8_t *bytes, size_t size, struct camera_check *check);
/* What the name alone decides, without opening: true when the verdict is final. */
bool camera_check_name(const char *path, struct camera_check *check);

/* The base name with one trailing `.digits` taken off. Owned by the caller. */
char *camera_clean_name(const char *path);

/* ---- daily reports ---- */

enum camera_report_format { CAMERA_REPORT_UNKNOWN, CAMERA_REPORT_WILLFINE, CAMERA_REPORT_SWIFT };
/* "willfine-2025", "swift-enduro", or NULL. */
const char *camera_report_format_name(enum camera_report_format format);

/* Numbers absent are INT64_MIN or NaN. `{ 0 }` is releasable. */
struct camera_report {
	enum camera_verdict verdict;
	enum camera_reason reason;
	char details[160];
	enum camera_report_format format;
	char *id;                /* owned; NULL when there is none */
	char *name;              /* CamID, which the server ignores; owned, NULL when absent */
	int64_t signal;          /* 0–31 */
	int64_t temperature;     /* °C */
	int64_t battery_percent; /* 0–100 */
	double sd_used_percent;
	int64_t taken, sent;        /* pictures */
	double latitude, longitude; /* not checked for range */
	bool has_date;
	struct wall_time date; /* the camera's clock */
};
#define CAMERA_NO_NUMBER INT64_MIN

/* Parses the whole text of a report as the server does. `registered` as above. Never fails. */
void camera_report_parse(const char *text, size_t size, const struct string_list *registered,
	struct camera_report *report);
void camera_report_release(struct camera_report *report);
/*
 * A report of a Willfine-2024 camera in the form of 2025, as servers before March 2026 needed it.
 * NULL when it is none (no IMEI, or an empty CamID). Owned by the caller.
 */
char *camera_report_convert(const char *text, size_t size);

/* ---- a profile to begin with ---- */

/* Fills `draft` from samples; each picture is given with the name it has on the server. */
struct camera_draft;
struct camera_draft *camera_draft_new(void);
int camera_draft_add(struct camera_draft *draft, const char *path, int fd, struct error *err);
/* The [[CAMERA]] section with comments on what was found. Owned by the caller. */
char *camera_draft_finish(struct camera_draft *draft);
void camera_draft_free(struct camera_draft *draft);

#ifdef __cplusplus
}
#endif

#endif
