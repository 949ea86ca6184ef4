/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Keeps loaded secrets out of core dumps. */
#include "protect.h"

#include <sys/prctl.h>
#include <sys/resource.h>

#ifndef __has_feature
#define __has_feature(x) 0
#endif

void protect_secrets(void)
{
	struct rlimit none = {0, 0};

	setrlimit(RLIMIT_CORE, &none);
#if !defined(__SANITIZE_ADDRESS__) && !__has_feature(address_sanitizer)
	/* The leak checker attaches to its own process, which this would forbid. */
	prctl(PR_SET_DUMPABLE, 0, 0, 0, 0);
#endif
}
