/* SPDX-License-Identifier: GPL-3.0-or-later */
/* A budget of bytes a second that several sessions may share. */
#ifndef TRANSFER_LIMITER_H
#define TRANSFER_LIMITER_H

#include <stddef.h>

struct remote_limiter;

/* How many of `wanted` bytes may go now; 0 = ask again after *wait seconds. NULL grants all. */
size_t limiter_take(struct remote_limiter *limiter, size_t wanted, double *wait);
/* Gives back what was granted and could not be used. */
void limiter_return(struct remote_limiter *limiter, size_t count);

#endif
