# METADATA
# title: Nothing of the runtime agent
# description: Who mounts the pins or the sockets of the agent switches off what it enforces. Directories that hold them count too.
# scope: package
# custom:
#   level: error
#   critical: true
#   mode: deny
#   needs: [request]
#   params:
#     paths:
#       description: where the pins and the sockets are; /var/run is taken for /run
#       type: array
#       items: {type: string, minLength: 1}
#       default: [/run/plimsoll, /run/plimsoll-pins, /sys/fs/bpf, /var/lib/plimsoll]
#     namespaces:
#       description: where the agent itself runs
#       type: array
#       items: {type: string, minLength: 1}
#       default: [plimsoll]
package plimsoll.rules.agent_path

import data.plimsoll.workload

violations contains workload.of_pod(field, path, concat("", ["is ", path, ", which reaches the runtime agent (", reached[0], ")"]), "do not mount it") if {
	some i, volume in workload.spec.volumes
	path := volume.hostPath.path
	reached := [each |
		some each in input.params.agent_path.paths
		workload.overlap(workload.parts_of(each), workload.host_parts(volume))
	]
	not is_agent
	field := concat("", ["volumes[", format_int(i, 10), "].hostPath"])
}

# The agent itself, in its own namespace.
is_agent if input.workload.namespace in input.params.agent_path.namespaces
