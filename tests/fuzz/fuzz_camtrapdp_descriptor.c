/* SPDX-License-Identifier: GPL-3.0-or-later */
/* datapackage.json from anywhere. */
#include "trapkit/camtrapdp.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
	struct camtrapdp_report report = {.most = 3};

	camtrapdp_check_descriptor_bytes(bytes, size, &report);
	camtrapdp_report_release(&report);
	return 0;
}
