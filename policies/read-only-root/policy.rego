# METADATA
# title: A read-only root filesystem
# description: What an intruder cannot write to the image's files he cannot start from there either.
# scope: package
# custom:
#   level: warning
#   critical: false
#   mode: "off"
#   needs: [request]
package plimsoll.rules.read_only_root

import data.plimsoll.workload

violations contains workload.of_container(container, "securityContext.readOnlyRootFilesystem", value, workload.stated(value), "set it to true, and mount an emptyDir where the program writes") if {
	not workload.is_windows
	some container in workload.containers
	container.role != "ephemeral"
	value := object.get(container.spec, ["securityContext", "readOnlyRootFilesystem"], null)
	value != true
}
