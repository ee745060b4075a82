/* SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-only */
/*
 * bind(2). Port 0 lets the kernel choose, as every client does: who then listens on it is held to the rules when
 * somebody connects (socket-arrive.bpf.c), as is a listen(2) without any bind.
 */
#include "socket.h"

static __always_inline int on_bind(struct bpf_sock_addr *call, int six)
{
	u64 cgroup_id = bpf_get_current_cgroup_id();
	struct row *row = row_of(cgroup_id);
	struct judgement judgement = {};
	struct endpoint endpoint;

	if (!row)
		return ALLOW;
	endpoint = endpoint_of(call, six);
	if (endpoint.port != 0)
		judgement = judge_listen(row, endpoint.port, call->protocol);
	count_judgement(EVENT_BIND, &judgement);
	send_socket(call, EVENT_BIND, &endpoint, cgroup_id, row, &judgement, 0);
	return answer(&judgement);
}

SEC("cgroup/bind4")
int bind4(struct bpf_sock_addr *call)
{
	return on_bind(call, 0);
}

SEC("cgroup/bind6")
int bind6(struct bpf_sock_addr *call)
{
	return on_bind(call, 1);
}
