package plimsoll.rules.dangerous_binding_test

import data.plimsoll.rules.dangerous_binding as rule
import data.plimsoll.workload_test as pods

test_denied if count(rule.violations) == 1 with input as pods.object_of({"kind": "RoleBinding", "roleRef": {"kind": "ClusterRole", "name": "cluster-admin"}, "subjects": []}, {"dangerous_binding": {"roles": ["cluster-admin"], "subjects": []}})

test_allowed if count(rule.violations) == 0 with input as pods.object_of({"kind": "RoleBinding", "roleRef": {"kind": "Role", "name": "cluster-admin"}, "subjects": []}, {"dangerous_binding": {"roles": ["cluster-admin"], "subjects": []}})
