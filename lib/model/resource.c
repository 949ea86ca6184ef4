/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Media files of deployments: what they own. */
#include "trapkit/model.h"

#include <stdlib.h>

void resource_release(struct resource *resource)
{
	free(resource->path);
	free(resource->collection);
	free(resource->deployment);
	free(resource->name);
	*resource = (struct resource){0};
}
