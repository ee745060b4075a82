/* SPDX-License-Identifier: Apache-2.0 */
/* A profile as `plimsoll-sensor load` reads it from standard input: the head, then its entries, kind by kind. */
#ifndef PLIMSOLL_PROFILE_FILE_H
#define PLIMSOLL_PROFILE_FILE_H

#include "rows.h"

struct profile_head {
	__u32 layout; /* PLIMSOLL_LAYOUT_VERSION */
	__u32 exec_count;
	__u32 peer_count;
	__u32 listen_count;
	__u32 file_count;
	__u8 exec_default;
	__u8 connect_default;
	__u8 listen_default;
	__u8 denied_origins;
	__u8 file_default;
	__u8 reserved[3];
	char name[PROFILE_NAME_MAX]; /* filled up with NUL, of which there is at least one */
};

struct exec_entry {
	struct rule rule;
	char path[EXEC_PATH_MAX];
};

struct peer_entry {
	struct rule rule;
	__u8 protocol;
	__u8 address_bits; /* of 128 */
	__u16 port;
	__u8 address[16];
	__u8 reserved[4];
};

struct listen_entry {
	struct rule rule;
	__u8 protocol;
	__u8 reserved;
	__u16 port;
	__u8 more_reserved[4];
};

ROW_SIZE(profile_head, 84);
ROW_SIZE(exec_entry, 264);
ROW_SIZE(peer_entry, 40);
ROW_SIZE(listen_entry, 24);

/* The number of a profile: FNV-1a (32 bits) of its name, and never 0. Two names of one number are refused when they are loaded. */
static inline __u32 profile_id(const char *name)
{
	__u32 hash = 2166136261u;

	for (const unsigned char *byte = (const unsigned char *)name; *byte; byte++)
		hash = (hash ^ *byte) * 16777619u;
	return hash ? hash : 1;
}

#endif
