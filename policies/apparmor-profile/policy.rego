# METADATA
# title: No container without AppArmor
# description: No container, by field or annotation, that switches its AppArmor profile off.
# scope: package
# custom:
#   level: warning
#   critical: false
#   mode: warn
#   needs: [request]
package plimsoll.rules.apparmor_profile

import data.plimsoll.workload

violations contains workload.of_container(container, "securityContext.appArmorProfile.type", type, workload.stated(type), "use RuntimeDefault or Localhost") if {
	some container in workload.containers
	type := workload.security(container, "appArmorProfile").type
	not type in {"RuntimeDefault", "Localhost"}
}

violations contains workload.of_container(container, field, "unconfined", "is unconfined", "leave it out") if {
	some container in workload.containers
	name := concat("", ["container.apparmor.security.beta.kubernetes.io/", container.name])
	workload.annotations[name] == "unconfined"
	field := concat(" ", ["annotation", name])
}
