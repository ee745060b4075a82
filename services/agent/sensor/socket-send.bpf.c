/* SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-only */
/* sendto(2) and sendmsg(2) of UDP sockets that name their peer; one that is connected shows at its connect(2). */
#include "socket.h"

#define FOLD_NS (10ULL * 1000 * 1000 * 1000)

struct flow {
	u64 cgroup_id;
	struct endpoint endpoint;
	u32 process_id;
};

struct folded {
	u64 sent_ns;
	u64 repeats;
};

/* Only remembers what was told, so the oldest may go: it is then told once more. */
struct {
	__uint(type, BPF_MAP_TYPE_LRU_HASH);
	__uint(max_entries, 16384);
	__type(key, struct flow);
	__type(value, struct folded);
} flows SEC(".maps");

static __always_inline int on_send(struct bpf_sock_addr *call, int six)
{
	u64 cgroup_id = bpf_get_current_cgroup_id();
	struct row *row = row_of(cgroup_id);
	struct folded fresh = { .sent_ns = bpf_ktime_get_boot_ns() };
	struct judgement judgement;
	struct folded *folded;
	struct flow flow = {};
	u64 repeats = 0;

	if (!row)
		return ALLOW;
	flow.cgroup_id = cgroup_id;
	flow.endpoint = endpoint_of(call, six);
	flow.process_id = bpf_get_current_pid_tgid() >> 32;
	judgement = judge_peer(row, &flow.endpoint, call->protocol);
	count_judgement(EVENT_SEND, &judgement);
	folded = bpf_map_lookup_elem(&flows, &flow);
	if (folded && fresh.sent_ns - folded->sent_ns < FOLD_NS) {
		__sync_fetch_and_add(&folded->repeats, 1);
		return answer(&judgement);
	}
	if (folded)
		repeats = folded->repeats;
	bpf_map_update_elem(&flows, &flow, &fresh, BPF_ANY);
	send_socket(call, EVENT_SEND, &flow.endpoint, cgroup_id, row, &judgement, repeats);
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
