package plimsoll.rules.pod_security

import data.plimsoll.workload

baseline contains ["host process", workload.of_pod(field, true, "is true", "leave it out")] if {
	field := "securityContext.windowsOptions.hostProcess"
	workload.spec.securityContext.windowsOptions.hostProcess == true
}

baseline contains ["host process", workload.of_container(container, field, true, "is true", "leave it out")] if {
	some container in workload.containers
	field := "securityContext.windowsOptions.hostProcess"
	container.spec.securityContext.windowsOptions.hostProcess == true
}

baseline contains ["host namespaces", workload.of_pod(field, true, "is true", "leave it out")] if {
	some field in ["hostNetwork", "hostPID", "hostIPC"]
	workload.spec[field] == true
}

baseline contains ["privileged containers", workload.of_container(container, "securityContext.privileged", true, "is true", "set it to false")] if {
	some container in workload.containers
	workload.is_privileged(container)
}

# What container engines give by default, but NET_RAW.
default_capabilities := {
	"AUDIT_WRITE", "CHOWN", "DAC_OVERRIDE", "FOWNER", "FSETID", "KILL", "MKNOD", "NET_BIND_SERVICE", "SETFCAP",
	"SETGID", "SETPCAP", "SETUID", "SYS_CHROOT",
}

baseline contains ["capabilities", workload.of_container(container, "securityContext.capabilities.add", name, concat(" ", ["has", name]), "take it out")] if {
	some container in workload.containers
	some name in container.spec.securityContext.capabilities.add
	not name in default_capabilities
}

baseline contains ["hostPath volumes", workload.of_pod(field, path, concat("", ["is ", path, " of the host"]), "use another kind of volume")] if {
	some i, volume in workload.spec.volumes
	path := object.get(volume.hostPath, "path", "a directory")
	field := concat("", ["volumes[", format_int(i, 10), "].hostPath"])
}

baseline contains ["host ports", workload.of_container(container, "ports", port.hostPort, concat("", ["have hostPort ", format_int(port.hostPort, 10)]), "leave it out; a Service reaches the container port")] if {
	some container in workload.containers
	some port in container.spec.ports
	port.hostPort != 0
}

allowed_profiles := {"RuntimeDefault", "Localhost"}

baseline contains ["AppArmor", workload.of_pod("securityContext.appArmorProfile.type", type, workload.stated(type), "use RuntimeDefault or Localhost")] if {
	type := object.get(workload.spec.securityContext.appArmorProfile, "type", null)
	not type in allowed_profiles
}

baseline contains ["AppArmor", workload.of_container(container, "securityContext.appArmorProfile.type", type, workload.stated(type), "use RuntimeDefault or Localhost")] if {
	some container in workload.containers
	type := object.get(container.spec.securityContext.appArmorProfile, "type", null)
	not type in allowed_profiles
}

apparmor_prefix := "container.apparmor.security.beta.kubernetes.io/"

baseline contains ["AppArmor", workload.of_pod(concat("", ["annotation ", name]), profile, workload.stated(profile), "use runtime/default or localhost/…")] if {
	some name, profile in workload.annotations
	startswith(name, apparmor_prefix)
	not profile in {"", "runtime/default"}
	not startswith(profile, "localhost/")
}

selinux_types := {"", "container_t", "container_init_t", "container_kvm_t"} | added_selinux_types

added_selinux_types := {"container_engine_t"} if minor >= 31

added_selinux_types := set() if minor < 31

selinux_faults(options) := {[key, value] |
	some key, value in options
	is_selinux_fault(key, value)
}

is_selinux_fault("type", value) if not value in selinux_types

is_selinux_fault(key, value) if {
	key in {"user", "role"}
	value != ""
}

baseline contains ["SELinux", workload.of_pod(field, value, workload.stated(value), "leave it out")] if {
	some [key, value] in selinux_faults(workload.spec.securityContext.seLinuxOptions)
	field := concat(".", ["securityContext.seLinuxOptions", key])
}

