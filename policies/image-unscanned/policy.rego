# METADATA
# title: Only images that were scanned
# description: No image that nobody has scanned. In mode deny, warn or off (allow) as the namespace needs; the webhook asks for the missing scan.
# scope: package
# custom:
#   level: error
#   critical: false
#   mode: deny
#   needs: [images]
package plimsoll.rules.image_unscanned

import data.plimsoll.images

violations contains {"level": "undecided", "message": message, "evidence": {"image": image.text}} if {
	some image in input.images
	image.problem == null
	image.verdict == null
	message := concat("", [images.called(image), " has no scan that is known; scan it (plimsoll scan, or its registry's webhook), and try again"])
}
