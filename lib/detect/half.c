/* SPDX-License-Identifier: GPL-3.0-or-later */
/* IEEE 754 binary16: one sign, five exponent and ten fraction bits. */
#include "half.h"

#include <math.h>

uint16_t half_from_share(float value)
{
	int exponent;
	float fraction = frexpf(value, &exponent); /* 0.5 to 1 */

	if (value <= 0)
		return 0;
	/* Below 2^-14 the exponent stays and the fraction loses bits. */
	if (exponent < -13)
		return (uint16_t)lrintf(ldexpf(value, 24));
	/* A fraction that rounds up to 2048 carries into the exponent, as it should. */
	return (uint16_t)(((exponent + 13) << 10) + (int)lrintf(ldexpf(fraction, 11)));
}

float half_to_float(uint16_t half)
{
	int exponent = half >> 10 & 31, fraction = half & 1023;
	float value;

	if (exponent == 31)
		value = fraction == 0 ? INFINITY : NAN;
	else if (exponent == 0)
		value = ldexpf((float)fraction, -24);
	else
		value = ldexpf((float)(fraction + 1024), exponent - 25);
	return (half & 0x8000) != 0 ? -value : value;
}