baseline contains ["SELinux", workload.of_container(container, field, value, workload.stated(value), "leave it out")] if {
	some container in workload.containers
	some [key, value] in selinux_faults(container.spec.securityContext.seLinuxOptions)
	field := concat(".", ["securityContext.seLinuxOptions", key])
}

# Since 1.35 a user namespace, in which the root of the container is nobody on the host, relaxes some controls.
has_user_namespace if {
	minor >= 35
	workload.spec.hostUsers == false
}

unmasked contains workload.of_container(container, "securityContext.procMount", type, workload.stated(type), "leave it out") if {
	some container in workload.containers
	type := container.spec.securityContext.procMount
	type != "Default"
}

baseline contains ["/proc mount", fault] if {
	not has_user_namespace
	some fault in unmasked
}

baseline contains ["seccomp", workload.of_pod("securityContext.seccompProfile.type", type, workload.stated(type), "use RuntimeDefault or Localhost")] if {
	minor >= 19
	type := object.get(workload.spec.securityContext.seccompProfile, "type", null)
	not type in allowed_profiles
}

baseline contains ["seccomp", workload.of_container(container, "securityContext.seccompProfile.type", type, workload.stated(type), "use RuntimeDefault or Localhost")] if {
	minor >= 19
	some container in workload.containers
	type := object.get(container.spec.securityContext.seccompProfile, "type", null)
	not type in allowed_profiles
}

# Before 1.19 profiles were annotations only.
baseline contains ["seccomp", workload.of_pod(concat("", ["annotation ", name]), profile, workload.stated(profile), "use runtime/default or localhost/…")] if {
	minor < 19
	some name, profile in workload.annotations
	name in seccomp_annotations
	not profile in {"runtime/default", "docker/default"}
	not startswith(profile, "localhost/")
}

seccomp_annotations contains "seccomp.security.alpha.kubernetes.io/pod"

seccomp_annotations contains concat("", ["container.seccomp.security.alpha.kubernetes.io/", container.name]) if some container in workload.containers

# The version of Kubernetes whose standard first allowed them.
safe_sysctls := {
	"kernel.shm_rmid_forced": 0,
	"net.ipv4.ip_local_port_range": 0,
	"net.ipv4.tcp_syncookies": 0,
	"net.ipv4.ping_group_range": 0,
	"net.ipv4.ip_unprivileged_port_start": 0,
	"net.ipv4.ip_local_reserved_ports": 27,
	"net.ipv4.tcp_keepalive_time": 29,
	"net.ipv4.tcp_fin_timeout": 29,
	"net.ipv4.tcp_keepalive_intvl": 29,
	"net.ipv4.tcp_keepalive_probes": 29,
	"net.ipv4.tcp_rmem": 32,
	"net.ipv4.tcp_wmem": 32,
	"net.ipv4.tcp_slow_start_after_idle": 37,
	"net.ipv4.tcp_notsent_lowat": 37,
}

baseline contains ["sysctls", workload.of_pod("securityContext.sysctls", sysctl.name, concat(" ", ["have", sysctl.name]), "take it out")] if {
	some sysctl in workload.spec.securityContext.sysctls
	object.get(safe_sysctls, sysctl.name, 1000) > minor
}

# The kubelet sends these from the node: a host of the Pod's choice makes it a proxy.
handlers := [
	["livenessProbe"], ["readinessProbe"], ["startupProbe"],
	["lifecycle", "postStart"], ["lifecycle", "preStop"],
]

baseline contains ["probe and lifecycle hosts", workload.of_container(container, field, host, workload.stated(host), "leave it out: the Pod itself is meant")] if {
	minor >= 34
	some container in workload.containers
	some handler in handlers
	some kind in ["httpGet", "tcpSocket"]
	path := array.concat(handler, [kind, "host"])
	host := object.get(container.spec, path, "")
	host != ""
	field := concat(".", path)
}
