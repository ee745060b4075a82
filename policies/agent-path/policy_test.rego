package plimsoll.rules.agent_path_test

import data.plimsoll.rules.agent_path as rule
import data.plimsoll.workload_test as pods

test_denied if count(rule.violations) == 1 with input as pods.creating({"volumes": [{"name": "v", "hostPath": {"path": "/sys/fs"}}]}, {}, {"agent_path": {"paths": ["/sys/fs/bpf"], "namespaces": []}})

test_allowed if count(rule.violations) == 0 with input as pods.creating({"volumes": [{"name": "v", "hostPath": {"path": "/sys/kernel"}}]}, {}, {"agent_path": {"paths": ["/sys/fs/bpf"], "namespaces": []}})
