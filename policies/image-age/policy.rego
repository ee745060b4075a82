# METADATA
# title: No old image
# description: Nothing built longer ago than this; an image that nobody rebuilds gets no updates.
# scope: package
# custom:
#   level: warning
#   critical: false
#   mode: "off"
#   needs: [report.image.created]
#   params:
#     days:
#       description: the greatest age in days
#       type: integer
#       minimum: 1
#       default: 180
package plimsoll.rules.image_age

age := plimsoll.days_between(input.report.image.created, input.now)

violations contains {"message": message, "evidence": evidence} if {
	plausible
	age > input.params.image_age.days
	evidence := {"created": input.report.image.created, "days": floor(age)}
	message := concat("", ["the image was built ", format_int(age, 10), " days ago"])
}

# Reproducible builds write 1970 or another fixed day; a day in the future is no age either.
violations contains {"level": "undecided", "message": message, "evidence": evidence} if {
	not plausible
	evidence := {"created": input.report.image.created}
	message := concat("", ["the image says that it was built at ", input.report.image.created, ", which tells no age"])
}

plausible if {
	age >= -1
	not startswith(input.report.image.created, "1970-")
	not startswith(input.report.image.created, "0001-")
}
