package plimsoll.rules.image_digest_test

import data.plimsoll.rules.image_digest as rule
import data.plimsoll.workload_test as pods

test_denied if count(rule.violations) == 1 with input as pods.image_of({}, {"image_digest": {}})

test_allowed if count(rule.violations) == 0 with input as pods.image_of({"digest": "sha256:a"}, {"image_digest": {}})
