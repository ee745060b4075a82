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
	__u64 made_ns; /* when its hook ran, nanoseconds since 1970: what of a plain root file system changed later is not the image's; 0: no hook */
};

enum action { ACTION_ALLOW = 0, ACTION_DENY = 1 };

#define PROFILE_NAME_MAX 56

/* What containers of one kind may do, by its number. Its rules are those of its generation: a new set is written beside the old one. */
struct profile {
	__u32 generation;
	__u8 exec_default; /* enum action, where no rule fits */
	__u8 connect_default;
	__u8 listen_default;
	__u8 denied_origins; /* 1 << enum file_origin, or-ed: stronger than any rule */
	__u8 file_default; /* of what is opened for writing */
	__u8 reserved[3];
	char name[PROFILE_NAME_MAX];
};

struct rule {
	__u64 id;
	__u8 action;
	__u8 reserved[7];
};

#define EXEC_PATH_MAX 248

/* Longest prefix wins: a path that ends with a slash is all that lies below, any other has its NUL in the prefix. 256 bytes at most. */
struct file_key {
	__u32 prefix_length; /* bits of all that follows */
	__u32 profile;
	__u32 generation;
	char path[EXEC_PATH_MAX]; /* longer ones are cut: only rules for what lies above them fit */
};

/* Bytes of a file_key that come before the path and count. */
#define FILE_FIXED_BYTES 8

struct exec_key {
	__u32 profile;
	__u32 generation;
	char path[EXEC_PATH_MAX]; /* filled up with NUL */
};

/* Longest prefix wins. IPv4 is written as IPv6 (::ffff:a.b.c.d), so that no way to write an address has rules of its own. */
struct peer_key {
	__u32 prefix_length; /* bits of all that follows */
	__u32 profile;
	__u32 generation;
	__u8 protocol; /* 0: any */
	__u8 reserved;
	__u16 port; /* 0: any */
	__u8 address[16];
};

/* Bits of a peer_key before the address. */
#define PEER_FIXED_BITS 96

struct listen_key {
	__u32 profile;
	__u32 generation;
	__u8 protocol; /* 0: any */
	__u8 reserved;
	__u16 port;
};

enum gate_outcome { GATE_NOT_ASKED = 0, GATE_PASSED = 1, GATE_WARNED = 2, GATE_REFUSED = 3, GATE_UNKNOWN = 4 };
enum profile_outcome { PROFILE_NOT_ASKED = 0, PROFILE_GIVEN = 1, PROFILE_PACK = 2, PROFILE_MISSING = 3 };

/* What a hook did about a start, by the cgroup of the container: waits for a sensor to tell it. */
struct start_report {
	__u64 time_ns; /* CLOCK_BOOTTIME */
	__u8 gate; /* enum gate_outcome */
	__u8 held; /* enum profile_outcome */
	__u8 started; /* 0: the hook kept it from starting */
	__u8 reserved[5];
	char image[72]; /* digest; filled up with NUL, as all here */
	char profile[PROFILE_NAME_MAX];
	char rule[64]; /* of a verdict that is no pass */
	char reason[128]; /* why a profile or a verdict is missing */
};

#define STARTS_MAX 4096

#define ROW_SIZE(type, size) _Static_assert(sizeof(struct type) == (size), #type " has another size")
ROW_SIZE(row, 32);
ROW_SIZE(profile, 68);
ROW_SIZE(file_key, 260);
ROW_SIZE(rule, 16);
ROW_SIZE(exec_key, 256);
ROW_SIZE(peer_key, 32);
ROW_SIZE(listen_key, 12);
ROW_SIZE(start_report, 336);

#define ROWS_MAX 65536
#define PROFILES_MAX 4096
#define RULES_MAX 262144

#endif
