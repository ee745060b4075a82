/* SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-only */
/* Which system calls are told, and the texts of one. */
#ifndef PLIMSOLL_CALL_H
#define PLIMSOLL_CALL_H

#include "file.h"
#include "fold.h"
#include "syscalls.h"
#include "walk.h"

struct call_shape {
	u8 kind; /* enum frame_kind; 0: not told */
	u8 call; /* enum call */
	u8 directory, path, target_directory, target; /* arguments from 1; 0: none */
	u8 how;
};

/* Numbers of all calls are below; the last stands for those of another ABI. */
#define SHAPES 512
#define FOREIGN (SHAPES - 1)

#define SHAPE(name, number, kind, directory, path, target_directory, target, how) \
	[number] = { EVENT_##kind, CALL_##name, directory, path, target_directory, target, HOW_##how },
static const struct call_shape shapes[SHAPES] = { PLIMSOLL_SYSCALLS(SHAPE)[FOREIGN] = { EVENT_COVERAGE, CALL_compat, 0, 0, 0, 0,
											  HOW_PLAIN } };

#ifdef __TARGET_ARCH_x86
#define REGISTERS pt_regs___x86
#define COMPAT 2 /* TS_COMPAT: of the 32-bit ABI */
#define X32 0x40000000
#define ENOSYS 38

/* A negative number is a call that was skipped. Where the kernel has no such ABI there is no such call. */
static __always_inline int is_foreign_abi(struct task_struct *task, const struct pt_regs___x86 *registers, long result)
{
	return ((task->thread_info.status & COMPAT) || ((s32)registers->orig_ax >= 0 && (registers->orig_ax & X32))) &&
	       result != -ENOSYS;
}

static __always_inline u32 number_of(const struct pt_regs___x86 *registers)
{
	return registers->orig_ax;
}

static __always_inline u64 first_argument_of(const struct pt_regs___x86 *registers)
{
	return registers->di;
}
#else
#define REGISTERS pt_regs___arm64
#define COMPAT (1 << 22) /* TIF_32BIT */

static __always_inline int is_foreign_abi(struct task_struct *task, const struct pt_regs___arm64 *registers,
					  long result)
{
	return (task->thread_info.flags & COMPAT) != 0;
}

static __always_inline u32 number_of(const struct pt_regs___arm64 *registers)
{
	return registers->syscallno;
}

static __always_inline u64 first_argument_of(const struct pt_regs___arm64 *registers)
{
	return registers->orig_x0;
}
#endif

struct call_scratch {
	struct call_event event;
	char data[4 * TEXT_MAX];
	char room[TEXT_MAX]; /* bounds hold whatever the offset in data */
};

struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__uint(max_entries, 1);
	__type(key, u32);
	__type(value, struct call_scratch);
} call_scratches SEC(".maps");

static __always_inline void read_registers(const struct REGISTERS *registers, struct call_scratch *scratch)
{
	u64 *arguments = scratch->event.arguments;

	arguments[0] = first_argument_of(registers);
#ifdef __TARGET_ARCH_x86
	arguments[1] = registers->si;
	arguments[2] = registers->dx;
	arguments[3] = registers->r10;
#else
	arguments[1] = registers->regs[1];
	arguments[2] = registers->regs[2];
	arguments[3] = registers->regs[3];
#endif
}

/* A text at `offset` of data, which is at most so many texts; its size, 0 where it cannot be read. */
static __always_inline u32 read_text(struct call_scratch *scratch, u32 offset, u32 texts, u8 argument)
{
	long size;

	if (argument == 0 || argument > 4 || offset > texts * TEXT_MAX)
		return 0;
	size = bpf_probe_read_user_str(scratch->data + offset, TEXT_MAX, (void *)scratch->event.arguments[(argument - 1) & 3]);
	if (size < 0 || size > TEXT_MAX) {
		scratch->event.head.frame.flags |= FLAG_UNREADABLE;
		return 0;
	}
	scratch->event.head.frame.flags |= FLAG_RACY;
	return size;
}

/* Where a path that is not absolute starts: the descriptor of a directory, or that of the process. */
static __always_inline u32 read_start(struct task_struct *task, struct call_scratch *scratch, u32 offset, u32 texts,
				      u8 argument)
{
	struct vfsmount *mount;
	struct dentry *entry;
	struct file *file;
	s32 descriptor = -1;
	u32 whole, size;

	if (offset > texts * TEXT_MAX)
		return 0;
	if (argument > 0)
		descriptor = scratch->event.arguments[(argument - 1) & 3];
	if (descriptor >= 0) {
		file = file_of(task, descriptor);
		if (!file)
			return 0;
		mount = BPF_CORE_READ(file, f_path.mnt);
		entry = BPF_CORE_READ(file, f_path.dentry);
	} else {
		mount = BPF_CORE_READ(task, fs, pwd.mnt);
		entry = BPF_CORE_READ(task, fs, pwd.dentry);
	}
	size = walk_path(mount, entry, scratch->data + offset, &whole);
	if (!whole)
		scratch->event.head.frame.flags |= FLAG_PATH_CUT;
	return size;
}

/* Path, its directory, target, its directory; the size of all. */
static __always_inline u32 read_texts(struct task_struct *task, const struct call_shape *shape,
				      struct call_scratch *scratch)
{
	struct call_event *event = &scratch->event;
	u32 offset, size;

	size = read_text(scratch, 0, 0, shape->path);
	event->path_size = size;
	offset = size;
	size = size > 0 && scratch->data[0] != '/' ? read_start(task, scratch, offset, 1, shape->directory) : 0;
	event->directory_size = size;
	offset += size;
	size = read_text(scratch, offset, 2, shape->target);
	event->target_size = size;
	if (offset > 2 * TEXT_MAX)
		return offset;
	/* Sources of mounts, names of modules and keys, and what symbolic links say start nowhere. */
	if (size == 0 || scratch->data[offset] == '/' || (event->head.frame.kind != EVENT_RENAME && shape->target_directory == 0))
		return offset + size;
	offset += size;
	size = read_start(task, scratch, offset, 3, shape->target_directory);
	event->target_directory_size = size;
	return offset + size;
}

static __always_inline u32 read_own_path(struct file *file, struct call_scratch *scratch)
{
	u32 whole, size = walk_path(BPF_CORE_READ(file, f_path.mnt), BPF_CORE_READ(file, f_path.dentry), scratch->data, &whole);

	if (!whole)
		scratch->event.head.frame.flags |= FLAG_PATH_CUT;
	scratch->event.path_size = size;
	return size;
}

struct hashing {
	struct call_scratch *scratch;
	u64 hash;
};

static long hash_step(u32 step, void *context)
{
	struct hashing *hashing = context;
	u32 offset = step * 8;

	if (offset > 4 * TEXT_MAX)
		return 1;
	hashing->hash = hash_word(hashing->hash, *(u64 *)(hashing->scratch->data + offset));
	return 0;
}

static __always_inline u64 hash_texts(u64 hash, struct call_scratch *scratch, u32 size)
{
	struct hashing hashing = { .scratch = scratch, .hash = hash };

	if (size > 4 * TEXT_MAX)
		return hash;
	/* What is left of a longer text in the last word must not count. */
	__builtin_memset(scratch->data + size, 0, 8);
	bpf_loop((size + 7) / 8, hash_step, &hashing, 0);
	return hashing.hash;
}

#endif
