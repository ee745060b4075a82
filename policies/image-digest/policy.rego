# METADATA
# title: Only images by digest
# description: "Every image is named by its digest: a tag may mean something else tomorrow, and on the next node today."
# scope: package
# custom:
#   level: error
#   critical: false
#   mode: "off"
#   needs: [images]
package plimsoll.rules.image_digest

import data.plimsoll.images

violations contains {"message": message, "evidence": {"image": image.text}} if {
	some image in input.images
	image.problem == null
	image.digest == null
	message := concat("", [images.called(image), " names no digest; write ", image.registry, "/", image.repository, "@sha256:…"])
}
