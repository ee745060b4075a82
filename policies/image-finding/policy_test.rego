package plimsoll.rules.image_finding_test

import data.plimsoll.rules.image_finding as rule
import data.plimsoll.workload_test as pods

test_denied if count(rule.violations) == 1 with input as pods.image_of(pods.verdict({"violations": [{"rule": "denied_package", "message": "m"}]}), {"image_finding": {"rules": ["denied_package"]}})

test_allowed if count(rule.violations) == 0 with input as pods.image_of(pods.verdict({"violations": [{"rule": "image_age", "message": "m"}]}), {"image_finding": {"rules": ["denied_package"]}})
