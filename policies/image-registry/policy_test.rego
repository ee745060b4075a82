package plimsoll.rules.image_registry_test

import data.plimsoll.rules.image_registry as rule
import data.plimsoll.workload_test as pods

test_denied if count(rule.violations) == 1 with input as pods.image_of({}, {"image_registry": {"allowed": ["ghcr.io"]}})

test_allowed if count(rule.violations) == 0 with input as pods.image_of({}, {"image_registry": {"allowed": ["docker.io/library"]}})
