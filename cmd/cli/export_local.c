/* SPDX-License-Identifier: GPL-3.0-or-later */
/* export --local: a Camtrap DP package built from folders, without a server. */
#include "export.h"

const struct option export_local_options[] = {
	{0},
};

int export_from_folders(struct session *session, struct error *err)
{
	(void)session;
	return error_set(err, ERROR_UNAVAILABLE,
		"export --local is not built yet in this version; 'trapkit export PROJECT' fetches "
		"a package that TRAPPER builds");
}
