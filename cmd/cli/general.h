/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Settings that several commands share: the server, the network, the data path, the time zone. */
#ifndef TRAPKIT_CMD_GENERAL_H
#define TRAPKIT_CMD_GENERAL_H

#include "command.h"

struct general {
	char *host, *login, *password, *token; /* password and token: after general_need_login() */
	long project_id;                       /* 0 = not set */
	bool verify_ssl;
	char *ca_file;
	double timeout;                 /* seconds */
	long retries;                   /* attempts after the first */
	double max_runtime;             /* seconds, 0 = none */
	char *timezone;                 /* PACKAGE.timezone, NULL = not set */
	bool ignore_dst;                /* PACKAGE.timezone_ignore_dst */
	char *data_path;                /* --data-path */
	struct string_list collections; /* --collection */
};

extern struct general general;

/* Tables for a command's `options`. */
extern const struct option general_options[];    /* GENERAL.host login password token ca_file … */
extern const struct option network_options[];    /* --timeout --retries --max-runtime */
extern const struct option project_id_options[]; /* --project-id */
extern const struct option timezone_options[];   /* --timezone --ignore-dst */
extern const struct option data_options[];       /* --data-path (required) and --collection */

/*
 * Makes sure that host and (token, or login and password) are there: follows password_file and
 * password_command, asks on a terminal. ERROR_SETTINGS names what is missing and where to put it.
 */
int general_need_login(struct session *session, struct error *err);

/*
 * The same for one secret setting, "UPLOAD.ftp_password": fills the row's target from KEY_file or
 * KEY_command when it is to come from there. `question` ("FTP password of x@y") is asked on a
 * terminal when there is no value; NULL = do not ask, and no value is then no error.
 */
int secret_need(
	struct session *session, const char *setting, const char *question, struct error *err);

/*
 * Tests the connection with the settings as they are (`config check --online`, `helpers
 * test_connection`): written by the command that can, absent until then.
 */
int connection_check(struct session *session, struct error *err) __attribute__((weak));

#endif
