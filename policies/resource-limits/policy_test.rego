package plimsoll.rules.resource_limits_test

import data.plimsoll.rules.resource_limits as rule
import data.plimsoll.workload_test as pods

test_denied if count(rule.violations) == 1 with input as pods.creating({}, {}, {"resource_limits": {"required": ["limits.memory"]}})

test_allowed if count(rule.violations) == 0 with input as pods.creating({}, {"resources": {"limits": {"memory": "1Mi"}}}, {"resource_limits": {"required": ["limits.memory"]}})
