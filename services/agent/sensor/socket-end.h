/* SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-only */
/* How a connect ended, and the two ends of a socket. */
#ifndef PLIMSOLL_SOCKET_END_H
#define PLIMSOLL_SOCKET_END_H

#include "socket.h"

#define S_IFMT 0170000
#define S_IFSOCK 0140000

/* The socket of an open file, of the Internet families; NULL. */
static __always_inline struct sock *sock_of(struct file *file)
{
	struct socket *socket;
	struct sock *sock;
	u16 family;

	if (!file || (BPF_CORE_READ(file, f_inode, i_mode) & S_IFMT) != S_IFSOCK)
		return 0;
	socket = BPF_CORE_READ(file, private_data);
	sock = BPF_CORE_READ(socket, sk);
	family = BPF_CORE_READ(sock, __sk_common.skc_family);
	return family == AF_INET || family == AF_INET6 ? sock : 0;
}

static __always_inline void read_local(struct socket_event *event, const struct sock *sock)
{
	event->local_port = BPF_CORE_READ(sock, __sk_common.skc_num);
	if (BPF_CORE_READ(sock, __sk_common.skc_family) == AF_INET6)
		BPF_CORE_READ_INTO(event->local_address, sock, __sk_common.skc_v6_rcv_saddr);
	else
		bpf_core_read(event->local_address, 4, &sock->__sk_common.skc_rcv_saddr);
}

/* Tells once how the connect of this socket ended, if it was told that it began. */
static __always_inline void send_connected(const struct sock *sock, u16 error)
{
	u64 cookie = BPF_CORE_READ(sock, __sk_common.skc_cookie.counter);
	struct socket_event *begun, *event;

	if (cookie == 0)
		return;
	begun = bpf_map_lookup_elem(&connecting, &cookie);
	if (!begun)
		return;
	event = bpf_ringbuf_reserve(&events, sizeof(*event), 0);
	if (!event) {
		count_sent(EVENT_CONNECTED, 1);
	} else {
		count_sent(EVENT_CONNECTED, 0);
		__builtin_memcpy(event, begun, sizeof(*event));
		event->head.frame.kind = EVENT_CONNECTED;
		event->head.frame.verdict = VERDICT_OBSERVED;
		event->head.rule_id = 0;
		event->head.time_ns = bpf_ktime_get_boot_ns();
		event->asked_ns = begun->head.time_ns;
		event->error = error;
		read_local(event, sock);
		bpf_ringbuf_submit(event, wake_flags());
	}
	bpf_map_delete_elem(&connecting, &cookie);
}

#endif
