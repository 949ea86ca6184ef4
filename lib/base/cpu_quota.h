/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The processor time that control groups grant, for the default number of jobs. */
#ifndef TRAPKIT_BASE_CPU_QUOTA_H
#define TRAPKIT_BASE_CPU_QUOTA_H

/*
 * Whole processors (rounded up) that the quota of this process's group and of the groups above it
 * allow, 0 when there is none. `membership` is /proc/self/cgroup, `root` is /sys/fs/cgroup; both
 * may be others in tests. Versions 1 and 2.
 */
unsigned cpu_quota(const char *membership, const char *root);

#endif
