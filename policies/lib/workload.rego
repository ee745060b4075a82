# What asks to run, as rules see it; nothing at all where somebody asks for a session in a Pod that runs already.
package plimsoll.workload

spec := input.workload.pod.spec if runs

annotations := input.workload.pod.annotations if runs

containers := input.workload.containers if runs

# The object itself where it runs nothing: a Role, a Service.
other := input.workload.object if runs

runs if input.request.operation != "CONNECT"

roles := {"container": "container", "init": "init container", "sidecar": "sidecar container", "ephemeral": "ephemeral container"}

# `container "app"`, as messages call it.
called(container) := concat("", [roles[container.role], " \"", container.name, "\""])

# A violation of one container: what of it, in which field, with which value, and what to do.
of_container(container, field, value, what, fix) := {
	"message": concat("", [called(container), ": ", field, " ", what, "; ", fix]),
	"evidence": {
		"container": container.name,
		"image": container.image,
		"path": concat(".", [container.path, field]),
		"value": value,
	},
}

# Likewise of the Pod as a whole.
of_pod(field, value, what, fix) := {
	"message": concat("", ["pod: ", field, " ", what, "; ", fix]),
	"evidence": {"path": concat(".", [input.workload.pod.path, field]), "value": value},
}

# `is "x"`, `is true`, `is not set`.
stated(value) := concat(" ", ["is", json.marshal(value)]) if value != null

stated(null) := "is not set"

# What a container's security context says, or else the Pod's; null where neither does.
security(container, field) := object.get(container.spec, ["securityContext", field], inherited(field))

inherited(field) := object.get(spec, ["securityContext", field], null)

# Linux capabilities, as the kernel's headers call them but for CAP_: runtimes take any case, with and without it.
capability(name) := trim_prefix(upper(name), "CAP_")

added(container) := {capability(name) | some name in container.spec.securityContext.capabilities.add}

dropped(container) := {capability(name) | some name in container.spec.securityContext.capabilities.drop}

# Windows has no capabilities, no setuid and no seccomp; the API refuses such fields of its Pods.
is_windows if spec.os.name == "windows"

is_privileged(container) if container.spec.securityContext.privileged == true

# The directory or file of the host that a volume is, as its parts; "/" has none. Under its own name: /var/run is a link to
# /run on every node, and /proc/1/root one to the root of the host, which the kubelet follows.
host_parts(volume) := in_run(in_root([part | some part in split(volume.hostPath.path, "/"); not part in {"", "."}]))

in_root(parts) := array.slice(parts, 3, count(parts)) if is_root_of_process(parts)

in_root(parts) := parts if not is_root_of_process(parts)

is_root_of_process(parts) if {
	parts[0] == "proc"
	parts[2] in {"root", "cwd"}
}

in_run(parts) := array.concat(["run"], array.slice(parts, 2, count(parts))) if array.slice(parts, 0, 2) == ["var", "run"]

in_run(parts) := parts if array.slice(parts, 0, 2) != ["var", "run"]

parts_of(path) := [part | some part in split(path, "/"); part != ""]

# Whether one of two paths holds the other, or they are the same: whoever mounts /run has /run/containerd too.
overlap(a, b) if array.slice(a, 0, count(b)) == b

overlap(a, b) if array.slice(b, 0, count(a)) == a

# Names of volumes that are files or directories of the host. As a set: a Pod may have thousands of volumes and of mounts.
host_volumes contains volume.name if {
	some volume in spec.volumes
	volume.hostPath
}
