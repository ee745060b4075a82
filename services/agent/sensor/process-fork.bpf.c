/* SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-only */
/* New processes; threads of a process are no events. */
#include "state.h"

SEC("tp_btf/sched_process_fork")
int BPF_PROG(process_fork, struct task_struct *parent, struct task_struct *child)
{
	u64 cgroup_id = bpf_get_current_cgroup_id();
	struct row *row = row_of(cgroup_id);
	struct fork_event *event;

	if (!row || BPF_CORE_READ(child, pid) != BPF_CORE_READ(child, tgid))
		return 0;
	event = bpf_ringbuf_reserve(&events, sizeof(*event), 0);
	if (!event) {
		count_sent(EVENT_FORK, 1);
		return 0;
	}
	count_sent(EVENT_FORK, 0);
	fill_head(&event->head, sizeof(*event), EVENT_FORK, parent, cgroup_id, row);
	event->child_start_ns = BPF_CORE_READ(child, start_boottime);
	event->child_id = BPF_CORE_READ(child, tgid);
	event->child_container_id = container_pid(child);
	bpf_ringbuf_submit(event, wake_flags());
	return 0;
}
