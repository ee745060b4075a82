package plimsoll.rules.run_as_root_test

import data.plimsoll.rules.run_as_root as rule
import data.plimsoll.workload_test as pods

test_denied if count(rule.violations) == 1 with input as pods.creating({}, {}, {"run_as_root": {}})

test_allowed if count(rule.violations) == 0 with input as pods.creating({"securityContext": {"runAsNonRoot": true}}, {}, {"run_as_root": {}})
