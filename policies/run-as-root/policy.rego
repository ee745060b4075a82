# METADATA
# title: Not as root
# description: The container is made to run as another user than root, or in a user namespace.
# scope: package
# custom:
#   level: warning
#   critical: false
#   mode: warn
#   needs: [request]
package plimsoll.rules.run_as_root

import data.plimsoll.workload

violations contains workload.of_container(container, "securityContext.runAsUser", 0, "is 0", "set another user") if {
	some container in workload.containers
	has_no_user_namespace
	workload.security(container, "runAsUser") == 0
}

violations contains workload.of_container(container, "securityContext.runAsNonRoot", value, workload.stated(value), "set it to true, or runAsUser to another user than 0") if {
	some container in workload.containers
	has_no_user_namespace
	value := workload.security(container, "runAsNonRoot")
	value != true
	workload.security(container, "runAsUser") == null
}

has_no_user_namespace if object.get(workload.spec, "hostUsers", true) != false
