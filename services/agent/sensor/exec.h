/* SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-only */
/* What an event of an exec has, wherever it is told from. */
#ifndef PLIMSOLL_EXEC_H
#define PLIMSOLL_EXEC_H

#include "file.h"

static __always_inline void read_file(struct file *file, const struct row *row, struct exec_event *event)
{
	struct inode *inode = BPF_CORE_READ(file, f_inode);
	struct changed changed = changed_of(inode);

	event->inode = BPF_CORE_READ(inode, i_ino);
	event->device = BPF_CORE_READ(inode, i_sb, s_dev);
	event->mode = BPF_CORE_READ(inode, i_mode);
	event->owner_id = BPF_CORE_READ(inode, i_uid.val);
	event->links = BPF_CORE_READ(inode, __i_nlink);
	event->origin = origin_of(file, row);
	event->changed_s = changed.seconds;
	event->changed_ns = changed.nanoseconds;
}

static __always_inline void read_rights(struct task_struct *task, struct exec_event *event)
{
	const struct cred *cred = BPF_CORE_READ(task, cred);

	event->effective_user_id = BPF_CORE_READ(cred, euid.val);
	/* A struct of two words before 6.3, of one since. */
	bpf_core_read(&event->capabilities, sizeof(event->capabilities), &cred->cap_effective);
	event->login_id = bpf_core_field_exists(task->loginuid) ? BPF_CORE_READ(task, loginuid.val) : (u32)-1;
}

#endif
