# METADATA
# title: No role that gives the cluster away
# description: No rule of a Role or ClusterRole by which its holder makes himself more than he is.
# scope: package
# custom:
#   level: warning
#   critical: false
#   mode: warn
#   needs: [request]
package plimsoll.rules.dangerous_role

import data.plimsoll.workload

violations contains {"message": message, "evidence": evidence} if {
	workload.other.kind in {"Role", "ClusterRole"}
	some i, rule in workload.other.rules
	some danger in dangers(rule)
	path := concat("", ["rules[", format_int(i, 10), "]"])
	message := concat("", [path, " ", danger, "; name the verbs and resources that are needed"])
	evidence := {"path": path, "value": danger}
}

dangers(rule) := (({concat(" ", ["lets its holder", verb, "roles"]) | some verb in ["escalate", "bind"]; has(rule.verbs, verb); is_of(rule, "rbac.authorization.k8s.io", ["roles", "clusterroles"])} | {"lets its holder act as others (impersonate)" | has(rule.verbs, "impersonate"); is_of_identity(rule)}) | {"reaches the kubelets past admission (nodes/proxy)" | is_of(rule, "", ["nodes/proxy", "*/proxy"])}) | {"allows everything of everything" | "*" in rule.verbs; "*" in rule.resources; "*" in rule.apiGroups}

has(list, item) if count({item, "*"} & {each | some each in list}) > 0

is_of(rule, group, resources) if {
	has(rule.apiGroups, group)
	some resource in resources
	has(rule.resources, resource)
}

is_of_identity(rule) if is_of(rule, "", ["users", "groups", "serviceaccounts"])

is_of_identity(rule) if is_of(rule, "authentication.k8s.io", ["uids", "userextras"])

# `userextras/scopes`: one field of what a token says.
is_of_identity(rule) if {
	has(rule.apiGroups, "authentication.k8s.io")
	some resource in rule.resources
	startswith(resource, "userextras/")
}
