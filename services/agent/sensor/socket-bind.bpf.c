/* SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-only */
/* bind(2). A listen(2) without it gets a port from the kernel, and is not seen here. */
#include "socket.h"

static __always_inline int on_bind(struct bpf_sock_addr *call, int six)
{
	u64 cgroup_id = bpf_get_current_cgroup_id();
	struct row *row = row_of(cgroup_id);

	if (row) {
		struct endpoint endpoint = endpoint_of(call, six);

		send_socket(call, EVENT_BIND, &endpoint, cgroup_id, row, 0);
	}
	return ALLOW;
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
