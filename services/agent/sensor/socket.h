/* SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-only */
#ifndef PLIMSOLL_SOCKET_H
#define PLIMSOLL_SOCKET_H

#include "state.h"

#define AF_INET 2
#define AF_INET6 10
#define ALLOW 1

/* The peer (connect, send) or the local address (bind) of a call, as the process gave it. */
struct endpoint {
	u32 address[4];
	u16 family;
	u16 port;
};

/* user_ip4 may be read by programs of IPv4 only, user_ip6 by those of IPv6 only: a flag for each, known to the compiler. */
static __always_inline struct endpoint endpoint_of(struct bpf_sock_addr *call, int six)
{
	struct endpoint endpoint = { .family = six ? AF_INET6 : AF_INET, .port = bpf_ntohs(call->user_port) };

	if (six) {
		endpoint.address[0] = call->user_ip6[0];
		endpoint.address[1] = call->user_ip6[1];
		endpoint.address[2] = call->user_ip6[2];
		endpoint.address[3] = call->user_ip6[3];
	} else {
		endpoint.address[0] = call->user_ip4;
	}
	return endpoint;
}

static __always_inline void send_socket(struct bpf_sock_addr *call, u16 kind, const struct endpoint *endpoint,
					u64 cgroup_id, const struct row *row, u64 repeats)
{
	struct socket_event *event = bpf_ringbuf_reserve(&events, sizeof(*event), 0);

	count_sent(kind, !event);
	if (!event)
		return;
	fill_head(&event->head, sizeof(*event), kind, (void *)bpf_get_current_task(), cgroup_id, row);
	event->socket = bpf_get_socket_cookie(call);
	event->repeats = repeats;
	__builtin_memcpy(event->address, endpoint->address, sizeof(event->address));
	event->family = endpoint->family;
	event->type = call->type;
	event->protocol = call->protocol;
	event->port = endpoint->port;
	bpf_ringbuf_submit(event, wake_flags());
}

#endif
