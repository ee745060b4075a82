# METADATA
# title: No token of a service account that nobody asked for
# description: Kubernetes mounts a token into every container. A Pod that speaks to the API names a service account of its own; any other does without.
# scope: package
# custom:
#   level: warning
#   critical: false
#   mode: warn
#   needs: [request]
#   params:
#     accounts:
#       description: service accounts that are nobody's own
#       type: array
#       items: {type: string, minLength: 1}
#       default: [default]
package plimsoll.rules.service_account_token

import data.plimsoll.workload

violations contains workload.of_pod("automountServiceAccountToken", value, concat(" ", [workload.stated(value), "and the service account is", account]), "set it to false, or name a service account of its own") if {
	value := object.get(workload.spec, "automountServiceAccountToken", null)
	value != false
	account := object.get(workload.spec, "serviceAccountName", "default")
	account in input.params.service_account_token.accounts
}
