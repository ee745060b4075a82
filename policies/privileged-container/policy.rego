# METADATA
# title: No privileged container
# description: A privileged container is root on the node. Part of the Pod Security Standards; for those who ask more of some namespaces than of others.
# scope: package
# custom:
#   level: error
#   critical: true
#   mode: "off"
#   needs: [request]
package plimsoll.rules.privileged_container

import data.plimsoll.workload

violations contains workload.of_container(container, "securityContext.privileged", true, "is true", "set it to false, and add the one capability that is needed") if {
	some container in workload.containers
	workload.is_privileged(container)
}
