/* SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-only */
/* A file that is opened for writing, by whatever call (io_uring too), and one that is truncated by its path: EPERM where the profile says so. */
#include "lsm.h"

#define FMODE_WRITE 2
#define S_IFMT 0170000
#define S_IFREG 0100000

static __always_inline int on_write(struct vfsmount *mount, struct dentry *entry, u16 call)
{
	u64 cgroup_id = bpf_get_current_cgroup_id();
	struct row *row = row_of(cgroup_id);
	struct task_struct *task = bpf_get_current_task_btf();
	struct inode *inode = BPF_CORE_READ(entry, d_inode);
	struct call_event *event;
	struct judgement judgement;
	struct decision *decision;
	u32 whole, size;

	/* Pipes, devices and sockets are no files of the container's. */
	if (!row || row->profile == 0 || row->file == MODE_OBSERVE || (BPF_CORE_READ(inode, i_mode) & S_IFMT) != S_IFREG)
		return 0;
	decision = bpf_task_storage_get(&decisions, task, 0, BPF_LOCAL_STORAGE_GET_F_CREATE);
	if (!decision)
		return row->file == MODE_ENFORCE ? -EPERM : 0;
	size = walk_path_in(&decision->walk, mount, entry, decision->path, &whole);
	judgement = judge_write(row, decision->path, whole, &decision->key.file);
	if (judgement.verdict != VERDICT_OBSERVED && size <= TEXT_MAX) {
		event = &decision->event.call;
		count_judgement(EVENT_OPEN, &judgement);
		__builtin_memset(event, 0, sizeof(*event));
		fill_head(&event->head, sizeof(*event) + size, EVENT_OPEN, task, cgroup_id, row);
		event->head.frame.verdict = judgement.verdict;
		event->head.frame.flags = whole ? 0 : FLAG_PATH_CUT;
		event->head.rule_id = judgement.rule_id;
		event->call = call;
		event->result = judgement.verdict == VERDICT_DENIED ? -EPERM : 0;
		event->inode = BPF_CORE_READ(inode, i_ino);
		event->device = BPF_CORE_READ(inode, i_sb, s_dev);
		event->mode = BPF_CORE_READ(inode, i_mode);
		event->path_size = size;
		if (judgement.verdict == VERDICT_DENIED)
			count_sent(EVENT_OPEN, bpf_ringbuf_output(&denials, event, sizeof(*event) + size, 0) != 0);
		else
			count_sent(EVENT_OPEN, bpf_ringbuf_output(&events, event, sizeof(*event) + size, wake_flags()) != 0);
	}
	bpf_task_storage_delete(&decisions, task);
	return verdict_of(&judgement);
}

SEC("lsm/file_open")
int BPF_PROG(deny_write, struct file *file, int before)
{
	if (before != 0 || (BPF_CORE_READ(file, f_mode) & FMODE_WRITE) == 0)
		return before;
	return on_write(BPF_CORE_READ(file, f_path.mnt), BPF_CORE_READ(file, f_path.dentry), CALL_open);
}

SEC("lsm/path_truncate")
int BPF_PROG(deny_truncate, const struct path *path, int before)
{
	if (before != 0)
		return before;
	return on_write(BPF_CORE_READ(path, mnt), BPF_CORE_READ(path, dentry), CALL_truncate);
}
