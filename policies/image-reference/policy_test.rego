package plimsoll.rules.image_reference_test

import data.plimsoll.rules.image_reference as rule
import data.plimsoll.workload_test as pods

test_denied if count(rule.violations) == 1 with input as pods.image_of({"problem": "p"}, {"image_reference": {}})

test_allowed if count(rule.violations) == 0 with input as pods.image_of({}, {"image_reference": {}})
