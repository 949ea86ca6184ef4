/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The verb `validate`: a Camtrap DP package or a TRAPPER package, whichever it is. */
#ifndef TRAPKIT_VALIDATE_H
#define TRAPKIT_VALIDATE_H

#include "trapkit/camtrapdp.h"

#ifdef __cplusplus
extern "C" {
#endif

enum validate_kind { VALIDATE_CAMTRAPDP, VALIDATE_TRAPPER };

/*
 * `path` is a folder, datapackage.json or ZIP of a Camtrap DP package; or the YAML or ZIP of a
 * TRAPPER package, whose other half is looked for beside it under the same name. What is wrong is
 * found (rules of contracts/camtrap-dp.md section 15; Y01 to Y08 for TRAPPER packages), which is no
 * failure. -1 when it cannot be read at all.
 */
int validate_package(const char *path, const struct camtrapdp_settings *settings,
	struct camtrapdp_report *report, enum validate_kind *kind, const struct progress *progress,
	struct error *err);

/*
 * camtrapdp_repair() into `output`: a folder, or a ZIP when its name ends so; whole or not at all.
 * What is there already is replaced with `overwrite` only.
 */
int validate_repair(const char *path, const char *output, bool overwrite,
	struct camtrapdp_repair *repair, const struct progress *progress, struct error *err);

#ifdef __cplusplus
}
#endif

#endif
