package plimsoll.rules.dangerous_role_test

import data.plimsoll.rules.dangerous_role as rule
import data.plimsoll.workload_test as pods

test_denied if count(rule.violations) == 1 with input as pods.object_of({"kind": "Role", "rules": [{"apiGroups": [""], "resources": ["nodes/proxy"], "verbs": ["get"]}]}, {"dangerous_role": {}})

test_allowed if count(rule.violations) == 0 with input as pods.object_of({"kind": "Role", "rules": [{"apiGroups": [""], "resources": ["nodes"], "verbs": ["get"]}]}, {"dangerous_role": {}})
