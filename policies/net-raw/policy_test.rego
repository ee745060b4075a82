package plimsoll.rules.net_raw_test

import data.plimsoll.rules.net_raw as rule
import data.plimsoll.workload_test as pods

test_denied if count(rule.violations) == 1 with input as pods.creating({}, {}, {"net_raw": {}})

test_allowed if count(rule.violations) == 0 with input as pods.creating({}, {"securityContext": {"capabilities": {"drop": ["ALL"]}}}, {"net_raw": {}})
