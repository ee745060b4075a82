# METADATA
# title: No distribution past its end of life
# description: Nothing whose distribution gets no more security updates, or soon will get none.
# scope: package
# custom:
#   level: error
#   critical: false
#   mode: warn
#   needs: [report.image]
#   params:
#     notice_days:
#       description: count a distribution that ends within so many days too
#       type: integer
#       minimum: 0
#       default: 0
package plimsoll.rules.end_of_life

left := plimsoll.days_between(input.now, input.report.image.os.eol)

violations contains {"message": message, "evidence": evidence} if {
	left < input.params.end_of_life.notice_days
	evidence := {"distribution": name, "eol": input.report.image.os.eol}
	message := concat("", [name, " gets no security updates after ", input.report.image.os.eol])
}

# A distribution is there, and nobody says how long it is supported. An image without one has no such end.
violations contains {"level": "undecided", "message": message, "evidence": {"distribution": name}} if {
	input.report.image.os != null
	not dated
	message := concat("", ["the end of life of ", name, " is not in the advisory database"])
}

dated if is_number(left)

name := concat(" ", [part | some part in [input.report.image.os.id, input.report.image.os.versionId]; part != null])
