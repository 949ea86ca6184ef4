/* SPDX-License-Identifier: GPL-3.0-or-later */
/* SHA-256 of eight messages side by side, one in each lane of the vector unit. */
#ifndef TRAPKIT_LIB_BASE_SHA256_LANES_H
#define TRAPKIT_LIB_BASE_SHA256_LANES_H

#include "trapkit/digest.h"

#include <stdbool.h>

#define SHA256_BLOCK 64u
#define SHA256_WORDS 8u /* of a state */

/*
 * Whether that beats one message after the other here: there are wide vectors, and no instructions
 * for SHA-256 itself, with which OpenSSL is faster still.
 */
bool sha256_lanes_pay(void);

/* Takes `blocks` blocks of each message into its state. */
void sha256_lanes(uint32_t *const states[SHA256_LANES], const uint8_t *const bytes[SHA256_LANES],
	size_t blocks);

#endif
