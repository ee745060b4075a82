/* SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-only */
/*
 * Numbers of the system calls that are told, and where in their arguments (1 to 6; 0: nowhere) the texts stand:
 * X(name, number, kind of event, directory, path, target's directory, target, how). See syscalls(2) for the arguments.
 */
#ifndef PLIMSOLL_SYSCALLS_H
#define PLIMSOLL_SYSCALLS_H

/* What more is looked at. `ONLY`: without it the call is not told. */
enum how {
	HOW_PLAIN,
	HOW_FLAGS_2, /* open(2): only for writing; the second argument says so */
	HOW_FLAGS_3,
	HOW_STRUCTURE_3, /* openat2(2): a structure that begins with the flags */
	HOW_OPENED, /* the result is a file that was opened for writing */
	HOW_FILE_1, /* the first argument is a descriptor of the file */
	HOW_MODE_2, /* chmod(2): only to a mode that may be executed */
	HOW_MODE_3,
	HOW_FILE_1_MODE_2,
	HOW_SPACES_1, /* unshare(2), clone(2): only with new namespaces */
	HOW_STRUCTURE_1, /* clone3(2): likewise, in a structure that begins with the flags */
	HOW_FAMILY_1, /* socket(2): only of families whose packets no hook of ours sees */
	HOW_SOCKET,
};

#if defined(__TARGET_ARCH_x86) || defined(__x86_64__)
#define PLIMSOLL_OLDER_SYSCALLS(X) \
	X(open, 2, OPEN, 0, 1, 0, 0, FLAGS_2) \
	X(creat, 85, OPEN, 0, 1, 0, 0, OPENED) \
	X(mkdir, 83, CREATE, 0, 1, 0, 0, PLAIN) \
	X(mknod, 133, CREATE, 0, 1, 0, 0, PLAIN) \
	X(symlink, 88, CREATE, 0, 2, 0, 1, PLAIN) \
	X(link, 86, CREATE, 0, 2, 0, 1, PLAIN) \
	X(rename, 82, RENAME, 0, 1, 0, 2, PLAIN) \
	X(unlink, 87, UNLINK, 0, 1, 0, 0, PLAIN) \
	X(rmdir, 84, UNLINK, 0, 1, 0, 0, PLAIN) \
	X(chmod, 90, CHMOD, 0, 1, 0, 0, MODE_2)
#define NUMBER(x86, arm64) x86
#else
#define PLIMSOLL_OLDER_SYSCALLS(X)
#define NUMBER(x86, arm64) arm64
#endif

