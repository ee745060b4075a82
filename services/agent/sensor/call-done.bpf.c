/* SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-only */
/*
 * The end of a system call, where its result is known. A file that was opened is told by the path that the kernel walks;
 * any other path as the memory of the process has it after the call (FLAG_RACY): these are for seeing, and no rule hangs on them.
 */
#include "call.h"
#include "socket-end.h"

/* linux/fcntl.h, linux/sched.h */
#define ACCESS_MODE 3
#define NEW_SPACES 0x7e020000
#define MAY_EXECUTE 0111
#define FMODE_CREATED (1 << 20)
#define EINPROGRESS 115
/* linux/socket.h */
#define AF_PACKET 17
#define AF_VSOCK 40
#define AF_XDP 44

/* 1 where the call is one that is told at all; the file that it is about, where a descriptor names it. */
static __always_inline int is_told(struct task_struct *task, const struct call_shape *shape, struct call_event *event,
				   s64 result, struct file **file)
{
	u64 first = 0;

	switch (shape->how) {
	case HOW_FLAGS_2:
		first = event->arguments[1];
		break;
	case HOW_FLAGS_3:
		first = event->arguments[2];
		break;
	case HOW_STRUCTURE_3:
		bpf_probe_read_user(&first, sizeof(first), (void *)event->arguments[2]);
		event->arguments[2] = first;
		break;
	case HOW_OPENED:
		first = 1;
		break;
	case HOW_FILE_1:
	case HOW_FILE_1_MODE_2:
		*file = file_of(task, event->arguments[0]);
		return shape->how == HOW_FILE_1 || (event->arguments[1] & MAY_EXECUTE) != 0;
	case HOW_MODE_2:
		return (event->arguments[1] & MAY_EXECUTE) != 0;
	case HOW_MODE_3:
		return (event->arguments[2] & MAY_EXECUTE) != 0;
	case HOW_STRUCTURE_1:
		bpf_probe_read_user(&first, sizeof(first), (void *)event->arguments[0]);
		event->arguments[0] = first;
		return (first & NEW_SPACES) != 0 && result != 0;
	case HOW_FAMILY_1:
		return event->arguments[0] == AF_PACKET || event->arguments[0] == AF_VSOCK || event->arguments[0] == AF_XDP;
	case HOW_SPACES_1:
		/* The child of clone(2) returns from it too, with 0. */
		return (event->arguments[0] & NEW_SPACES) != 0 && (result != 0 || event->call == CALL_unshare);
	default:
		return 1;
	}
	if ((first & ACCESS_MODE) == 0)
		return 0;
	if (result >= 0)
		*file = file_of(task, result);
	return 1;
}

static __always_inline void read_opened(struct file *file, const struct row *row, struct call_event *event)
{
	struct inode *inode = BPF_CORE_READ(file, f_inode);

	event->inode = BPF_CORE_READ(inode, i_ino);
	event->device = BPF_CORE_READ(inode, i_sb, s_dev);
	event->mode = BPF_CORE_READ(inode, i_mode);
	event->origin = origin_of(file, row);
	if (event->head.frame.kind == EVENT_OPEN && (BPF_CORE_READ(file, f_mode) & FMODE_CREATED))
		event->head.frame.kind = EVENT_CREATE;
}

static __always_inline int send_call(struct task_struct *task, const struct call_shape *shape,
				     struct call_scratch *scratch, u64 cgroup_id, const struct row *row, s64 result)
{
	struct call_event *event = &scratch->event;
	struct told_key key = { .cgroup_id = cgroup_id, .detail = event->call };
	struct file *file = 0;
	u32 offset = 0;

	if (!is_told(task, shape, event, result, &file))
		return 0;
	fill_head(&event->head, 0, shape->kind, task, cgroup_id, row);
	if (file) {
		read_opened(file, row, event);
		key.hash = hash_word(hash_seed(), event->inode);
		key.hash = hash_word(key.hash, event->device);
		if (event->head.frame.kind == EVENT_CHMOD)
			key.hash = hash_word(key.hash, event->arguments[1]);
	} else {
		offset = read_texts(task, shape, scratch);
		key.hash = hash_texts(hash_seed(), scratch, offset);
		if (offset == 0)
			for (int i = 0; i < 4; i++)
				key.hash = hash_word(key.hash, event->arguments[i]);
	}
	key.hash = hash_word(key.hash, result < 0 ? result : 0);
	key.kind = event->head.frame.kind;
	key.process_id = event->head.process_id;
	if (!is_news(&key, &event->repeats))
		return 0;
	if (file)
		offset = read_own_path(file, scratch);
	if (offset > 4 * TEXT_MAX)
		return 0;
	event->head.frame.length = sizeof(*event) + offset;
	count_sent(event->head.frame.kind, bpf_ringbuf_output(&events, event, sizeof(*event) + offset, wake_flags()) != 0);
	return 0;
}

