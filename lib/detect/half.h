/* SPDX-License-Identifier: GPL-3.0-or-later */
/* IEEE 754 binary16, which models converted for graphics processors take and give. */
#ifndef TRAPKIT_DETECT_HALF_H
#define TRAPKIT_DETECT_HALF_H

#include <stdint.h>

/* `value` from 0 to 1; rounded to the nearest, ties to even. */
uint16_t half_from_share(float value);
float half_to_float(uint16_t half);

#endif
