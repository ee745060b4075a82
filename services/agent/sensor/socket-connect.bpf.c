/* SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-only */
/* connect(2), also by io_uring and of UDP. */
#include "socket.h"

static __always_inline int on_connect(struct bpf_sock_addr *call, int six)
{
	u64 cgroup_id = bpf_get_current_cgroup_id();
	struct row *row = row_of(cgroup_id);
	struct judgement judgement;
	struct endpoint endpoint;

	if (!row)
		return ALLOW;
	endpoint = endpoint_of(call, six);
	judgement = judge_peer(row, &endpoint, call->protocol);
	count_judgement(EVENT_CONNECT, &judgement);
	send_socket(call, EVENT_CONNECT, &endpoint, cgroup_id, row, &judgement, 0);
	return answer(&judgement);
}

SEC("cgroup/connect4")
int connect4(struct bpf_sock_addr *call)
{
	return on_connect(call, 0);
}

SEC("cgroup/connect6")
int connect6(struct bpf_sock_addr *call)
{
	return on_connect(call, 1);
}
