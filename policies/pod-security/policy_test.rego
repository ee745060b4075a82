package plimsoll.rules.pod_security_test

import data.plimsoll.rules.pod_security as rule
import data.plimsoll.workload_test as pods

test_denied if count(rule.violations) == 1 with input as pods.creating({"hostPID": true}, {}, {"pod_security": {"level": "baseline", "version": "latest"}})

test_allowed if count(rule.violations) == 0 with input as pods.creating({"hostPID": true}, {}, {"pod_security": {"level": "privileged", "version": "latest"}})
