package plimsoll.rules.end_of_life_test

import data.plimsoll.rules.end_of_life as rule

# Stands in for the host.
answer(_, _) := input.answer

found(left) := result if {
	result := rule.violations with input as {
		"answer": left,
		"now": "2026-01-01T00:00:00Z",
		"report": {"image": {"os": {"id": "debian", "versionId": "10", "eol": "2024-06-30"}}},
		"params": {"end_of_life": {"notice_days": 30}},
	}
		with plimsoll.days_between as answer
}

test_denied if {
	some violation in found(-1)
	violation.evidence.distribution == "debian 10"
}

test_denied_within_notice if count(found(29)) == 1

test_allowed if count(found(30)) == 0
