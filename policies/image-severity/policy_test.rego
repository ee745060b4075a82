package plimsoll.rules.image_severity_test

import data.plimsoll.rules.image_severity as rule
import data.plimsoll.workload_test as pods

test_denied if count(rule.violations) == 1 with input as pods.image_of(pods.verdict({"counts": {"total": {"critical": 1}}}), {"image_severity": {"severity": "high"}})

test_allowed if count(rule.violations) == 0 with input as pods.image_of(pods.verdict({"counts": {"total": {"critical": 0}}}), {"image_severity": {"severity": "high"}})
