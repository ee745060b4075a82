/* SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-only */
/* The end of a TCP connect, also of one that nobody waits for. Runs wherever the answer arrives: the process is known from its connect. */
#include "socket-end.h"

/* net/tcp_states.h */
#define TCP_ESTABLISHED 1
#define TCP_SYN_SENT 2
#define TCP_CLOSE 7
/* The process gave up, or its route was gone: the socket has no error of its own. */
#define ECANCELED 125

SEC("tp_btf/inet_sock_set_state")
int BPF_PROG(socket_state, const struct sock *sock, int before, int after)
{
	u16 error;

	if (before != TCP_SYN_SENT || (after != TCP_ESTABLISHED && after != TCP_CLOSE))
		return 0;
	error = after == TCP_ESTABLISHED ? 0 : BPF_CORE_READ(sock, sk_err);
	send_connected(sock, after == TCP_CLOSE && error == 0 ? ECANCELED : error);
	return 0;
}
