/* SPDX-License-Identifier: GPL-3.0-or-later */
/* A program of somebody else, built against the installed library. */
#include <stdio.h>
#include <stdlib.h>
#include <trapkit/text.h>

int main(void)
{
	char *slug = text_slugify("R1-32 Łódź");

	puts(slug);
	free(slug);
	return 0;
}
