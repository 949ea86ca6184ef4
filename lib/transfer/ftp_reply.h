/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Replies of an FTP server (RFC 959 section 4.2, RFC 2428), from bytes that nobody vouches for. */
#ifndef TRANSFER_FTP_REPLY_H
#define TRANSFER_FTP_REPLY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define REPLY_TEXT 512          /* kept of a reply, joined by "; " */
#define REPLY_LARGEST (1 << 16) /* bytes of one reply; more is refused */

struct ftp_reply {
	int code;              /* 100 … 599 */
	char text[REPLY_TEXT]; /* without codes; control bytes and broken UTF-8 are replaced */
};

/* Assembles one reply from pieces. `{ 0 }` is ready. */
struct reply_parser {
	struct ftp_reply reply;
	size_t total, text_length, line_length;
	int code; /* of a reply of several lines that has begun, else 0 */
	char line[REPLY_TEXT];
};

/*
 * Takes bytes up to the end of one reply: 1 = `parser->reply` is whole, 0 = more is needed,
 * -1 = this is no FTP server. *used says how many bytes were taken. After 1 the parser is ready for
 * the next reply, and `reply` stays until bytes are fed again.
 */
int reply_feed(struct reply_parser *parser, const char *bytes, size_t size, size_t *used);

/* Port of "229 … (|||41234|)", or 0. */
unsigned reply_epsv_port(const char *text);

/* Of "227 … (10,0,0,7,160,57)": the port, or 0; `address` gets the four numbers. */
unsigned reply_pasv(const char *text, uint8_t address[4]);

/* The path of `257 "/a ""quoted"" b" …`. Owned by the caller; NULL when there is none. */
char *reply_quoted_path(const char *text);

/* The number of "213 1234". -1 when it is none. */
int64_t reply_size(const char *text);

#endif
