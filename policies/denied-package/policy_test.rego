package plimsoll.rules.denied_package_test

import data.plimsoll.rules.denied_package as rule

# Stands in for the host.
answer(_, _, _) := input.answer

found(inside) := result if {
	result := rule.violations with input as {
		"answer": inside,
		"report": {"packages": [{
			"id": "p", "type": "deb", "name": "a", "version": "1",
			"purl": "pkg:deb/debian/a@1", "hiddenBy": null,
		}]},
		"params": {"denied_package": {"packages": [{"type": "deb", "name": "a", "range": "<2", "reason": "why"}]}},
	}
		with plimsoll.version_in_range as answer
}

test_denied if {
	some violation in found(true)
	violation.message == "pkg:deb/debian/a@1 is denied: why"
}

test_allowed if count(found(false)) == 0

test_incomparable if {
	some violation in found(null)
	violation.level == "undecided"
}
