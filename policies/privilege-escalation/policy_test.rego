package plimsoll.rules.privilege_escalation_test

import data.plimsoll.rules.privilege_escalation as rule
import data.plimsoll.workload_test as pods

test_denied if count(rule.violations) == 1 with input as pods.creating({}, {}, {"privilege_escalation": {}})

test_allowed if count(rule.violations) == 0 with input as pods.creating({}, {"securityContext": {"allowPrivilegeEscalation": false}}, {"privilege_escalation": {}})
