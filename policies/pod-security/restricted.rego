package plimsoll.rules.pod_security

import data.plimsoll.workload

# Faults that baseline has already are not repeated here.

# Since 1.25 a Pod says of which system it is.
is_windows if {
	minor >= 25
	workload.is_windows
}

free_volumes := {
	"configMap", "csi", "downwardAPI", "emptyDir", "ephemeral", "image", "persistentVolumeClaim", "projected", "secret",
}

restricted contains ["volume types", workload.of_pod(field, type, workload.stated(type), concat("", ["use one of ", concat(", ", sort(free_volumes))]))] if {
	some i, volume in workload.spec.volumes
	types := object.keys(volume) - {"name"}
	count(types) > 0
	count(types & (free_volumes | {"hostPath"})) == 0
	type := concat(", ", sort(types))
	field := concat("", ["volumes[", format_int(i, 10), "]"])
}

restricted contains ["privilege escalation", workload.of_container(container, "securityContext.allowPrivilegeEscalation", value, workload.stated(value), "set it to false")] if {
	minor >= 8
	not is_windows
	some container in workload.containers
	value := object.get(container.spec, ["securityContext", "allowPrivilegeEscalation"], null)
	value != false
}

restricted contains ["running as non-root", workload.of_pod("securityContext.runAsNonRoot", false, "is false", "set it to true")] if {
	not has_user_namespace
	workload.spec.securityContext.runAsNonRoot == false
}

restricted contains ["running as non-root", workload.of_container(container, "securityContext.runAsNonRoot", value, workload.stated(value), "set it to true, here or for the whole Pod")] if {
	not has_user_namespace
	some container in workload.containers
	value := workload.security(container, "runAsNonRoot")
	value != true
	not is_fault_of_pod(container)
}

is_fault_of_pod(container) if {
	workload.inherited("runAsNonRoot") == false
	object.get(container.spec, ["securityContext", "runAsNonRoot"], null) == null
}

restricted contains ["running as non-root user", workload.of_pod("securityContext.runAsUser", 0, "is 0", "leave it out, or set another user")] if {
	minor >= 23
	not has_user_namespace
	workload.spec.securityContext.runAsUser == 0
}

restricted contains ["running as non-root user", workload.of_container(container, "securityContext.runAsUser", 0, "is 0", "leave it out, or set another user")] if {
	minor >= 23
	not has_user_namespace
	some container in workload.containers
	container.spec.securityContext.runAsUser == 0
}

restricted contains ["seccomp", workload.of_container(container, "securityContext.seccompProfile", null, "is not set", "set its type to RuntimeDefault, here or for the whole Pod")] if {
	minor >= 19
	not is_windows
	some container in workload.containers
	workload.security(container, "seccompProfile") == null
}

restricted contains ["capabilities", workload.of_container(container, "securityContext.capabilities.drop", drops, workload.stated(drops), "set it to [\"ALL\"]")] if {
	minor >= 22
	not is_windows
	some container in workload.containers
	drops := object.get(container.spec, ["securityContext", "capabilities", "drop"], null)
	not "ALL" in drops
}

restricted contains ["capabilities", workload.of_container(container, "securityContext.capabilities.add", name, concat(" ", ["has", name]), "take it out: NET_BIND_SERVICE alone may be added")] if {
	minor >= 22
	not is_windows
	some container in workload.containers
	some name in container.spec.securityContext.capabilities.add
	name in (default_capabilities - {"NET_BIND_SERVICE"})
}

restricted contains ["/proc mount", fault] if {
	has_user_namespace
	some fault in unmasked
}
