/* SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-only */
/* The maps, and how a program finds its row, counts and sends. */
#ifndef PLIMSOLL_STATE_H
#define PLIMSOLL_STATE_H

#include "events.h"
#include "kernel.h"
#include "rows.h"

/* Plain hash, never LRU: a full map refuses a new row and counts it, and forgets none. */
struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, ROWS_MAX);
	__type(key, u64);
	__type(value, struct row);
} rows SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__uint(max_entries, FRAME_KINDS);
	__type(key, u32);
	__type(value, struct tally);
} tallies SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__uint(max_entries, 1);
	__type(key, u32);
	__type(value, u64);
} rows_refused SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_RINGBUF);
	__uint(max_entries, 8 << 20);
} events SEC(".maps");

/* What was denied has a ring of its own: a flood of events must not push it out. */
struct {
	__uint(type, BPF_MAP_TYPE_RINGBUF);
	__uint(max_entries, 1 << 20);
} denials SEC(".maps");

/* Written by hooks, read and emptied by the sensor. */
struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, STARTS_MAX);
	__type(key, u64);
	__type(value, struct start_report);
} starts SEC(".maps");

/* Waking the reader costs more than the event. It looks by itself every few milliseconds, and is woken when much waits. */
#define WAKE_BYTES (256 << 10)

static __always_inline u64 wake_flags(void)
{
	return bpf_ringbuf_query(&events, BPF_RB_AVAIL_DATA) > WAKE_BYTES ? BPF_RB_FORCE_WAKEUP : BPF_RB_NO_WAKEUP;
}

static __always_inline u64 cgroup_id_of(struct cgroup *cgroup)
{
	return BPF_CORE_READ(cgroup, kn, id);
}

static __always_inline struct row *row_of(u64 cgroup_id)
{
	return bpf_map_lookup_elem(&rows, &cgroup_id);
}

static __always_inline struct tally *tally_of(u32 kind)
{
	return bpf_map_lookup_elem(&tallies, &kind);
}

/* A program on this processor may be interrupted by another one: what is added is added whole. */
static __always_inline void count_sent(u32 kind, int failed)
{
	struct tally *tally = tally_of(kind);

	if (tally)
		__sync_fetch_and_add(failed ? &tally->dropped : &tally->emitted, 1);
}

static __always_inline u32 container_pid(struct task_struct *task)
{
	struct pid *pid = BPF_CORE_READ(task, group_leader, thread_pid);
	u32 level = BPF_CORE_READ(pid, level);
	u32 number = 0;

	bpf_core_read(&number, sizeof(number), (char *)pid + bpf_core_field_offset(struct pid, numbers) +
						       level * bpf_core_type_size(struct upid));
	return number;
}

/* Fills the head for what `task` did in the cgroup of `row`. Everything else of the event must be set by the caller. */
static __always_inline void fill_head(struct event_head *head, u32 length, u16 kind, struct task_struct *task,
				      u64 cgroup_id, const struct row *row)
{
	struct task_struct *parent = BPF_CORE_READ(task, real_parent);
	const struct cred *cred = BPF_CORE_READ(task, cred);

	head->frame.length = length;
	head->frame.kind = kind;
	head->frame.verdict = VERDICT_OBSERVED;
	head->frame.flags = 0;
	head->time_ns = bpf_ktime_get_boot_ns();
	head->cgroup_id = cgroup_id;
	head->container_id = row->container_id;
	head->workload = row->workload;
	head->rule_id = 0;
	head->process_start_ns = BPF_CORE_READ(task, group_leader, start_boottime);
	head->parent_start_ns = BPF_CORE_READ(parent, group_leader, start_boottime);
	head->process_id = BPF_CORE_READ(task, tgid);
	head->thread_id = BPF_CORE_READ(task, pid);
	head->parent_id = BPF_CORE_READ(parent, tgid);
	head->container_process_id = container_pid(task);
	head->user_id = BPF_CORE_READ(cred, uid.val);
	head->group_id = BPF_CORE_READ(cred, gid.val);
	head->mount_namespace = BPF_CORE_READ(task, nsproxy, mnt_ns, ns.inum);
	head->profile = row->profile;
	bpf_core_read_str(head->command, sizeof(head->command), &task->comm);
}

#endif
