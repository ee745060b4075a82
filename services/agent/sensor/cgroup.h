/* SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-only */
#ifndef PLIMSOLL_CGROUP_H
#define PLIMSOLL_CGROUP_H

#include "state.h"

/* The number of the cgroup v2 hierarchy; those of v1 have others, and ids of their own. */
#define UNIFIED 0
#define E2BIG 7

struct cgroup_scratch {
	struct cgroup_event event;
	char path[TEXT_MAX];
};

struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__uint(max_entries, 1);
	__type(key, u32);
	__type(value, struct cgroup_scratch);
} cgroup_scratches SEC(".maps");

static __always_inline u64 parent_id_of(struct cgroup *cgroup)
{
	struct cgroup_subsys_state *parent = BPF_CORE_READ(cgroup, self.parent);

	if (!parent)
		return 0;
	return cgroup_id_of((void *)((char *)parent - bpf_core_field_offset(struct cgroup, self)));
}

static __always_inline void count_refused_row(void)
{
	u32 zero = 0;
	u64 *refused = bpf_map_lookup_elem(&rows_refused, &zero);

	if (refused)
		__sync_fetch_and_add(refused, 1);
}

static __always_inline void send_cgroup(u16 kind, u64 id, u64 parent_id, const char *path, const struct row *row)
{
	u32 zero = 0;
	struct cgroup_scratch *scratch = bpf_map_lookup_elem(&cgroup_scratches, &zero);
	long size;

	if (!scratch)
		return;
	size = bpf_probe_read_kernel_str(scratch->path, TEXT_MAX, path);
	if (size < 1 || size > TEXT_MAX)
		size = 0;
	fill_head(&scratch->event.head, sizeof(struct cgroup_event) + size, kind, (void *)bpf_get_current_task(), id, row);
	if (size == 0)
		scratch->event.head.frame.flags = FLAG_UNREADABLE;
	scratch->event.parent_id = parent_id;
	scratch->event.path_size = size;
	count_sent(kind, bpf_ringbuf_output(&events, scratch, sizeof(struct cgroup_event) + size, wake_flags()) != 0);
}

#endif
