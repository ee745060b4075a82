# METADATA
# title: Not the tag latest
# description: "No image by the tag latest, said or unsaid: nobody can tell what runs, nor go back to it."
# scope: package
# custom:
#   level: warning
#   critical: false
#   mode: warn
#   needs: [images]
package plimsoll.rules.image_latest_tag

import data.plimsoll.images

violations contains {"message": message, "evidence": {"image": image.text}} if {
	some image in input.images
	image.tag == "latest"
	image.digest == null
	message := concat("", [images.called(image), " means the tag latest; name a version"])
}
