# METADATA
# title: A seccomp profile
# description: Every container has one. Unset means Unconfined, unless the kubelet is told otherwise.
# scope: package
# custom:
#   level: warning
#   critical: false
#   mode: warn
#   needs: [request]
#   params:
#     unset:
#       description: count containers that name none
#       type: boolean
#       default: true
package plimsoll.rules.seccomp_profile

import data.plimsoll.workload

violations contains workload.of_container(container, "securityContext.seccompProfile.type", type, workload.stated(type), "set it to RuntimeDefault or Localhost, here or for the whole Pod") if {
	not workload.is_windows
	some container in workload.containers
	type := type_of(workload.security(container, "seccompProfile"))
	not type in {"RuntimeDefault", "Localhost"}
	is_counted(type)
}

type_of(null) := null

type_of(profile) := profile.type

is_counted(type) if type != null

is_counted(null) if input.params.seccomp_profile.unset
