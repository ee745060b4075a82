package plimsoll.rules.image_age_test

import data.plimsoll.rules.image_age as rule

# Stands in for the host.
answer(_, _) := input.answer

found(age) := result if {
	result := rule.violations with input as {
		"answer": age,
		"now": "2026-01-01T00:00:00Z",
		"report": {"image": {"created": "2025-01-01T00:00:00Z"}},
		"params": {"image_age": {"days": 10}},
	}
		with plimsoll.days_between as answer
}

test_denied if {
	some violation in found(11.5)
	violation.evidence.days == 11
	not violation.level
}

test_allowed if count(found(10)) == 0

test_future_is_no_age if {
	some violation in found(-30)
	violation.level == "undecided"
}