#define PLIMSOLL_SYSCALLS(X) \
	PLIMSOLL_OLDER_SYSCALLS(X) \
	X(openat, NUMBER(257, 56), OPEN, 1, 2, 0, 0, FLAGS_3) \
	X(openat2, 437, OPEN, 1, 2, 0, 0, STRUCTURE_3) \
	X(truncate, NUMBER(76, 45), OPEN, 0, 1, 0, 0, PLAIN) \
	X(mkdirat, NUMBER(258, 34), CREATE, 1, 2, 0, 0, PLAIN) \
	X(mknodat, NUMBER(259, 33), CREATE, 1, 2, 0, 0, PLAIN) \
	X(symlinkat, NUMBER(266, 36), CREATE, 2, 3, 0, 1, PLAIN) \
	X(linkat, NUMBER(265, 37), CREATE, 3, 4, 1, 2, PLAIN) \
	X(renameat, NUMBER(264, 38), RENAME, 1, 2, 3, 4, PLAIN) \
	X(renameat2, NUMBER(316, 276), RENAME, 1, 2, 3, 4, PLAIN) \
	X(unlinkat, NUMBER(263, 35), UNLINK, 1, 2, 0, 0, PLAIN) \
	X(fchmod, NUMBER(91, 52), CHMOD, 0, 0, 0, 0, FILE_1_MODE_2) \
	X(fchmodat, NUMBER(268, 53), CHMOD, 1, 2, 0, 0, MODE_3) \
	X(fchmodat2, 452, CHMOD, 1, 2, 0, 0, MODE_3) \
	X(ptrace, NUMBER(101, 117), TRACE, 0, 0, 0, 0, PLAIN) \
	X(process_vm_readv, NUMBER(310, 270), TRACE, 0, 0, 0, 0, PLAIN) \
	X(process_vm_writev, NUMBER(311, 271), TRACE, 0, 0, 0, 0, PLAIN) \
	X(mount, NUMBER(165, 40), MOUNT, 0, 2, 0, 1, PLAIN) \
	X(umount2, NUMBER(166, 39), MOUNT, 0, 1, 0, 0, PLAIN) \
	X(pivot_root, NUMBER(155, 41), MOUNT, 0, 1, 0, 2, PLAIN) \
	X(chroot, NUMBER(161, 51), MOUNT, 0, 1, 0, 0, PLAIN) \
	X(move_mount, 429, MOUNT, 3, 4, 1, 2, PLAIN) \
	X(open_tree, 428, MOUNT, 1, 2, 0, 0, PLAIN) \
	X(fsopen, 430, MOUNT, 0, 0, 0, 1, PLAIN) \
	X(fsmount, 432, MOUNT, 0, 0, 0, 0, PLAIN) \
	X(mount_setattr, 442, MOUNT, 1, 2, 0, 0, PLAIN) \
	X(unshare, NUMBER(272, 97), NAMESPACE, 0, 0, 0, 0, SPACES_1) \
	X(setns, NUMBER(308, 268), NAMESPACE, 0, 0, 0, 0, PLAIN) \
	X(clone, NUMBER(56, 220), NAMESPACE, 0, 0, 0, 0, SPACES_1) \
	X(clone3, 435, NAMESPACE, 0, 0, 0, 0, STRUCTURE_1) \
	X(setuid, NUMBER(105, 146), IDENTITY, 0, 0, 0, 0, PLAIN) \
	X(setgid, NUMBER(106, 144), IDENTITY, 0, 0, 0, 0, PLAIN) \
	X(setreuid, NUMBER(113, 145), IDENTITY, 0, 0, 0, 0, PLAIN) \
	X(setregid, NUMBER(114, 143), IDENTITY, 0, 0, 0, 0, PLAIN) \
	X(setresuid, NUMBER(117, 147), IDENTITY, 0, 0, 0, 0, PLAIN) \
	X(setresgid, NUMBER(119, 149), IDENTITY, 0, 0, 0, 0, PLAIN) \
	X(setfsuid, NUMBER(122, 151), IDENTITY, 0, 0, 0, 0, PLAIN) \
	X(setfsgid, NUMBER(123, 152), IDENTITY, 0, 0, 0, 0, PLAIN) \
	X(setgroups, NUMBER(116, 159), IDENTITY, 0, 0, 0, 0, PLAIN) \
	X(capset, NUMBER(126, 91), CAPABILITIES, 0, 0, 0, 0, PLAIN) \
	X(init_module, NUMBER(175, 105), MODULE, 0, 0, 0, 0, PLAIN) \
	X(finit_module, NUMBER(313, 273), MODULE, 0, 0, 0, 0, FILE_1) \
	X(delete_module, NUMBER(176, 106), MODULE, 0, 0, 0, 1, PLAIN) \
	X(bpf, NUMBER(321, 280), BPF, 0, 0, 0, 0, PLAIN) \
	X(keyctl, NUMBER(250, 219), KEYS, 0, 0, 0, 0, PLAIN) \
	X(add_key, NUMBER(248, 217), KEYS, 0, 0, 0, 1, PLAIN) \
	X(request_key, NUMBER(249, 218), KEYS, 0, 0, 0, 1, PLAIN) \
	X(io_uring_setup, 425, COVERAGE, 0, 0, 0, 0, PLAIN) \
	X(socket, NUMBER(41, 198), COVERAGE, 0, 0, 0, 0, FAMILY_1) \
	X(connect, NUMBER(42, 203), CONNECTED, 0, 0, 0, 0, SOCKET) \
	X(accept, NUMBER(43, 202), ACCEPT, 0, 0, 0, 0, SOCKET) \
	X(accept4, NUMBER(288, 242), ACCEPT, 0, 0, 0, 0, SOCKET) \
	X(listen, NUMBER(50, 201), LISTEN, 0, 0, 0, 0, SOCKET)

#endif
