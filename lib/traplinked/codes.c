/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The code tables of the traplinked REST API v1.10, in the documentation's words. */
#include "traplinked_internal.h"

#include <inttypes.h>
#include <stdio.h>

#define BAIT_RAT 5

static const struct code {
	enum traplinked_kind kind;
	int code;
	const char *name;
	const char *bait_rat; /* where it means something else for a JERRY Bait Rat */
} codes[] = {
	{TRAPLINKED_DEVICE_TYPE, 0, "jerry", NULL},
	{TRAPLINKED_DEVICE_TYPE, 1, "jerry_lora", NULL},
	{TRAPLINKED_DEVICE_TYPE, 2, "trapme", NULL},
	{TRAPLINKED_DEVICE_TYPE, 3, "tom", NULL},
	{TRAPLINKED_DEVICE_TYPE, 4, "trapsensor", NULL},
	{TRAPLINKED_DEVICE_TYPE, 5, "jerry_bait_rat", NULL},
	{TRAPLINKED_DEVICE_STATUS, 0, "inactive", NULL},
	{TRAPLINKED_DEVICE_STATUS, 1, "active", "bait_available"},
	{TRAPLINKED_DEVICE_STATUS, 2, "heartbeat_failed", NULL},
	{TRAPLINKED_DEVICE_STATUS, 3, "triggered", NULL},
	{TRAPLINKED_DEVICE_STATUS, 4, "battery_low", NULL},
	{TRAPLINKED_DEVICE_STATUS, 6, "unstable_wi_fi_connection", NULL},
	{TRAPLINKED_DEVICE_STATUS, 7, "light_infestation", NULL},
	{TRAPLINKED_DEVICE_STATUS, 8, "severe_infestation", NULL},
	{TRAPLINKED_DEVICE_STATUS, 9, "false_triggered", NULL},
	{TRAPLINKED_DEVICE_STATUS, 10, "activity_warning", NULL},
	{TRAPLINKED_DEVICE_STATUS, 11, "activity_critical", NULL},
	{TRAPLINKED_DEVICE_STATUS, 12, "catch_detected", NULL},
	{TRAPLINKED_DEVICE_STATUS, 13, "bait_low", NULL},
	{TRAPLINKED_DEVICE_STATUS, 14, "activity_critical_and_bait_low", NULL},
	{TRAPLINKED_TRANSFER_MODE, 0, "wi_fi", NULL},
	{TRAPLINKED_TRANSFER_MODE, 1, "lora", NULL},
	{TRAPLINKED_OPERATION_MODE, 0, "snaptrap_mode", NULL},
	{TRAPLINKED_OPERATION_MODE, 1, "movement_mode", NULL},
	{TRAPLINKED_OPERATION_MODE, 2, "insect_mode", NULL},
	{TRAPLINKED_OPERATION_MODE, 3, "bait_mode", NULL},
	{TRAPLINKED_REPORT_TYPE, 2, "trap_was_triggered", NULL},
	{TRAPLINKED_REPORT_TYPE, 3, "trap_was_rearmed", "bait_was_replaced"},
	{TRAPLINKED_REPORT_TYPE, 14, "trap_was_infested", NULL},
	{TRAPLINKED_REPORT_TYPE, 15, "light_infestation", NULL},
	{TRAPLINKED_REPORT_TYPE, 16, "severe_infestation", NULL},
	{TRAPLINKED_REPORT_TYPE, 17, "false_triggering", NULL},
	{TRAPLINKED_REPORT_TYPE, 18, "activity_warning", NULL},
	{TRAPLINKED_REPORT_TYPE, 19, "activity_critical", NULL},
	{TRAPLINKED_REPORT_TYPE, 20, "catch_detected", NULL},
	{TRAPLINKED_REPORT_TYPE, 21, "activity_noticed", NULL},
	{TRAPLINKED_REPORT_TYPE, 22, "activity_threshold_reached", NULL},
	{TRAPLINKED_REPORT_TYPE, 23, "bait_low", NULL},
	{TRAPLINKED_REPORT_TYPE, 24, "activity_threshold_reached_and_bait_low", NULL},
	{TRAPLINKED_REPORT_TYPE, 25, "activity_threshold_reset", NULL},
};

bool traplinked_decode(enum traplinked_kind kind, int64_t code, int64_t device_type,
	char name[TRAPLINKED_NAME_SIZE])
{
	for (size_t i = 0; i < sizeof codes / sizeof codes[0]; i++) {
		const struct code *row = &codes[i];
		bool bait = device_type == BAIT_RAT && row->bait_rat != NULL;

		if (row->kind != kind || row->code != code)
			continue;
		snprintf(name, TRAPLINKED_NAME_SIZE, "%s", bait ? row->bait_rat : row->name);
		return true;
	}
	snprintf(name, TRAPLINKED_NAME_SIZE, "unknown_%" PRId64, code);
	return false;
}

bool traplinked_is_status(const char *name)
{
	for (size_t i = 0; i < sizeof codes / sizeof codes[0]; i++)
		if (codes[i].kind == TRAPLINKED_DEVICE_STATUS &&
			(strcmp(codes[i].name, name) == 0 ||
				(codes[i].bait_rat != NULL &&
					strcmp(codes[i].bait_rat, name) == 0)))
			return true;
	return false;
}

void traplinked_status_names(const char **names, size_t room)
{
	size_t used = 0;

	for (size_t i = 0; i < sizeof codes / sizeof codes[0] && used + 1 < room; i++)
		if (codes[i].kind == TRAPLINKED_DEVICE_STATUS)
			names[used++] = codes[i].name;
	names[used] = NULL;
}