/* accept(2) with its peer, and listen(2) with the port that the kernel may have chosen only now. */
static __always_inline int send_peer(struct task_struct *task, u16 kind, u32 descriptor, u64 cgroup_id,
				     const struct row *row)
{
	struct sock *sock = sock_of(file_of(task, descriptor));
	struct told_key key = { .cgroup_id = cgroup_id, .kind = kind };
	struct endpoint endpoint = {};
	struct socket_event *event;
	u64 repeats;
	u16 port;

	if (!sock)
		return 0;
	endpoint.family = BPF_CORE_READ(sock, __sk_common.skc_family);
	if (endpoint.family == AF_INET6)
		BPF_CORE_READ_INTO(endpoint.address, sock, __sk_common.skc_v6_daddr);
	else
		bpf_core_read(endpoint.address, 4, &sock->__sk_common.skc_daddr);
	port = BPF_CORE_READ(sock, __sk_common.skc_num);
	/* A client has another port of its own each time: its address and ours make it the same. */
	key.hash = hash_word(hash_endpoint(hash_seed(), &endpoint), port);
	key.process_id = BPF_CORE_READ(task, tgid);
	if (!is_news(&key, &repeats))
		return 0;
	event = bpf_ringbuf_reserve(&events, sizeof(*event), 0);
	if (!event) {
		count_sent(kind, 1);
		return 0;
	}
	count_sent(kind, 0);
	__builtin_memset(event, 0, sizeof(*event));
	fill_head(&event->head, sizeof(*event), kind, task, cgroup_id, row);
	event->repeats = repeats;
	event->family = endpoint.family;
	event->type = BPF_CORE_READ(sock, sk_type);
	event->protocol = BPF_CORE_READ(sock, sk_protocol);
	event->socket = BPF_CORE_READ(sock, __sk_common.skc_cookie.counter);
	read_local(event, sock);
	if (kind == EVENT_LISTEN) {
		__builtin_memcpy(event->address, event->local_address, sizeof(event->address));
		event->port = port;
	} else {
		__builtin_memcpy(event->address, endpoint.address, sizeof(event->address));
		event->port = bpf_ntohs(BPF_CORE_READ(sock, __sk_common.skc_dport));
	}
	bpf_ringbuf_submit(event, wake_flags());
	return 0;
}

static __always_inline int send_socket_call(struct task_struct *task, u16 kind, u32 descriptor, u64 cgroup_id,
					    const struct row *row, s64 result)
{
	struct sock *sock;

	if (kind != EVENT_CONNECTED) {
		if (result < 0)
			return 0;
		return send_peer(task, kind, kind == EVENT_ACCEPT ? result : descriptor, cgroup_id, row);
	}
	/* What is under way is told at its end, and what a rule denied was never begun. */
	if (result == -EINPROGRESS)
		return 0;
	sock = sock_of(file_of(task, descriptor));
	if (sock)
		send_connected(sock, -result);
	return 0;
}

SEC("tp_btf/sys_exit")
int BPF_PROG(call_done, struct REGISTERS *registers, long result)
{
	struct task_struct *task = bpf_get_current_task_btf();
	int is_foreign = is_foreign_abi(task, registers, result);
	u32 number = number_of(registers), zero = 0;
	const struct call_shape *shape;
	struct call_scratch *scratch;
	struct row *row;
	u64 cgroup_id;

	if (is_foreign)
		number = FOREIGN;
	if (number >= SHAPES)
		return 0;
	shape = &shapes[number];
	if (!shape->kind)
		return 0;
	cgroup_id = bpf_get_current_cgroup_id();
	row = row_of(cgroup_id);
	if (!row)
		return 0;
	if (shape->how == HOW_SOCKET)
		return send_socket_call(task, shape->kind, first_argument_of(registers), cgroup_id, row, result);
	scratch = bpf_map_lookup_elem(&call_scratches, &zero);
	if (!scratch)
		return 0;
	__builtin_memset(&scratch->event, 0, sizeof(scratch->event));
	scratch->event.call = shape->call;
	scratch->event.result = result;
	if (!is_foreign)
		read_registers(registers, scratch);
	return send_call(task, shape, scratch, cgroup_id, row, result);
}
