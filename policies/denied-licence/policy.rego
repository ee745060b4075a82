# METADATA
# title: No denied licence
# description: No package under a licence that you name; where a package may be used under another one, it is not counted.
# scope: package
# custom:
#   level: error
#   critical: false
#   mode: deny
#   needs: [report.packages]
#   params:
#     licences:
#       description: SPDX identifiers or the texts that packages use; `*` stands for any characters, case does not matter
#       type: array
#       default: []
#       items: {type: string, minLength: 1}
package plimsoll.rules.denied_licence

import data.plimsoll.found

violations contains {"message": message, "evidence": evidence} if {
	some row in found.packages
	some licence in row.licenses
	every alternative in alternatives(licence) {
		denied(alternative)
	}
	evidence := object.union(found.package_in_place(row), {"licence": licence})
	message := concat("", [row.purl, " is under ", licence])
}

# A choice inside parentheses is not taken apart: any mention then counts.
alternatives(licence) := [licence] if contains(licence, "(")

alternatives(licence) := split(lower(licence), " or ") if not contains(licence, "(")

denied(text) if {
	some pattern in input.params.denied_licence.licences
	some identifier in identifiers(text)
	glob.match(lower(pattern), null, identifier)
}

identifiers(text) := {trim_space(part) |
	marks := {" and ": ";", " or ": ";", " with ": ";", "(": ";", ")": ";", ",": ";"}
	some part in split(strings.replace_n(marks, lower(text)), ";")
}
