/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Any bytes as a file named like MKV: no reading past the end, and facts that keep their promises.
 */
#include "facts_hold.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
	facts_hold(bytes, size, "IMG_0001.mkv");
	return 0;
}
