# METADATA
# title: No namespace of the host
# description: Neither the processes nor the network nor the IPC of the node. Part of the Pod Security Standards.
# scope: package
# custom:
#   level: error
#   critical: true
#   mode: "off"
#   needs: [request]
#   params:
#     allowed:
#       description: those that may be used
#       type: array
#       items: {enum: [hostNetwork, hostPID, hostIPC]}
#       default: []
package plimsoll.rules.host_namespace

import data.plimsoll.workload

violations contains workload.of_pod(field, true, "is true", "leave it out") if {
	some field in ["hostNetwork", "hostPID", "hostIPC"]
	workload.spec[field] == true
	not field in input.params.host_namespace.allowed
}
