/* SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-only */
/*
 * The first packet of a TCP connection from outside, at its socket: the last line for ports that nobody named in a bind(2).
 * Every other packet passes, so that no reply to a connection of the container's own is ever lost.
 */
#include "socket.h"

#define TCP_HEADER_FLAGS 13
#define TCP_SYN 0x02
#define TCP_ACK 0x10
/* Extension headers of IPv6 that may stand before TCP (RFC 8200). */
#define HOP_BY_HOP 0
#define ROUTING 43
#define DESTINATION_OPTIONS 60
#define EXTENSIONS_MAX 8

/* Offset of the TCP header; 0 where this is no TCP, -1 where it stands behind more than is looked through. */
static __always_inline int tcp_offset(struct __sk_buff *packet, struct endpoint *peer)
{
	u8 first, next, pair[2];
	int offset = 40;

	if (bpf_skb_load_bytes(packet, 0, &first, 1))
		return 0;
	if (first >> 4 == 4) {
		peer->family = AF_INET;
		if (bpf_skb_load_bytes(packet, 9, &next, 1) || bpf_skb_load_bytes(packet, 12, peer->address, 4))
			return 0;
		return next == PROTOCOL_TCP ? (first & 0x0f) * 4 : 0;
	}
	peer->family = AF_INET6;
	if (bpf_skb_load_bytes(packet, 6, &next, 1) || bpf_skb_load_bytes(packet, 8, peer->address, 16))
		return 0;
	for (int i = 0; i < EXTENSIONS_MAX; i++) {
		if (next == PROTOCOL_TCP)
			return offset;
		if (next != HOP_BY_HOP && next != ROUTING && next != DESTINATION_OPTIONS)
			return 0;
		if (bpf_skb_load_bytes(packet, offset, pair, 2))
			return 0;
		next = pair[0];
		offset += (pair[1] + 1) * 8;
	}
	return -1;
}

/* The event names the peer, and the local port. No process is to blame: it is not even asked. */
static __always_inline void send_arrival(const struct endpoint *endpoint, u64 cgroup_id, const struct row *row,
					 const struct judgement *judgement)
{
	struct socket_event *event = reserve_socket_event(judgement, EVENT_ARRIVE);

	if (!event)
		return;
	__builtin_memset(event, 0, sizeof(*event));
	event->head.frame.length = sizeof(*event);
	event->head.frame.kind = EVENT_ARRIVE;
	event->head.time_ns = bpf_ktime_get_boot_ns();
	event->head.cgroup_id = cgroup_id;
	event->head.container_id = row->container_id;
	event->head.workload = row->workload;
	event->head.profile = row->profile;
	fill_endpoint(event, endpoint, judgement);
	event->type = 1; /* SOCK_STREAM */
	event->protocol = PROTOCOL_TCP;
	submit_socket_event(event, judgement, EVENT_ARRIVE);
}

SEC("cgroup_skb/ingress")
int arrive(struct __sk_buff *packet)
{
	u64 cgroup_id = bpf_skb_cgroup_id(packet);
	struct row *row = row_of(cgroup_id);
	struct judgement judgement;
	struct endpoint peer = {};
	u8 flags;
	u16 port = 0;
	int offset;

	if (!row || row->profile == 0 || row->listen == MODE_OBSERVE)
		return ALLOW;
	offset = tcp_offset(packet, &peer);
	if (offset == 0)
		return ALLOW;
	if (offset > 0) {
		if (bpf_skb_load_bytes(packet, offset + TCP_HEADER_FLAGS, &flags, 1) ||
		    bpf_skb_load_bytes(packet, offset + 2, &port, 2))
			return ALLOW; /* too short to be TCP */
		if ((flags & (TCP_SYN | TCP_ACK)) != TCP_SYN)
			return ALLOW;
	}
	/* What cannot be looked through has port 0, which only a default fits. */
	peer.port = bpf_ntohs(port);
	judgement = judge_listen(row, peer.port, PROTOCOL_TCP);
	if (judgement.action == ACTION_ALLOW)
		return ALLOW;
	count_judgement(EVENT_ARRIVE, &judgement);
	send_arrival(&peer, cgroup_id, row, &judgement);
	return answer(&judgement);
}
