package plimsoll.rules.dangerous_capability_test

import data.plimsoll.rules.dangerous_capability as rule
import data.plimsoll.workload_test as pods

test_denied if count(rule.violations) == 1 with input as pods.creating({}, {"securityContext": {"capabilities": {"add": ["cap_bpf"]}}}, {"dangerous_capability": {"capabilities": ["BPF"]}})

test_allowed if count(rule.violations) == 0 with input as pods.creating({}, {"securityContext": {"capabilities": {"add": ["CHOWN"]}}}, {"dangerous_capability": {"capabilities": ["BPF"]}})
