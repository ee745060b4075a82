# What was found, as evidence: the same keys in every rule, so that exceptions and comparisons can rely on them.
package plimsoll.found

# Rows whose versions could not be compared are listed in the report, and counted by none of the built-in rules.
vulnerabilities contains row if {
	some row in input.report.vulnerabilities
	row.status != "unknown"
}

vulnerability(row) := {
	"vulnerability": row.id,
	"package": row.packageId,
	"purl": row.purl,
	"installedVersion": row.installedVersion,
	"fixedVersion": row.fixedVersion,
	"severity": row.severity,
}

package_in_place(row) := {"package": row.id, "purl": row.purl, "installedVersion": row.version}

# Packages that are there; a database that a later layer removed lists the others.
packages contains row if {
	some row in input.report.packages
	row.hiddenBy == null
}
