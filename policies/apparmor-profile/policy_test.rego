package plimsoll.rules.apparmor_profile_test

import data.plimsoll.rules.apparmor_profile as rule
import data.plimsoll.workload_test as pods

test_denied if count(rule.violations) == 1 with input as pods.creating({}, {"securityContext": {"appArmorProfile": {"type": "Unconfined"}}}, {"apparmor_profile": {}})

test_allowed if count(rule.violations) == 0 with input as pods.creating({}, {"securityContext": {"appArmorProfile": {"type": "Localhost"}}}, {"apparmor_profile": {}})
