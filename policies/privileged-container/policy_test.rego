package plimsoll.rules.privileged_container_test

import data.plimsoll.rules.privileged_container as rule
import data.plimsoll.workload_test as pods

test_denied if count(rule.violations) == 1 with input as pods.creating({}, {"securityContext": {"privileged": true}}, {"privileged_container": {}})

test_allowed if count(rule.violations) == 0 with input as pods.creating({}, {"securityContext": {"privileged": false}}, {"privileged_container": {}})
