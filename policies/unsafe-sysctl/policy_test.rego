package plimsoll.rules.unsafe_sysctl_test

import data.plimsoll.rules.unsafe_sysctl as rule
import data.plimsoll.workload_test as pods

test_denied if count(rule.violations) == 1 with input as pods.creating({"securityContext": {"sysctls": [{"name": "a"}]}}, {}, {"unsafe_sysctl": {"allowed": []}})

test_allowed if count(rule.violations) == 0 with input as pods.creating({"securityContext": {"sysctls": [{"name": "a"}]}}, {}, {"unsafe_sysctl": {"allowed": ["a"]}})
