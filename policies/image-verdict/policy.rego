# METADATA
# title: Only images that pass
# description: "No image whose scan ended in fail: what every rule of Build and Ship found, with the modes that they have there."
# scope: package
# custom:
#   level: error
#   critical: false
#   mode: deny
#   needs: [images]
package plimsoll.rules.image_verdict

import data.plimsoll.images

violations contains {"message": message, "evidence": evidence} if {
	some image in input.images
	image.verdict.decision == "fail"
	denied := [concat(": ", [each.rule, each.message]) | some each in image.verdict.violations; each.mode == "deny"]
	message := concat("", [images.called_with_verdict(image), " failed its scan: ", concat("; ", array.slice(denied, 0, 3)), more(count(denied)), "; use one that passes"])
	evidence := images.of_verdict(image, {"violations": image.verdict.violationCount})
}

violations contains {"level": "undecided", "message": message, "evidence": images.of_verdict(image, {})} if {
	some image in input.images
	image.verdict.decision == "unknown"
	message := concat("", [images.called_with_verdict(image), " has a scan that ended in unknown: ", concat("; ", array.slice(image.verdict.reasons, 0, 3)), "; mend that and scan it again"])
}

more(number) := concat("", [", and ", format_int(number - 3, 10), " more"]) if number > 3

more(number) := "" if number <= 3
