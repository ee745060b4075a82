package plimsoll.rules.exec_session_test

import data.plimsoll.rules.exec_session as rule
import data.plimsoll.workload_test as pods

asked(allow) := object.union(pods.creating({}, {}, {"exec_session": {"allow": allow}}), {"request": {
	"operation": "CONNECT",
	"user": {"name": "alice", "groups": ["developers"]},
	"session": {"verb": "exec", "container": null, "command": ["sh"], "stdin": true, "tty": true, "ports": []},
}})

test_denied if count(rule.violations) == 1 with input as asked([])

test_allowed_by_name if count(rule.violations) == 0 with input as asked([{"users": ["alice"]}])

test_allowed_by_group if count(rule.violations) == 0 with input as asked([{"groups": ["developers"]}])

test_no_name_is_nobody if count(rule.violations) == 1 with input as asked([{"namespaces": ["**"]}])
