/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Models that people use, told by their file names, and the thresholds they choose with them. */
#ifndef TRAPKIT_DETECT_KNOWN_H
#define TRAPKIT_DETECT_KNOWN_H

struct known_model {
	const char *word, *version;
	double typical, conservative;
};

/* Never NULL: what is not known has the thresholds of any detector, and the version "". */
const struct known_model *known_model(const char *file);

#endif
