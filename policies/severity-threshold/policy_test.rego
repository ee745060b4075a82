package plimsoll.rules.severity_threshold_test

import data.plimsoll.rules.severity_threshold as rule

found(changes) := result if {
	result := rule.violations with input as {
		"report": {"vulnerabilities": [row(changes)]},
		"params": {"severity_threshold": {"severity": "high"}},
	}
}

row(changes) := object.union({"id": "CVE-1", "status": "affected", "packageId": "p", "purl": "pkg:deb/debian/a@1", "installedVersion": "1", "fixedVersion": null, "severity": "low", "kev": null, "epss": null}, changes)

test_denied if count(found({"severity": "critical"})) == 1

test_allowed if count(found({"severity": "medium"})) == 0

test_names_the_vulnerability if {
	some violation in found({"severity": "critical"})
	violation.evidence.vulnerability == "CVE-1"
}
