/* SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-only */
/*
 * The one layout of what leaves the kernel, shared by the programs in it, the sensor and (by `plimsoll-sensor layout`)
 * the decoder in TypeScript. Little-endian machines only. No hole is left to the compiler: padding has a name and is 0.
 *
 * A frame is `frame_head`, then what its kind says. `length` counts the whole frame.
 */
#ifndef PLIMSOLL_EVENTS_H
#define PLIMSOLL_EVENTS_H

#include <linux/types.h>

#include "rows.h"

/* Raised whenever a size, an offset or a meaning below changes. */
#define PLIMSOLL_LAYOUT_VERSION 2

enum frame_kind {
	FRAME_STATUS = 1, /* JSON text: what was loaded and attached; the first frame */
	FRAME_COUNTERS = 2,
	EVENT_CGROUP_MADE = 8,
	EVENT_CGROUP_GONE = 9,
	EVENT_MOVE = 10, /* a process of a watched cgroup was put into another one */
	EVENT_START = 11, /* what a hook did about the start of a container */
	EVENT_EXEC = 16,
	EVENT_FORK = 17,
	EVENT_EXIT = 18,
	EVENT_CONNECT = 24,
	EVENT_BIND = 25,
	EVENT_SEND = 26,
	EVENT_ARRIVE = 27, /* a connection from outside that was, or would be, refused */
	EVENT_SOCKET = 28, /* a socket that was, or would be, refused for what it could send; no address */
	EVENT_CONNECTED = 29, /* how a connect ended */
	EVENT_ACCEPT = 30,
	EVENT_LISTEN = 31,
	/* 32 to 47: flow, dns, sni, http */
	EVENT_OPEN = 48, /* for writing; and truncate */
	EVENT_CREATE = 49,
	EVENT_RENAME = 50,
	EVENT_UNLINK = 51,
	EVENT_CHMOD = 52, /* to a mode that may be executed */
	EVENT_TRACE = 53,
	EVENT_MOUNT = 54,
	EVENT_NAMESPACE = 55,
	EVENT_IDENTITY = 56,
	EVENT_CAPABILITIES = 57,
	EVENT_MODULE = 58,
	EVENT_BPF = 59,
	EVENT_KEYS = 60,
	EVENT_COVERAGE = 61, /* from here on calls of this process may go unseen */
	FRAME_KINDS = 64,
};

enum verdict { VERDICT_OBSERVED = 0, VERDICT_WOULD_DENY = 1, VERDICT_DENIED = 2, VERDICT_KILLED = 3 };

enum frame_flag {
	FLAG_PATH_CUT = 1, /* deeper or longer than is walked: what is there is the end of the path */
	FLAG_ARGUMENTS_CUT = 2,
	FLAG_UNREADABLE = 4, /* memory of the process could not be read */
	FLAG_EXISTING = 8, /* was there when the sensor started */
	FLAG_RACY = 16, /* texts are as the process's memory held them after the call: another thread may have changed them */
	FLAG_LEFT = 32, /* to where nothing is watched */
};

/*
 * System calls that are told at their end, by the name of the manual's page; `compat` stands for all of another ABI, whose numbers are not
 * looked at. The number of a call is its place here, from 1.
 */
#define PLIMSOLL_CALLS(X) \
	X(open) X(openat) X(openat2) X(creat) X(truncate) X(mkdir) X(mkdirat) X(mknod) X(mknodat) X(symlink) \
	X(symlinkat) X(link) X(linkat) X(rename) X(renameat) X(renameat2) X(unlink) X(unlinkat) X(rmdir) X(chmod) \
	X(fchmod) X(fchmodat) X(fchmodat2) X(ptrace) X(process_vm_readv) X(process_vm_writev) X(mount) X(umount2) \
	X(pivot_root) X(chroot) X(move_mount) X(open_tree) X(fsopen) X(fsmount) X(mount_setattr) X(unshare) X(setns) \
	X(clone) X(clone3) X(setuid) X(setgid) X(setreuid) X(setregid) X(setresuid) X(setresgid) X(setfsuid) \
	X(setfsgid) X(setgroups) X(capset) X(init_module) X(finit_module) X(delete_module) X(bpf) X(keyctl) \
	X(add_key) X(request_key) X(io_uring_setup) X(socket) X(connect) X(accept) X(accept4) X(listen) X(compat)

enum call {
	CALL_NONE,
#define PLIMSOLL_CALL(name) CALL_##name,
	PLIMSOLL_CALLS(PLIMSOLL_CALL)
#undef PLIMSOLL_CALL
};

/* Where the bytes of an executed file come from, as far as the file system tells. */
enum file_origin {
	ORIGIN_UNKNOWN = 0,
	ORIGIN_IMAGE = 1, /* lower layer of an overlay; of a plain root file system, not changed since its hook ran */
	ORIGIN_WRITTEN = 2, /* upper layer of an overlay: written, or copied up, since the container was made; or changed since */
	ORIGIN_MEMORY = 3, /* memfd, or an unlinked file of a tmpfs */
	ORIGIN_OTHER = 4, /* any other file system: volumes, tmpfs; a plain root file system where no hook ran */
};

/* Bytes of one text (path, file name, directory, arguments), its NUL included. */
#define TEXT_MAX 4096

