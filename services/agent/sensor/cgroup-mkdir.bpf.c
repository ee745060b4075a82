/* SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-only */
/* A new cgroup gets the row of its parent before mkdir(2) returns: no process can be in it earlier. */
#include "cgroup.h"

SEC("tp_btf/cgroup_mkdir")
int BPF_PROG(cgroup_mkdir, struct cgroup *cgroup, const char *path)
{
	struct row *above;
	u64 id, parent_id;

	if (BPF_CORE_READ(cgroup, root, hierarchy_id) != UNIFIED)
		return 0;
	id = cgroup_id_of(cgroup);
	parent_id = parent_id_of(cgroup);
	above = row_of(parent_id);
	if (!above)
		return 0;
	if (bpf_map_update_elem(&rows, &id, above, BPF_NOEXIST) == -E2BIG)
		count_refused_row();
	send_cgroup(EVENT_CGROUP_MADE, id, parent_id, path, above);
	return 0;
}
