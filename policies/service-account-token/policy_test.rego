package plimsoll.rules.service_account_token_test

import data.plimsoll.rules.service_account_token as rule
import data.plimsoll.workload_test as pods

test_denied if count(rule.violations) == 1 with input as pods.creating({}, {}, {"service_account_token": {"accounts": ["default"]}})

test_allowed if count(rule.violations) == 0 with input as pods.creating({"serviceAccountName": "web"}, {}, {"service_account_token": {"accounts": ["default"]}})
