/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Errors as values: owned by the caller, filled by the callee, given more context on the way up. */
#ifndef TRAPKIT_ERROR_H
#define TRAPKIT_ERROR_H

#ifdef __cplusplus
extern "C" {
#endif

/*
 * A kind exists only where a caller acts differently on it. The exit status that each stands for
 * is in brackets; cmd/main.c makes the translation.
 */
enum error_kind {
	ERROR_NONE = 0,
	ERROR_INPUT,       /* the data or its contents are not as needed [1] */
	ERROR_SYSTEM,      /* a system call failed: disk full, no permission on a file [1] */
	ERROR_USAGE,       /* the command line is wrong [2] */
	ERROR_SETTINGS,    /* a setting is missing or wrong [78] */
	ERROR_UNAVAILABLE, /* something needed is not installed or not there [69] */
	ERROR_NETWORK,  /* network or server trouble that may pass; trying again makes sense [75] */
	ERROR_BUSY,     /* somebody else holds what is needed; do not retry in a loop [75] */
	ERROR_REFUSED,  /* credentials, certificate or permission refused [77] */
	ERROR_REMOTE,   /* the server said a no that trying again will not change [1] */
	ERROR_CANCELLED /* the user stopped it [130 or 143] */
};

#define ERROR_MESSAGE_SIZE 1024

/* `{ 0 }` is valid and means "no error". Messages: no capital, no full stop, subject quoted. */
struct error {
	enum error_kind kind;
	char message[ERROR_MESSAGE_SIZE]; /* UTF-8, cut at a character boundary when too long */
};

/* Sets kind and message. Returns -1 always, so that `return error_set(…)` reads well. */
int error_set(struct error *err, enum error_kind kind, const char *format, ...)
	__attribute__((format(printf, 3, 4)));

/* As error_set with ERROR_SYSTEM, and ": " with the text of the current errno added. */
int error_errno(struct error *err, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* Puts "context: " before the message that is there already; the kind stays. Returns -1. */
int error_context(struct error *err, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* Forgets an error that was dealt with. */
void error_clear(struct error *err);

#ifdef __cplusplus
}
#endif

#endif
