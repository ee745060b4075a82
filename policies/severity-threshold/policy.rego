# METADATA
# title: No severe vulnerability
# description: Nothing of this severity or above, whether or not there is a fix.
# scope: package
# custom:
#   level: error
#   critical: false
#   mode: warn
#   needs: [report.vulnerabilities]
#   params:
#     severity:
#       description: the lowest severity that counts
#       enum: [critical, high, medium, low, negligible, none, unknown]
#       default: critical
package plimsoll.rules.severity_threshold

import data.plimsoll.found
import data.plimsoll.severity

violations contains {"message": message, "evidence": found.vulnerability(row)} if {
	some row in found.vulnerabilities
	severity.at_least(row.severity, input.params.severity_threshold.severity)
	message := concat("", [row.id, " (", row.severity, ") in ", row.purl])
}
