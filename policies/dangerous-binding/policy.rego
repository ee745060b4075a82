# METADATA
# title: No binding that gives the cluster away
# description: Nobody is bound to cluster-admin and its like, and nothing to those who did not log in.
# scope: package
# custom:
#   level: warning
#   critical: false
#   mode: warn
#   needs: [request]
#   params:
#     roles:
#       description: cluster roles that nobody is bound to
#       type: array
#       items: {type: string, minLength: 1}
#       default: [cluster-admin]
#     subjects:
#       description: users and groups that nothing is bound to
#       type: array
#       items: {type: string, minLength: 1}
#       default: ["system:anonymous", "system:unauthenticated"]
package plimsoll.rules.dangerous_binding

import data.plimsoll.workload

violations contains {"message": message, "evidence": {"path": "roleRef.name", "value": name}} if {
	is_binding
	name := workload.other.roleRef.name
	workload.other.roleRef.kind == "ClusterRole"
	name in input.params.dangerous_binding.roles
	message := concat("", ["roleRef.name is ", name, "; bind a role that has only what is needed"])
}

violations contains {"message": message, "evidence": {"path": "subjects", "value": subject.name}} if {
	is_binding
	some subject in workload.other.subjects
	subject.name in input.params.dangerous_binding.subjects
	message := concat("", ["subjects have ", subject.name, ", which is anybody; take it out"])
}

is_binding if workload.other.kind in {"RoleBinding", "ClusterRoleBinding"}
