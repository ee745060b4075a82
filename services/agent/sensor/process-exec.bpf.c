/* SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-only */
/*
 * A program that is about to run its first instruction; where the profile forbids it, it never does: the signal is delivered on
 * the way back to the process. It has then replaced the one before it, and may have been seen by others. For a script `path` is its interpreter, and `name` the script as it
 * was asked for: the kernel keeps no file of the script itself.
 */
#include "exec.h"
#include "home.h"
#include "rules.h"
#include "walk.h"

#define SIGKILL 9

struct exec_scratch {
	struct exec_key key;
	struct exec_event event;
	char data[4 * TEXT_MAX];
	char room[TEXT_MAX]; /* bounds hold whatever the offset in data */
};

struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__uint(max_entries, 1);
	__type(key, u32);
	__type(value, struct exec_scratch);
} exec_scratches SEC(".maps");

/* The arguments as the kernel laid them out, NUL between them. */
static __always_inline u32 read_arguments(struct task_struct *task, struct exec_event *event, char *text)
{
	unsigned long start = BPF_CORE_READ(task, mm, arg_start);
	unsigned long end = BPF_CORE_READ(task, mm, arg_end);
	u64 size = end > start ? end - start : 0;

	event->arguments_size = size;
	if (size > TEXT_MAX) {
		event->head.frame.flags |= FLAG_ARGUMENTS_CUT;
		size = TEXT_MAX;
	}
	if (size == 0)
		return 0;
	if (bpf_probe_read_user(text, size, (void *)start)) {
		event->head.frame.flags |= FLAG_UNREADABLE;
		return 0;
	}
	return size;
}

static __always_inline long send_exec(struct exec_scratch *scratch, u32 size)
{
	if (scratch->event.head.frame.verdict == VERDICT_KILLED)
		return bpf_ringbuf_output(&denials, &scratch->event, size, 0);
	return bpf_ringbuf_output(&events, &scratch->event, size, wake_flags());
}

SEC("tp_btf/sched_process_exec")
int BPF_PROG(process_exec, struct task_struct *task, int old_pid, struct linux_binprm *binprm)
{
	u64 cgroup_id = bpf_get_current_cgroup_id();
	struct row *row = row_of(cgroup_id);
	struct exec_scratch *scratch;
	struct exec_event *event;
	struct judgement judgement;
	u32 zero = 0, whole, size, offset;
	long name_size;

	if (!row)
		return 0;
	/* Of processes that were there before the sensor, too. */
	set_home(task, cgroup_id);
	scratch = bpf_map_lookup_elem(&exec_scratches, &zero);
	if (!scratch)
		return 0;
	event = &scratch->event;
	__builtin_memset(event, 0, sizeof(*event));
	fill_head(&event->head, 0, EVENT_EXEC, task, cgroup_id, row);
	read_rights(task, event);
	read_file(BPF_CORE_READ(binprm, file), row, event);

	size = walk_path(BPF_CORE_READ(binprm, file, f_path.mnt), BPF_CORE_READ(binprm, file, f_path.dentry),
			 scratch->data, &whole);
	if (!whole)
		event->head.frame.flags |= FLAG_PATH_CUT;
	event->path_size = size;
	offset = size;
	judgement = judge_exec(row, event->origin, scratch->data, whole ? size : 0, &scratch->key);
	/* Before all else: nothing below may keep it from dying. A signal that is refused is no deny, and is not called one. */
	if (judgement.verdict == VERDICT_DENIED)
		judgement.verdict = bpf_send_signal(SIGKILL) == 0 ? VERDICT_KILLED : VERDICT_WOULD_DENY;
	count_judgement(EVENT_EXEC, &judgement);
	event->head.frame.verdict = judgement.verdict;
	event->head.rule_id = judgement.rule_id;

	if (offset > TEXT_MAX)
		return 0;
	name_size = bpf_probe_read_kernel_str(scratch->data + offset, TEXT_MAX, BPF_CORE_READ(binprm, filename));
	if (name_size < 0 || name_size > TEXT_MAX)
		name_size = 0;
	event->name_size = name_size;
	offset += name_size;

	if (offset > 2 * TEXT_MAX)
		return 0;
	size = walk_path(BPF_CORE_READ(task, fs, pwd.mnt), BPF_CORE_READ(task, fs, pwd.dentry), scratch->data + offset,
			 &whole);
	event->directory_size = size;
	offset += size;

	if (offset > 3 * TEXT_MAX)
		return 0;
	size = read_arguments(task, event, scratch->data + offset);
	event->arguments_read = size;
	offset += size;

	if (offset > 4 * TEXT_MAX)
		return 0;
	event->head.frame.length = sizeof(*event) + offset;
	count_sent(EVENT_EXEC, send_exec(scratch, sizeof(*event) + offset) != 0);
	return 0;
}
