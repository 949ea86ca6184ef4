/* SPDX-License-Identifier: GPL-3.0-or-later */
/* ZIP archives from anywhere: the directory, and every entry unpacked. */
#include "trapkit/camtrapdp.h"
#include "trapkit/error.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
	struct camtrapdp_report report = {.most = 3};
	struct error err = {0};

	camtrapdp_check_zip_bytes(bytes, size, &report, &err);
	camtrapdp_report_release(&report);
	return 0;
}
