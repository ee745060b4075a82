/* SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-only */
/*
 * The file that is about to take the place of a program, once it is known which: of a script its interpreter, as the tracepoint sees it.
 * Here execve(2) can still fail, with EPERM. Where there is no room to decide, what may be forbidden is.
 */
#include "lsm.h"

static __always_inline void send_denied_exec(struct task_struct *task, struct decision *decision, struct linux_binprm *binprm,
					     u64 cgroup_id, const struct row *row, const struct judgement *judgement,
					     struct file *file, u32 path_size, u8 flags)
{
	struct exec_event *event = &decision->event.exec;
	u32 offset = path_size & (2 * TEXT_MAX - 1);
	long size;

	__builtin_memset(event, 0, sizeof(*event));
	fill_head(&event->head, 0, EVENT_EXEC, task, cgroup_id, row);
	event->head.frame.verdict = judgement->verdict;
	event->head.rule_id = judgement->rule_id;
	/* The arguments are in a memory that is nobody's yet. */
	event->head.frame.flags = flags | FLAG_UNREADABLE;
	read_rights(task, event);
	read_file(file, row, event);
	event->path_size = offset;
	if (offset > TEXT_MAX)
		return;
	size = bpf_probe_read_kernel_str(decision->path + offset, TEXT_MAX, BPF_CORE_READ(binprm, filename));
	if (size < 0 || size > TEXT_MAX)
		size = 0;
	event->name_size = size;
	offset += size;
	if (offset > 2 * TEXT_MAX)
		return;
	event->head.frame.length = sizeof(*event) + offset;
	if (judgement->verdict == VERDICT_DENIED)
		count_sent(EVENT_EXEC, bpf_ringbuf_output(&denials, event, sizeof(*event) + offset, 0) != 0);
}

SEC("lsm/bprm_creds_from_file")
int BPF_PROG(deny_exec, struct linux_binprm *binprm, struct file *file, int before)
{
	u64 cgroup_id = bpf_get_current_cgroup_id();
	struct row *row = row_of(cgroup_id);
	struct task_struct *task = bpf_get_current_task_btf();
	struct judgement judgement;
	struct decision *decision;
	u32 whole, size;

	/* What is not to be stopped is told by the tracepoint. */
	if (before != 0 || !row || row->profile == 0 || row->exec != MODE_ENFORCE)
		return before;
	decision = bpf_task_storage_get(&decisions, task, 0, BPF_LOCAL_STORAGE_GET_F_CREATE);
	if (!decision)
		return -EPERM;
	size = walk_path_in(&decision->walk, BPF_CORE_READ(file, f_path.mnt), BPF_CORE_READ(file, f_path.dentry),
			    decision->path, &whole);
	judgement = judge_exec(row, origin_of(file, row), decision->path, whole ? size : 0, &decision->key.exec);
	if (judgement.verdict == VERDICT_DENIED) {
		count_judgement(EVENT_EXEC, &judgement);
		send_denied_exec(task, decision, binprm, cgroup_id, row, &judgement, file, size, whole ? 0 : FLAG_PATH_CUT);
	}
	bpf_task_storage_delete(&decisions, task);
	return verdict_of(&judgement);
}
