/* SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-only */
/*
 * What programs of BPF LSM share. Unlike tracepoints they may be put aside in the middle, and another one may run on the same
 * processor: what they write to while they decide belongs to their task, else one could decide by the path of another.
 */
#ifndef PLIMSOLL_LSM_H
#define PLIMSOLL_LSM_H

#include "exec.h"
#include "rules.h"
#include "walk.h"

#define EPERM 1

struct decision {
	struct walk_buffer walk;
	union {
		struct exec_key exec;
		struct file_key file;
	} key;
	/* Each ends where the path begins. */
	union {
		struct call_event call;
		struct {
			u64 unused;
			struct exec_event exec;
		};
	} event;
	char path[2 * TEXT_MAX]; /* behind the event: path, and the name of a program */
	char room[TEXT_MAX]; /* bounds hold whatever the offset in path */
};

struct {
	__uint(type, BPF_MAP_TYPE_TASK_STORAGE);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__type(key, int);
	__type(value, struct decision);
} decisions SEC(".maps");

_Static_assert(sizeof(struct exec_event) + sizeof(u64) == sizeof(struct call_event), "the path stands behind both events");

/* The verifier wants to see that it is one of the two. */
static __always_inline int verdict_of(const struct judgement *judgement)
{
	if (judgement->verdict == VERDICT_DENIED) {
		asm volatile("" ::: "memory");
		return -EPERM;
	}
	return 0;
}

#endif
