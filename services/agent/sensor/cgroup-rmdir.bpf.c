/* SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-only */
/* Ids of cgroups are never used again while the system runs, but their rows would fill the map. */
#include "cgroup.h"

SEC("tp_btf/cgroup_rmdir")
int BPF_PROG(cgroup_rmdir, struct cgroup *cgroup, const char *path)
{
	struct row *row;
	u64 id;

	if (BPF_CORE_READ(cgroup, root, hierarchy_id) != UNIFIED)
		return 0;
	id = cgroup_id_of(cgroup);
	row = row_of(id);
	if (!row)
		return 0;
	send_cgroup(EVENT_CGROUP_GONE, id, parent_id_of(cgroup), path, row);
	bpf_map_delete_elem(&rows, &id);
	return 0;
}
