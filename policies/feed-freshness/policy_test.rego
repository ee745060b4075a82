package plimsoll.rules.feed_freshness_test

import data.plimsoll.rules.feed_freshness as rule

# Stands in for the host.
answer(_, _) := input.answer

found(age, without) := result if {
	result := rule.violations with input as {
		"answer": age,
		"now": "2026-01-01T00:00:00Z",
		"report": {"completeness": {"feeds": [{"ecosystem": "npm", "newest": "2025-01-01T00:00:00Z"}], "withoutFeed": without}},
		"params": {"feed_freshness": {"days": 10, "missing": true}},
	}
		with plimsoll.days_between as answer
}

test_stale if {
	some violation in found(11, [])
	violation.level == "undecided"
}

test_fresh if count(found(10, [])) == 0

test_missing if count(found(1, ["conda"])) == 1
