package plimsoll.rules.host_namespace_test

import data.plimsoll.rules.host_namespace as rule
import data.plimsoll.workload_test as pods

test_denied if count(rule.violations) == 1 with input as pods.creating({"hostPID": true}, {}, {"host_namespace": {"allowed": ["hostNetwork"]}})

test_allowed if count(rule.violations) == 0 with input as pods.creating({"hostPID": true}, {}, {"host_namespace": {"allowed": ["hostPID"]}})
