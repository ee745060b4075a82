/* SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-only */
/* What the maps hold. Shared by the programs, the sensor and the hook; kept by pins across versions of all three. */
#ifndef PLIMSOLL_ROWS_H
#define PLIMSOLL_ROWS_H

#include <linux/types.h>

enum mode { MODE_OBSERVE = 0, MODE_SHADOW = 1, MODE_ENFORCE = 2 };

/* One watched cgroup, by its id. What has no row is not looked at. Children get a copy before their mkdir returns. */
struct row {
	__u64 container_id; /* cgroup id of the container's own cgroup; 0 above containers */
	__u64 workload;
	__u32 profile; /* 0: none */
	__u8 exec; /* enum mode */
	__u8 connect;
	__u8 listen;
	__u8 file;
};

_Static_assert(sizeof(struct row) == 24, "row has another size");

#define ROWS_MAX 65536

#endif
