package plimsoll.rules.runtime_socket_test

import data.plimsoll.rules.runtime_socket as rule
import data.plimsoll.workload_test as pods

test_denied if count(rule.violations) == 1 with input as pods.creating({"volumes": [{"name": "v", "hostPath": {"path": "/var/run"}}]}, {}, {"runtime_socket": {"paths": ["/run/docker.sock"]}})

test_allowed if count(rule.violations) == 0 with input as pods.creating({"volumes": [{"name": "v", "hostPath": {"path": "/var/log"}}]}, {}, {"runtime_socket": {"paths": ["/run/docker.sock"]}})
