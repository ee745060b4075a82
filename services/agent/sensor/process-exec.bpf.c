/* SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-only */
/*
 * A program that is about to run its first instruction; where the profile forbids it, it never does: the signal is delivered on
 * the way back to the process. It has then replaced the one before it, and may have been seen by others. For a script `path` is its interpreter, and `name` the script as it
 * was asked for: the kernel keeps no file of the script itself.
 */
#include "file.h"
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

/* By the walked path, or the default where it is longer than any rule. */
static __always_inline struct judgement judge_exec(struct exec_scratch *scratch, const struct row *row, u32 whole)
{
	struct profile *profile = profile_of(row, row->exec);
	struct exec_key *key = &scratch->key;
	struct rule *rule = 0;

	if (!profile)
		return (struct judgement){};
	if (profile->denied_origins & (1 << (scratch->event.origin & 7)))
		return judge(0, ACTION_DENY, row->exec);
	if (whole && scratch->event.path_size <= EXEC_PATH_MAX) {
		__builtin_memset(key, 0, sizeof(*key));
		key->profile = row->profile;
		key->generation = profile->generation;
		if (bpf_probe_read_kernel_str(key->path, EXEC_PATH_MAX, scratch->data) > 0)
			rule = bpf_map_lookup_elem(&exec_rules, key);
	}
	return judge(rule, profile->exec_default, row->exec);
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
	const struct cred *cred = BPF_CORE_READ(task, cred);
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
	event->effective_user_id = BPF_CORE_READ(cred, euid.val);
	/* A struct of two words before 6.3, of one since. */
	bpf_core_read(&event->capabilities, sizeof(event->capabilities), &cred->cap_effective);
	event->login_id = bpf_core_field_exists(task->loginuid) ? BPF_CORE_READ(task, loginuid.val) : (u32)-1;
	read_file(BPF_CORE_READ(binprm, file), row, event);

	size = walk_path(BPF_CORE_READ(binprm, file, f_path.mnt), BPF_CORE_READ(binprm, file, f_path.dentry),
			 scratch->data, &whole);
	if (!whole)
		event->head.frame.flags |= FLAG_PATH_CUT;
	event->path_size = size;
	offset = size;
	judgement = judge_exec(scratch, row, whole);
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
