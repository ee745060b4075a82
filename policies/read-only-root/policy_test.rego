package plimsoll.rules.read_only_root_test

import data.plimsoll.rules.read_only_root as rule
import data.plimsoll.workload_test as pods

test_denied if count(rule.violations) == 1 with input as pods.creating({}, {}, {"read_only_root": {}})

test_allowed if count(rule.violations) == 0 with input as pods.creating({}, {"securityContext": {"readOnlyRootFilesystem": true}}, {"read_only_root": {}})
