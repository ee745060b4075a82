package plimsoll.rules.image_fixable_test

import data.plimsoll.rules.image_fixable as rule
import data.plimsoll.workload_test as pods

test_denied if count(rule.violations) == 1 with input as pods.image_of(pods.verdict({"counts": {"fixable": {"critical": 1}}}), {"image_fixable": {"severity": "high"}})

test_allowed if count(rule.violations) == 0 with input as pods.image_of(pods.verdict({}), {"image_fixable": {"severity": "high"}})
