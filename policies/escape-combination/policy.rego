# METADATA
# title: Nothing that together leads out of the container
# description: Settings that each may be meant well, and that together are a known way to the node.
# scope: package
# custom:
#   level: error
#   critical: true
#   mode: deny
#   needs: [request]
package plimsoll.rules.escape_combination

import data.plimsoll.workload

violations contains workload.of_container(container, "securityContext", ways[way].is, concat("", ["has ", ways[way].is]), ways[way].fix) if {
	some container in workload.containers
	not has_user_namespace
	some way
	leads_out(way, container)
}

ways := {
	"nsenter": {"is": "privileged with hostPID: it enters any process of the node", "fix": "leave out one of the two"},
	"device": {"is": "privileged with a writable directory of the host: it writes whatever the node will run", "fix": "mount it read-only, or leave out privileged"},
	"ptrace": {"is": "SYS_PTRACE with hostPID: it takes over any process of the node", "fix": "leave out one of the two"},
	"admin": {"is": "SYS_ADMIN with hostPID: it enters any namespace of the node", "fix": "leave out one of the two"},
	"mount": {"is": "SYS_ADMIN without AppArmor and seccomp: it mounts the disk of the node", "fix": "leave out SYS_ADMIN, or keep the default profiles"},
	"handles": {"is": "DAC_READ_SEARCH with a file of the host: it opens any file of that filesystem by its number", "fix": "leave out one of the two"},
	"module": {"is": "SYS_MODULE with modules of the host: it loads code into the kernel", "fix": "leave out SYS_MODULE"},
	"network": {"is": "NET_ADMIN or NET_RAW with hostNetwork: it reads and redirects what the node sends", "fix": "leave out one of the two"},
}

# In a user namespace its root is nobody on the node; host namespaces are refused there.
has_user_namespace if workload.spec.hostUsers == false

leads_out("nsenter", container) if {
	workload.is_privileged(container)
	workload.spec.hostPID == true
}

leads_out("device", container) if {
	workload.is_privileged(container)
	some mount in host_mounts(container)
	object.get(mount, "readOnly", false) != true
}

leads_out("ptrace", container) if {
	workload.spec.hostPID == true
	gains(container, "SYS_PTRACE")
}

leads_out("admin", container) if {
	workload.spec.hostPID == true
	gains(container, "SYS_ADMIN")
}

leads_out("mount", container) if {
	gains(container, "SYS_ADMIN")
	workload.security(container, "appArmorProfile").type == "Unconfined"
	workload.security(container, "seccompProfile").type == "Unconfined"
}

leads_out("handles", container) if {
	gains(container, "DAC_READ_SEARCH")
	count(host_mounts(container)) > 0
}

leads_out("module", container) if {
	gains(container, "SYS_MODULE")
	count(host_mounts(container)) > 0
}

leads_out("network", container) if {
	workload.spec.hostNetwork == true
	some name in ["NET_ADMIN", "NET_RAW"]
	gains(container, name)
}

gains(container, name) if count(workload.added(container) & {name, "ALL"}) > 0

host_mounts(container) := [mount |
	some mount in container.spec.volumeMounts
	mount.name in workload.host_volumes
]
