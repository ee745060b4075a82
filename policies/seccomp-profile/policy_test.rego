package plimsoll.rules.seccomp_profile_test

import data.plimsoll.rules.seccomp_profile as rule
import data.plimsoll.workload_test as pods

test_denied if count(rule.violations) == 1 with input as pods.creating({}, {}, {"seccomp_profile": {"unset": true}})

test_allowed if count(rule.violations) == 0 with input as pods.creating({}, {}, {"seccomp_profile": {"unset": false}})
