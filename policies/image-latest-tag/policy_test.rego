package plimsoll.rules.image_latest_tag_test

import data.plimsoll.rules.image_latest_tag as rule
import data.plimsoll.workload_test as pods

test_denied if count(rule.violations) == 1 with input as pods.image_of({"tag": "latest"}, {"image_latest_tag": {}})

test_allowed if count(rule.violations) == 0 with input as pods.image_of({}, {"image_latest_tag": {}})
