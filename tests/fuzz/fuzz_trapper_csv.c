/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Any bytes as an export of TRAPPER: CSV, gzip, ZIP. */
#include "../../lib/trapper/trapper_internal.h"

#include "trapkit/error.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
	struct trapper_location_list locations = {0};
	struct trapper_deployment_list deployments = {0};
	struct error err = {0};

	trapper_read_locations((const char *)bytes, size, &locations, &err);
	trapper_location_list_release(&locations);
	trapper_read_deployments((const char *)bytes, size, &deployments, &err);
	trapper_deployment_list_release(&deployments);
	return 0;
}
