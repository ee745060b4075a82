package plimsoll.rules.image_verdict_test

import data.plimsoll.rules.image_verdict as rule
import data.plimsoll.workload_test as pods

test_denied if count(rule.violations) == 1 with input as pods.image_of(pods.verdict({"decision": "fail"}), {"image_verdict": {}})

test_allowed if count(rule.violations) == 0 with input as pods.image_of(pods.verdict({}), {"image_verdict": {}})
