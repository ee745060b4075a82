package plimsoll.rules.image_unscanned_test

import data.plimsoll.rules.image_unscanned as rule
import data.plimsoll.workload_test as pods

test_denied if count(rule.violations) == 1 with input as pods.image_of({}, {"image_unscanned": {}})

test_allowed if count(rule.violations) == 0 with input as pods.image_of(pods.verdict({}), {"image_unscanned": {}})
