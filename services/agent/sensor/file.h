/* SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-only */
/* What the file system tells of a file: when it changed, and where its bytes come from. */
#ifndef PLIMSOLL_FILE_H
#define PLIMSOLL_FILE_H

#include "state.h"

#define OVERLAYFS_MAGIC 0x794c7630
#define TMPFS_MAGIC 0x01021994
#define HUGETLBFS_MAGIC 0x958458f6 /* where memfd_create(2) with MFD_HUGETLB makes its files */
/* Since 6.13 the highest bit says that somebody asked for the time (I_CTIME_QUERIED), and is no part of it. */
#define CTIME_NS 0x7fffffff
#define SECOND_NS 1000000000ULL

struct changed {
	s64 seconds;
	u32 nanoseconds;
};

static __always_inline struct changed changed_of(struct inode *inode)
{
	struct inode___before_6_11 *newer = (void *)inode;
	struct inode___before_6_6 *older = (void *)inode;
	struct changed changed = {};

	if (bpf_core_field_exists(inode->i_ctime_sec)) {
		changed.seconds = BPF_CORE_READ(inode, i_ctime_sec);
		changed.nanoseconds = BPF_CORE_READ(inode, i_ctime_nsec) & CTIME_NS;
	} else if (bpf_core_field_exists(newer->__i_ctime)) {
		changed.seconds = BPF_CORE_READ(newer, __i_ctime.tv_sec);
		changed.nanoseconds = BPF_CORE_READ(newer, __i_ctime.tv_nsec);
	} else {
		changed.seconds = BPF_CORE_READ(older, i_ctime.tv_sec);
		changed.nanoseconds = BPF_CORE_READ(older, i_ctime.tv_nsec);
	}
	return changed;
}

/* The root file system of the container: mounted on the root of its mount namespace, as pivot_root(2) leaves it. */
static __always_inline int is_on_root(struct file *file)
{
	struct mount *mount = (void *)((char *)BPF_CORE_READ(file, f_path.mnt) - bpf_core_field_offset(struct mount, mnt));
	struct mount *above = BPF_CORE_READ(mount, mnt_parent);

	return above != mount && BPF_CORE_READ(above, mnt_parent) == above &&
	       BPF_CORE_READ(mount, mnt_mountpoint) == BPF_CORE_READ(above, mnt.mnt_root);
}

/*
 * Of a plain root file system by its change time, which no call sets: since the hook of the container ran it was written, renamed,
 * or its mode changed. Who may set the clock may set it back, and then is told from the image no more.
 */
static __always_inline u8 plain_origin(struct file *file, struct inode *inode, const struct row *row)
{
	struct changed changed;

	if (row->made_ns == 0 || !is_on_root(file))
		return ORIGIN_OTHER;
	changed = changed_of(inode);
	return (u64)changed.seconds * SECOND_NS + changed.nanoseconds >= row->made_ns ? ORIGIN_WRITTEN : ORIGIN_IMAGE;
}

static __always_inline u8 origin_of(struct file *file, const struct row *row)
{
	struct inode *inode = BPF_CORE_READ(file, f_inode);
	unsigned long magic = BPF_CORE_READ(inode, i_sb, s_magic);
	struct ovl_inode *overlay = 0;

	if ((magic == TMPFS_MAGIC || magic == HUGETLBFS_MAGIC) && BPF_CORE_READ(inode, __i_nlink) == 0)
		return ORIGIN_MEMORY;
	if (magic != OVERLAYFS_MAGIC)
		return plain_origin(file, inode, row);
	/* Where overlayfs is a module without BTF its inodes cannot be looked into. */
	if (!bpf_core_field_exists(overlay->__upperdentry))
		return ORIGIN_UNKNOWN;
	overlay = (void *)((char *)inode - bpf_core_field_offset(struct ovl_inode, vfs_inode));
	return BPF_CORE_READ(overlay, __upperdentry) ? ORIGIN_WRITTEN : ORIGIN_IMAGE;
}

/* The open file of a descriptor of this process; NULL. */
static __always_inline struct file *file_of(struct task_struct *task, u32 descriptor)
{
	struct fdtable *table = BPF_CORE_READ(task, files, fdt);
	struct file *file = 0;

	if (descriptor < BPF_CORE_READ(table, max_fds))
		bpf_probe_read_kernel(&file, sizeof(file), BPF_CORE_READ(table, fd) + descriptor);
	return file;
}

#endif
