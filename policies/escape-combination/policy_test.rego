package plimsoll.rules.escape_combination_test

import data.plimsoll.rules.escape_combination as rule
import data.plimsoll.workload_test as pods

test_denied if count(rule.violations) == 1 with input as pods.creating({"hostPID": true}, {"securityContext": {"privileged": true}}, {"escape_combination": {}})

test_allowed if count(rule.violations) == 0 with input as pods.creating({"hostPID": true}, {}, {"escape_combination": {}})
