package plimsoll.rules.host_path_test

import data.plimsoll.rules.host_path as rule
import data.plimsoll.workload_test as pods

test_denied if count(rule.violations) == 1 with input as pods.creating({"volumes": [{"name": "v", "hostPath": {"path": "/etc"}}]}, {}, {"host_path": {"allowed": []}})

test_allowed if count(rule.violations) == 0 with input as pods.creating({"volumes": [{"name": "v", "hostPath": {"path": "/etc"}}]}, {}, {"host_path": {"allowed": [{"path": "/etc", "read_only": false}]}})
