package plimsoll.rules.image_scan_age_test

import data.plimsoll.rules.image_scan_age as rule
import data.plimsoll.workload_test as pods

# plimsoll.days_between is Plimsoll's own: opa knows its signature, and the samples what it answers.
test_unscanned_is_of_no_age if count(rule.violations) == 0 with input as pods.image_of({}, {"image_scan_age": {"days": 7}})
