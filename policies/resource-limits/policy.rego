# METADATA
# title: Requests and limits are set
# description: Without a memory limit one container starves a node.
# scope: package
# custom:
#   level: warning
#   critical: false
#   mode: warn
#   needs: [request]
#   params:
#     required:
#       description: what every container, or the Pod as a whole, must set
#       type: array
#       items: {enum: [requests.cpu, requests.memory, limits.cpu, limits.memory, requests.ephemeral-storage, limits.ephemeral-storage]}
#       default: [limits.memory]
package plimsoll.rules.resource_limits

import data.plimsoll.workload

violations contains workload.of_container(container, field, null, "is not set", "set it") if {
	some container in workload.containers
	container.role != "ephemeral"
	some amount in input.params.resource_limits.required
	[kind, resource] := split(amount, ".")
	object.get(container.spec, ["resources", kind, resource], null) == null
	not is_set_for_pod(kind, resource)
	field := concat(".", ["resources", amount])
}

# Resources of the Pod as a whole (Kubernetes 1.34) hold for all of its containers.
is_set_for_pod(kind, resource) if workload.spec.resources[kind][resource]
