/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Files of the package as they are stored: S07 and S08. */
#ifndef TRAPKIT_CAMTRAPDP_STORED_H
#define TRAPKIT_CAMTRAPDP_STORED_H

#include "container.h"
#include "descriptor.h"

/* Every resource with a path: is it there, and are `bytes` and `hash` what they say? */
int check_stored(const struct container *container, const struct descriptor *descriptor,
	struct camtrapdp_report *report, struct error *err);
/* Unpacks every entry of an archive and compares its CRC. */
int check_members(const struct bytes_at *from, const struct zip_directory *directory,
	struct camtrapdp_report *report, struct error *err);

#endif
