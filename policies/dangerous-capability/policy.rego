# METADATA
# title: No capability that leads out of the container
# description: None of those that give the node away, or nearly. ALL stands for all of them.
# scope: package
# custom:
#   level: error
#   critical: true
#   mode: "off"
#   needs: [request]
#   params:
#     capabilities:
#       description: without CAP_, in capitals
#       type: array
#       items: {type: string, minLength: 1}
#       default: [BPF, DAC_READ_SEARCH, MAC_ADMIN, MAC_OVERRIDE, NET_ADMIN, PERFMON, SYS_ADMIN, SYS_BOOT, SYS_MODULE, SYS_PTRACE, SYS_RAWIO]
package plimsoll.rules.dangerous_capability

import data.plimsoll.workload

violations contains workload.of_container(container, "securityContext.capabilities.add", name, concat(" ", ["has", name]), "take it out") if {
	some container in workload.containers
	some name in container.spec.securityContext.capabilities.add
	workload.capability(name) in ({"ALL"} | {each | some each in input.params.dangerous_capability.capabilities})
}
