package plimsoll.rules.volume_type_test

import data.plimsoll.rules.volume_type as rule
import data.plimsoll.workload_test as pods

test_denied if count(rule.violations) == 1 with input as pods.creating({"volumes": [{"name": "v", "nfs": {}}]}, {}, {"volume_type": {"allowed": ["secret"]}})

test_allowed if count(rule.violations) == 0 with input as pods.creating({"volumes": [{"name": "v", "secret": {}}]}, {}, {"volume_type": {"allowed": ["secret"]}})
