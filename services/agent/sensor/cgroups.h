/* SPDX-License-Identifier: Apache-2.0 */
/* The part of the cgroup v2 hierarchy that is watched. */
#ifndef PLIMSOLL_CGROUPS_H
#define PLIMSOLL_CGROUPS_H

#include "rows.h"

struct watched {
	int fd;
	__u64 id;
	char directory[4096];
	char path[4096]; /* below the root of the hierarchy */
};

/* Opens the directory; 0, or says on standard error why it cannot be watched. The root of all cgroups never is. */
int cgroups_open(const char *directory, struct watched *root);

/*
 * Gives every cgroup below the root that has no row the one of its parent, and calls back for each, parents first. The row of
 * the root must be there. What is made meanwhile gets its row in the kernel. 0, or an errno.
 */
int cgroups_walk(const struct watched *root, int rows_fd, void (*found)(__u64 id, __u64 parent_id, const char *path));

#endif
