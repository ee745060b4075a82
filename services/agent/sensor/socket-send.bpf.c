/* SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-only */
/* sendto(2) and sendmsg(2) of UDP sockets that name their peer; one that is connected shows at its connect(2). */
#include "socket.h"

static __always_inline int on_send(struct bpf_sock_addr *call, int six)
{
	u64 cgroup_id = bpf_get_current_cgroup_id();
	struct row *row = row_of(cgroup_id);
	struct told_key key = { .cgroup_id = cgroup_id, .kind = EVENT_SEND };
	struct judgement judgement;
	struct endpoint endpoint;
	u64 repeats;

	if (!row)
		return ALLOW;
	endpoint = endpoint_of(call, six);
	judgement = judge_peer(row, &endpoint, call->protocol);
	count_judgement(EVENT_SEND, &judgement);
	key.process_id = bpf_get_current_pid_tgid() >> 32;
	key.detail = judgement.verdict;
	key.hash = hash_endpoint(hash_seed(), &endpoint);
	if (!is_news(&key, &repeats))
		return answer(&judgement);
	send_socket(call, EVENT_SEND, &endpoint, cgroup_id, row, &judgement, repeats);
	return answer(&judgement);
}

SEC("cgroup/sendmsg4")
int sendmsg4(struct bpf_sock_addr *call)
{
	return on_send(call, 0);
}

SEC("cgroup/sendmsg6")
int sendmsg6(struct bpf_sock_addr *call)
{
	return on_send(call, 1);
}