struct frame_head {
	__u32 length;
	__u16 kind; /* enum frame_kind */
	__u8 verdict; /* enum verdict */
	__u8 flags; /* enum frame_flag, or-ed */
};

/* Who did it. A process is (process_id, process_start_ns); times are CLOCK_BOOTTIME. */
struct event_head {
	struct frame_head frame;
	__u64 time_ns;
	__u64 cgroup_id;
	__u64 container_id; /* cgroup id of the container's own cgroup; 0 where no hook said */
	__u64 workload; /* numeric workload identity; 0 unknown */
	__u64 rule_id; /* 0: no rule */
	__u64 process_start_ns;
	__u64 parent_start_ns;
	__u32 process_id; /* in the first namespace; 0: the sensor itself */
	__u32 thread_id;
	__u32 parent_id;
	__u32 container_process_id; /* in the namespace of the process */
	__u32 user_id; /* real, in the first namespace */
	__u32 group_id;
	__u32 mount_namespace; /* inode number */
	__u32 profile; /* 0: none */
	char command[16];
};

/* data: path, file name as given to execve, working directory, arguments; each as long as is said, NUL included. */
struct exec_event {
	struct event_head head;
	__u64 inode;
	__s64 changed_s; /* ctime of the file */
	__u64 capabilities; /* effective */
	__u32 changed_ns;
	__u32 device;
	__u32 mode;
	__u32 owner_id;
	__u32 links;
	__u32 effective_user_id;
	__u32 login_id; /* 4294967295: none */
	__u32 arguments_size; /* before they were cut */
	__u16 path_size;
	__u16 name_size;
	__u16 directory_size;
	__u16 arguments_read;
	__u8 origin; /* enum file_origin */
	__u8 reserved[7];
};

struct fork_event {
	struct event_head head;
	__u64 child_start_ns;
	__u32 child_id;
	__u32 child_container_id;
};

struct exit_event {
	struct event_head head;
	__u32 status; /* as wait(2) gives it */
	__u32 reserved;
};

struct socket_event {
	struct event_head head;
	__u64 socket; /* cookie */
	__u64 repeats; /* the same again since the event before, not sent one by one */
	__u8 address[16]; /* network order; IPv4 in the first four bytes */
	__u16 family;
	__u16 type;
	__u16 protocol;
	__u16 port; /* host order */
	__u64 asked_ns; /* of EVENT_CONNECTED: when connect(2) was called */
	__u8 local_address[16]; /* of EVENT_CONNECTED, EVENT_ACCEPT */
	__u16 local_port;
	__u16 error; /* of EVENT_CONNECTED: errno; 0: it is connected */
	__u32 reserved;
};

/*
 * A system call that is over. data: path, the directory that it starts from, target, its directory; each as long as is said, NUL
 * included. A path of size 0 is none; a directory is named only for a path that is not absolute.
 */
struct call_event {
	struct event_head head;
	__s64 result; /* as the call returned it: -errno where it failed */
	__u64 arguments[4]; /* the first four, as they were given */
	__u64 inode; /* 0: no file is known */
	__u64 repeats; /* the same again since the event before, not sent one by one */
	__u32 device;
	__u32 mode;
	__u16 call; /* enum call */
	__u16 path_size;
	__u16 directory_size;
	__u16 target_size;
	__u16 target_directory_size;
	__u8 origin; /* enum file_origin */
	__u8 reserved[5];
};

/* `head` is of the process that was moved. data: path of where it went, NUL included. */
struct move_event {
	struct event_head head;
	__u64 to_id;
	__u32 mover_id; /* the process that moved it */
	__u16 path_size;
	__u8 reserved[2];
};

/* data: path below the root of the hierarchy, NUL included. */
struct cgroup_event {
	struct event_head head;
	__u64 parent_id;
	__u16 path_size;
	__u8 reserved[6];
};

struct start_event {
	struct event_head head;
	struct start_report report;
};

/* Since the maps were made; a restart goes on counting where maps are pinned. */
struct tally {
	__u64 emitted;
	__u64 dropped; /* the ring was full */
	__u64 denied;
	__u64 would_deny;
};

/* Both clocks are read at one time: events are dated by them. */
struct counters_frame {
	struct frame_head frame;
	__u64 boot_ns;
	__u64 realtime_ns;
	__u64 rows; /* cgroups that are watched */
	__u64 rows_refused; /* cgroups that are not, because the map of rows was full */
	struct tally tally[FRAME_KINDS];
};

#define LAYOUT_SIZE(type, size) _Static_assert(sizeof(struct type) == (size), #type " has another size")
LAYOUT_SIZE(frame_head, 8);
LAYOUT_SIZE(event_head, 112);
LAYOUT_SIZE(exec_event, 184);
LAYOUT_SIZE(fork_event, 128);
LAYOUT_SIZE(exit_event, 120);
LAYOUT_SIZE(socket_event, 184);
LAYOUT_SIZE(call_event, 192);
LAYOUT_SIZE(move_event, 128);
LAYOUT_SIZE(cgroup_event, 128);
LAYOUT_SIZE(start_event, 448);
LAYOUT_SIZE(tally, 32);
LAYOUT_SIZE(counters_frame, 40 + 32 * 64);

#define FRAME_MAX (sizeof(struct call_event) + 4 * TEXT_MAX)

#endif
