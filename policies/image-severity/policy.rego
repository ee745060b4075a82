# METADATA
# title: No image with severe vulnerabilities
# description: By the counts of its scan; suppressed ones are not counted.
# scope: package
# custom:
#   level: error
#   critical: false
#   mode: "off"
#   needs: [images]
#   params:
#     severity:
#       description: the lowest severity that counts
#       enum: [critical, high, medium, low, negligible, none, unknown]
#       default: critical
package plimsoll.rules.image_severity

import data.plimsoll.images

violations contains {"message": message, "evidence": images.of_verdict(image, {"counts": found})} if {
	some image in input.images
	found := images.at_least(image.verdict.counts.total, input.params.image_severity.severity)
	count(found) > 0
	message := concat("", [images.called_with_verdict(image), " has vulnerabilities: ", images.listed(found), "; use one without"])
}

violations contains {"level": "undecided", "message": message, "evidence": images.of_verdict(image, {})} if {
	some image in input.images
	image.verdict.counts == null
	message := concat("", [images.called_with_verdict(image), " was scanned without an advisory database; scan it with one"])
}
