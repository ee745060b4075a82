package plimsoll.rules.exposed_dashboard_test

import data.plimsoll.rules.exposed_dashboard as rule
import data.plimsoll.workload_test as pods

test_denied if count(rule.violations) == 1 with input as pods.object_of({"kind": "Service", "metadata": {"name": "grafana"}, "spec": {"type": "NodePort"}}, {"exposed_dashboard": {"names": ["grafana"]}})

test_allowed if count(rule.violations) == 0 with input as pods.object_of({"kind": "Service", "metadata": {"name": "grafana"}, "spec": {"type": "ClusterIP"}}, {"exposed_dashboard": {"names": ["grafana"]}})
