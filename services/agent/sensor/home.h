/* SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-only */
/* The watched cgroup that a process was last known to be in. Goes with the process. */
#ifndef PLIMSOLL_HOME_H
#define PLIMSOLL_HOME_H

#include "state.h"

struct {
	__uint(type, BPF_MAP_TYPE_TASK_STORAGE);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__type(key, int);
	__type(value, u64);
} homes SEC(".maps");

/* 0: none is known. */
static __always_inline u64 home_of(struct task_struct *task)
{
	u64 *home = bpf_task_storage_get(&homes, task, 0, 0);

	return home ? *home : 0;
}

static __always_inline void set_home(struct task_struct *task, u64 cgroup_id)
{
	u64 *home = bpf_task_storage_get(&homes, task, 0, cgroup_id ? BPF_LOCAL_STORAGE_GET_F_CREATE : 0);

	if (home)
		*home = cgroup_id;
}

#endif
