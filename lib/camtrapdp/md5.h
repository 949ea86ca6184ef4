/* SPDX-License-Identifier: GPL-3.0-or-later */
/* MD5 (RFC 1321), which is what a bare `hash` of a resource is. */
#ifndef TRAPKIT_CAMTRAPDP_MD5_H
#define TRAPKIT_CAMTRAPDP_MD5_H

#include <stddef.h>
#include <stdint.h>

struct md5 {
	uint32_t state[4];
	uint64_t size;
	uint8_t block[64];
};

void md5_init(struct md5 *md5);
void md5_update(struct md5 *md5, const uint8_t *bytes, size_t size);
void md5_finish(struct md5 *md5, uint8_t out[16]);

#endif
