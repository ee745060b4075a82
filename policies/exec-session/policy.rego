# METADATA
# title: Who may log in
# description: Sessions in running containers (exec, attach, portforward) only by those, and only to those workloads, that you name.
# scope: package
# custom:
#   level: error
#   critical: false
#   mode: audit
#   needs: [request, workload]
#   params:
#     allow:
#       description: "each `{users, groups, verbs, namespaces, workloads, containers, labels}`: who, to what (`Deployment/web`; `*` any characters); a session must fit one"
#       type: array
#       default: []
#       items:
#         type: object
#         additionalProperties: false
#         properties:
#           users: {type: array, items: {type: string, minLength: 1}}
#           groups: {type: array, items: {type: string, minLength: 1}}
#           verbs: {type: array, items: {enum: [exec, attach, portforward]}}
#           namespaces: {type: array, items: {type: string, minLength: 1}}
#           workloads: {type: array, items: {type: string, minLength: 1}}
#           containers: {type: array, items: {type: string, minLength: 1}}
#           labels: {type: object, additionalProperties: {type: string}}
package plimsoll.rules.exec_session

violations contains {"message": message, "evidence": evidence} if {
	session := input.request.session
	not is_allowed(session)
	user := input.request.user.name
	message := concat("", [user, " asks for ", what(session), " in Pod ", input.workload.name, "; name the user or one of their groups, and the workload, in exec_session.allow"])
	evidence := {"user": user, "verb": session.verb, "container": session.container, "command": session.command, "pod": input.workload.name}
}

what(session) := concat(" ", ["exec", json.marshal(session.command)]) if session.verb == "exec"

what(session) := session.verb if session.verb != "exec"

is_allowed(session) if {
	some allow in input.params.exec_session.allow
	session.verb in object.get(allow, "verbs", ["exec", "attach", "portforward"])
	is_of_user(allow)
	is_matched(object.get(allow, "namespaces", ["**"]), input.workload.namespace)
	is_matched(object.get(allow, "workloads", ["**"]), owner)
	is_matched(object.get(allow, "containers", ["**"]), container_of(session))
	every key, value in object.get(allow, "labels", {}) {
		input.workload.pod.labels[key] == value
	}
}

is_of_user(allow) if is_matched(object.get(allow, "users", []), input.request.user.name)

is_of_user(allow) if {
	some group in object.get(allow, "groups", [])
	group in input.request.user.groups
}

is_matched(patterns, text) if {
	some pattern in patterns
	glob.match(pattern, null, text)
}

# Where none is named the Pod has one alone, beside init and ephemeral ones; a port belongs to the Pod.
container_of(session) := session.container if session.container != null

container_of(session) := mains[0] if session.container == null

mains := [container.name |
	some container in input.workload.containers
	container.role == "container"
]

# The controller of a Pod, as Kind/name; a ReplicaSet is named after its Deployment and a hash.
owner := concat("/", ["Pod", input.workload.name]) if input.workload.owner == null

owner := concat("/", [input.workload.owner.kind, input.workload.owner.name]) if input.workload.owner.kind != "ReplicaSet"

owner := concat("/", ["Deployment", trim_suffix(input.workload.owner.name, hash)]) if {
	input.workload.owner.kind == "ReplicaSet"
	hash := concat("", ["-", object.get(input.workload.pod.labels, "pod-template-hash", "")])
}
