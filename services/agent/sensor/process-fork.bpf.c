/* SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-only */
/* New processes; threads of a process are no events. */
#include "home.h"

SEC("tp_btf/sched_process_fork")
int BPF_PROG(process_fork, struct task_struct *parent, struct task_struct *child)
{
	u64 cgroup_id = bpf_get_current_cgroup_id();
	struct row *row = row_of(cgroup_id);
	/* clone3(2) may put it into another cgroup. */
	u64 child_cgroup_id = cgroup_id_of(BPF_CORE_READ(child, cgroups, dfl_cgrp));
	struct fork_event *event;

	if (child_cgroup_id == cgroup_id ? row : row_of(child_cgroup_id))
		set_home(child, child_cgroup_id);
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
