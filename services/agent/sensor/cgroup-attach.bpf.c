/* SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-only */
/*
 * A process that was in a watched cgroup and is in another one now. Only who may write the host's cgroups can do that: out of all that
 * is watched it is an incident, since no profile holds there. Where the process was is remembered with it: when the kernel
 * tells of the move it is over.
 */
#include "cgroup.h"
#include "home.h"

struct move_scratch {
	struct move_event event;
	char path[TEXT_MAX];
};

struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__uint(max_entries, 1);
	__type(key, u32);
	__type(value, struct move_scratch);
} move_scratches SEC(".maps");

static __always_inline void send_move(struct task_struct *task, u64 from_id, u64 to_id, const char *path,
				      const struct row *row, int left)
{
	u32 zero = 0;
	struct move_scratch *scratch = bpf_map_lookup_elem(&move_scratches, &zero);
	struct move_event *event;
	long size;

	if (!scratch)
		return;
	event = &scratch->event;
	size = bpf_probe_read_kernel_str(scratch->path, TEXT_MAX, path);
	if (size < 1 || size > TEXT_MAX)
		size = 0;
	fill_head(&event->head, sizeof(*event) + size, EVENT_MOVE, task, from_id, row);
	event->head.frame.flags = (size == 0 ? FLAG_UNREADABLE : 0) | (left ? FLAG_LEFT : 0);
	event->to_id = to_id;
	event->mover_id = bpf_get_current_pid_tgid() >> 32;
	event->path_size = size;
	count_sent(EVENT_MOVE, bpf_ringbuf_output(&events, scratch, sizeof(*event) + size, wake_flags()) != 0);
}

SEC("tp_btf/cgroup_attach_task")
int BPF_PROG(cgroup_attach_task, struct cgroup *to, const char *path, struct task_struct *task, _Bool whole)
{
	struct row *row, *before;
	u64 to_id, from_id;

	if (BPF_CORE_READ(to, root, hierarchy_id) != UNIFIED)
		return 0;
	to_id = cgroup_id_of(to);
	from_id = home_of(task);
	row = row_of(to_id);
	set_home(task, row ? to_id : 0);
	if (from_id == 0 || from_id == to_id)
		return 0;
	before = row_of(from_id);
	if (before)
		send_move(task, from_id, to_id, path, before, !row);
	return 0;
}
