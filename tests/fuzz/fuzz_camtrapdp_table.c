/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Tables of Camtrap DP packages; the first byte chooses which. */
#include "trapkit/camtrapdp.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
	struct camtrapdp_report report = {.most = 3};

	if (size > 0)
		camtrapdp_check_table_bytes(bytes + 1, size - 1, bytes[0] % 3, &report);
	camtrapdp_report_release(&report);
	return 0;
}
