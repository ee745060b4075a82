/* SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-only */
/* The end of a process is the end of its last thread. */
#include "state.h"

SEC("tp_btf/sched_process_exit")
int BPF_PROG(process_exit, struct task_struct *task)
{
	u64 cgroup_id = bpf_get_current_cgroup_id();
	struct row *row = row_of(cgroup_id);
	struct exit_event *event;

	if (!row || BPF_CORE_READ(task, signal, live.counter) != 0)
		return 0;
	event = bpf_ringbuf_reserve(&events, sizeof(*event), 0);
	if (!event) {
		count_sent(EVENT_EXIT, 1);
		return 0;
	}
	count_sent(EVENT_EXIT, 0);
	fill_head(&event->head, sizeof(*event), EVENT_EXIT, task, cgroup_id, row);
	event->status = BPF_CORE_READ(task, exit_code);
	event->reserved = 0;
	bpf_ringbuf_submit(event, wake_flags());
	return 0;
}
