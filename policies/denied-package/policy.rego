# METADATA
# title: No denied package
# description: No package that you name, in the versions that you name; for what no advisory says.
# scope: package
# custom:
#   level: error
#   critical: false
#   mode: deny
#   needs: [report.packages]
#   params:
#     packages:
#       description: "each `{type, name, range, reason}`: purl type, name, versions as in `>=5.6.0 <5.6.2 || =5.7.0` (default all), why"
#       type: array
#       default: []
#       items:
#         type: object
#         additionalProperties: false
#         required: [type, name, reason]
#         properties:
#           type: {type: string, minLength: 1}
#           name: {type: string, minLength: 1}
#           range: {type: string, minLength: 1}
#           reason: {type: string, minLength: 1}
package plimsoll.rules.denied_package

import data.plimsoll.found

violations contains {"message": message, "evidence": evidence} if {
	some [row, denied] in named
	inside(row, denied) == true
	evidence := object.union(found.package_in_place(row), {"denied": denied})
	message := concat("", [row.purl, " is denied: ", denied.reason])
}

violations contains {"level": "undecided", "message": message, "evidence": evidence} if {
	some [row, denied] in named
	not compared(row, denied)
	evidence := object.union(found.package_in_place(row), {"denied": denied})
	message := concat("", ["the version of ", row.purl, " cannot be compared with the range ", denied.range])
}

named contains [row, denied] if {
	some denied in input.params.denied_package.packages
	some row in found.packages
	row.type == denied.type
	row.name == denied.name
}

inside(_, denied) if not denied.range

inside(row, denied) := plimsoll.version_in_range(row.type, row.version, denied.range)

compared(row, denied) if is_boolean(inside(row, denied))
