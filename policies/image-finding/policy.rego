# METADATA
# title: No image of which named rules found something
# description: "What rules of Build and Ship found, in mode deny or warn there, is denied here: denied packages in their versions (denied_package), foreign base images (allowed_base)."
# scope: package
# custom:
#   level: error
#   critical: false
#   mode: "off"
#   needs: [images]
#   params:
#     rules:
#       description: ids of the rules
#       type: array
#       items: {type: string, minLength: 1}
#       default: [allowed_base, denied_package]
package plimsoll.rules.image_finding

import data.plimsoll.images

violations contains {"message": message, "evidence": evidence} if {
	some image in input.images
	some found in image.verdict.violations
	found.rule in input.params.image_finding.rules
	message := concat("", [images.called_with_verdict(image), ": ", found.rule, ": ", found.message])
	evidence := images.of_verdict(image, {"rule": found.rule})
}
