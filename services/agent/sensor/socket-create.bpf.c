/* SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-only */
/*
 * Sockets of the Internet families whose packets no other hook sees: raw ones, ping, SCTP and the like; and of MPTCP, whose peer
 * may name further addresses that the kernel then connects to by itself. Where peers are denied unless a rule allows them,
 * such a socket is denied altogether.
 */
#include "socket.h"

#define SOCK_STREAM 1
#define SOCK_DGRAM 2
#define PROTOCOL_UDP 17
#define PROTOCOL_UDP_LITE 136

static __always_inline int is_watched(const struct bpf_sock *socket)
{
	if (socket->type == SOCK_STREAM)
		return socket->protocol == PROTOCOL_TCP;
	return socket->type == SOCK_DGRAM && (socket->protocol == PROTOCOL_UDP || socket->protocol == PROTOCOL_UDP_LITE);
}

SEC("cgroup/sock_create")
int create_socket(struct bpf_sock *socket)
{
	u64 cgroup_id = bpf_get_current_cgroup_id();
	struct row *row = row_of(cgroup_id);
	struct endpoint endpoint = {};
	struct socket_event *event;
	struct judgement judgement;
	struct profile *profile;

	if (!row || is_watched(socket))
		return ALLOW;
	profile = profile_of(row, row->connect);
	if (!profile || profile->connect_default == ACTION_ALLOW)
		return ALLOW;
	judgement = judge(0, ACTION_DENY, row->connect);
	count_judgement(EVENT_SOCKET, &judgement);
	event = reserve_socket_event(&judgement, EVENT_SOCKET);
	if (event) {
		fill_head(&event->head, sizeof(*event), EVENT_SOCKET, (void *)bpf_get_current_task(), cgroup_id, row);
		endpoint.family = socket->family;
		fill_endpoint(event, &endpoint, &judgement);
		event->socket = 0;
		event->repeats = 0;
		event->type = socket->type;
		event->protocol = socket->protocol;
		fill_no_end(event);
		submit_socket_event(event, &judgement, EVENT_SOCKET);
	}
	return answer(&judgement);
}
