package plimsoll.workload_test

import data.plimsoll.workload

# A Pod with one container, and the parameters of one rule: what the tests of rules judge.
creating(spec, container, params) := {
	"request": {"operation": "CREATE", "session": null},
	"workload": {
		"kind": "Pod",
		"namespace": "shop",
		"name": "web",
		"owner": null,
		"pod": {"path": "spec", "labels": {}, "annotations": {}, "spec": spec},
		"containers": [{"name": "app", "role": "container", "image": "a:1", "path": "spec.containers[0]", "spec": container}],
		"object": null,
	},
	"images": [],
	"now": "2026-03-01T00:00:00Z",
	"params": params,
}

# An object that runs nothing.
object_of(object, params) := {
	"request": {"operation": "CREATE", "session": null},
	"workload": {"pod": null, "containers": [], "object": object},
	"images": [],
	"params": params,
}

# A Pod with one image.
image_of(changes, params) := object.union(creating({}, {}, params), {"images": [object.union(
	{"text": "a:1", "registry": "docker.io", "repository": "library/a", "tag": "1", "digest": null, "problem": null, "usedBy": ["app"], "binding": false, "verdict": null},
	changes,
)]})

verdict(changes) := {"verdict": object.union(
	{"digest": "sha256:a", "decision": "pass", "counts": {"total": {"critical": 0}, "fixable": {"critical": 0}, "knownExploited": 0}, "violations": [], "violationCount": 0, "reasons": [], "scannedAt": "2026-02-28T00:00:00Z"},
	changes,
)}

test_a_session_is_no_workload if {
	not workload.spec with input as object.union(creating({}, {}, {}), {"request": {"operation": "CONNECT"}})
}

test_a_container_stands_above_its_pod if {
	pod := {"securityContext": {"runAsUser": 1}}
	workload.security({"spec": {"securityContext": {"runAsUser": 2}}}, "runAsUser") == 2 with input as creating(pod, {}, {})
	workload.security({"spec": {}}, "runAsUser") == 1 with input as creating(pod, {}, {})
	workload.security({"spec": {}}, "runAsGroup") == null with input as creating(pod, {}, {})
}

test_capabilities_have_one_name if {
	workload.added({"spec": {"securityContext": {"capabilities": {"add": ["CAP_SYS_ADMIN", "sys_admin", "SYS_ADMIN"]}}}}) == {"SYS_ADMIN"}
}

test_paths_overlap_by_whole_parts if {
	workload.overlap(["run"], ["run", "docker.sock"])
	workload.overlap(["run", "docker.sock"], ["run"])
	workload.overlap([], ["run"])
	not workload.overlap(["run"], ["running"])
	not workload.overlap(["run", "a"], ["run", "b"])
}
