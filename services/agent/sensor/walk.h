/* SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-only */
/*
 * Paths, walked from the directory entry up to the root of the mount namespace. The root of the process is no end: who may
 * chroot would else choose how the path of a file begins.
 */
#ifndef PLIMSOLL_WALK_H
#define PLIMSOLL_WALK_H

#include "events.h"
#include "kernel.h"

#define WALK_STEPS 128
#define NAME_BYTES 255

/* Written from the end; one name more than fits, so that its copy is in bounds whatever the offset. */
struct walk_buffer {
	char bytes[TEXT_MAX + NAME_BYTES + 1];
};

struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__uint(max_entries, 1);
	__type(key, u32);
	__type(value, struct walk_buffer);
} walk_buffers SEC(".maps");

struct walk {
	struct dentry *entry;
	struct mount *mount;
	struct walk_buffer *buffer;
	u32 offset; /* of the first byte that is written */
	u32 whole; /* the root was reached */
};

static long walk_step(u32 step, void *context)
{
	struct walk *walk = context;
	struct dentry *entry = walk->entry;
	struct mount *mount = walk->mount; /* BPF_CORE_READ would take `walk` for a structure of the kernel */
	struct dentry *parent;
	const unsigned char *name;
	u32 length, offset;

	if (entry == BPF_CORE_READ(mount, mnt.mnt_root)) {
		struct mount *above = BPF_CORE_READ(mount, mnt_parent);

		if (above == mount) {
			walk->whole = 1;
			return 1;
		}
		walk->entry = BPF_CORE_READ(mount, mnt_mountpoint);
		walk->mount = above;
		return 0;
	}
	parent = BPF_CORE_READ(entry, d_parent);
	length = BPF_CORE_READ(entry, d_name.len);
	name = BPF_CORE_READ(entry, d_name.name);
	if (length > NAME_BYTES)
		length = NAME_BYTES;
	offset = walk->offset;
	if (offset < length + 1 || offset > TEXT_MAX - 1)
		return 1;
	offset -= length + 1;
	offset &= TEXT_MAX - 1;
	walk->buffer->bytes[offset] = '/';
	if (bpf_probe_read_kernel(&walk->buffer->bytes[offset + 1], length, name))
		return 1;
	/* The copy ends where the name before began, and that one begins with a slash. */
	walk->offset = offset;
	if (entry == parent) { /* no mount shows it: a memfd, or what is left of a lazy unmount */
		walk->whole = 1;
		return 1;
	}
	walk->entry = parent;
	return 0;
}

/* Copies the path into `text` (TEXT_MAX bytes); its size, NUL included. *whole is 0 where only its end was walked. */
static __always_inline u32 walk_path_in(struct walk_buffer *buffer, struct vfsmount *vfsmount, struct dentry *entry, char *text,
					u32 *whole)
{
	struct walk walk = { .buffer = buffer };
	u32 size;

	*whole = 0;
	text[0] = 0;
	walk.entry = entry;
	walk.mount = (void *)((char *)vfsmount - bpf_core_field_offset(struct mount, mnt));
	walk.offset = TEXT_MAX - 1;
	walk.buffer->bytes[TEXT_MAX - 1] = 0;
	bpf_loop(WALK_STEPS, walk_step, &walk, 0);
	*whole = walk.whole;
	if (walk.offset == TEXT_MAX - 1) { /* the root itself */
		text[0] = '/';
		text[1] = 0;
		return 2;
	}
	walk.offset &= TEXT_MAX - 1;
	size = TEXT_MAX - walk.offset;
	if (size > TEXT_MAX)
		return 1;
	bpf_probe_read_kernel(text, size, &walk.buffer->bytes[walk.offset]);
	return size;
}

/* Where nothing else can run on this processor in the middle of it: in tracepoints. */
static __always_inline u32 walk_path(struct vfsmount *vfsmount, struct dentry *entry, char *text, u32 *whole)
{
	u32 zero = 0;
	struct walk_buffer *buffer = bpf_map_lookup_elem(&walk_buffers, &zero);

	*whole = 0;
	text[0] = 0;
	return buffer ? walk_path_in(buffer, vfsmount, entry, text, whole) : 1;
}

#endif
