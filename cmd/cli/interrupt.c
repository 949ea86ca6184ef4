/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Ctrl-C and its relatives: a flag that work looks at, so that everything unwinds in order. */
#include "interrupt.h"

#include <signal.h>
#include <string.h>
#include <unistd.h>

static volatile sig_atomic_t received;

static void note(int number)
{
	if (received == SIGINT && number == SIGINT)
		_exit(128 + SIGINT);
	received = number;
}

static void go_on(int number)
{
	(void)number;
}

void interrupt_install(void)
{
	static const int signals[] = {SIGINT, SIGTERM, SIGHUP};
	struct sigaction action, old;

	memset(&action, 0, sizeof action);
	sigemptyset(&action.sa_mask);
	action.sa_handler = note;
	action.sa_flags = SA_RESTART;
	for (size_t i = 0; i < sizeof signals / sizeof *signals; i++) {
		/* nohup and shells' background jobs have them ignored: so be it. */
		if (sigaction(signals[i], NULL, &old) == 0 && old.sa_handler == SIG_IGN)
			continue;
		sigaction(signals[i], &action, NULL);
	}
	/*
	 * A peer that goes away is an error of write(), not the end of the process. A handler and
	 * not SIG_IGN, which the programs that are started from here would inherit.
	 */
	action.sa_handler = go_on;
	sigaction(SIGPIPE, &action, NULL);
	/* Nor is a file that may not grow further (ulimit -f): the error names it. */
	sigaction(SIGXFSZ, &action, NULL);
}

int interrupt_signal(void)
{
	return received;
}
