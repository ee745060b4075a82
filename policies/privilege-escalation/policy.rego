# METADATA
# title: No gain of privileges
# description: No program in the container gains privileges that its parent did not have (setuid, file capabilities).
# scope: package
# custom:
#   level: warning
#   critical: false
#   mode: warn
#   needs: [request]
package plimsoll.rules.privilege_escalation

import data.plimsoll.workload

violations contains workload.of_container(container, "securityContext.allowPrivilegeEscalation", value, workload.stated(value), "set it to false") if {
	not workload.is_windows
	some container in workload.containers
	value := object.get(container.spec, ["securityContext", "allowPrivilegeEscalation"], null)
	value != false
}
