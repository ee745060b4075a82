package plimsoll.rules.denied_licence_test

import data.plimsoll.rules.denied_licence as rule

found(licence) := result if {
	result := rule.violations with input as {
		"report": {"packages": [{
			"id": "p", "version": "1", "purl": "pkg:deb/debian/a@1",
			"hiddenBy": null, "licenses": [licence],
		}]},
		"params": {"denied_licence": {"licences": ["GPL-3.0-*"]}},
	}
}

test_denied if count(found("GPL-3.0-only")) == 1

test_allowed if count(found("MIT")) == 0

test_choice if count(found("MIT OR GPL-3.0-only")) == 0

test_together if count(found("MIT AND GPL-3.0-only")) == 1
